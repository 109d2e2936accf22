//! Computes of branches: started on demand, stopped when idle or disabled, published at the gateway.

mod orphans;
mod publish;
mod standbys;

pub(super) use standbys::can_follow;

use std::time::Duration;

use futures_util::future::join_all;

use super::{
    activity::{ActivityTable, Presence},
    error_conversion::with_sources,
    error_response::{Code, ErrorResponse},
    metrics::Counters,
    rules::sizing,
    shared_state::SharedState,
    size_cache::SizeCache,
    state::{Branch, Endpoint, Kind},
    to_wire::EndpointProjection,
};
use crate::local::{
    compute::ComputeSocket,
    engine::{ComputeSettings, Engine, EngineError},
    gateway::Gateway,
};
use std::sync::Arc;

/// The longest wait of a session for a PostgreSQL that recovers from a crash.
const LONGEST_RECOVERY: Duration = Duration::from_secs(15);
const RECOVERY_PAUSE: Duration = Duration::from_millis(50);

/// Computes and their addresses, over one engine and one gateway.
pub(super) struct Computes {
    pub(super) state: Arc<SharedState>,
    pub(super) engine: Engine,
    pub(super) gateway: Gateway,
    pub(super) activity: ActivityTable,
    pub(super) sizes: SizeCache,
    /// The file with the authority that signed the endpoints' certificates.
    pub(super) ca_cert: String,
    /// How many times faster than the clock the idle time of computes passes; 1 except in tests.
    pub(super) idle_time_scale: u32,
    pub(super) counters: Counters,
}

