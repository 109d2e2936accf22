//! Scheduled work: branches and snapshots expire, what was deleted is purged, snapshots are taken, idle computes are
//! suspended, history is trimmed.

use std::{
    sync::{Arc, Mutex, PoisonError, Weak},
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join_all;
use tokio::task::JoinHandle;

use super::{
    Control,
    branches::{self, Branches, DeleteReason},
    computes::Computes,
    operations::Operations,
    projects::{self, Projects},
    shared_state::SharedState,
    snapshots::{self, Snapshots},
    spares,
    state::{Branch, State},
};
use crate::api::name::{BranchName, ProjectName, SnapshotName};

/// Expiry is checked at least this often; it is also the shortest TTL that a branch may have.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The time between two trims of history while it grows, and while it only gets older.
const TRIM_PAUSE: Duration = Duration::from_secs(10);
const LONGEST_TRIM_PAUSE: Duration = Duration::from_secs(600);

/// Runs the scheduled work once a second and whenever something expires, for as long as the control plane lives.
pub(super) fn spawn(control: Weak<Control>) -> JoinHandle<()> {
    tokio::spawn(async move {
        // Snapshots may take long, and what expires does not wait for them.
        tokio::join!(run_timers(control.clone()), run_schedules(control.clone()), spares::run(control));
    })
}

async fn run_timers(control: Weak<Control>) {
    loop {
        let Some(strong) = control.upgrade() else { return };
        let pause = until_next_expiry(&strong.state.snapshot(), Utc::now());
        drop(strong);
        tokio::time::sleep(pause).await;
        let Some(control) = control.upgrade() else { return };
        let timers = &control.timers;
        let state = control.state.snapshot();
        tokio::join!(
            timers.delete_expired(),
            timers.make_space(),
            timers.computes.suspend_idle(),
            timers.computes.stop_left_behind(&state)
        );
        timers.trim_history().await;
    }
}

async fn run_schedules(control: Weak<Control>) {
    loop {
        tokio::time::sleep(LONGEST_PAUSE).await;
        let Some(control) = control.upgrade() else { return };
        control.snapshots.take_scheduled(Utc::now()).await;
    }
}

/// The services that scheduled work calls.
pub(super) struct Timers {
    pub(super) state: Arc<SharedState>,
    pub(super) operations: Arc<Operations>,
    pub(super) computes: Arc<Computes>,
    pub(super) projects: Projects,
    pub(super) branches: Branches,
    pub(super) snapshots: Snapshots,
    /// When history was trimmed last.
    pub(super) trimmed: Mutex<Option<Instant>>,
}

impl Timers {
    /// Purges the branch that was deleted first, where the disk is short: what may be restored gives way to what is used.
    pub(super) async fn make_space(&self) {
        let state = self.state.snapshot();
        let Some(oldest) = state.tombstones.values().min_by_key(|branch| branch.deleted) else { return };
        if self.computes.engine.is_short_of_space().await.unwrap_or(false) {
            self.purge_branch(oldest, "the disk is short").await;
        }
    }

    /// Removes history that is older than its project keeps it, and what is beyond the disk budget.
    pub(super) async fn trim_history(&self) {
        let engine = &self.computes.engine;
        let pause = if engine.history_grew() { TRIM_PAUSE } else { LONGEST_TRIM_PAUSE };
        let last = *self.trimmed.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_some_and(|at| at.elapsed() < pause) {
            return;
        }
        let (state, now) = (self.state.snapshot(), Utc::now());
        let since = |kept: Duration| {
            let kept = TimeDelta::from_std(kept).ok()?;
            now.checked_sub_signed(kept)
        };
        let projects = state.projects.values();
        let windows =
            projects.filter_map(|project| Some((project.uid.clone(), since(project.history_retention)?)));
        match engine.trim_history(windows.collect()).await {
            // Tried again in a second.
            Ok(None) => return,
            Ok(Some(trimmed)) if trimmed.removed > 0 => {
                tracing::debug!(removed = trimmed.removed, kept = trimmed.kept, "trimmed the history");
            }
            Ok(Some(_)) => {}
            Err(error) => tracing::warn!(%error, "failed to trim the history of branches"),
        }
        *self.trimmed.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// Deletes branches and snapshots past their expiry and purges deleted projects and branches past their purge time.
    pub(super) async fn delete_expired(&self) {
        let (state, now) = (self.state.snapshot(), Utc::now());
        let expired = state.branches.values().filter(|branch| !branch.init && branch.has_expired(now));
        let expired = expired.map(|branch| self.delete_branch(branch.name()));
        let purged = branches::purgeable(&state, now);
        let purged = purged.iter().map(|branch| self.purge_branch(branch, "it is past its purge time"));
        let projects =
            projects::purgeable(&state, now).into_iter().map(|project| self.purge_project(project));
        let snapshots = state.snapshots.values().filter(|snapshot| {
            !snapshot.init && snapshot.has_expired(now) && state.project(&snapshot.project_name()).is_ok()
        });
        let snapshots = snapshots.map(|snapshot| self.delete_snapshot(snapshot.name()));
        tokio::join!(join_all(expired), join_all(purged), join_all(projects), join_all(snapshots));
    }

    async fn delete_snapshot(&self, snapshot: SnapshotName) {
        tracing::info!(%snapshot, "deleting an expired snapshot");
        let work = self.snapshots.clone().begin_delete(snapshot.clone(), snapshots::DeleteReason::Expired);
        if let Err(error) = self.operations.submit(work).await {
            tracing::warn!(%snapshot, %error, "failed to delete an expired snapshot");
        }
    }

    async fn delete_branch(&self, branch: BranchName) {
        tracing::info!(%branch, "deleting an expired branch");
        let work = self.branches.clone().begin_delete(branch.clone(), DeleteReason::Expired);
        if let Err(error) = self.operations.submit(work).await {
            tracing::warn!(%branch, %error, "failed to delete an expired branch");
        }
    }

    async fn purge_branch(&self, branch: &Branch, reason: &str) {
        let (name, uid) = (branch.name(), branch.uid.clone());
        tracing::info!(branch = %name, reason, "purging a deleted branch");
        let work = self.branches.clone().begin_purge(name.clone(), move |deleted| deleted.uid == uid);
        if let Err(error) = self.operations.submit(work).await {
            tracing::warn!(branch = %name, %error, "failed to purge a deleted branch");
        }
    }

    async fn purge_project(&self, project: ProjectName) {
        tracing::info!(%project, "purging a deleted project past its purge time");
        let work = self.projects.clone().purge(project.clone());
        if let Err(error) = self.operations.submit(work).await {
            tracing::warn!(%project, %error, "failed to purge a deleted project");
        }
    }
}

/// The time until the next branch or snapshot expires, if that is soon. An overdue one is tried again later.
fn until_next_expiry(state: &State, now: DateTime<Utc>) -> Duration {
    let ends = state.branches.values().filter(|branch| !branch.init).filter_map(|branch| branch.expires);
    let snapshots = state.snapshots.values().filter(|snapshot| !snapshot.init);
    let ends = ends.chain(snapshots.filter_map(|snapshot| snapshot.expires));
    let next = ends.filter(|end| *end > now).min().and_then(|end| (end - now).to_std().ok());
    // The clock of the system and the timer round differently.
    next.map_or(LONGEST_PAUSE, |left| (left + Duration::from_millis(1)).min(LONGEST_PAUSE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::control::state::tests::branch;

    #[test]
    fn a_clock_that_jumps_delays_no_check_by_more_than_a_second() {
        let now = Utc::now();
        let mut state = State::default();
        let mut dev = branch("dev");
        dev.expires = Some(now + TimeDelta::milliseconds(300));
        state.put_branch(dev);
        assert_eq!(until_next_expiry(&state, now), Duration::from_millis(301));
        for jump in [TimeDelta::seconds(2), TimeDelta::days(-400), TimeDelta::days(400)] {
            assert_eq!(until_next_expiry(&state, now + jump), LONGEST_PAUSE, "{jump}");
        }
    }
}
