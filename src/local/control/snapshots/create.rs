//! Creation of snapshots.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use tokio::time::Instant;

use super::Snapshots;
use crate::{
    api::{
        expiry::Expiry,
        name::{BranchName, ProjectName, SnapshotName},
        wire::{self, branch::BranchSpec, operation::Operation, snapshot::SnapshotSpec},
    },
    local::{
        control::{
            branches::branch_named,
            error_conversion::caught,
            error_response::ErrorResponse,
            failpoint, generated_ids,
            locks::Held,
            operations::{ResourceKind, Work},
            point_in_time,
            rules::{self, expiry},
            state::{Snapshot, State},
            to_wire::{self, json},
        },
        engine::ForkPoint,
    },
};

/// The service's limit of snapshots in a project, other than those of schedules.
const MOST: usize = 10;

/// The time of a schedule for which a snapshot is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::local::control) struct ScheduledTime(pub(in crate::local::control) DateTime<Utc>);

impl Snapshots {
    pub(crate) async fn create(
        &self,
        project: ProjectName,
        id: String,
        body: wire::snapshot::Snapshot,
    ) -> Result<Operation, ErrorResponse> {
        let spec = body.spec.unwrap_or_default();
        self.operations.submit(self.clone().begin_create(project, id, spec, None)).await
    }

    /// Checks and reserves. `scheduled`: the time of the branch's schedule that this snapshot is for.
    pub(in crate::local::control) async fn begin_create(
        self,
        project: ProjectName,
        id: String,
        spec: SnapshotSpec,
        scheduled: Option<ScheduledTime>,
    ) -> Result<Work, ErrorResponse> {
        let name = project.snapshot(rules::ids::parse("snapshot_id", &id)?);
        self.state.snapshot().project(&project)?;
        let source = spec.source_branch.as_deref().filter(|source| !source.is_empty());
        let source = source.ok_or_else(|| ErrorResponse::required("snapshot.spec.source_branch"))?;
        let source = branch_named(&project, source)?;
        let expires = expires(&spec, Utc::now())?;
        let at = point(&spec)?;
        let held = self.changes.hold_for_copy(&source, &name, "the creation of a snapshot").await?;
        if let Some(at) = at {
            let state = self.state.snapshot();
            point_in_time::check_point(&state, &self.computes.engine, &source, at).await?;
        }
        let reserve = |state: &mut State| {
            let snapshot = draft(state, &name, &source, expires, at.is_some(), scheduled.is_some())?;
            state.put_snapshot(snapshot.clone());
            Ok(snapshot)
        };
        let snapshot = self.state.commit(reserve).await?;
        Ok(self.work(held, source, snapshot, at, scheduled))
    }

    fn work(
        self,
        held: Held,
        source: BranchName,
        snapshot: Snapshot,
        at: Option<ForkPoint>,
        scheduled: Option<ScheduledTime>,
    ) -> Work {
        Work::new(ResourceKind::Snapshot, snapshot.name(), async move {
            let _held = held;
            let made = caught(self.make(&source, snapshot.clone(), at, scheduled)).await;
            if made.is_err() {
                self.forget(&snapshot).await;
            }
            made
        })
    }

    /// Clones the files, then writes the row.
    async fn make(
        &self,
        source: &BranchName,
        mut snapshot: Snapshot,
        at: Option<ForkPoint>,
        scheduled: Option<ScheduledTime>,
    ) -> Result<Value, ErrorResponse> {
        let (engine, begun) = (&self.computes.engine, Instant::now());
        let key = self.state.snapshot().branch(source)?.key();
        let fork = match at {
            Some(at) => engine.fork_at(&key, &snapshot.key(), at).await?,
            None => engine.fork(&key, &snapshot.key()).await?,
        };
        self.computes.counters.cloned(fork.method, begun.elapsed());
        failpoint::reached("create-snapshot.files");
        let size = engine.logical_size(&snapshot.key()).await?;
        snapshot.logical_size = i64::try_from(size).unwrap_or(i64::MAX);
        (snapshot.lsn, snapshot.time, snapshot.init) = (fork.lsn, fork.time, false);
        let acknowledge = |state: &mut State| {
            if let Some(ScheduledTime(time)) = scheduled {
                state.change_branch(source, |branch| {
                    branch.schedule.iter_mut().for_each(|schedule| schedule.done_until = time);
                    Ok(())
                })?;
            }
            let response = json(&to_wire::snapshot(&snapshot));
            state.put_snapshot(snapshot);
            Ok(response)
        };
        self.state.commit(acknowledge).await
    }

