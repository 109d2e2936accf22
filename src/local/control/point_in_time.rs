//! Point-in-time branches: the requested point, and its check against the source's history.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use super::{
    computes::Computes,
    error_response::ErrorResponse,
    sql::{MAINTENANCE_DATABASE, Session},
    state::{Branch, State},
};
use crate::{
    api::{
        lsn::Lsn,
        name::{BranchName, ProjectName},
        wire::branch::BranchSpec,
    },
    local::engine::{Engine, ForkPoint},
};

/// The point that a request names; `None` for the source as it is.
pub(super) fn point(spec: &BranchSpec) -> Result<Option<ForkPoint>, ErrorResponse> {
    let lsn = spec.source_branch_lsn.as_deref().filter(|lsn| !lsn.is_empty());
    match (lsn, spec.source_branch_time) {
        (Some(_), Some(_)) => Err(ErrorResponse::bad_request(
            "'source_branch_lsn' and 'source_branch_time' exclude each other: name one point",
        )),
        (Some(lsn), None) => {
            let lsn: Lsn = lsn.parse().map_err(|error| {
                ErrorResponse::invalid(format!("Field 'spec.source_branch_lsn': {error}"))
            })?;
            Ok(Some(ForkPoint::Lsn(lsn.0)))
        }
        (None, Some(time)) => Ok(Some(ForkPoint::Time(time))),
        (None, None) => Ok(None),
    }
}

/// The first time of the history that a project keeps.
pub(super) fn window_start(
    state: &State,
    project: &ProjectName,
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>, ErrorResponse> {
    let retention = TimeDelta::from_std(state.project(project)?.history_retention).unwrap_or(TimeDelta::MAX);
    let kept = now.checked_sub_signed(retention).unwrap_or(DateTime::<Utc>::MIN_UTC);
    // A project has no role before its first branch is ready.
    let begun = state
        .branches_of(project.id())
        .filter(|branch| branch.origin.is_none())
        .map(|root| root.state_changed);
    Ok(begun.min().map_or(kept, |begun| kept.max(begun)))
}

/// Refuses a time before the retained history or in the future.
fn check_time(
    state: &State,
    project: &ProjectName,
    time: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), ErrorResponse> {
    let first = window_start(state, project, now)?;
    if (first..=now).contains(&time) {
        return Ok(());
    }
    let show = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Micros, true);
    Err(ErrorResponse::bad_request(format!(
        "source_branch_time {} is outside the history of the project, which goes from {} to {}",
        show(time),
        show(first),
        show(now)
    )))
}

/// Refuses a point that is not in the source's history. The caller holds the source.
pub(super) async fn check_point(
    state: &State,
    engine: &Engine,
    source: &BranchName,
    at: ForkPoint,
) -> Result<(), ErrorResponse> {
    let branch = state.branch_or_deleted(source)?;
    if let ForkPoint::Time(time) = at {
        check_time(state, source.project(), time, Utc::now())?;
    }
    Ok(engine.history(&branch.key()).await?.admits(at)?)
}

/// Removes inherited roles and databases that were created after the point. The compute runs.
pub(super) async fn retain_existing(computes: &Computes, branch: &mut Branch) -> Result<(), ErrorResponse> {
    let mut session = Session::open(computes, branch, MAINTENANCE_DATABASE).await?;
    let (roles, databases) = (session.roles().await?, session.databases().await?);
    branch.roles.retain(|_, role| roles.contains(&role.postgres_role));
    let roles = &branch.roles;
    branch.databases.retain(|_, database| {
        databases.contains(&database.postgres_database)
            && database.role.as_ref().is_some_and(|role| roles.contains_key(role))
    });
    if branch.roles.is_empty() {
        return Err(ErrorResponse::bad_request(
            "at this point of its history the project was not ready and had no role yet; choose a later one",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::control::state::tests::project_row;

    #[test]
    fn times_before_the_retained_history_are_refused_with_the_window() {
        let project: ProjectName = "projects/shop".parse().unwrap();
        let mut state = State::default();
        state.put_project(serde_json::from_value(project_row()).unwrap());
        let now = "2026-01-10T00:00:00Z".parse().unwrap();
        let at = |time: &str| check_time(&state, &project, time.parse().unwrap(), now);
        at("2026-01-08T00:00:00Z").unwrap();
        let refused = at("2026-01-07T23:59:59Z").unwrap_err();
        assert_eq!(
            refused.message,
            "source_branch_time 2026-01-07T23:59:59.000000Z is outside the history of the project, which goes from \
             2026-01-08T00:00:00.000000Z to 2026-01-10T00:00:00.000000Z"
        );
    }
}
