//! Point-in-time branches.
//!
//! The nearest base before a point, with the WAL replayed up to the point, is the branch as it was then.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use chrono::{DateTime, SecondsFormat, Utc};

use super::{
    BranchKey, Durability, Engine, EngineError, Fork, Inner, MAINTENANCE_DATABASE,
    fork::{Staged, write_new},
    position,
    wal_replay::RecoveryTarget,
};
use crate::local::{
    compute::{AwaitWithin as _, ComputeSocket, SessionLimits},
    failpoint,
    storage::{
        BaseMark, BranchPoint, Chain, ControlFile, HistoryOrigin, Lineage, Replay, Storage, WalRange,
        data_size, format_lsn, segment_ceiling, segment_floor, timeline_switch_point,
    },
};

/// PostgreSQL's message when the WAL ends before the recovery target.
const NOT_REACHED: &str = "recovery ended before configured recovery target was reached";

/// The point of the source's history at which a branch begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ForkPoint {
    /// After every record that begins before this position.
    Lsn(u64),
    /// After every transaction that was committed at this time or before.
    Time(DateTime<Utc>),
}

/// The positions at which point-in-time branches of a branch can begin.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct HistoryRange {
    /// The first.
    pub(crate) first: u64,
    /// The last, as of now.
    pub(crate) last: u64,
    /// The first time; `None` where it is that of the project's beginning.
    pub(crate) since: Option<DateTime<Utc>>,
}

/// The end of a history, and the WAL that leads there.
#[derive(Clone, Copy, Debug)]
struct End {
    last: u64,
    take: WalRange,
}

/// A replay that has stopped at its point.
struct Replayed {
    staged: Staged,
    replay: Replay,
    /// Where the new timeline begins.
    stop: u64,
    last_commit: Option<DateTime<Utc>>,
    bytes_added: u64,
}

impl Engine {
    /// Creates `target` from `source` at a point of its history.
    ///
    /// [`EngineError::OutsideHistory`] if the kept history does not include that point.
    pub(crate) async fn fork_at(
        &self,
        source: &BranchKey,
        target: &BranchKey,
        at: ForkPoint,
    ) -> Result<Fork, EngineError> {
        let (source, target) = (source.clone(), target.clone());
        self.detached(move |inner| async move { inner.fork_at(&source, &target, at).await }).await
    }

    /// The first and the last position of the kept history of a branch.
    pub(crate) async fn history(&self, key: &BranchKey) -> Result<HistoryRange, EngineError> {
        let key = key.clone();
        self.detached(move |inner| async move { inner.history(&key).await }).await
    }
}

impl Inner {
    async fn history(self: &Arc<Self>, key: &BranchKey) -> Result<HistoryRange, EngineError> {
        let slot = self.slot(key);
        let _shared = self.ensure_recovered(key, &slot).await?;
        let _kept = self.history.read().await;
        let dir = self.existing(key).await?;
        let last = match slot.socket() {
            Some(socket) => {
                let limits = SessionLimits::CATALOG;
                let data = dir.join("data");
                let mut session = self.log_in(&socket, &data, MAINTENANCE_DATABASE, limits).await?;
                position::head(&mut session).await?
            }
            None => self.end_at_rest(&dir).await?.last,
        };
        let chain = self.read_chain(dir).await?;
        Ok(window(&chain, last))
    }

    async fn fork_at(
        self: &Arc<Self>,
        source: &BranchKey,
        target: &BranchKey,
        at: ForkPoint,
    ) -> Result<Fork, EngineError> {
        let vacant = self.vacant(target).await?;
        let slot = self.slot(source);
        let _shared = self.ensure_recovered(source, &slot).await?;
        let _kept = self.history.read().await;
        let dir = self.existing(source).await?;
        let mut end = match slot.socket() {
            Some(socket) => self.finish_wal(&socket, &dir.join("data")).await?,
            None => self.end_at_rest(&dir).await?,
        };
        let mut chain = self.read_chain(dir.clone()).await?;
        window(&chain, end.last).admits(at)?;
        let _turn = self.cloning_turn().await?;
        loop {
            let before = chain.before_timeline();
            if let Some((point, parent)) = before.clone().filter(|(point, _)| at.is_before(point)) {
                (end, chain) = (End::of_timeline(chain.segment_size(), &point), parent);
                continue;
            }
            let replayed = self.replay_to(target, &chain, end, at).await?;
            match before.filter(|(point, _)| replayed.stop < point.lsn) {
                None => return self.publish_at(replayed, &chain, at, vacant).await,
                // Commits of different sessions are not in the order of their times.
                Some((point, parent)) => {
                    (end, chain) = (End::of_timeline(chain.segment_size(), &point), parent);
                }
            }
        }
    }

