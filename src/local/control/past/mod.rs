//! Branches at a point of their source's past.

#[cfg(test)]
mod tests;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use super::{
    Control,
    rejection::Rejection,
    sql::MAINTENANCE_DATABASE,
    state::{Branch, BranchIds, State},
};
use crate::{
    api::{lsn::Lsn, wire::branch::BranchSpec},
    local::engine::ForkPoint,
};

/// The point that a request names; `None` for the source as it is.
pub(super) fn point(spec: &BranchSpec) -> Result<Option<ForkPoint>, Rejection> {
    let lsn = spec.source_branch_lsn.as_deref().filter(|lsn| !lsn.is_empty());
    match (lsn, spec.source_branch_time) {
        (Some(_), Some(_)) => Err(Rejection::bad_request(
            "'source_branch_lsn' and 'source_branch_time' exclude each other: name one point",
        )),
        (Some(lsn), None) => {
            let lsn: Lsn = lsn
                .parse()
                .map_err(|error| Rejection::invalid(format!("Field 'spec.source_branch_lsn': {error}")))?;
            Ok(Some(ForkPoint::Lsn(lsn.0)))
        }
        (None, Some(time)) => Ok(Some(ForkPoint::Time(time))),
        (None, None) => Ok(None),
    }
}

/// Refuses a time from which nothing is kept or which has not come.
fn check_time(
    state: &State,
    project: &str,
    time: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), Rejection> {
    let retention = TimeDelta::from_std(state.project(project)?.history_retention).unwrap_or(TimeDelta::MAX);
    let kept = now.checked_sub_signed(retention).unwrap_or(DateTime::<Utc>::MIN_UTC);
    // Before its first branch was ready, a project had not even its first role.
    let begun =
        state.branches_of(project).filter(|branch| branch.origin.is_none()).map(|root| root.state_changed);
    let first = begun.min().map_or(kept, |begun| kept.max(begun));
    if (first..=now).contains(&time) {
        return Ok(());
    }
    let show = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Micros, true);
    Err(Rejection::bad_request(format!(
        "source_branch_time {} is outside the history of the project, which goes from {} to {}",
        show(time),
        show(first),
        show(now)
    )))
}

impl Control {
    /// Refuses a point that is not in the source's history. Whoever calls holds the source.
    pub(super) async fn check_point(&self, source: &BranchIds, at: ForkPoint) -> Result<(), Rejection> {
        let state = self.snapshot();
        let branch = state.branch(&source.0, &source.1)?;
        if let ForkPoint::Time(time) = at {
            check_time(&state, &source.0, time, Utc::now())?;
        }
        Ok(self.engine.history(&branch.key()).await?.admits(at)?)
    }

    /// Forgets inherited roles and databases that were made after the point. The compute runs.
    pub(super) async fn keep_what_was_there(&self, branch: &mut Branch) -> Result<(), Rejection> {
        let mut session = self.session(branch, MAINTENANCE_DATABASE).await?;
        let (roles, databases) = (session.roles().await?, session.databases().await?);
        branch.roles.retain(|_, role| roles.contains(&role.postgres_role));
        let roles = &branch.roles;
        branch.databases.retain(|_, database| {
            databases.contains(&database.postgres_database) && roles.contains_key(&database.role)
        });
        if branch.roles.is_empty() {
            return Err(Rejection::bad_request(
                "at this point of its history the project was not ready and had no role yet; choose a later one",
            ));
        }
        Ok(())
    }
}
