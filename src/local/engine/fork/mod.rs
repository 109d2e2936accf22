//! Creation of a branch on disk from its source.

mod backup;
mod running;
mod staged;

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use tokio::time::timeout;

pub(super) use self::staged::Staged;
use super::{BranchKey, EngineError, Fork, Inner, PgVersion, TRASH_LIMIT};
use crate::local::{
    compute::{Installation, TEMPLATE_REVISION, initdb},
    storage::{
        BranchPoint, ControlFile, HistoryOrigin, Lineage, Storage, WalSelection, create, format_lsn,
        is_directory, is_taken, names_in, segment_floor,
    },
};

impl Inner {
    pub(super) async fn create_root(
        self: &Arc<Self>,
        key: &BranchKey,
        version: PgVersion,
    ) -> Result<(), EngineError> {
        let target = self.vacant(key).await?;
        let installation = self.binaries.resolve(Some(version.major)).await?;
        let name = self.template(&installation).await?;
        let template = self.storage.template_dir(&name).join("data");
        let staged = Staged::new(self).await?;
        let _turn = self.cloning_turn().await?;
        let (dir, data) = (staged.dir().to_owned(), staged.data());
        self.on_disk(move |storage| {
            storage.check_space(storage.clone_size(&template)?)?;
            storage.clone_data(&template, &data, WalSelection::SinceCheckpoint)?;
            Lineage::of_template(&name).write(&dir)
        })
        .await?;
        staged.publish(target).await
    }

    /// The name of the fresh cluster of a version, made when it is first needed and then kept.
    async fn template(self: &Arc<Self>, installation: &Installation) -> Result<String, EngineError> {
        let name = format!("{}-{TEMPLATE_REVISION}", installation.version);
        let dir = self.storage.template_dir(&name);
        let _alone = self.making_template.lock().await;
        let known = dir.clone();
        if !self.on_disk(move |_| is_directory(&known).map_err(EngineError::io("look for", &known))).await? {
            let staged = Staged::new(self).await?;
            initdb(&self.files, &self.spawner, installation, &staged.data(), &self.platform).await?;
            staged.publish(dir).await?;
        }
        Ok(name)
    }

    pub(super) async fn fork(
        self: &Arc<Self>,
        source: &BranchKey,
        target: &BranchKey,
    ) -> Result<Fork, EngineError> {
        let vacant = self.vacant(target).await?;
        let written = self.wait_for_space(&self.existing(source).await?.join("data")).await?;
        let slot = self.slot(source);
        // Held against starts, stops and removal of the source.
        let _shared = self.ensure_recovered(source, &slot).await?;
        let _kept = self.history.read().await;
        let dir = self.existing(source).await?;
        let _turn = self.cloning_turn().await?;
        // Others were cloned since.
        self.on_disk(move |storage| storage.check_space(written)).await?;
        let staged = Staged::new(self).await?;
        let end = match slot.socket() {
            Some(socket) => self.fork_running(&socket, dir.join("data"), staged.data()).await?,
            None => self.fork_stopped(dir.join("data"), staged.data()).await?,
        };
        let mut parts = self.timings.begin();
        let known = dir.clone();
        // An earlier version made it. Other WAL is swept when a point of the past is looked for.
        if self.on_disk(move |_| Lineage::read(&known)).await?.is_none() {
            self.sweep(&dir).await?;
        }
        let (to, branch) = (staged.dir().to_owned(), source.branch.clone());
        let (lsn, own_from, quiet_at, time) = (end.lsn, end.own_from, end.quiet_at, end.fork.time);
        self.on_disk(move |_| {
            let Some(of) = Lineage::read(&dir)? else { return Ok(()) };
            let point = BranchPoint { branch, id: of.id, lsn, time, new_timeline: false };
            let lineage =
                Lineage::new(HistoryOrigin::Branch(point), of.timeline, own_from).quiet_at(quiet_at);
            lineage.with_databases_of(&to.join("data"))?.write(&to)
        })
        .await?;
        staged.publish(vacant).await?;
        parts.lap("clone: history and rename");
        Ok(end.fork)
    }

    /// Waits for the deletion of what was removed, if a clone of `source` does not fit beside it. Returns the bytes that
    /// the clone writes: measuring them walks all files.
    async fn wait_for_space(self: &Arc<Self>, source: &Path) -> Result<u64, EngineError> {
        let source = source.to_owned();
        let measure = move |storage: &Storage| {
            let written = storage.clone_size(&source)?;
            match storage.check_space(written) {
                Err(EngineError::DiskFull { .. }) => Ok((written, false)),
                checked => checked.map(|()| (written, true)),
            }
        };
        let (written, fits) = self.on_disk(measure).await?;
        if !fits {
            let _ = timeout(TRASH_LIMIT, self.storage.emptied()).await;
        }
        Ok(written)
    }

    async fn fork_stopped(self: &Arc<Self>, source: PathBuf, target: PathBuf) -> Result<End, EngineError> {
        self.on_disk(move |storage| {
            let control = ControlFile::read(&source)?;
            let cloned = storage.clone_data(&source, &target, WalSelection::SinceCheckpoint)?;
            // The record there says that the source was shut down; nothing else comes after. Both continue in copies
            // of its segment.
            let (lsn, own_from) = (control.checkpoint, segment_floor(&source, control.redo)?);
            let prepared = source.join("pg_twophase");
            let prepared = names_in(&prepared).map_err(EngineError::io("list", &prepared))?;
            let quiet_at = prepared.is_empty().then_some(lsn);
            Ok(End { fork: report(storage, lsn, Utc::now(), cloned.bytes_added)?, lsn, own_from, quiet_at })
        })
        .await
    }

    /// Where a branch is going to be; an error if it exists.
    pub(super) async fn vacant(&self, key: &BranchKey) -> Result<PathBuf, EngineError> {
        let key = key.clone();
        self.on_disk(move |storage| {
            let dir = storage.branch_dir(&key)?;
            match is_taken(&dir).map_err(EngineError::io("look for", &dir))? {
                true => Err(EngineError::AlreadyExists { what: key.to_string() }),
                false => Ok(dir),
            }
        })
        .await
    }

    pub(super) async fn cloning_turn(&self) -> Result<tokio::sync::SemaphorePermit<'_>, EngineError> {
        self.cloning.acquire().await.map_err(|_| EngineError::closing())
    }
}

/// The end of what a branch has of its source.
struct End {
    fork: Fork,
    lsn: u64,
    /// Where the first WAL segment of its own begins.
    own_from: u64,
    /// A position before which transactions that were open at the end had written nothing.
    quiet_at: Option<u64>,
}

fn report(storage: &Storage, lsn: u64, time: DateTime<Utc>, bytes_added: u64) -> Result<Fork, EngineError> {
    Ok(Fork { lsn: format_lsn(lsn), time, method: storage.method()?, bytes_added })
}

/// Writes a new file of a data directory.
pub(super) fn write_new(path: &Path, content: &[u8]) -> Result<(), EngineError> {
    create(path).and_then(|mut file| file.write_all(content)).map_err(EngineError::io("write", path))
}