    pub(super) async fn read_chain(&self, dir: PathBuf) -> Result<Chain, EngineError> {
        self.sweep(&dir).await?;
        let keeps_history = self.keeps_history();
        self.on_disk(move |storage| match keeps_history {
            true => Chain::read_swept(storage, &dir),
            false => Chain::read(storage, &dir),
        })
        .await
    }

    /// Writes a commit and switches the WAL segment: recovery stops only before a record that exists, so a point
    /// at the end of the history needs one behind it.
    async fn finish_wal(&self, socket: &ComputeSocket, data: &Path) -> Result<End, EngineError> {
        let context = "switch the WAL segment";
        let limits = SessionLimits::CATALOG;
        let mut session = self.log_in(socket, data, MAINTENANCE_DATABASE, limits).await?;
        let last = position::head(&mut session).await?;
        sqlx::query("SELECT pg_catalog.pg_current_xact_id()")
            .execute(&mut session)
            .await_within(limits.answer(), context)
            .await?
            .map_err(EngineError::sql(context))?;
        let end = position::switch_segment(&mut session).await?;
        drop(sqlx::Connection::close(session).await);
        let data = data.to_owned();
        let take = self.on_disk(move |_| Ok(WalRange::finished(segment_ceiling(&data, end)?))).await?;
        Ok(End { last, take })
    }

    /// The end of the history of a branch that is shut down.
    async fn end_at_rest(&self, dir: &Path) -> Result<End, EngineError> {
        let data = dir.join("data");
        self.on_disk(move |_| {
            Ok(End { last: ControlFile::read(&data)?.checkpoint, take: WalRange::at_rest(&data)? })
        })
        .await
    }

    /// Lays out the nearest base with its WAL and lets PostgreSQL replay it.
    async fn replay_to(
        self: &Arc<Self>,
        target: &BranchKey,
        chain: &Chain,
        end: End,
        at: ForkPoint,
    ) -> Result<Replayed, EngineError> {
        let Some(replay) = chain.replay(end.last, |mark| !at.is_before_base(mark)) else {
            window(chain, end.last).admits(at)?;
            return Err(outside(
                "the history of the branch has no state to begin with yet; try again in a moment",
            ));
        };
        let staged = Staged::new(self).await?;
        let (laid, dir) = (replay.clone(), staged.dir().to_owned());
        let lay_out = move |storage: &Storage| {
            let data = dir.join("data");
            let cloned = laid.lay_out(storage, &data, end.take)?;
            write_new(&data.join("recovery.signal"), b"")?;
            Ok(cloned.bytes_added)
        };
        let cloned = self.on_disk(lay_out).await?;
        let timeline = replay.timeline;
        let last_commit = self.run_replay(target, staged.dir(), at, timeline).await?;
        failpoint::reached("history.replayed");
        let (dir, mark) = (staged.dir().to_owned(), replay.mark);
        let measure = move |_: &Storage| {
            let data = dir.join("data");
            let stop = timeline_switch_point(&data, timeline + 1)?;
            // A page that changed was written once, whatever was changed in it.
            Ok((stop, data_size(&data)?.min(cloned + stop.saturating_sub(mark.redo))))
        };
        let (stop, bytes_added) = self.on_disk(measure).await?;
        Ok(Replayed { staged, replay, stop, last_commit, bytes_added })
    }

    /// Makes a branch of a replayed directory.
    async fn publish_at(
        &self,
        replayed: Replayed,
        chain: &Chain,
        at: ForkPoint,
        target: PathBuf,
    ) -> Result<Fork, EngineError> {
        let Replayed { staged, replay, stop, last_commit, bytes_added } = replayed;
        let (dir, chain) = (staged.dir().to_owned(), chain.clone());
        let finish = move |storage: &Storage| {
            // No commit lies between the base and the point where none was replayed.
            let time = last_commit.unwrap_or(replay.mark.time);
            let origin = chain.name().zip(chain.lineage()).map_or(HistoryOrigin::Unknown, |(branch, of)| {
                let id = of.id.clone();
                HistoryOrigin::Branch(BranchPoint { branch, id, lsn: stop, time, new_timeline: true })
            });
            let own_from = segment_floor(&dir.join("data"), stop)?;
            let lineage = Lineage::new(origin, replay.timeline + 1, own_from);
            lineage.with_databases_of(&dir.join("data"))?.write(&dir)?;
            storage.prune(&dir)?;
            let begun = (time > DateTime::UNIX_EPOCH).then_some(time);
            let (lsn, time) = match at {
                ForkPoint::Lsn(lsn) => (lsn, begun.unwrap_or_else(Utc::now)),
                ForkPoint::Time(time) => (stop, time),
            };
            Ok(Fork { lsn: format_lsn(lsn), time, method: storage.method()?, bytes_added })
        };
        let fork = self.on_disk(finish).await?;
        staged.publish(target).await?;
        Ok(fork)
    }

