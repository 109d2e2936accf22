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
mod point_in_time;
mod standby;
#[cfg(test)]
mod tests;
mod wal_replay;
mod watch;

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    future::Future,
    io::Write as _,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::available_parallelism,
    time::Duration,
};

use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use sqlx::PgConnection;
use tokio::sync::Semaphore;

use super::{
    account::{Account, FileWorkers},
    compute::{
        Binaries, ComputeSocket, Platform, SessionLimits, Sockets, Spawner, Target, check_settings,
        stop_orphans,
    },
    storage::{self, Storage},
};
use branch_compute::Slot;

pub use super::compute::Durability;
pub(crate) use super::{
    compute::{ComputeSettings, DEFAULT_MAJOR, PgVersion, Progress},
    engine_error::EngineError,
    storage::{BranchKey, CloneMethod},
};
pub(crate) use point_in_time::ForkPoint;

/// Options for opening an engine.
#[derive(Clone)]
pub(crate) struct EngineOptions {
    /// The root directory; created if it is missing.
    pub(crate) root: PathBuf,
    /// PostgreSQL's directory of programs, tried before all others.
    pub(crate) pg_bin: Option<PathBuf>,
    /// The account that runs PostgreSQL where this process is root; `lakebase` by default.
    pub(crate) pg_user: Option<String>,
    /// Which crashes committed data survives.
    pub(crate) durability: Durability,
    /// Receives a line for each step of a fetch; by default the log, or stderr where there is none.
    pub(crate) progress: Option<Progress>,
    /// Bytes of disk that history may take; a tenth of the free space by default, and none keeps no history.
    pub(crate) history_budget: Option<u64>,
}

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

/// Reports a step of a fetch. It may take minutes, so a program without a log must not look as if it hung.
fn report(line: &str) {
    if tracing::dispatcher::has_been_set() {
        tracing::info!("{line}");
    } else {
        // A closed stderr is no reason to fail.
        let _ = writeln!(std::io::stderr(), "lakebase: {line}");
    }
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

/// The superuser's secret, in the root. Unlike a data directory, it never belongs to PostgreSQL.
const SECRET_FILE: &str = "superuser.secret";

/// Links to the sockets of computes for sessions of the platform, in the root.
const SOCKET_LINKS: &str = "lakebase.sockets";

/// Made once per cluster by PostgreSQL itself. Logins can use it, and create nothing in it.
pub(in crate::local) const MAINTENANCE_DATABASE: &str = "postgres";

/// The longest wait for the deletion of removed directories.
const TRASH_LIMIT: Duration = Duration::from_secs(60);
/// Time for computes to stop cleanly, within the five seconds of a shutdown.
const CLEAN_STOP: Duration = Duration::from_millis(4500);

/// How long a shutdown waits for files that the next start removes otherwise.
const LAST_FILES: Duration = Duration::from_millis(250);

impl Engine {
    /// Claims an empty directory or one claimed before; rejects one with other contents.
    ///
    /// [`open`](Self::open) does it too; it comes before other files are put into the directory.
    pub(crate) async fn claim(root: &Path) -> Result<(), EngineError> {
        let root = root.to_owned();
        FileWorkers::privileged().run(move || storage::claim(&root)).await
    }

    /// Opens or creates the root, removes half-made directories and ends PostgreSQL processes that a killed
    /// server left. The caller ensures that no other engine has the same root open.
    pub(crate) async fn open(options: EngineOptions) -> Result<Self, EngineError> {
        let EngineOptions { root, pg_bin, pg_user, durability, progress, history_budget } = options;
        let (root, account, platform) = FileWorkers::privileged()
            .run(move || {
                let account = Account::choose(pg_user.as_deref())?;
                storage::claim(&root)?;
                let root = fs::canonicalize(&root).map_err(EngineError::io("resolve", &root))?;
                storage::check_secret(&root, SECRET_FILE)?;
                storage::prepare(&root, account.as_ref())?;
                let platform = Platform::open(&root.join(SECRET_FILE), &root.join(SOCKET_LINKS))?;
                Ok::<_, EngineError>((root, account, platform))
            })
            .await?;
        let files = FileWorkers::new(account.clone());
        let opened = root.clone();
        let (storage, history_budget) = files
            .run(move || {
                stop_orphans(&opened)?;
                let storage = Storage::open(&opened, durability == Durability::Full)?;
                report_method(&storage)?;
                let budget = history_budget.map_or_else(|| history::default_budget(&storage), Ok)?;
                Ok::<_, EngineError>((storage, budget))
            })
            .await?;
        let sockets = Sockets::open(&root, account.as_ref(), files.clone()).await?;
        let spawner = Spawner::start(&files).await?;
        let progress = progress.unwrap_or_else(|| Arc::new(report));
        let cores = available_parallelism().map_or(2, usize::from);
        let inner = Inner {
            storage: Arc::new(storage),
            binaries: Binaries::new(pg_bin, account, files.clone(), progress),
            platform,
            files,
            spawner,
            sockets,
            durability,
            slots: Mutex::default(),
            cloning: Semaphore::new(cores.max(2)),
            starting: Semaphore::new((2 * cores).max(4)),
            making_template: tokio::sync::Mutex::default(),
            history: tokio::sync::RwLock::default(),
            history_budget,
            history_grew: AtomicBool::new(true),
            taking_base: Semaphore::new(1),
            closing: Arc::default(),
        };
        let inner = Arc::new(inner);
        if inner.keeps_history() {
            history::spawn(Arc::downgrade(&inner));
        }
        Ok(Self { inner })
    }

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
        let slots: Vec<_> = self.inner.lock_slots().values().cloned().collect();
        join_all(slots.iter().map(|slot| slot.stop_within(CLEAN_STOP))).await;
        // The next start deletes the rest.
        let _ = tokio::time::timeout(LAST_FILES, self.inner.storage.emptied()).await;
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

/// Logs the clone method. A server also starts on a full disk, where it cannot be detected.
fn report_method(storage: &Storage) -> Result<(), EngineError> {
    match storage.method() {
        Ok(CloneMethod::Reflink) => tracing::info!("branches share their files' extents (reflink)"),
        Ok(CloneMethod::Copy) => tracing::warn!(
            root = %storage.root().display(),
            "the file system cannot share extents: every branch is a full copy; XFS, Btrfs, ZFS and APFS can"
        ),
        Err(error) if error.is_full() => {
            tracing::warn!(%error, "whether branches share extents is found out once there is disk space");
        }
        Err(error) => return Err(error),
    }
    Ok(())
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