impl Computes {
    pub(super) fn projection(&self) -> EndpointProjection<'_> {
        EndpointProjection { engine: &self.engine, activity: &self.activity, ca_cert: &self.ca_cert }
    }

    /// Counts a connection to an endpoint, which is not suspended while the returned guard lives.
    pub(super) fn connect(&self, endpoint_uid: &str) -> Presence {
        self.activity.of(endpoint_uid).connect()
    }

    /// The PostgreSQL settings of an endpoint.
    pub(super) fn settings(&self, branch: &Branch, endpoint: &Endpoint) -> ComputeSettings {
        match endpoint.kind {
            Kind::ReadWrite => sizing::settings(&endpoint.sizing, &endpoint.pg_settings),
            Kind::ReadOnly => standbys::settings(branch, endpoint),
        }
    }

    /// Starts an endpoint's compute unless it runs; one start at a time.
    pub(super) async fn wake(
        &self,
        branch: &Branch,
        endpoint: &Endpoint,
    ) -> Result<ComputeSocket, EngineError> {
        let key = branch.compute_key(endpoint);
        let activity = self.activity.of(&endpoint.uid);
        let _transition = activity.transition.lock().await;
        if let Some(socket) = self.engine.running(&key) {
            return Ok(socket);
        }
        tracing::debug!(endpoint = endpoint.uid, "starting the compute");
        self.counters.wake();
        // The settings may have changed while this waited.
        let state = self.state.snapshot();
        match state.by_endpoint_uid(&endpoint.uid) {
            Some((branch, endpoint)) => self.start(branch, endpoint).await,
            // It is being created.
            None => self.start(branch, endpoint).await,
        }
    }

    /// Starts a compute. The caller holds its transition lock.
    async fn start(&self, branch: &Branch, endpoint: &Endpoint) -> Result<ComputeSocket, EngineError> {
        let settings = self.settings(branch, endpoint);
        match endpoint.kind {
            Kind::ReadWrite => {
                let socket = self.engine.start(&branch.key(), &settings).await?;
                self.connect_standbys(branch).await;
                Ok(socket)
            }
            Kind::ReadOnly => {
                self.engine.start_standby(&branch.key(), &branch.compute_key(endpoint), &settings).await
            }
        }
    }

    /// Wakes a compute and logs in as the superuser, once PostgreSQL accepts logins: it does not while it recovers from
    /// a backend that crashed.
    pub(super) async fn admin(
        &self,
        branch: &Branch,
        endpoint: &Endpoint,
        database: &str,
    ) -> Result<sqlx::PgConnection, EngineError> {
        let deadline = tokio::time::Instant::now() + LONGEST_RECOVERY;
        loop {
            self.wake(branch, endpoint).await?;
            match self.engine.admin(&branch.key(), database).await {
                Err(error) if error.is_not_ready() && tokio::time::Instant::now() < deadline => {
                    tokio::time::sleep(RECOVERY_PAUSE).await;
                }
                done => return done,
            }
        }
    }

    /// Closes the connections of an endpoint and stops its compute.
    pub(super) async fn stop(&self, branch: &Branch, endpoint: &Endpoint) -> Result<(), EngineError> {
        let activity = self.activity.of(&endpoint.uid);
        let _transition = activity.transition.lock().await;
        self.stop_locked(branch, endpoint).await
    }

    /// As [`stop`](Self::stop), for a caller that holds the compute's transition lock.
    pub(super) async fn stop_locked(&self, branch: &Branch, endpoint: &Endpoint) -> Result<(), EngineError> {
        self.gateway.disconnect(&endpoint.uid).await;
        let stopped = self.engine.stop(&branch.compute_key(endpoint)).await;
        self.forget_size(branch, endpoint);
        stopped
    }

    /// Forgets the size of a branch, which was measured while its compute ran and may be old.
    fn forget_size(&self, branch: &Branch, endpoint: &Endpoint) {
        if endpoint.kind == Kind::ReadWrite {
            self.sizes.forget(&branch.uid);
        }
    }

    /// Stops a compute and starts it with the settings of `endpoint`. The caller holds its transition lock.
    pub(super) async fn restart(&self, branch: &Branch, endpoint: &Endpoint) -> Result<(), EngineError> {
        self.stop_locked(branch, endpoint).await?;
        self.start(branch, endpoint).await.map(drop)
    }

    /// Stops computes that have had no connection for their timeout.
    pub(super) async fn suspend_idle(&self) {
        let state = self.state.snapshot();
        let branches = state.branches.values().filter(|branch| !branch.init);
        let computes =
            branches.flat_map(|branch| branch.endpoints.values().map(move |endpoint| (branch, endpoint)));
        join_all(computes.map(|(branch, endpoint)| self.suspend(branch, endpoint))).await;
    }

    async fn suspend(&self, branch: &Branch, endpoint: &Endpoint) {
        let key = branch.compute_key(endpoint);
        let Some(timeout) = endpoint.sizing.suspend_after else { return };
        let timeout = timeout / self.idle_time_scale;
        let activity = self.activity.of(&endpoint.uid);
        if !activity.idle_for(timeout) || self.engine.running(&key).is_none() {
            return;
        }
        let _transition = activity.transition.lock().await;
        // A login that came meanwhile was counted and now waits for the lock.
        if activity.idle_for(timeout) {
            tracing::info!(endpoint = endpoint.uid, "suspending the idle compute");
            if let Err(error) = self.engine.stop(&key).await {
                tracing::warn!(error = with_sources(&error), "failed to stop the idle compute");
            }
            self.forget_size(branch, endpoint);
        }
    }

    /// Refuses while a change is being brought to a compute of the branch, as the service does.
    pub(super) fn check_reconciled(&self, branch: &Branch) -> Result<(), ErrorResponse> {
        match branch.endpoints.values().find(|endpoint| self.activity.is_changing(&endpoint.uid)) {
            None => Ok(()),
            Some(endpoint) => Err(ErrorResponse::new(
                Code::Aborted,
                format!(
                    "Endpoint reconciliation still in progress for '{}'. Try again when its pending_state is gone.",
                    branch.name().endpoint(endpoint.id.clone()),
                ),
            )),
        }
    }

    /// The size of a branch for a list. While its compute sleeps nothing changes, and what was measured then is right.
    pub(super) async fn listed_size(&self, branch: &Branch) -> i64 {
        if branch.init || branch.deleted.is_some() {
            return branch.logical_size;
        }
        match self.sizes.last(&branch.uid) {
            Some(size) if self.engine.running(&branch.key()).is_none() => size,
            _ => self.logical_size(branch).await,
        }
    }

    /// The present size of a branch; the last known one where it cannot be measured.
    pub(super) async fn logical_size(&self, branch: &Branch) -> i64 {
        if let Some(size) = self.sizes.recent(&branch.uid) {
            return size;
        }
        match self.engine.logical_size(&branch.key()).await {
            Ok(size) => {
                let size = i64::try_from(size).unwrap_or(i64::MAX);
                self.sizes.put(&branch.uid, size);
                size
            }
            Err(error) => {
                tracing::debug!(%error, branch = %branch.name(), "failed to measure the branch");
                branch.logical_size
            }
        }
    }
}
