//! The control plane: projects, branches, endpoints, roles and databases as state, and the operations on them.
//!
//! Rules are pure functions over the state ([`rules`]). A call first checks and reserves in one change of the
//! state, then the engine and the gateway do the work, then a second change acknowledges it. What is half made
//! lives only in memory, so a process that is killed leaves nothing but files without a row, and those go at the
//! next start.

mod branches;
mod computes;
mod credentials;
mod databases;
mod endpoints;
mod failpoint;
mod identity;
mod intents;
mod listing;
mod locks;
mod login;
mod operations;
mod passwords;
mod past;
mod projects;
mod rejection;
mod roles;
mod rules;
mod sizes;
mod sql;
mod state;
mod store;
mod timers;
mod view;

use std::{
    net::SocketAddr,
    panic::AssertUnwindSafe,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError, RwLock, Weak},
    time::Duration,
};

use futures_util::FutureExt as _;
use tokio::{sync::OwnedRwLockReadGuard, task::JoinHandle};

#[cfg(test)]
pub(crate) use self::failpoint::arm as arm_failpoint;
use self::{
    computes::Computes,
    intents::InFlight,
    locks::Locks,
    operations::Operations,
    sizes::Sizes,
    state::{Branch, Endpoint, State},
    store::Store,
    view::EndpointView,
};
pub(crate) use self::{
    listing::PageRequest,
    operations::Latency,
    rejection::{Code, Rejection},
    store::{StoreError, make_room},
};
use super::{
    engine::{Engine, EngineError},
    gateway::{AddressPolicy, Authenticator, Authority, Gateway, GatewayError},
    token::TokenSigner,
};

/// How long a session waits for a PostgreSQL that recovers from a crash.
const LONGEST_RECOVERY: Duration = Duration::from_secs(15);
const RECOVERY_PAUSE: Duration = Duration::from_millis(50);

/// What a control plane is opened with.
pub(crate) struct ControlOptions {
    pub(crate) state_file: PathBuf,
    /// Whether an acknowledged change must survive a power cut.
    pub(crate) sync: bool,
    pub(crate) engine: Engine,
    pub(crate) authority: Authority,
    pub(crate) addresses: AddressPolicy,
    /// The caller: whoever holds the API's token.
    pub(crate) user: String,
    /// The PostgreSQL of projects that do not ask for a version.
    pub(crate) pg_version: u32,
    pub(crate) latency: Latency,
    /// How many times faster than the clock the idle time of computes passes; 1 but in tests.
    pub(crate) idle_haste: u32,
}

/// Why a control plane cannot be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ControlError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error(transparent)]
    Gateway(#[from] GatewayError),
}

/// The control plane of one data directory.
pub(crate) struct Control {
    user: String,
    pg_version: u32,
    ca_cert: String,
    engine: Engine,
    gateway: Gateway,
    signer: TokenSigner,
    store: Store,
    state: RwLock<Arc<State>>,
    /// One change at a time.
    writer: tokio::sync::Mutex<()>,
    operations: Arc<Operations>,
    computes: Computes,
    locks: Locks,
    in_flight: InFlight,
    idle_haste: u32,
    sizes: Sizes,
    /// Held shared by every mutation; the shutdown waits until it has it alone.
    gate: Arc<tokio::sync::RwLock<()>>,
    timers: Mutex<Option<JoinHandle<()>>>,
}

impl Control {
    /// Loads the state, removes what no row speaks of, publishes every endpoint and deletes what has expired.
    pub(crate) async fn open(options: ControlOptions) -> Result<Arc<Self>, ControlError> {
        let ControlOptions {
            state_file,
            sync,
            engine,
            authority,
            addresses,
            user,
            pg_version,
            latency,
            idle_haste,
        } = options;
        // What no row speaks of is removed, so a lost file must not pass for an empty one.
        if !Store::exists(&state_file) && !engine.branches().await?.is_empty() {
            return Err(StoreError::Missing { path: state_file }.into());
        }
        let (store, state) = Store::open(&state_file, sync)?;
        let key = store.secret("token-key", || Ok(TokenSigner::generate_key()?.to_vec()))?;
        let ca_cert = authority.certificate_file().display().to_string();
        let control = Arc::new_cyclic(|control: &Weak<Self>| {
            let authenticator: Weak<dyn Authenticator> = control.clone();
            Self {
                user,
                pg_version,
                ca_cert,
                engine,
                gateway: Gateway::new(authority, authenticator, addresses),
                signer: TokenSigner::new(&key),
                store,
                state: RwLock::new(Arc::new(state)),
                writer: tokio::sync::Mutex::default(),
                operations: Arc::new(Operations::new(latency)),
                computes: Computes::default(),
                locks: Locks::default(),
                in_flight: InFlight::default(),
                idle_haste,
                sizes: Sizes::default(),
                gate: Arc::default(),
                timers: Mutex::default(),
            }
        });
        control.remove_strays().await?;
        control.finish_all_interrupted().await;
        control.publish_all().await?;
        control.delete_what_is_over().await;
        let timers = timers::spawn(Arc::downgrade(&control));
        *control.timers.lock().unwrap_or_else(PoisonError::into_inner) = Some(timers);
        Ok(control)
    }

