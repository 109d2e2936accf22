//! The control plane: projects, branches, endpoints, roles and databases as state, and the operations on them.
//!
//! Rules are pure functions over the state ([`rules`]). A call first checks and reserves in one change of the
//! [state](shared_state), then the engine and the gateway do the work, then a second change acknowledges it. Unfinished
//! resources exist only in memory, so a process that is killed leaves nothing but files without a row, which the next
//! start removes. Each kind of resource is a service of its own with the parts that it needs.

mod activity;
mod authenticator;
mod branches;
mod computes;
mod credentials;
mod databases;
mod endpoints;
mod error_conversion;
mod error_response;
mod generated_ids;
mod intents;
mod listing;
mod locks;
mod metrics;
mod operations;
mod passwords;
mod point_in_time;
mod projects;
mod roles;
mod rules;
mod shared_state;
mod size_cache;
mod snapshots;
mod spares;
mod sql;
mod state;
mod store;
mod timers;
mod to_wire;

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use tokio::task::JoinHandle;

use self::{
    activity::ActivityTable, authenticator::Logins, branches::Branches, computes::Computes,
    credentials::Credentials, databases::Databases, endpoints::Endpoints, intents::CatalogChanges,
    locks::Locks, metrics::Counters, operations::Operations, projects::Projects, roles::Roles,
    shared_state::SharedState, size_cache::SizeCache, snapshots::Snapshots, spares::Spares, store::Store,
    timers::Timers,
};
pub(crate) use self::{
    error_response::{Code, ErrorResponse},
    listing::PageRequest,
    operations::DoneAfter,
    spares::SparePolicy,
    store::{StoreError, make_room},
};
#[cfg(test)]
pub(crate) use super::failpoint::arm as arm_failpoint;
use super::{
    account::FileWorkers,
    engine::{Engine, EngineError},
    failpoint,
    gateway::{AddressPolicy, Authenticator, Authority, Gateway, GatewayError},
    token::TokenSigner,
};

/// Time limits of the two steps of a shutdown before the computes stop.
const DRAIN_WITHIN: Duration = Duration::from_millis(500);
const CLOSE_WITHIN: Duration = Duration::from_millis(500);

/// Options for opening a control plane.
pub(crate) struct ControlOptions {
    pub(crate) state_file: PathBuf,
    /// Whether an acknowledged change must survive a power cut.
    pub(crate) sync: bool,
    pub(crate) engine: Engine,
    pub(crate) authority: Authority,
    pub(crate) addresses: AddressPolicy,
    /// The caller: the holder of the API's token.
    pub(crate) user: String,
    /// The PostgreSQL of projects that do not ask for a version.
    pub(crate) pg_version: u32,
    pub(crate) latency: DoneAfter,
    /// How many times faster than the clock the idle time of computes passes; 1 except in tests.
    pub(crate) idle_time_scale: u32,
    /// How many times faster than the clock the life of credentials passes; 1 except in tests.
    pub(crate) credential_time_scale: u32,
    pub(crate) limits: Limits,
    pub(crate) spares: SparePolicy,
}

/// Limits of branches.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The most branches that a project can have.
    pub(crate) max_branches: usize,
}

impl Default for Limits {
    fn default() -> Self {
        // The service's limit of branches.
        Self { max_branches: 500 }
    }
}

/// Failures of opening a control plane.
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
    pub(crate) projects: Projects,
    pub(crate) branches: Branches,
    pub(crate) snapshots: Snapshots,
    pub(crate) endpoints: Endpoints,
    pub(crate) roles: Roles,
    pub(crate) databases: Databases,
    pub(crate) credentials: Credentials,
    pub(crate) operations: Arc<Operations>,
    user: Arc<str>,
    state: Arc<SharedState>,
    computes: Arc<Computes>,
    timers: Timers,
    spares: Arc<Spares>,
    timer_task: Mutex<Option<JoinHandle<()>>>,
    /// The gateway holds it weakly.
    _logins: Arc<Logins>,
}

impl Control {
    /// Loads the state, removes directories that it does not reference, publishes every endpoint and deletes what has
    /// expired.
    pub(crate) async fn open(options: ControlOptions) -> Result<Arc<Self>, ControlError> {
        // Directories that the state does not reference are removed, so a lost file must not pass for an empty one.
        let branches = options.engine.branches().await?;
        let (state_file, sync) = (options.state_file.clone(), options.sync);
        let open = move || {
            if !Store::exists(&state_file) && !branches.is_empty() {
                return Err(ControlError::from(StoreError::Missing { path: state_file }));
            }
            let state = SharedState::open(&state_file, sync)?;
            let key = state.secret("token-key", || Ok(TokenSigner::generate_key()?.to_vec()))?;
            Ok((Arc::new(state), TokenSigner::new(&key)))
        };
        let (state, signer) = FileWorkers::privileged().run(open).await?;
        let control = Arc::new(Self::assemble(options, state, Arc::new(signer)));
        control.computes.remove_orphans().await?;
        control.roles.changes.finish_all().await;
        control.computes.publish_all().await?;
        control.timers.delete_expired().await;
        let task = timers::spawn(Arc::downgrade(&control));
        *control.timer_task.lock().unwrap_or_else(PoisonError::into_inner) = Some(task);
        Ok(control)
    }

