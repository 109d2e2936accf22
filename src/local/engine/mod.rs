//! Branches on disk and the PostgreSQL processes on them: `storage` and `compute` put together.
//!
//! Knows nothing of names, REST, rules or tokens. A branch is a data directory under a key; a compute
//! is a PostgreSQL on it. Every change runs to its end even if its caller is dropped.
//!
//! The root belongs to the engine, but files named `lakebase*` in it are left alone: the layers above
//! may keep their lock, state and certificates there. [`Engine::claim`] is called before a lock file is created.

mod branch_compute;
mod disk_usage;
mod fork;
mod history;
mod masking;
mod open;
mod point_in_time;
mod position;
mod spares;
mod standby;
#[cfg(test)]
mod tests;
mod timings;
mod wal_replay;
mod watch;
mod written_blocks;

use std::{
    collections::{BTreeMap, HashMap},
    future::Future,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use sqlx::PgConnection;
use tokio::sync::Semaphore;

use super::{
    account::FileWorkers,
    compute::{Binaries, ComputeSocket, Platform, SessionLimits, Sockets, Spawner, Target, check_settings},
    storage::{self, Storage},
};
use branch_compute::Slot;
use masking::Maskings;
use spares::Spares;
use timings::Timings;

pub use super::compute::Durability;
pub(crate) use super::{
    compute::{ComputeSettings, DEFAULT_MAJOR, PgVersion, Progress},
    engine_error::EngineError,
    storage::{BranchKey, CloneMethod, KeptFiles, RelationFile},
};
pub(crate) use disk_usage::BranchUsage;
pub(crate) use masking::MaskingServer;
pub(crate) use open::EngineOptions;
pub(crate) use point_in_time::ForkPoint;
pub(crate) use spares::ReadySpare;
pub(crate) use timings::PartTimes;

/// The result of a fork.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Fork {
    /// The end of the source's history in the new branch, as PostgreSQL prints an LSN.
    pub(crate) lsn: String,
    /// The time of that position.
    pub(crate) time: DateTime<Utc>,
    /// How the files were cloned.
    pub(crate) method: CloneMethod,
    /// Bytes written, as opposed to shared with the source.
    pub(crate) bytes_added: u64,
}

/// Branches and computes under one root. Cloning is cheap: all clones are one engine.
///
/// When the last clone is dropped, PostgreSQL processes that still run end at once, without the clean
/// stop of [`shutdown`](Self::shutdown); they recover at their next start.
#[derive(Clone)]
pub(crate) struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    /// Do all work in the directories of branches.
    files: FileWorkers,
    storage: Arc<Storage>,
    binaries: Binaries,
    platform: Platform,
    spawner: Spawner,
    sockets: Sockets,
    durability: Durability,
    slots: Mutex<HashMap<BranchKey, Arc<Slot>>>,
    spares: Spares,
    maskings: Maskings,
    timings: Timings,
    /// Bounds on work that would only get in its own way.
    cloning: Semaphore,
    starting: Semaphore,
    making_template: tokio::sync::Mutex<()>,
    /// Read by what uses history on disk, written by what removes it.
    history: tokio::sync::RwLock<()>,
    history_budget: u64,
    /// Whether history was added since the last trim.
    history_grew: AtomicBool,
    taking_base: Semaphore,
    closing: Arc<AtomicBool>,
}

/// Made once per cluster by PostgreSQL itself. Logins can use it, and create nothing in it.
pub(in crate::local) const MAINTENANCE_DATABASE: &str = "postgres";

/// The longest wait for the deletion of removed directories.
const TRASH_LIMIT: Duration = Duration::from_secs(60);
/// Time for computes to stop cleanly, within the five seconds of a shutdown.
const CLEAN_STOP: Duration = Duration::from_millis(4500);

/// Time for spares to end, before the computes that they stream from.
const SPARES_STOP: Duration = Duration::from_millis(500);

/// How long a shutdown waits for files that the next start removes otherwise.
const LAST_FILES: Duration = Duration::from_millis(250);

/// Time for the deletion of one directory to end.
const LAST_DIRECTORY: Duration = Duration::from_secs(1);

impl Engine {
    /// The clone method on this file system; `None` while a full disk prevents its detection.
    pub(crate) fn clone_method(&self) -> Option<CloneMethod> {
        self.inner.storage.known_method()
    }

    /// Finds or fetches PostgreSQL; any installed version from 15 on where none is wanted.
    pub(crate) async fn resolve_version(&self, wanted: Option<u32>) -> Result<PgVersion, EngineError> {
        self.detached(move |inner| async move { Ok(inner.binaries.resolve(wanted).await?.version) }).await
    }

    /// As [`resolve_version`](Self::resolve_version), but another installed version wins over a fetch of this one.
    pub(crate) async fn prefer_version(&self, major: u32) -> Result<PgVersion, EngineError> {
        self.detached(move |inner| async move { Ok(inner.binaries.prefer(major).await?.version) }).await
    }

    /// Refuses settings that PostgreSQL of this major version does not accept.
    pub(crate) async fn check_settings(
        &self,
        major: u32,
        settings: BTreeMap<String, String>,
    ) -> Result<(), EngineError> {
        self.detached(move |inner| async move {
            let installation = inner.binaries.resolve(Some(major)).await?;
            inner.files.run(move || check_settings(&installation, &settings)).await
        })
        .await
    }

    /// Creates a branch with a fresh cluster.
    pub(crate) async fn create_root(&self, key: &BranchKey, version: PgVersion) -> Result<(), EngineError> {
        let key = key.clone();
        self.detached(move |inner| async move { inner.create_root(&key, version).await }).await
    }