    /// The caller's user name.
    pub(crate) fn user(&self) -> &str {
        &self.user
    }

    /// The secret of this name that lives as long as the data directory.
    pub(crate) fn secret(&self, name: &str, make: impl FnOnce() -> String) -> Result<String, StoreError> {
        let secret = self.store.secret(name, || Ok(make().into_bytes()))?;
        String::from_utf8(secret).map_err(|error| StoreError::Open(std::io::Error::other(error)))
    }

    /// Refuses new work, lets what runs finish for a moment, then closes all connections and stops all computes.
    pub(crate) async fn shutdown(&self) {
        let timers = self.timers.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(timers) = timers {
            timers.abort();
        }
        // What does not end in time is cut off: its rows were never written.
        let quiet = tokio::time::timeout(Duration::from_millis(500), self.gate.write()).await;
        let closing = tokio::time::timeout(Duration::from_millis(500), self.gateway.shutdown());
        let _ = tokio::join!(closing, self.engine.shutdown());
        drop(quiet);
    }

    async fn open_gate(&self) -> Result<OwnedRwLockReadGuard<()>, Rejection> {
        Arc::clone(&self.gate)
            .try_read_owned()
            .map_err(|_| Rejection::new(Code::Unavailable, "the local Lakebase is shutting down"))
    }

