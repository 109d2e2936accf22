//! Creation of a branch on disk from its source.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, Row};
use tokio::time::timeout;

use super::{
    BranchKey, EngineError, Fork, Inner, MAINTENANCE_DATABASE, PgVersion, TRASH_LIMIT,
    written_blocks::quiet_position,
};
use crate::local::{
    compute::{AwaitWithin as _, ComputeSocket, Installation, SessionLimits, TEMPLATE_REVISION, initdb},
    storage::{
        BranchPoint, ControlFile, HistoryOrigin, Lineage, Storage, WalRange, WalSelection, create,
        format_lsn, is_directory, is_taken, names_in, parse_lsn, segment_ceiling, segment_floor,
    },
};

/// A staged directory that is discarded unless it is published.
pub(super) struct Staged {
    inner: Arc<Inner>,
    dir: PathBuf,
    published: bool,
}

impl Staged {
    pub(super) async fn new(inner: &Arc<Inner>) -> Result<Self, EngineError> {
        let dir = inner.on_disk(Storage::create_staging_dir).await?;
        Ok(Self { inner: Arc::clone(inner), dir, published: false })
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    /// Leaves the directory to where it was moved.
    pub(super) fn forget(mut self) {
        self.published = true;
    }

    pub(super) async fn publish(mut self, target: PathBuf) -> Result<(), EngineError> {
        let staged = self.dir.clone();
        self.inner.on_disk(move |storage| storage.publish(&staged, &target)).await?;
        self.published = true;
        Ok(())
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if self.published {
            return;
        }
        let (storage, dir) = (Arc::clone(&self.inner.storage), std::mem::take(&mut self.dir));
        self.inner.files.detach(move || {
            if let Err(error) = storage.discard(&dir) {
                tracing::debug!(%error, "leaving a half-made directory to the next start");
            }
        });
    }
}

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
        let (dir, data) = (staged.dir.clone(), staged.data());
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
        let (to, branch) = (staged.dir.clone(), source.branch.clone());
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

    /// PostgreSQL's online backup: the clone replays the WAL written during the copy.
    async fn fork_running(
        self: &Arc<Self>,
        socket: &ComputeSocket,
        source: PathBuf,
        target: PathBuf,
    ) -> Result<End, EngineError> {
        let mut parts = self.timings.begin();
        let session = self.log_in(socket, &source, MAINTENANCE_DATABASE, SessionLimits::BACKUP).await?;
        parts.lap("clone: login");
        let mut backup = Backup::begin(session).await?;
        parts.lap("clone: begin of backup");
        let (from, to) = (source.clone(), target.clone());
        let cloned = self.on_disk(move |storage| storage.clone_data(&from, &to, WalSelection::None)).await?;
        parts.lap("clone: files");
        let (end, label) = backup.end().await?;
        parts.lap("clone: end of backup");

        let (time, start, quiet_at) = (Utc::now(), backup.start, backup.quiet_at);
        let finish = move |storage: &Storage| {
            // The end of a backup finishes the segment, and the clone replays all of it.
            let end = segment_ceiling(&source, parse_lsn(&end)?)?;
            let range = WalRange { from: start, ..WalRange::finished(end) };
            let log = storage.clone_wal(&source, &target, range)?;
            write_new(&target.join("backup_label"), label.as_bytes())?;
            let fork = report(storage, end, time, cloned.bytes_added + log.bytes_added)?;
            Ok(End { fork, lsn: end, own_from: end, quiet_at })
        };
        let fork = self.on_disk(finish).await?;
        parts.lap("clone: WAL");
        backup.release();
        Ok(fork)
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

/// An online backup under way. It ends with its session, however that ends.
struct Backup {
    session: PgConnection,
    /// Where the clone's replay begins.
    start: u64,
    /// As of [`quiet_position`].
    quiet_at: Option<u64>,
}

impl Backup {
    /// The slot keeps the WAL that the clone will need, should a checkpoint come in between.
    async fn begin(mut session: PgConnection) -> Result<Self, EngineError> {
        let context = "begin the backup of a branch";
        let slot = format!("lakebase_fork_{:016x}", fastrand::u64(..));
        let start: String = sqlx::query_scalar(
            "SELECT pg_catalog.pg_backup_start('lakebase'::pg_catalog.text, true)::pg_catalog.text
             FROM pg_catalog.pg_create_physical_replication_slot($1::pg_catalog.name, true, true)",
        )
        .bind(slot)
        .fetch_one(&mut session)
        .await_within(SessionLimits::BACKUP.answer(), context)
        .await?
        .map_err(EngineError::sql(context))?;
        let quiet_at = quiet_position(&mut session).await?;
        Ok(Self { session, start: parse_lsn(&start)?, quiet_at })
    }

    /// Ends the backup; returns its end position and label.
    async fn end(&mut self) -> Result<(String, String), EngineError> {
        let context = "end the backup of a branch";
        let row = sqlx::query(
            "SELECT lsn::pg_catalog.text, labelfile::pg_catalog.text FROM pg_catalog.pg_backup_stop(false)",
        )
        .fetch_one(&mut self.session)
        .await_within(SessionLimits::BACKUP.answer(), context)
        .await?
        .map_err(EngineError::sql(context))?;
        let text = |index: usize| row.try_get(index).map_err(EngineError::sql("read the end of a backup"));
        Ok((text(0)?, text(1)?))
    }

    /// Lets go of the WAL, in the background.
    fn release(self) {
        tokio::spawn(async move { drop(sqlx::Connection::close(self.session).await) });
    }
}
