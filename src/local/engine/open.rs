//! Opening of an engine.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, atomic::AtomicBool},
    thread::available_parallelism,
};

use tokio::sync::Semaphore;

use super::{
    Durability, Engine, EngineError, Inner, Progress, history, masking::Maskings, spares::Spares,
    timings::Timings,
};
use crate::local::{
    account::{Account, FileWorkers},
    compute::{Binaries, Platform, Sockets, Spawner, stop_orphans},
    storage::{self, CloneMethod, Storage},
};

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

/// Reports a step of a fetch. It may take minutes, so a program without a log must not look as if it hung.
fn report(line: &str) {
    if tracing::dispatcher::has_been_set() {
        tracing::info!("{line}");
    } else {
        // A closed stderr is no reason to fail.
        let _ = writeln!(std::io::stderr(), "lakebase: {line}");
    }
}

/// The superuser's secret, in the root. Unlike a data directory, it never belongs to PostgreSQL.
const SECRET_FILE: &str = "superuser.secret";

/// Links to the sockets of computes for sessions of the platform, in the root.
const SOCKET_LINKS: &str = "lakebase.sockets";

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
            spares: Spares::default(),
            maskings: Maskings::default(),
            timings: Timings::default(),
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
