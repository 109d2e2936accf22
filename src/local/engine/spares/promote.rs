//! Promotion of a spare: it stops its recovery and becomes a branch.
//!
//! PostgreSQL ends the stream, replays what it has received, and begins a timeline there. That position is where the
//! branch leaves its source: all records of the source before it are in, and none behind it. It lies behind everything
//! that was committed when the spare was asked for, as the spare had replayed that.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use rustix::process::Signal;
use sqlx::{Connection as _, PgConnection};

use super::{
    ReadySpare, Recovery, Spare,
    databases::{Sessions, list},
    sequences::{has_any, set_back},
};
use crate::local::{
    compute::Server,
    engine::{
        BranchKey, Engine, EngineError, Fork, Inner, MAINTENANCE_DATABASE,
        standby::{SETTINGS_FILE, SIGNAL_FILE},
    },
    failpoint,
    storage::{
        self, BranchPoint, ControlFile, HistoryOrigin, Lineage, create, format_lsn, segment_floor,
        timeline_switch_point,
    },
};

/// Has PostgreSQL end its recovery when it is signaled.
const PROMOTE_FILE: &str = "promote";
/// The longest wait for the end of a recovery, which takes some milliseconds.
const PROMOTED_WITHIN: Duration = Duration::from_secs(5);
/// The time between two looks at its end.
const LOOK: Duration = Duration::from_micros(100);

impl Engine {
    /// Makes a branch of a spare, under the spare's own key. Its server runs and accepts logins. If that fails nothing is
    /// left of the spare.
    pub(crate) async fn promote_spare(&self, ready: ReadySpare) -> Result<Fork, EngineError> {
        self.detached(move |inner| async move { inner.promote_spare(ready).await }).await
    }
}

/// The point at which a branch leaves its source.
struct Left {
    lsn: u64,
    last_commit: Option<DateTime<Utc>>,
}

impl Inner {
    async fn promote_spare(self: &Arc<Self>, mut ready: ReadySpare) -> Result<Fork, EngineError> {
        let Some(mut spare) = ready.spare.take() else {
            return Err(EngineError::failed("the spare was promoted already"));
        };
        match self.promote(&ready, &mut spare).await {
            Ok(left) => {
                let (method, bytes_added) = (spare.method, spare.bytes_added);
                // A time at which the branch has what its source had: no commit lies between the two.
                let time = left.last_commit.map_or(ready.asked, |last| last.max(ready.asked));
                tokio::spawn(async move {
                    let sessions = spare.databases.into_values().chain([spare.session]);
                    join_all(sessions.map(PgConnection::close)).await;
                });
                Ok(Fork { lsn: format_lsn(left.lsn), time, method, bytes_added })
            }
            Err(error) => {
                self.discard_spare(spare).await;
                Err(error)
            }
        }
    }

    async fn promote(&self, ready: &ReadySpare, spare: &mut Spare) -> Result<Left, EngineError> {
        let mut parts = self.timings.begin();
        let slot = self.slot(&spare.key);
        let dir = self.existing(&spare.key).await?;
        let file = dir.join("data").join(PROMOTE_FILE);
        self.on_disk(move |_| create(&file).map(drop).map_err(EngineError::io("create", &file))).await?;
        parts.lap("spare: files");
        slot.signal(Signal::USR1);
        failpoint::reached("spare.signaled");
        let Spare { key, session, databases: own, since, .. } = spare;
        let (data, server) = (dir.join("data"), slot.running_server());
        let server = server.ok_or_else(|| EngineError::failed("a spare ended before its promotion"))?;
        let at_source = self.sessions_for_sequences(key, own, &ready.source);
        let promoted = async {
            self.standby_ends(data, server).await?;
            let ended = Recovery::when(session, PROMOTED_WITHIN, |recovery| !recovery.under_way).await?;
            let ended = ended.ok_or_else(|| EngineError::failed("the recovery of a spare does not end"))?;
            parts.lap("spare: promotion");
            failpoint::reached("spare.promoted");
            Ok::<_, EngineError>(ended)
        };
        let (ended, at_source) = tokio::join!(promoted, at_source);
        let ended = ended?;
        let mut parts = self.timings.begin();
        let (lsn, ()) =
            tokio::join!(self.begin_history(ready, &dir, &ended, *since), set_back_sequences(own, at_source));
        let lsn = lsn?;
        // The settings of a standby are gone: they name the source, and how to log in there.
        slot.signal(Signal::HUP);
        slot.set_spare(false);
        parts.lap("spare: history and sequences");
        failpoint::reached("spare.handed-over");
        Ok(Left { lsn, last_commit: ended.last_commit })
    }

    /// Waits until PostgreSQL removes the file that makes a standby of a server, right before the end of its recovery. A
    /// look at a file takes nothing from the process that is waited for, as a query would.
    async fn standby_ends(&self, data: PathBuf, server: Arc<Server>) -> Result<(), EngineError> {
        self.on_disk(move |_| {
            let (file, begun) = (data.join(SIGNAL_FILE), Instant::now());
            while storage::is_taken(&file).map_err(EngineError::io("look for", &file))? {
                if begun.elapsed() > PROMOTED_WITHIN || server.has_ended() {
                    return Err(EngineError::failed("the recovery of a spare does not end"));
                }
                thread::sleep(LOOK);
            }
            Ok(())
        })
        .await
    }