    /// Removes a snapshot whose creation failed.
    async fn forget(&self, snapshot: &Snapshot) {
        let name = snapshot.name();
        if let Err(error) = self.state.commit(|state| Ok(state.snapshots.remove(&name))).await {
            tracing::error!(%error, snapshot = %name, "failed to remove the record of a snapshot whose creation failed");
        }
        if let Err(error) = self.computes.remove_snapshot(snapshot).await {
            tracing::error!(
                %error,
                snapshot = %name,
                "failed to remove the files of a snapshot whose creation failed; the next start removes them"
            );
        }
    }
}

/// The point of the source that a request names; `None` for the source as it is.
fn point(spec: &SnapshotSpec) -> Result<Option<ForkPoint>, ErrorResponse> {
    point_in_time::point(&BranchSpec {
        source_branch_lsn: spec.source_branch_lsn.clone(),
        source_branch_time: spec.source_branch_time,
        ..BranchSpec::default()
    })
}

/// The time at which a snapshot expires. Other than a branch, it may have none, and be kept for longer than a month.
fn expires(spec: &SnapshotSpec, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, ErrorResponse> {
    let (ttl, expire_time, no_expiry) = (spec.ttl, spec.expire_time, spec.no_expiry);
    let chosen = expiry::chosen(&BranchSpec { ttl, expire_time, no_expiry, ..BranchSpec::default() })?;
    let at = match chosen {
        None | Some(Expiry::Never) => return Ok(None),
        Some(Expiry::At(time)) => time,
        Some(Expiry::After(ttl)) => {
            let ttl = TimeDelta::from_std(ttl).ok().filter(|ttl| *ttl >= TimeDelta::seconds(1));
            ttl.and_then(|ttl| now.checked_add_signed(ttl)).ok_or_else(|| {
                ErrorResponse::invalid(
                    "Field 'spec.ttl' must be at least 1s, and end before the calendar does",
                )
            })?
        }
    };
    if at <= now {
        let text = format!("expiration time {} is in the past", at.to_rfc3339());
        return Err(ErrorResponse::bad_request(text));
    }
    Ok(Some(at))
}

/// The new snapshot before its files exist, with the roles and databases of its source.
fn draft(
    state: &State,
    name: &SnapshotName,
    source: &BranchName,
    expires: Option<DateTime<Utc>>,
    of_the_past: bool,
    scheduled: bool,
) -> Result<Snapshot, ErrorResponse> {
    let project = state.project(name.project())?;
    let source = state.branch(source)?;
    if state.snapshots.contains_key(name) {
        let (id, trace) = (name.id(), fastrand::u128(..));
        return Err(ErrorResponse::bad_request(format!(
            "snapshot already exists; snapshot_name:\"{id}\" [TraceId: {trace:032x}]"
        )));
    }
    let by_callers = state.snapshots_of(&project.id).filter(|snapshot| !snapshot.scheduled);
    if !scheduled && by_callers.count() >= MOST {
        return Err(ErrorResponse::bad_request(format!(
            "A project can have at most {MOST} snapshots beside those of schedules. Delete one first."
        )));
    }
    Ok(Snapshot {
        project: project.id.clone(),
        project_uid: project.uid.clone(),
        id: name.id().clone(),
        uid: generated_ids::uid("sn"),
        created: Utc::now(),
        expires,
        scheduled,
        source: source.id.clone(),
        source_protected: source.protected,
        lsn: String::new(),
        time: Utc::now(),
        of_the_past,
        logical_size: source.logical_size,
        roles: source.roles.clone(),
        databases: source.databases.clone(),
        init: true,
    })
}