    /// Creates `target` from `source`, with everything committed in the source before the call.
    pub(crate) async fn fork(&self, source: &BranchKey, target: &BranchKey) -> Result<Fork, EngineError> {
        let (source, target) = (source.clone(), target.clone());
        self.detached(move |inner| async move { inner.fork(&source, &target).await }).await
    }

    /// Stops the compute and removes the branch; its files go in the background.
    pub(crate) async fn remove(&self, key: &BranchKey) -> Result<(), EngineError> {
        let key = key.clone();
        self.detached(move |inner| async move { inner.remove(&key).await }).await
    }

    /// Whether the branch is on disk.
    #[cfg(test)]
    pub(crate) async fn exists(&self, key: &BranchKey) -> bool {
        self.inner.existing(key).await.is_ok()
    }

    /// Every branch on disk.
    pub(crate) async fn branches(&self) -> Result<Vec<BranchKey>, EngineError> {
        self.inner.on_disk(Storage::branches).await
    }

    /// Starts the compute, unless it runs, and gives its socket once it accepts logins.
    ///
    /// `settings` apply to a start only; a running compute keeps the settings it was started with.
    pub(crate) async fn start(
        &self,
        key: &BranchKey,
        settings: &ComputeSettings,
    ) -> Result<ComputeSocket, EngineError> {
        if let Some(socket) = self.running(key) {
            return Ok(socket);
        }
        let (key, settings) = (key.clone(), settings.clone());
        self.detached(move |inner| async move { inner.start(&key, &settings).await }).await
    }

    /// The socket of a compute that runs; none when it is stopped or has died.
    pub(crate) fn running(&self, key: &BranchKey) -> Option<ComputeSocket> {
        self.inner.known_slot(key)?.socket()
    }

    /// Stops the compute: sessions end, everything is written out. Nothing happens if it does not run.
    pub(crate) async fn stop(&self, key: &BranchKey) -> Result<(), EngineError> {
        let key = key.clone();
        self.detached(move |inner| async move { inner.stop(&key).await }).await
    }

    /// Logs in as the superuser. The compute must run.
    pub(crate) async fn admin(&self, key: &BranchKey, database: &str) -> Result<PgConnection, EngineError> {
        let socket = self
            .running(key)
            .ok_or_else(|| EngineError::NotFound { what: format!("a running compute of {key}") })?;
        let data = self.inner.existing(key).await?.join("data");
        self.inner.log_in(&socket, &data, database, SessionLimits::CATALOG).await
    }

    /// Bytes of tables and indexes, without WAL.
    pub(crate) async fn logical_size(&self, key: &BranchKey) -> Result<u64, EngineError> {
        let key = key.clone();
        self.inner.on_disk(move |storage| storage::logical_size(&storage.existing(&key)?.join("data"))).await
    }

    /// Whether the disk has little space left.
    pub(crate) async fn is_short_of_space(&self) -> Result<bool, EngineError> {
        self.inner.on_disk(Storage::is_short_of_space).await
    }

    /// Stops every compute cleanly, by force after five seconds; none can be started afterwards.
    pub(crate) async fn shutdown(&self) {
        self.inner.closing.store(true, Ordering::SeqCst);
        let _ = tokio::time::timeout(SPARES_STOP, self.inner.end_all_spares()).await;
        let slots: Vec<_> = self.inner.lock_slots().values().cloned().collect();
        let computes = join_all(slots.iter().map(|slot| slot.stop_within(CLEAN_STOP)));
        tokio::join!(computes, self.inner.maskings.end());
        // The next start deletes the rest: a caller may remove the data directory as soon as this returns.
        let _ = tokio::time::timeout(LAST_FILES, self.inner.storage.emptied()).await;
        self.inner.storage.stop_deleting();
        let _ = tokio::time::timeout(LAST_DIRECTORY, self.inner.storage.emptied()).await;
        let _ = tokio::time::timeout(LAST_FILES, self.inner.sockets.close()).await;
    }

    /// Runs work on a task of its own, so that it completes even if the caller is dropped.
    async fn detached<T, F, W>(&self, work: W) -> Result<T, EngineError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, EngineError>> + Send + 'static,
        W: FnOnce(Arc<Inner>) -> F,
    {
        let task = tokio::spawn(work(Arc::clone(&self.inner)));
        task.await.map_err(|_| EngineError::failed("the work broke off"))?
    }
}

impl Inner {
    fn lock_slots(&self) -> std::sync::MutexGuard<'_, HashMap<BranchKey, Arc<Slot>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Logs in as the superuser, at the server that runs on `data`.
    async fn log_in(
        &self,
        socket: &ComputeSocket,
        data: &Path,
        database: &str,
        limits: SessionLimits,
    ) -> Result<PgConnection, EngineError> {
        let data = data.to_owned();
        let major = self.on_disk(move |_| storage::data_version(&data)).await?;
        self.platform.connect(Target { socket, major, database, limits }).await
    }

    fn known_slot(&self, key: &BranchKey) -> Option<Arc<Slot>> {
        self.lock_slots().get(key).cloned()
    }

    fn slot(&self, key: &BranchKey) -> Arc<Slot> {
        Arc::clone(self.lock_slots().entry(key.clone()).or_default())
    }

    /// Does work in the directories of branches, on a thread of the account that owns them.
    async fn on_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Storage) -> Result<T, EngineError> + Send + 'static,
    ) -> Result<T, EngineError> {
        let storage = Arc::clone(&self.storage);
        self.files.run(move || work(&storage)).await
    }

    /// The directory of a branch that exists.
    async fn existing(&self, key: &BranchKey) -> Result<PathBuf, EngineError> {
        let key = key.clone();
        self.on_disk(move |storage| storage.existing(&key)).await
    }
}