    fn assemble(options: ControlOptions, state: Arc<SharedState>, signer: Arc<TokenSigner>) -> Self {
        let (pg_version, max_branches) = (options.pg_version, options.limits.max_branches);
        let (time_scale, idle_time_scale) = (options.credential_time_scale, options.idle_time_scale);
        let policy = options.spares;
        let user: Arc<str> = options.user.as_str().into();
        let operations = Arc::new(Operations::new(options.latency));
        let locks = Arc::<Locks>::default();
        let logins = Self::logins(options, &state, &signer, &locks);
        let (computes, changes) = (&logins.computes, &logins.changes);
        let projects = Projects {
            state: Arc::clone(&state),
            operations: Arc::clone(&operations),
            computes: Arc::clone(computes),
            locks: Arc::clone(&locks),
            user: Arc::clone(&user),
            pg_version,
            console: Arc::default(),
        };
        let spares = Spares::new(Arc::clone(&state), Arc::clone(computes), policy, idle_time_scale);
        let branches = Branches {
            state: Arc::clone(&state),
            operations: Arc::clone(&operations),
            computes: Arc::clone(computes),
            locks: Arc::clone(&locks),
            changes: Arc::clone(changes),
            spares: Arc::clone(&spares),
            max_branches,
        };
        let snapshots = Snapshots {
            state: Arc::clone(&state),
            operations: Arc::clone(&operations),
            computes: Arc::clone(computes),
            locks,
            changes: Arc::clone(changes),
            failures: Arc::default(),
        };
        Self {
            endpoints: Endpoints {
                state: Arc::clone(&state),
                operations: Arc::clone(&operations),
                computes: Arc::clone(computes),
                changes: Arc::clone(changes),
            },
            roles: Roles {
                state: Arc::clone(&state),
                operations: Arc::clone(&operations),
                changes: Arc::clone(changes),
            },
            databases: Databases {
                state: Arc::clone(&state),
                operations: Arc::clone(&operations),
                changes: Arc::clone(changes),
            },
            credentials: Credentials {
                state: Arc::clone(&state),
                signer,
                user: Arc::clone(&user),
                time_scale,
            },
            timers: Timers {
                state: Arc::clone(&state),
                operations: Arc::clone(&operations),
                computes: Arc::clone(computes),
                projects: projects.clone(),
                branches: branches.clone(),
                snapshots: snapshots.clone(),
                trimmed: Mutex::default(),
            },
            projects,
            branches,
            snapshots,
            spares,
            operations,
            user,
            state,
            computes: Arc::clone(computes),
            timer_task: Mutex::default(),
            _logins: logins,
        }
    }

    /// Connects the gateway and the logins, which hold each other.
    fn logins(
        options: ControlOptions,
        state: &Arc<SharedState>,
        signer: &Arc<TokenSigner>,
        locks: &Arc<Locks>,
    ) -> Arc<Logins> {
        let ControlOptions { engine, authority, addresses, idle_time_scale, .. } = options;
        Arc::new_cyclic(|logins: &Weak<Logins>| {
            let authenticator: Weak<dyn Authenticator> = logins.clone();
            let ca_cert = authority.certificate_file().display().to_string();
            let computes = Arc::new(Computes {
                state: Arc::clone(state),
                engine,
                gateway: Gateway::new(authority, authenticator, addresses),
                activity: ActivityTable::default(),
                sizes: SizeCache::default(),
                ca_cert,
                idle_time_scale,
                counters: Counters::default(),
            });
            let changes = CatalogChanges::new(Arc::clone(state), Arc::clone(&computes), Arc::clone(locks));
            let (state, signer) = (Arc::clone(state), Arc::clone(signer));
            Logins { state, computes, changes: Arc::new(changes), signer }
        })
    }

    /// The caller's user name.
    pub(crate) fn user(&self) -> &str {
        &self.user
    }

    /// The secret of this name that lives as long as the data directory.
    pub(crate) fn secret(&self, name: &str, make: impl FnOnce() -> String) -> Result<String, StoreError> {
        let secret = self.state.secret(name, || Ok(make().into_bytes()))?;
        String::from_utf8(secret).map_err(|error| StoreError::Open(std::io::Error::other(error)))
    }

    /// Marks an endpoint as being changed until the returned guard is dropped.
    #[cfg(test)]
    pub(crate) fn begin_change(&self, endpoint_uid: &str) -> impl Sized + use<> {
        self.computes.activity.of(endpoint_uid).change()
    }

    /// Refuses new work, lets running work finish for a moment, then closes all connections and stops all computes.
    pub(crate) async fn shutdown(&self) {
        let task = self.timer_task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task {
            task.abort();
        }
        // Work that does not end in time is cut off: its rows were never written.
        let drained = self.operations.drain(DRAIN_WITHIN).await;
        let closing = tokio::time::timeout(CLOSE_WITHIN, self.computes.gateway.shutdown());
        let _ = tokio::join!(closing, self.computes.engine.shutdown());
        drop(drained);
    }
}

#[cfg(fuzzing)]
pub(crate) fn fuzz_update_mask(mask: &str) {
    use rules::mask::{BranchField, EndpointField, ProjectField, parse};
    let _ = parse::<ProjectField>(mask);
    let _ = parse::<BranchField>(mask);
    let _ = parse::<EndpointField>(mask);
}
