//! What happens by itself: branches expire, deleted projects are purged, idle computes are suspended.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use tokio::task::JoinHandle;

use super::{
    Control,
    branches::Why,
    projects,
    state::{Branch, BranchIds},
};

/// No branch is made to live shorter than this, so none ends unseen between two looks.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Looks at everything once a second and whenever a branch ends, for as long as the control plane lives.
pub(super) fn spawn(control: Weak<Control>) -> JoinHandle<()> {
    tokio::spawn(async move {
        loop {
            let Some(strong) = control.upgrade() else { return };
            let pause = strong.until_next_end(Utc::now());
            drop(strong);
            tokio::time::sleep(pause).await;
            let Some(control) = control.upgrade() else { return };
            tokio::join!(control.delete_what_is_over(), control.suspend_idle());
        }
    })
}

impl Control {
    /// How long until the next branch ends, if that is soon. What should have ended already is tried again later.
    fn until_next_end(&self, now: DateTime<Utc>) -> Duration {
        let state = self.snapshot();
        let ends = state.branches.values().filter(|branch| !branch.init).filter_map(|branch| branch.expires);
        let next = ends.filter(|end| *end > now).min().and_then(|end| (end - now).to_std().ok());
        // The clock of the system and the timer round differently.
        next.map_or(LONGEST_PAUSE, |left| (left + Duration::from_millis(1)).min(LONGEST_PAUSE))
    }

    /// Branches past their expiry and projects past their purge time.
    pub(super) async fn delete_what_is_over(self: &Arc<Self>) {
        let (state, now) = (self.snapshot(), Utc::now());
        let expired = state.branches.values().filter(|branch| !branch.init && branch.has_expired(now));
        let expired = expired.map(|branch| self.delete_expired(branch.ids()));
        let purged = projects::to_purge(&state, now).into_iter().map(|id| self.purge_over(id));
        tokio::join!(join_all(expired), join_all(purged));
    }

    async fn delete_expired(self: &Arc<Self>, ids: BranchIds) {
        tracing::info!(project = ids.0, branch = ids.1, "the branch has expired");
        if let Err(rejection) = self.submit(Arc::clone(self).begin_delete(ids, Why::Expired)).await {
            tracing::warn!(%rejection, "an expired branch cannot be deleted");
        }
    }

    async fn purge_over(self: &Arc<Self>, id: String) {
        tracing::info!(project = id, "the deleted project can no longer be brought back");
        if let Err(rejection) = self.submit(Arc::clone(self).purge_project(id)).await {
            tracing::warn!(%rejection, "a deleted project cannot be purged");
        }
    }

    /// Stops computes that nobody has used for their timeout.
    pub(super) async fn suspend_idle(&self) {
        let state = self.snapshot();
        join_all(state.branches.values().filter(|branch| !branch.init).map(|branch| self.suspend(branch)))
            .await;
    }

    async fn suspend(&self, branch: &Branch) {
        let Some(endpoint) = branch.read_write() else { return };
        let Some(timeout) = endpoint.sizing.suspend_after else { return };
        let timeout = timeout / self.idle_haste;
        let compute = self.computes.of(&endpoint.uid);
        if !compute.idle_for(timeout) || self.engine.running(&branch.key()).is_none() {
            return;
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

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use reqwest::Method;
    use serde_json::json;

    use super::*;
    use crate::local::server::tests::Bench;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_clock_that_jumps_delays_no_look_by_more_than_a_second() {
        let bench = Bench::start().await;
        bench.project("shop").await;
        let body = json!({"spec": {"ttl": "3600s"}});
        bench.done(Method::POST, "projects/shop/branches?branch_id=dev", body).await;
        for jump in [TimeDelta::zero(), TimeDelta::days(-400), TimeDelta::days(400)] {
            let pause = bench.control().until_next_end(Utc::now() + jump);
            assert!(pause <= LONGEST_PAUSE, "{jump}: {pause:?}");
        }
        bench.local.shutdown().await;
    }
}