    fn snapshot(&self) -> Arc<State> {
        Arc::clone(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the state: all or nothing, on disk before anybody sees it.
    async fn commit<T>(
        &self,
        change: impl FnOnce(&mut State) -> Result<T, Rejection>,
    ) -> Result<T, Rejection> {
        let _writer = self.writer.lock().await;
        let before = self.snapshot();
        let mut after = State::clone(&before);
        let value = change(&mut after)?;
        let after = Arc::new(after);
        self.store.write(before, Arc::clone(&after)).await?;
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = after;
        Ok(value)
    }

    /// Branch directories without a row were being made or removed when the last process ended.
    async fn remove_strays(&self) -> Result<(), ControlError> {
        let state = self.snapshot();
        let known: std::collections::HashSet<_> =
            state.branches.values().map(|branch| branch.key()).collect();
        for key in self.engine.branches().await? {
            if !known.contains(&key) {
                tracing::info!(branch = %key, "removing a branch that was half made or half removed");
                self.engine.remove(&key).await?;
            }
        }
        Ok(())
    }

    /// Listens for every endpoint, where it was before if that can be.
    async fn publish_all(&self) -> Result<(), ControlError> {
        let state = self.snapshot();
        let mut moved = Vec::new();
        for branch in state.branches.values().filter(|branch| state.project(&branch.project).is_ok()) {
            moved.extend(self.publish_branch(branch).await?);
        }
        if moved.is_empty() {
            return Ok(());
        }
        let kept = self.commit(|state| {
            for (ids, endpoint, address) in moved {
                state.change_branch(&ids, |branch| {
                    set_address(branch, &endpoint, address);
                    Ok(())
                })?;
            }
            Ok(())
        });
        kept.await.map_err(|error| StoreError::Open(std::io::Error::other(error)).into())
    }

    /// Publishes the endpoints of a branch and gives those whose address is another one than before.
    async fn publish_branch(
        &self,
        branch: &Branch,
    ) -> Result<Vec<(state::BranchIds, String, SocketAddr)>, GatewayError> {
        let mut moved = Vec::new();
        for endpoint in branch.endpoints.values() {
            let address = self.gateway.publish(&endpoint.uid, endpoint.address).await?;
            if endpoint.address != Some(address) {
                moved.push((branch.ids(), endpoint.id.clone(), address));
            }
        }
        Ok(moved)
    }

    fn endpoint_view(&self) -> EndpointView<'_> {
        EndpointView { engine: &self.engine, computes: &self.computes, ca_cert: &self.ca_cert }
    }

    /// Starts an endpoint's compute unless it runs; one start at a time.
    async fn wake(&self, branch: &Branch, endpoint: &Endpoint) -> Result<PathBuf, EngineError> {
        let key = branch.key();
        let compute = self.computes.of(&endpoint.uid);
        let _gate = compute.gate.lock().await;
        if let Some(socket) = self.engine.running(&key) {
            return Ok(socket);
        }
        tracing::debug!(endpoint = endpoint.uid, "starting the compute");
        // The settings may have changed while this waited.
        let state = self.snapshot();
        let endpoint = state.by_endpoint_uid(&endpoint.uid).map_or(endpoint, |(_, endpoint)| endpoint);
        self.engine.start(&key, &rules::sizing::settings(&endpoint.sizing, &endpoint.pg_settings)).await
    }

    /// Wakes a compute and logs in as the superuser, once PostgreSQL accepts logins: it does not while it recovers from
    /// a backend that crashed.
    async fn admin(
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
    async fn halt(&self, branch: &Branch, endpoint: &Endpoint) -> Result<(), EngineError> {
        let compute = self.computes.of(&endpoint.uid);
        let _gate = compute.gate.lock().await;
        self.gateway.disconnect(&endpoint.uid).await;
        self.engine.stop(&branch.key()).await
    }

    /// Takes a branch away for good: connections, computes, files. Its row is gone already.
    async fn tear_down(&self, branch: &Branch) -> Result<(), Rejection> {
        for endpoint in branch.endpoints.values() {
            self.gateway.withdraw(&endpoint.uid).await;
            self.computes.forget(&endpoint.uid);
        }
        self.sizes.forget(&branch.uid);
        match self.engine.remove(&branch.key()).await {
            Ok(()) | Err(EngineError::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

fn set_address(branch: &mut Branch, endpoint: &str, address: SocketAddr) {
    if let Some(endpoint) = branch.endpoints.get_mut(endpoint) {
        endpoint.address = Some(address);
    }
}

impl From<EngineError> for Rejection {
    fn from(error: EngineError) -> Self {
        let code = match &error {
            error if error.is_full() => Code::ResourceExhausted,
            EngineError::OutsideHistory { .. } => Code::BadRequest,
            EngineError::BadSetting { .. } | EngineError::NoPostgres { .. } => Code::InvalidParameterValue,
            // The machine's fault and not the caller's, nor a bug: it can be tried again.
            EngineError::Io { .. }
            | EngineError::Sql { .. }
            | EngineError::NotFound { .. }
            | EngineError::Unresponsive { .. } => Code::Unavailable,
            _ => Code::Internal,
        };
        Self::new(code, with_sources(&error))
    }
}

/// Runs work whose panic must not skip what comes after it, and makes the panic an error.
async fn caught<T>(work: impl Future<Output = Result<T, Rejection>>) -> Result<T, Rejection> {
    let broken = |_| Err(Rejection::internal("the work broke off; the log of the server says where"));
    AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(broken)
}

impl From<StoreError> for Rejection {
    fn from(error: StoreError) -> Self {
        let code = match &error {
            error if error.is_full() => Code::ResourceExhausted,
            StoreError::Open(_) | StoreError::Database(_) => Code::Unavailable,
            _ => Code::Internal,
        };
        Self::new(code, with_sources(&error))
    }
}

impl From<GatewayError> for Rejection {
    fn from(error: GatewayError) -> Self {
        Self::internal(with_sources(&error))
    }
}

/// An error and everything that led to it, on one line.
pub(crate) fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

#[cfg(fuzzing)]
pub(crate) fn fuzz_update_mask(mask: &str) {
    use rules::mask::{BRANCH, ENDPOINT, PROJECT};
    for paths in [PROJECT, BRANCH, ENDPOINT] {
        let _ = paths.resolve(mask);
    }
}
