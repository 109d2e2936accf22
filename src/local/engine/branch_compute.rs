//! Start and stop of one branch's compute.

use std::{
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use rustix::process::Signal;
use tokio::{
    sync::{RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::timeout,
};

use super::{
    BranchKey, ComputeSettings, EngineError, Inner, TRASH_LIMIT, wal_replay::RecoveryTarget, watch::Watch,
};
use crate::local::{
    compute::{ComputeSocket, Installation, Launch, Server, stop_orphans_in},
    storage::{ControlFile, Lineage, Storage, data_version, format_lsn, is_taken, remove},
};

/// A start notices a shutdown at once and then kills its server.
const STARTING: Duration = Duration::from_millis(500);

/// One branch: what may happen to it at the same time, and its server if it runs.
#[derive(Debug, Default)]
pub(super) struct Slot {
    /// Forks of a branch share it; start, stop and removal have it alone.
    order: RwLock<()>,
    server: Mutex<Option<Arc<Server>>>,
    watch: Mutex<Watch>,
    /// Whether its server is a spare, which is no branch yet and has no history.
    spare: AtomicBool,
}

impl Slot {
    pub(super) async fn shared(&self) -> RwLockReadGuard<'_, ()> {
        self.order.read().await
    }

    pub(super) async fn alone(&self) -> RwLockWriteGuard<'_, ()> {
        self.order.write().await
    }

    pub(super) fn socket(&self) -> Option<ComputeSocket> {
        self.server()?.socket().cloned()
    }

    /// The known state of the history of the branch.
    pub(super) fn watch(&self) -> MutexGuard<'_, Watch> {
        self.watch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a server was started here and ended unexpectedly.
    pub(super) fn crashed(&self) -> bool {
        self.server().is_some_and(|server| server.has_ended())
    }

    /// The server, once it has accepted logins and while it lives.
    pub(super) fn running_server(&self) -> Option<Arc<Server>> {
        self.server().filter(|server| server.socket().is_some())
    }

    pub(super) fn is_spare(&self) -> bool {
        self.spare.load(Ordering::SeqCst)
    }

    pub(super) fn set_spare(&self, spare: bool) {
        self.spare.store(spare, Ordering::SeqCst);
    }

    fn server(&self) -> Option<Arc<Server>> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn replace(&self, server: Option<Server>) -> Option<Arc<Server>> {
        std::mem::replace(
            &mut self.server.lock().unwrap_or_else(PoisonError::into_inner),
            server.map(Arc::new),
        )
    }

    pub(super) async fn stop(&self, signal: Signal) {
        if let Some(server) = self.server() {
            server.stop(signal).await;
            self.replace(None);
        }
    }

    /// Sends a signal to the server, if it runs.
    pub(super) fn signal(&self, signal: Signal) {
        if let Some(server) = self.server() {
            server.signal(signal);
        }
    }

    /// Stops the server whatever else is going on with the branch.
    pub(super) async fn stop_within(&self, limit: Duration) {
        if timeout(limit, self.stop(Signal::INT)).await.is_err() {
            self.stop(Signal::KILL).await;
        }
        // Ends a starting server, too; there is no need to wait for other work on the branch.
        let _ = timeout(STARTING, self.alone()).await;
    }
}

impl Inner {
    pub(super) async fn start(
        &self,
        key: &BranchKey,
        settings: &ComputeSettings,
    ) -> Result<ComputeSocket, EngineError> {
        let slot = self.slot(key);
        let _alone = slot.alone().await;
        if let Some(socket) = slot.socket() {
            return Ok(socket);
        }
        // Of a server that has died.
        self.end_spares(key).await;
        let dir = self.existing(key).await?;
        let data = dir.join("data");
        self.clear_crash(&slot, &data).await?;
        let installation = self.installation_of(&data).await?;
        self.keep_wal(&dir).await;
        let socket_dir = self.sockets.directory(&key.to_string()).await?;
        let _turn = self.starting.acquire().await.map_err(|_| EngineError::closing())?;
        self.refuse_when_closing()?;
        let launch = Launch {
            installation,
            data,
            log: dir.join("postgres.log"),
            socket_dir,
            settings: settings.clone(),
            durability: self.durability,
            keeps_history: self.keeps_history(),
            closing: Arc::clone(&self.closing),
        };
        let server = Server::start(&self.files, &self.spawner, launch).await?;
        for (part, took) in server.start_times() {
            self.timings.add(part, took);
        }
        slot.replace(Some(server));
        if let Err(closing) = self.refuse_when_closing() {
            slot.stop(Signal::INT).await;
            return Err(closing);
        }
        if let Err(incomplete) = self.on_disk(move |_| check_replayed(&dir)).await {
            slot.stop(Signal::INT).await;
            return Err(incomplete);
        }
        slot.socket().ok_or_else(|| EngineError::failed("PostgreSQL ended right after its start"))
    }