    /// Sessions at the databases of the source whose sequences have given out values, ready to read them. The spare gets
    /// sessions at databases that it did not have when it was made.
    async fn sessions_for_sequences(
        &self,
        spare: &BranchKey,
        own: &mut Sessions,
        source: &BranchKey,
    ) -> Sessions {
        let databases = self.databases_of(spare, own).await;
        let missing = databases.iter().filter(|(oid, _)| !own.contains_key(oid)).cloned();
        let more = self.sessions_at(spare, missing.collect()).await;
        own.extend(more);
        let used = own
            .iter_mut()
            .map(|(oid, session)| async { has_any(session).await.unwrap_or(true).then_some(*oid) });
        let used: Vec<_> = join_all(used).await.into_iter().flatten().collect();
        let databases = databases.into_iter().filter(|(oid, _)| used.contains(oid));
        let mut at_source = self.sessions_at(source, databases.collect()).await;
        join_all(at_source.values_mut().map(has_any)).await;
        at_source
    }

    /// The databases of a spare, by the first of its sessions that answers: that at a database that was dropped does not.
    async fn databases_of(&self, spare: &BranchKey, own: &mut Sessions) -> Vec<(i64, String)> {
        for session in own.values_mut() {
            if let Ok(databases) = list(session).await {
                return databases;
            }
        }
        let mut another = self.sessions_at(spare, vec![(0, MAINTENANCE_DATABASE.to_owned())]).await;
        match another.get_mut(&0) {
            Some(session) => list(session).await.unwrap_or_default(),
            None => Vec::new(),
        }
    }

    /// Sessions at the databases of a branch; none where its compute does not run.
    async fn sessions_at(&self, branch: &BranchKey, databases: Vec<(i64, String)>) -> Sessions {
        let Some(socket) = self.known_slot(branch).and_then(|slot| slot.socket()) else {
            return Sessions::new();
        };
        match self.existing(branch).await {
            Ok(dir) if !databases.is_empty() => {
                self.log_in_to_all(&socket, &dir.join("data"), databases).await
            }
            _ => Sessions::new(),
        }
    }

    /// Writes down where the branch left its source, and that it is no standby. The WAL up to there is the source's to keep.
    async fn begin_history(
        &self,
        ready: &ReadySpare,
        dir: &Path,
        ended: &Recovery,
        since: DateTime<Utc>,
    ) -> Result<u64, EngineError> {
        let (source, name) = (self.storage.branch_dir(&ready.source)?, ready.source.branch.clone());
        // Where nothing was committed since, an earlier time.
        let (dir, time, position) = (dir.to_owned(), ended.last_commit.unwrap_or(since), ready.position);
        let quiet_at = ready.quiet_at;
        self.on_disk(move |storage| {
            let lsn = write_history(&source, name, &dir, time, quiet_at)?;
            if lsn < position {
                return Err(EngineError::failed(format!(
                    "a spare ended its recovery at {} and not behind {}",
                    format_lsn(lsn),
                    format_lsn(position)
                )));
            }
            let settings = dir.join("data").join(SETTINGS_FILE);
            storage::replace(&settings, b"").map_err(EngineError::io("write", &settings))?;
            storage.flush(&dir)?;
            Ok(lsn)
        })
        .await
    }
}

/// Sets the sequences back that the WAL has ahead. Where that fails they have a gap, as after a crash.
async fn set_back_sequences(branch: &mut Sessions, mut source: Sessions) {
    let set = branch.iter_mut().filter_map(|(oid, branch)| {
        let mut source = source.remove(oid)?;
        Some(async move {
            if let Err(error) = set_back(branch, &mut source).await {
                tracing::debug!(%error, "sequences of a branch may have a gap");
            }
            tokio::spawn(source.close());
        })
    });
    join_all(set).await;
}

/// Returns where the new timeline begins.
fn write_history(
    source: &Path,
    branch: String,
    dir: &Path,
    time: DateTime<Utc>,
    quiet_at: Option<u64>,
) -> Result<u64, EngineError> {
    let data = dir.join("data");
    let of = Lineage::read(source)?;
    let timeline = match &of {
        Some(of) => of.timeline,
        None => ControlFile::read(&source.join("data"))?.timeline,
    } + 1;
    let lsn = timeline_switch_point(&data, timeline)?;
    let origin = of.map_or(HistoryOrigin::Unknown, |of| {
        HistoryOrigin::Branch(BranchPoint { branch, id: of.id, lsn, time, new_timeline: true })
    });
    // Behind the branch point, it says nothing of what was open there.
    let quiet_at = quiet_at.filter(|position| *position <= lsn);
    let lineage = Lineage::new(origin, timeline, segment_floor(&data, lsn)?).quiet_at(quiet_at);
    lineage.with_databases_of(&data)?.write(dir)?;
    Ok(lsn)
}
