//! Snapshots that the schedules of branches ask for.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use tokio::time::Instant;

use super::{ScheduledTime, Snapshots};
use crate::{
    api::wire::{format::Seconds, snapshot::SnapshotSpec},
    local::control::{
        rules::schedule::{self, Due},
        state::{Branch, State},
    },
};

/// The pause after a snapshot that could not be taken, for want of disk space perhaps.
const RETRY_AFTER: Duration = Duration::from_secs(60);

/// Branches whose scheduled snapshot failed lately, by uid.
#[derive(Default)]
pub(in crate::local::control) struct Failures(Mutex<HashMap<String, Instant>>);

impl Failures {
    fn is_recent(&self, uid: &str) -> bool {
        self.lock().get(uid).is_some_and(|at| at.elapsed() < RETRY_AFTER)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Snapshots {
    /// Takes the snapshots that are due at `now`: one of each branch, however many times were missed.
    pub(crate) async fn take_scheduled(&self, now: DateTime<Utc>) {
        let state = self.state.snapshot();
        let due = state.branches.values().filter(|branch| {
            !branch.init
                && state.project(&branch.project_name()).is_ok()
                && !self.failures.is_recent(&branch.uid)
        });
        let due = due.filter(|branch| !is_under_way(&state, branch));
        let due = due.filter_map(|branch| Some((branch, schedule::due(branch.schedule.as_ref()?, now)?)));
        join_all(due.map(|(branch, due)| self.take(branch, due))).await;
    }

    async fn take(&self, branch: &Arc<Branch>, due: Due) {
        let name = branch.name();
        tracing::info!(branch = %name, due = %due.time, "taking a scheduled snapshot");
        let spec = SnapshotSpec {
            source_branch: Some(name.to_string()),
            ttl: Some(Seconds(due.retention)),
            ..SnapshotSpec::default()
        };
        let (project, id) = (branch.project_name(), id(branch, due.time));
        let work = self.clone().begin_create(project, id, spec, Some(ScheduledTime(due.time)));
        let taken = self.operations.submit(work).await;
        let failure = match taken {
            Ok(operation) => operation.error.map(|error| error.message.unwrap_or_default()),
            Err(error) => Some(error.to_string()),
        };
        let mut failures = self.failures.lock();
        failures.retain(|_, at| at.elapsed() < RETRY_AFTER);
        if let Some(error) = failure {
            tracing::warn!(branch = %name, error, "failed to take a scheduled snapshot; trying again in a minute");
            failures.insert(branch.uid.clone(), Instant::now());
        }
    }
}

/// A copy may take longer than a call is waited for.
fn is_under_way(state: &State, branch: &Branch) -> bool {
    state
        .snapshots_of(&branch.project)
        .any(|snapshot| snapshot.init && snapshot.scheduled && snapshot.source == branch.id)
}

/// `production-20261130-0300-x7k2`: an id has at most 63 characters.
fn id(branch: &Branch, time: DateTime<Utc>) -> String {
    let source: String = branch.id.as_str().chars().take(40).collect();
    let tail: String = std::iter::repeat_with(fastrand::lowercase).take(4).collect();
    format!("{}-{}-{tail}", source.trim_end_matches('-'), time.format("%Y%m%d-%H%M"))
}
