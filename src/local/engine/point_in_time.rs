//! Point-in-time branches.
//!
//! A branch has all WAL since the first state of its project, up to a cap. That first state is a template,
//! which is kept. The template with the WAL replayed up to a point is the branch as it was at that point.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::{
    BranchKey, Durability, EngineError, Fork, ForkPoint, HistoryRange, Inner, MAINTENANCE_DATABASE,
    fork::{Staged, write_new},
    wal_replay::RecoveryTarget,
};
use crate::local::{
    compute::{AwaitWithin as _, ComputeSocket, SessionLimits},
    storage::{
        ControlFile, Storage, TimelineHistory, TimelineSwitch, WalRange, WalSelection, data_size, format_lsn,
        is_directory, parse_lsn, segment_ceiling, timeline_switch_point, unbroken_from,
    },
};

/// PostgreSQL's message when the WAL ends before the recovery target.
const NOT_REACHED: &str = "recovery ended before configured recovery target was reached";

/// The history of a branch: where it is and how far it reaches.
struct History {
    timelines: TimelineHistory,
    template: PathBuf,
    /// The source's data directory.
    data: PathBuf,
    window: HistoryRange,
}

/// The WAL that leads to a point, and its timeline.
struct ReplayPath {
    wal: WalRange,
    timeline: u32,
    /// The end of the WAL that is needed.
    end: u64,
}

impl Inner {
    pub(super) async fn history(self: &Arc<Self>, key: &BranchKey) -> Result<HistoryRange, EngineError> {
        let slot = self.slot(key);
        let _shared = self.ensure_recovered(key, &slot).await?;
        Ok(self.read_history(key, slot.socket().as_ref()).await?.window)
    }

    pub(super) async fn fork_at(
        self: &Arc<Self>,
        source: &BranchKey,
        target: &BranchKey,
        at: ForkPoint,
    ) -> Result<Fork, EngineError> {
        let vacant = self.vacant(target).await?;
        let slot = self.slot(source);
        let _shared = self.ensure_recovered(source, &slot).await?;
        let socket = slot.socket();
        let history = self.read_history(source, socket.as_ref()).await?;
        history.window.admits(at)?;
        let path = match socket {
            Some(socket) => history.replay_path(at, self.switch_wal(&socket, &history.data).await?),
            None => {
                let data = history.data.clone();
                history.replay_path(at, self.on_disk(move |_| WalRange::at_rest(&data)).await?)
            }
        };

        let _turn = self.cloning_turn().await?;
        let staged = Staged::new(self).await?;
        let (timelines, timeline) = (history.timelines.clone(), path.timeline);
        let dir = staged.dir().to_owned();
        self.on_disk(move |storage| lay_out(storage, &history, &path, &dir)).await?;
        let last = self.replay(target, staged.dir(), at, timeline).await?;

        let dir = staged.dir().to_owned();
        let finish = move |storage: &Storage| {
            let data = dir.join("data");
            let stop = timeline_switch_point(&data, timeline + 1)?;
            let switch = TimelineSwitch { timeline, lsn: stop, time: last.unwrap_or(DateTime::UNIX_EPOCH) };
            timelines.with_switch(switch).write(&dir)?;
            let (lsn, time) = match at {
                ForkPoint::Lsn(lsn) => (lsn, last.unwrap_or_else(Utc::now)),
                ForkPoint::Time(time) => (stop, time),
            };
            let bytes_added = data_size(&data)?;
            Ok(Fork { lsn: format_lsn(lsn), time, method: storage.method()?, bytes_added })
        };
        let fork = self.on_disk(finish).await?;
        staged.publish(vacant).await?;
        Ok(fork)
    }

    /// Writes a commit and switches the WAL segment: recovery stops only before a record that exists, so a point
    /// at the end of the history needs one behind it.
    async fn switch_wal(&self, socket: &ComputeSocket, data: &Path) -> Result<WalRange, EngineError> {
        let context = "switch the WAL segment";
        let limits = SessionLimits::CATALOG;
        let mut session = self.log_in(socket, data, MAINTENANCE_DATABASE, limits).await?;
        sqlx::query("SELECT pg_catalog.pg_current_xact_id()")
            .execute(&mut session)
            .await_within(limits.answer(), context)
            .await?
            .map_err(EngineError::sql(context))?;
        let end = position(&mut session, "SELECT pg_catalog.pg_switch_wal()::pg_catalog.text").await?;
        drop(sqlx::Connection::close(session).await);
        let data = data.to_owned();
        self.on_disk(move |_| Ok(WalRange::finished(segment_ceiling(&data, end)?))).await
    }

