//! The clone of a branch whose server runs.
//!
//! The files are cloned one after the other while the server writes to them, and the new server replays the WAL from
//! before the first of them, as after a crash. PostgreSQL's backup has the server write a checkpoint first, so that
//! little is replayed. Without it replay begins at the last checkpoint, which is quicker where little was written since.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use chrono::Utc;
use sqlx::PgConnection;

use super::{End, backup::Backup, report, write_new};
use crate::local::{
    compute::{ComputeSocket, SessionLimits},
    engine::{EngineError, Inner, MAINTENANCE_DATABASE, position, timings::Stopwatch},
    storage::{ControlFile, Storage, WalRange, WalSelection, parse_lsn, segment_ceiling, segment_floor},
};

/// With more WAL since the last checkpoint than this, a new checkpoint costs less than the replay.
const MOST_REPLAYED: u64 = 4 << 20;

impl Inner {
    pub(super) async fn fork_running(
        self: &Arc<Self>,
        socket: &ComputeSocket,
        source: PathBuf,
        target: PathBuf,
    ) -> Result<End, EngineError> {
        let mut parts = self.timings.begin();
        let mut session = self.log_in(socket, &source, MAINTENANCE_DATABASE, SessionLimits::BACKUP).await?;
        parts.lap("clone: login");
        let data = source.clone();
        let (flushed, timeline) = position::flushed(&mut session).await?;
        if self.on_disk(move |_| needs_no_checkpoint(&data, timeline, flushed)).await? {
            let cloned =
                self.clone_without_backup(&mut session, (&source, &target), timeline, &mut parts).await?;
            if let Some(end) = cloned {
                release(session);
                return Ok(end);
            }
            let begun = target.clone();
            self.on_disk(move |storage| storage.discard(&begun)).await?;
        }
        self.clone_with_backup(session, source, target, &mut parts).await
    }

    /// The new server replays from the last checkpoint. None where WAL from then was removed meanwhile, or a sequence was
    /// used.
    async fn clone_without_backup(
        &self,
        session: &mut PgConnection,
        (source, target): (&Path, &Path),
        timeline: u32,
        parts: &mut Stopwatch<'_>,
    ) -> Result<Option<End>, EngineError> {
        let quiet_at = position::quiet(session).await?;
        let (from, to) = (source.to_owned(), target.to_owned());
        let clone = self.on_disk(move |storage| storage.clone_since_checkpoint(&from, &to)).await?;
        parts.lap("clone: files");
        let lsn = position::mark(session, SessionLimits::BACKUP.answer()).await?;
        let time = Utc::now();
        parts.lap("clone: position");
        let (from, to) = (source.to_owned(), target.to_owned());
        let finish = move |storage: &Storage| {
            let Some(log) = storage.clone_wal_between(&from, &to, (clone.redo, lsn))? else {
                return Ok(None);
            };
            if !Storage::replays_exactly(&to, timeline, clone.redo, lsn) {
                return Ok(None);
            }
            let fork = report(storage, lsn, time, clone.cloned.bytes_added + log.bytes_added)?;
            Ok(Some(End { fork, lsn, own_from: segment_floor(&from, lsn)?, quiet_at }))
        };
        let end = self.on_disk(finish).await?;
        parts.lap("clone: WAL");
        Ok(end)
    }

    /// The new server replays the WAL written during the copy.
    async fn clone_with_backup(
        &self,
        session: PgConnection,
        source: PathBuf,
        target: PathBuf,
        parts: &mut Stopwatch<'_>,
    ) -> Result<End, EngineError> {
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
        let end = self.on_disk(finish).await?;
        parts.lap("clone: WAL");
        release(backup.session);
        Ok(end)
    }
}

/// Whether a clone can replay from the last checkpoint: it was not long ago, and the replay sets no sequence.
fn needs_no_checkpoint(data: &Path, timeline: u32, flushed: u64) -> Result<bool, EngineError> {
    let last = ControlFile::read(data)?;
    // Right after a promotion, it is still on the timeline before.
    let is_near = last.timeline == timeline && flushed.saturating_sub(last.redo) <= MOST_REPLAYED;
    Ok(is_near && Storage::replays_exactly(data, timeline, last.redo, flushed))
}

/// Ends a session, and with it what it holds, in the background.
fn release(session: PgConnection) {
    tokio::spawn(async move { drop(sqlx::Connection::close(session).await) });
}