    /// Lets PostgreSQL replay up to the point and begin a timeline there.
    async fn run_replay(
        &self,
        key: &BranchKey,
        dir: &Path,
        at: ForkPoint,
        timeline: u32,
    ) -> Result<Option<DateTime<Utc>>, EngineError> {
        let along = vec![
            // All WAL is in place: nothing to be fetched.
            ("restore_command", "false".to_owned()),
            ("recovery_target_timeline", timeline.to_string()),
            ("recovery_target_action", "promote".to_owned()),
        ];
        let target = match at {
            ForkPoint::Lsn(lsn) => [("recovery_target_lsn", format_lsn(lsn)), inclusive(false)],
            ForkPoint::Time(time) => {
                // Time zones by name, even `Z`, are not known yet when this is read.
                let time = time.format("%Y-%m-%d %H:%M:%S%.6f+00").to_string();
                [("recovery_target_time", time), inclusive(true)]
            }
        };
        let target_dir = || RecoveryTarget { key, dir, durability: Durability::Fast };
        let settings = [along.clone(), target.to_vec()].concat();
        match self.recover(target_dir(), &settings).await {
            // Nothing comes after the point: it is the end.
            Err(EngineError::ComputeFailed { log, .. }) if log.contains(NOT_REACHED) => {
                self.recover(target_dir(), &along).await
            }
            other => other,
        }
    }
}

impl End {
    /// The end of the timeline that another one left at a point. Its server may have written more there since, which is
    /// copied only to have a record after the point.
    fn of_timeline(segment_size: u64, point: &BranchPoint) -> Self {
        let finished = WalRange::finished(point.lsn - point.lsn % segment_size);
        Self { last: point.lsn, take: WalRange { to: point.lsn + segment_size, ..finished } }
    }
}

impl ForkPoint {
    /// Whether the point lies before that at which a timeline began.
    fn is_before(self, point: &BranchPoint) -> bool {
        match self {
            Self::Lsn(lsn) => lsn < point.lsn,
            Self::Time(time) => time < point.time,
        }
    }

    fn is_before_base(self, mark: &BaseMark) -> bool {
        match self {
            Self::Lsn(lsn) => lsn < mark.end,
            Self::Time(time) => time < mark.time,
        }
    }
}

fn inclusive(yes: bool) -> (&'static str, String) {
    ("recovery_target_inclusive", if yes { "on" } else { "off" }.to_owned())
}

/// The points of a history that ends at `last`.
fn window(chain: &Chain, last: u64) -> HistoryRange {
    match chain.first(last) {
        Some(mark) => {
            let since = Some(mark.time).filter(|time| *time > DateTime::UNIX_EPOCH);
            HistoryRange { first: mark.end, last, since }
        }
        None => HistoryRange { first: last, last, since: Some(Utc::now()) },
    }
}

impl HistoryRange {
    /// Refuses a point outside.
    pub(crate) fn admits(self, at: ForkPoint) -> Result<(), EngineError> {
        let show = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Micros, true);
        let (point, why) = match at {
            ForkPoint::Lsn(lsn) if lsn < self.first => (format_lsn(lsn), "is before the history"),
            ForkPoint::Lsn(lsn) if lsn > self.last => (format_lsn(lsn), "is ahead of the branch"),
            ForkPoint::Time(time) if self.since.is_some_and(|since| time < since) => {
                (show(time), "is before the history")
            }
            ForkPoint::Time(time) if time > Utc::now() => (show(time), "is in the future"),
            _ => return Ok(()),
        };
        let since = self.since.map(|since| format!(" ({})", show(since))).unwrap_or_default();
        let (first, last) = (format_lsn(self.first), format_lsn(self.last));
        Err(outside(format!("{point} {why}; the history of the branch goes from {first}{since} to {last}")))
    }
}

fn outside(reason: impl Into<String>) -> EngineError {
    EngineError::OutsideHistory { reason: reason.into() }
}
