//! What happens by itself: branches expire, deleted projects are purged, idle computes are suspended.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use chrono::Utc;
use tokio::{task::JoinHandle, time::MissedTickBehavior};

use super::{Control, projects, state::BranchIds};

const TICK: Duration = Duration::from_secs(1);

/// Looks at everything once a second, for as long as the control plane lives.
pub(super) fn spawn(control: Weak<Control>) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            let Some(control) = control.upgrade() else { return };
            control.delete_what_is_over().await;
            control.suspend_idle().await;
        }
    })
}

impl Control {
    /// Branches past their expiry and projects past their purge time.
    pub(super) async fn delete_what_is_over(self: &Arc<Self>) {
        let (state, now) = (self.snapshot(), Utc::now());
        let expired = state.branches.values().filter(|b| !b.init && b.expires.is_some_and(|at| at <= now));
        let expired: Vec<BranchIds> = expired.map(|branch| branch.ids()).collect();
        for ids in expired {
            tracing::info!(project = ids.0, branch = ids.1, "the branch has expired");
            if let Err(rejection) = self.submit(Arc::clone(self).begin_delete(ids)).await {
                tracing::warn!(%rejection, "an expired branch cannot be deleted");
            }
        }
        for id in projects::to_purge(&state, now) {
            tracing::info!(project = id, "the deleted project can no longer be brought back");
            if let Err(rejection) = self.submit(Arc::clone(self).purge_project(id)).await {
                tracing::warn!(%rejection, "a deleted project cannot be purged");
            }
        }
    }

    /// Stops computes that nobody has used for their timeout.
    pub(super) async fn suspend_idle(&self) {
        let state = self.snapshot();
        for branch in state.branches.values().filter(|branch| !branch.init) {
            let Some(endpoint) = branch.read_write() else { continue };
            let Some(timeout) = endpoint.sizing.suspend_after else { continue };
            let compute = self.computes.of(&endpoint.uid);
            if !compute.idle_for(timeout) || self.engine.running(&branch.key()).is_none() {
                continue;
            }
            let _gate = compute.gate.lock().await;
            // Whoever came meanwhile was counted and now waits at the gate.
            if compute.idle_for(timeout) {
                tracing::info!(endpoint = endpoint.uid, "suspending the idle compute");
                if let Err(error) = self.engine.stop(&branch.key()).await {
                    tracing::warn!(error = super::with_sources(&error), "the compute does not stop");
                }
            }
        }
    }
}