    /// Takes the shared lock of a branch. Runs crash recovery first if the branch needs it, because the end of its WAL
    /// is unknown until then.
    pub(super) async fn ensure_recovered<'a>(
        &self,
        key: &BranchKey,
        slot: &'a Slot,
    ) -> Result<RwLockReadGuard<'a, ()>, EngineError> {
        loop {
            let shared = slot.shared().await;
            let dir = self.existing(key).await?;
            let data = dir.join("data");
            if slot.socket().is_some() {
                return Ok(shared);
            }
            let read = data.clone();
            if self.on_disk(move |_| ControlFile::read(&read)).await?.clean {
                return Ok(shared);
            }
            drop(shared);
            let _alone = slot.alone().await;
            if slot.socket().is_none() {
                self.clear_crash(slot, &data).await?;
                self.keep_wal(&dir).await;
                let target = RecoveryTarget { key, dir: &dir, durability: self.durability };
                self.recover(target, &[]).await?;
            }
        }
    }

    pub(super) async fn stop(&self, key: &BranchKey) -> Result<(), EngineError> {
        if let Some(slot) = self.known_slot(key) {
            let _alone = slot.alone().await;
            self.end_spares(key).await;
            slot.stop(Signal::INT).await;
            if let Ok(dir) = self.existing(key).await {
                self.keep_wal(&dir).await;
            }
        }
        Ok(())
    }

    /// Adds WAL to the history of a branch before a checkpoint removes it; the history is shorter where that fails.
    async fn keep_wal(&self, branch: &Path) {
        if let Err(error) = self.sweep(branch).await {
            tracing::warn!(branch = %branch.display(), %error, "some WAL may be missing from the history of a branch");
        }
    }

    /// Adds WAL to the history of a branch.
    pub(super) async fn sweep(&self, branch: &Path) -> Result<(), EngineError> {
        if !self.keeps_history() {
            return Ok(());
        }
        let (branch, standby) = (branch.to_owned(), branch.join("data/standby.signal"));
        // The history of a standby is that of its source.
        self.on_disk(move |storage| {
            match is_taken(&standby).map_err(EngineError::io("look for", &standby))? {
                true => Ok(()),
                false => storage.sweep(&branch).map(drop),
            }
        })
        .await
    }

    pub(super) async fn remove(&self, key: &BranchKey) -> Result<(), EngineError> {
        let slot = self.slot(key);
        let alone = slot.alone().await;
        self.end_spares(key).await;
        // Its data is going away: nothing is worth writing out.
        slot.stop(Signal::QUIT).await;
        self.sockets.forget(&key.to_string());
        let removed = key.clone();
        let removed = self.on_disk(move |storage| storage.discard(&storage.existing(&removed)?)).await;
        self.forget_history(key);
        drop(alone);
        // The limit is for a disk that hangs: the directory is out of the way already.
        let _ = timeout(TRASH_LIMIT, self.storage.wait_for_trash()).await;
        removed
    }

    /// The programs for the cluster in a data directory.
    pub(super) async fn installation_of(&self, data: &Path) -> Result<Installation, EngineError> {
        let data = data.to_owned();
        // Read first, as PostgreSQL itself would wait for a pipe in its place.
        let read = move |_: &Storage| ControlFile::read(&data).and_then(|_| data_version(&data));
        let major = self.on_disk(read).await?;
        self.binaries.resolve(Some(major)).await
    }

    pub(super) fn refuse_when_closing(&self) -> Result<(), EngineError> {
        if self.closing.load(Ordering::SeqCst) { Err(EngineError::closing()) } else { Ok(()) }
    }

    /// Ends leftover processes of a server that died, so that the next one has the data directory alone.
    ///
    /// The file of a killed server names a process. In a container that was started again, its number is
    /// likely that of another process, which PostgreSQL would take for a server at work.
    async fn clear_crash(&self, slot: &Slot, data: &Path) -> Result<(), EngineError> {
        let crashed = slot.crashed();
        if crashed {
            slot.replace(None);
        }
        let data = data.to_owned();
        self.on_disk(move |_| {
            let pid_file = data.join("postmaster.pid");
            if !crashed && !is_taken(&pid_file).map_err(EngineError::io("look for", &pid_file))? {
                return Ok(());
            }
            stop_orphans_in(&data)?;
            remove(&pid_file).map_err(EngineError::io("remove", &pid_file))
        })
        .await
    }
}

/// Fails where the recovery of a new branch ended before the position at which it left its source: its last checkpoint is
/// behind that from its first start on.
fn check_replayed(branch: &Path) -> Result<(), EngineError> {
    let (data, standby) = (branch.join("data"), branch.join("data/standby.signal"));
    let Some(left) = Lineage::read(branch)?.and_then(|lineage| lineage.inherited_end()) else {
        return Ok(());
    };
    if is_taken(&standby).map_err(EngineError::io("look for", &standby))? {
        return Ok(());
    }
    let redo = ControlFile::read(&data)?.redo;
    if redo >= left {
        return Ok(());
    }
    Err(EngineError::failed(format!(
        "the recovery of {} ended at {} and not behind {}, where the branch left its source",
        data.display(),
        format_lsn(redo),
        format_lsn(left)
    )))
}