    /// Finds the kept history of a branch. The caller holds the branch's lock.
    async fn read_history(
        &self,
        key: &BranchKey,
        socket: Option<&ComputeSocket>,
    ) -> Result<History, EngineError> {
        let dir = self.existing(key).await?;
        let data = dir.join("data");
        let last = match socket {
            Some(socket) => {
                let limits = SessionLimits::CATALOG;
                let mut session = self.log_in(socket, &data, MAINTENANCE_DATABASE, limits).await?;
                Some(position(&mut session, HEAD).await?)
            }
            None => None,
        };
        let templates = self.storage.template_dir("");
        self.on_disk(move |_| {
            let timelines = TimelineHistory::read(&dir)?
                .ok_or_else(|| outside("the branch was made before history was kept"))?;
            let template = templates.join(&timelines.template).join("data");
            if !is_directory(&template).map_err(EngineError::io("look for", &template))? {
                return Err(outside(format!(
                    "the state that history begins with, {}, is gone",
                    template.display()
                )));
            }
            let last = last.map_or_else(|| Ok(ControlFile::read(&data)?.checkpoint), Ok)?;
            let window = HistoryRange { first: ControlFile::read(&template)?.checkpoint, last };
            check_complete(&data, window.first, last)?;
            Ok(History { timelines, template, data, window })
        })
        .await
    }

    /// Lets PostgreSQL replay up to the point and begin a timeline there.
    async fn replay(
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
            Err(EngineError::ComputeFailed { log, .. }) if log.contains(NOT_REACHED) => match at {
                // Nothing was committed after that time: it is the end.
                ForkPoint::Time(_) => self.recover(target_dir(), &along).await,
                ForkPoint::Lsn(lsn) => Err(outside(format!(
                    "the history of the branch has no record at or after {}",
                    format_lsn(lsn)
                ))),
            },
            other => other,
        }
    }
}

impl History {
    fn replay_path(&self, at: ForkPoint, wal: WalRange) -> ReplayPath {
        let timeline = match at {
            ForkPoint::Lsn(lsn) => self.timelines.timeline_at(lsn),
            ForkPoint::Time(time) => self.timelines.timeline_when(time),
        };
        let left = self.timelines.switches.iter().find(|switch| switch.timeline == timeline);
        let end = left.map_or(self.window.last, |switch| switch.lsn);
        ReplayPath { wal: WalRange { newest_timeline: timeline, ..wal }, timeline, end }
    }
}

fn inclusive(yes: bool) -> (&'static str, String) {
    ("recovery_target_inclusive", if yes { "on" } else { "off" }.to_owned())
}

/// The first position that no record has been written to yet.
const HEAD: &str = "SELECT pg_catalog.pg_current_wal_insert_lsn()::pg_catalog.text";

async fn position(session: &mut PgConnection, sql: &'static str) -> Result<u64, EngineError> {
    let context = "read the position in the WAL";
    let text: String = sqlx::query_scalar(sql)
        .fetch_one(session)
        .await_within(SessionLimits::CATALOG.answer(), context)
        .await?
        .map_err(EngineError::sql(context))?;
    parse_lsn(&text)
}

/// The template with the source's WAL, ready for recovery.
fn lay_out(storage: &Storage, history: &History, path: &ReplayPath, dir: &Path) -> Result<(), EngineError> {
    let data = dir.join("data");
    storage.check_space_to_write(&history.data)?;
    storage.clone_data(&history.template, &data, WalSelection::None)?;
    storage.clone_wal(&history.data, &data, path.wal)?;
    // The server may have removed some meanwhile.
    check_complete(&data, history.window.first, path.end)?;
    write_new(&data.join("recovery.signal"), b"")
}

impl HistoryRange {
    /// Refuses a point outside.
    pub(crate) fn admits(self, at: ForkPoint) -> Result<(), EngineError> {
        let (first, last) = (format_lsn(self.first), format_lsn(self.last));
        let (point, why) = match at {
            ForkPoint::Lsn(lsn) if lsn < self.first => (format_lsn(lsn), "is before the history"),
            ForkPoint::Lsn(lsn) if lsn > self.last => (format_lsn(lsn), "is ahead of the branch"),
            ForkPoint::Time(time) if time > Utc::now() => (time.to_rfc3339(), "is in the future"),
            _ => return Ok(()),
        };
        Err(outside(format!("{point} {why}; the history of the branch goes from {first} to {last}")))
    }
}

fn check_complete(data: &Path, first: u64, last: u64) -> Result<(), EngineError> {
    let kept = unbroken_from(data, last)?;
    if kept <= first {
        return Ok(());
    }
    Err(outside(format!(
        "more was written to the branch than its history holds: it would have to reach back to {}, and does to {}",
        format_lsn(first),
        format_lsn(kept)
    )))
}

fn outside(reason: impl Into<String>) -> EngineError {
    EngineError::OutsideHistory { reason: reason.into() }
}
