//! The life of one branch's compute.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
    time::Duration,
};

use rustix::process::Signal;
use tokio::{
    sync::{RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::timeout,
};

use super::{BranchKey, ComputeSettings, EngineError, Inner, blocking, recovery::Patient};
use crate::local::{
    compute::{Launch, Server, stop_strays_in},
    storage::{ControlFile, data_version},
};

/// One branch: what may happen to it at the same time, and its server if it runs.
#[derive(Debug, Default)]
pub(super) struct Slot {
    /// Forks of a branch share it; start, stop and removal have it alone.
    order: RwLock<()>,
    server: Mutex<Option<Arc<Server>>>,
}

impl Slot {
    pub(super) async fn shared(&self) -> RwLockReadGuard<'_, ()> {
        self.order.read().await
    }

    async fn alone(&self) -> RwLockWriteGuard<'_, ()> {
        self.order.write().await
    }

    pub(super) fn socket(&self) -> Option<PathBuf> {
        Some(self.server()?.socket()?.to_owned())
    }

    /// Whether a server was started here and ended without being asked to.
    pub(super) fn crashed(&self) -> bool {
        self.server().is_some_and(|server| server.has_ended())
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

    async fn stop(&self, signal: Signal) {
        if let Some(server) = self.server() {
            server.stop(signal).await;
            self.replace(None);
        }
    }

    /// Stops the server whatever else is going on with the branch.
    pub(super) async fn stop_within(&self, limit: Duration) {
        if timeout(limit, self.stop(Signal::INT)).await.is_err() {
            self.stop(Signal::KILL).await;
        }
    }
}

impl Inner {
    pub(super) async fn start(
        &self,
        key: &BranchKey,
        settings: &ComputeSettings,
    ) -> Result<PathBuf, EngineError> {
        let slot = self.slot(key);
        let _alone = slot.alone().await;
        if let Some(socket) = slot.socket() {
            return Ok(socket);
        }
        let dir = self.storage.existing(key)?;
        let data = dir.join("data");
        clear_crash(&slot, &data).await?;
        let installation = self.binaries.resolve(Some(data_version(&data)?)).await?;
        let account = self.storage.account();
        let socket_dir = self.sockets.directory(&key.to_string(), account)?;
        let _turn =
            self.starting.acquire().await.map_err(|_| EngineError::failed("the engine is closing"))?;
        self.refuse_when_closing()?;
        let launch = Launch {
            installation: &installation,
            account,
            data: &data,
            log: &dir.join("postgres.log"),
            socket_dir: &socket_dir,
            settings,
            durability: self.durability,
        };
        let server = Server::start(&self.spawner, &launch).await?;
        slot.replace(Some(server));
        if let Err(closing) = self.refuse_when_closing() {
            slot.stop(Signal::INT).await;
            return Err(closing);
        }
        slot.socket().ok_or_else(|| EngineError::failed("PostgreSQL ended right after its start"))
    }

    /// The branch held against changes, running or at rest: what a server that died left is recovered first,
    /// because only then is it known where its history ends.
    pub(super) async fn settled<'a>(
        &self,
        key: &BranchKey,
        slot: &'a Slot,
    ) -> Result<RwLockReadGuard<'a, ()>, EngineError> {
        loop {
            let shared = slot.shared().await;
            let dir = self.storage.existing(key)?;
            let data = dir.join("data");
            if slot.socket().is_some() || ControlFile::read(&data)?.clean {
                return Ok(shared);
            }
            drop(shared);
            let _alone = slot.alone().await;
            if slot.socket().is_none() {
                clear_crash(slot, &data).await?;
                let patient = Patient { key, dir: &dir, durability: self.durability };
                self.recover(patient, &[]).await?;
            }
        }
    }

    pub(super) async fn stop(&self, key: &BranchKey) -> Result<(), EngineError> {
        if let Some(slot) = self.known_slot(key) {
            let _alone = slot.alone().await;
            slot.stop(Signal::INT).await;
        }
        Ok(())
    }

    pub(super) async fn remove(&self, key: &BranchKey) -> Result<(), EngineError> {
        let slot = self.slot(key);
        let _alone = slot.alone().await;
        // Its data is going away: nothing is worth writing out.
        slot.stop(Signal::QUIT).await;
        self.sockets.forget(&key.to_string());
        let removed = self.storage.existing(key).and_then(|dir| self.storage.discard(&dir));
        self.lock_slots().remove(key);
        removed
    }

    pub(super) fn refuse_when_closing(&self) -> Result<(), EngineError> {
        if self.closing.load(Ordering::SeqCst) {
            Err(EngineError::failed("the engine is closing"))
        } else {
            Ok(())
        }
    }
}

/// Ends what is left of a server that died.
async fn clear_crash(slot: &Slot, data: &Path) -> Result<(), EngineError> {
    if !slot.crashed() {
        return Ok(());
    }
    slot.replace(None);
    let data = data.to_owned();
    blocking(move || {
        stop_strays_in(&data);
        Ok(())
    })
    .await
}
