//! How a branch comes to be.

use std::{
    fs::OpenOptions,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, Row};

use super::{BranchKey, EngineError, Fork, Inner, MAINTENANCE_DATABASE, PgVersion, blocking};
use crate::local::{
    compute::{AwaitWithin as _, Installation, SessionLimits, TEMPLATE_REVISION, initdb},
    storage::{ControlFile, Lineage, Take, Wal, format_lsn, parse_lsn, segment_ceiling},
};

/// A staged directory that is discarded unless it is published.
pub(super) struct Staged {
    inner: Arc<Inner>,
    dir: PathBuf,
    published: bool,
}

impl Staged {
    pub(super) fn new(inner: &Arc<Inner>) -> Result<Self, EngineError> {
        Ok(Self { inner: Arc::clone(inner), dir: inner.storage.stage()?, published: false })
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    pub(super) async fn publish(self, target: PathBuf) -> Result<(), EngineError> {
        blocking(move || {
            let mut staged = self;
            staged.inner.storage.publish(&staged.dir, &target)?;
            staged.published = true;
            Ok(())
        })
        .await
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if !self.published
            && let Err(error) = self.inner.storage.discard(&self.dir)
        {
            tracing::debug!(%error, "leaving a half-made directory to the next start");
        }
    }
}

impl Inner {
    pub(super) async fn create_root(
        self: &Arc<Self>,
        key: &BranchKey,
        version: PgVersion,
    ) -> Result<(), EngineError> {
        let target = self.vacant(key)?;
        let installation = self.binaries.resolve(Some(version.major)).await?;
        let name = self.template(&installation).await?;
        let template = self.storage.template_dir(&name).join("data");
        let staged = Staged::new(self)?;
        let _turn = self.cloning_turn().await?;
        let (inner, dir, data) = (Arc::clone(self), staged.dir.clone(), staged.data());
        blocking(move || {
            inner.storage.check_space(&template)?;
            inner.storage.clone_data(&template, &data, Wal::Needed)?;
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
        if !dir.is_dir() {
            let staged = Staged::new(self)?;
            initdb(&self.spawner, installation, self.storage.account(), &staged.data(), &self.platform)
                .await?;
            staged.publish(dir).await?;
        }
        Ok(name)
    }

    pub(super) async fn fork(
        self: &Arc<Self>,
        source: &BranchKey,
        target: &BranchKey,
    ) -> Result<Fork, EngineError> {
        let vacant = self.vacant(target)?;
        let slot = self.slot(source);
        // Nobody starts, stops or removes the source meanwhile.
        let _shared = self.settled(source, &slot).await?;
        let dir = self.storage.existing(source)?;
        let source = dir.join("data");
        let _turn = self.cloning_turn().await?;
        let staged = Staged::new(self)?;
        let fork = match slot.socket() {
            Some(socket) => self.fork_running(&socket, source, staged.data()).await?,
            None => self.fork_stopped(source, staged.data()).await?,
        };
        let to = staged.dir.clone();
        blocking(move || Lineage::read(&dir)?.map_or(Ok(()), |lineage| lineage.write(&to))).await?;
        staged.publish(vacant).await?;
        Ok(fork)
    }

    async fn fork_stopped(self: &Arc<Self>, source: PathBuf, target: PathBuf) -> Result<Fork, EngineError> {
        let inner = Arc::clone(self);
        blocking(move || {
            inner.storage.check_space(&source)?;
            let control = ControlFile::read(&source)?;
            let wal = if inner.reaches_back(&source)? { Wal::AtRest } else { Wal::Needed };
            let cloned = inner.storage.clone_data(&source, &target, wal)?;
            // The record there says that the source was shut down; nothing else comes after.
            Ok(inner.report(control.checkpoint, Utc::now(), cloned.bytes_added))
        })
        .await
    }

    /// PostgreSQL's online backup: the clone replays what was logged while it was made.
    async fn fork_running(
        self: &Arc<Self>,
        socket: &Path,
        source: PathBuf,
        target: PathBuf,
    ) -> Result<Fork, EngineError> {
        let inner = Arc::clone(self);
        let measured = source.clone();
        blocking(move || inner.storage.check_space(&measured)).await?;

        let session = self.log_in(socket, &source, MAINTENANCE_DATABASE, SessionLimits::BACKUP).await?;
        let mut backup = Backup::begin(session).await?;
        let (inner, from, to) = (Arc::clone(self), source.clone(), target.clone());
        let cloned = blocking(move || inner.storage.clone_data(&from, &to, Wal::Afterwards)).await?;
        let (end, label) = backup.end().await?;

        let (inner, time, start) = (Arc::clone(self), Utc::now(), backup.start);
        let fork = blocking(move || {
            // The end of a backup finishes the segment, and the clone replays all of it.
            let end = segment_ceiling(&source, parse_lsn(&end)?)?;
            // A history with a hole is of no use to anybody: then only what the clone needs goes along.
            let from = if inner.reaches_back(&source)? { 0 } else { start };
            let log = inner.storage.clone_wal(&source, &target, Take { from, ..Take::finished(end) })?;
            inner.write_own(&target.join("backup_label"), label.as_bytes())?;
            Ok(inner.report(end, time, cloned.bytes_added + log.bytes_added))
        })
        .await?;
        backup.release();
        Ok(fork)
    }

    /// Writes a new file that belongs to PostgreSQL.
    pub(super) fn write_own(&self, path: &Path, content: &[u8]) -> Result<(), EngineError> {
        let write = || {
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
            file.write_all(content)?;
            self.storage.account().map_or(Ok(()), |account| account.own(path))
        };
        write().map_err(EngineError::io("write", path))
    }

    fn report(&self, lsn: u64, time: DateTime<Utc>, bytes_added: u64) -> Fork {
        Fork { lsn: format_lsn(lsn), time, method: self.storage.method(), bytes_added }
    }

    pub(super) fn vacant(&self, key: &BranchKey) -> Result<PathBuf, EngineError> {
        let dir = self.storage.branch_dir(key)?;
        if dir.exists() { Err(EngineError::AlreadyExists { what: key.to_string() }) } else { Ok(dir) }
    }

    pub(super) async fn cloning_turn(&self) -> Result<tokio::sync::SemaphorePermit<'_>, EngineError> {
        self.cloning.acquire().await.map_err(|_| EngineError::failed("the engine is closing"))
    }
}

/// An online backup under way. It ends with its session, however that ends.
struct Backup {
    session: PgConnection,
    /// Where the clone's replay begins.
    start: u64,
}

impl Backup {
    /// The slot keeps the WAL that the clone will need, should a checkpoint come in between.
    async fn begin(mut session: PgConnection) -> Result<Self, EngineError> {
        let doing = "begin the backup of a branch";
        let slot = format!("lakebase_fork_{:016x}", fastrand::u64(..));
        let start: String = sqlx::query_scalar(
            "SELECT pg_catalog.pg_backup_start('lakebase'::pg_catalog.text, true)::pg_catalog.text
             FROM pg_catalog.pg_create_physical_replication_slot($1::pg_catalog.name, true, true)",
        )
        .bind(slot)
        .fetch_one(&mut session)
        .await_within(SessionLimits::BACKUP.answer(), doing)
        .await?
        .map_err(EngineError::sql(doing))?;
        Ok(Self { session, start: parse_lsn(&start)? })
    }

    /// Gives the position where the backup ends and the label that goes with it.
    async fn end(&mut self) -> Result<(String, String), EngineError> {
        let doing = "end the backup of a branch";
        let row = sqlx::query(
            "SELECT lsn::pg_catalog.text, labelfile::pg_catalog.text FROM pg_catalog.pg_backup_stop(false)",
        )
        .fetch_one(&mut self.session)
        .await_within(SessionLimits::BACKUP.answer(), doing)
        .await?
        .map_err(EngineError::sql(doing))?;
        let text = |index: usize| row.try_get(index).map_err(EngineError::sql("read the end of a backup"));
        Ok((text(0)?, text(1)?))
    }

    /// Lets go of the WAL; nobody waits for it.
    fn release(self) {
        tokio::spawn(async move { drop(sqlx::Connection::close(self.session).await) });
    }
}
