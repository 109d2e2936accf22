//! The history of running branches: WAL is linked away as it is written, and bases are taken in the background.

use std::{
    collections::HashMap,
    sync::{Arc, Weak, atomic::Ordering},
    time::{Duration, Instant, SystemTime},
};

use chrono::{DateTime, Utc};
use sqlx::Row as _;

use super::{
    BranchKey, Engine, EngineError, Inner, MAINTENANCE_DATABASE, branch_compute::Slot, fork::Staged,
    watch::Due,
};
use crate::local::{
    compute::{AwaitWithin as _, ComputeSocket, SessionLimits},
    failpoint,
    storage::{
        BaseMark, Chain, CloneMethod, Retention, Storage, Swept, Trimmed, is_taken, last_change, parse_lsn,
    },
};

/// The time between two looks at the WAL of running computes, while it grows and while it does not. PostgreSQL keeps the
/// last gigabyte meanwhile.
const TICK: Duration = Duration::from_millis(250);
const IDLE_TICK: Duration = Duration::from_secs(1);

/// The least disk budget of history by default.
const LEAST_BUDGET: u64 = 256 << 20;

/// A tenth of the free space. A server that starts on a full disk keeps history, too.
pub(super) fn default_budget(storage: &Storage) -> Result<u64, EngineError> {
    Ok((storage.free_space()? / 10).max(LEAST_BUDGET))
}

/// The result of a look at one branch.
struct Look {
    change: Option<SystemTime>,
    swept: Swept,
    redo: Option<u64>,
}

fn look(storage: &Storage, key: &BranchKey, seen: Option<SystemTime>) -> Result<Option<Look>, EngineError> {
    let dir = storage.existing(key)?;
    // The history of a standby is that of its source.
    let standby = dir.join("data/standby.signal");
    if is_taken(&standby).map_err(EngineError::io("look for", &standby))? {
        return Ok(None);
    }
    let change = last_change(&dir);
    if change.is_some() && change == seen {
        return Ok(None);
    }
    let swept = storage.sweep(&dir)?;
    failpoint::reached("history.swept");
    storage.prune(&dir)?;
    // Only the first time, as those after that are noted when they are taken.
    let redo = match seen {
        None => Chain::read_swept(storage, &dir)?.newest().map(|mark| mark.redo),
        Some(_) => None,
    };
    Ok(Some(Look { change, swept, redo }))
}

/// Keeps the history of running computes for as long as the engine lives.
pub(super) fn spawn(inner: Weak<Inner>) {
    tokio::spawn(async move {
        let mut tick = TICK;
        loop {
            tokio::time::sleep(tick).await;
            let Some(inner) = inner.upgrade() else { return };
            if inner.closing.load(Ordering::SeqCst) {
                return;
            }
            tick = if inner.keep_history().await { TICK } else { IDLE_TICK };
        }
    });
}

impl Engine {
    /// Takes a base now, after a checkpoint or from the last one.
    #[cfg(test)]
    pub(crate) async fn take_base(&self, key: &BranchKey, checkpoint: bool) -> Result<(), EngineError> {
        let socket = self.running(key).ok_or_else(EngineError::closing)?;
        let due = if checkpoint { Due::AfterCheckpoint } else { Due::Now };
        self.inner.take_base(key, &socket, due).await.map(drop)
    }

    /// Removes history from before a time, by the project's part of the keys, and the oldest beyond the disk budget.
    /// `None` while some of it is in use.
    pub(crate) async fn trim_history(
        &self,
        since: HashMap<String, DateTime<Utc>>,
    ) -> Result<Option<Trimmed>, EngineError> {
        self.detached(move |inner| async move { inner.trim_history(since).await }).await
    }

    /// Whether history was added since it was last trimmed.
    pub(crate) fn history_grew(&self) -> bool {
        self.inner.history_grew.load(Ordering::Relaxed)
    }
}

impl Inner {
    pub(super) fn keeps_history(&self) -> bool {
        self.history_budget > 0
    }

    /// Looks at every running compute; returns whether any of them has written WAL.
    async fn keep_history(self: &Arc<Self>) -> bool {
        let running: Vec<_> = {
            let slots = self.lock_slots();
            let running = slots.iter().filter_map(|(key, slot)| {
                let socket = slot.socket().filter(|_| !slot.is_spare())?;
                Some((key.clone(), Arc::clone(slot), socket))
            });
            running.collect()
        };
        if running.is_empty() {
            return false;
        }
        let keys: Vec<_> = running.iter().map(|(key, slot, _)| (key.clone(), slot.watch().seen)).collect();
        let looked = self.on_disk(move |storage| {
            Ok(keys.iter().map(|(key, seen)| look(storage, key, *seen)).collect::<Vec<_>>())
        });
        let Ok(looked) = looked.await else { return false };
        let Some(method) = self.storage.known_method() else { return false };
        let grew = looked.iter().any(|look| matches!(look, Ok(Some(_))));
        for ((key, slot, socket), look) in running.into_iter().zip(looked) {
            match look {
                Ok(look) => {
                    if let Some(due) = self.noted(&slot, look, method) {
                        let inner = Arc::clone(self);
                        tokio::spawn(async move { inner.add_base(&key, &slot, &socket, due).await });
                    }
                }
                // It is being removed, or the next look finds the same.
                Err(error) => {
                    tracing::debug!(branch = %key, %error, "failed to keep the history of a branch");
                }
            }
        }
        grew
    }

    /// Notes what a look found, and marks the slot as busy if a base is due.
    fn noted(&self, slot: &Slot, look: Option<Look>, method: CloneMethod) -> Option<Due> {
        let mut watch = slot.watch();
        if let Some(look) = look {
            if watch.swept.is_none_or(|swept| swept.newest != look.swept.newest) {
                watch.changed = Some(Instant::now());
                self.history_grew.store(true, Ordering::Relaxed);
            }
            watch.redo = look.redo.or(watch.redo);
            (watch.seen, watch.swept) = (look.change, Some(look.swept));
        }
        let due = watch.due(method)?;
        watch.busy = true;
        Some(due)
    }

    async fn add_base(self: &Arc<Self>, key: &BranchKey, slot: &Slot, socket: &ComputeSocket, due: Due) {
        let added = self.take_base(key, socket, due).await;
        let mut watch = slot.watch();
        watch.busy = false;
        match added {
            Ok(mark) => {
                (watch.redo, watch.taken, watch.failed) = (Some(mark.redo), Some(Instant::now()), None);
                self.history_grew.store(true, Ordering::Relaxed);
            }
            Err(error) => {
                watch.failed = Some(Instant::now());
                tracing::debug!(branch = %key, %error, "no base of a branch was taken");
            }
        }
    }

    /// Clones a running branch for the replay of later points.
    async fn take_base(
        self: &Arc<Self>,
        key: &BranchKey,
        socket: &ComputeSocket,
        due: Due,
    ) -> Result<BaseMark, EngineError> {
        let _turn = self.taking_base.acquire().await.map_err(|_| EngineError::closing())?;
        let _kept = self.history.read().await;
        self.refuse_when_closing()?;
        let dir = self.existing(key).await?;
        let (data, budget) = (dir.join("data"), self.history_budget);
        let measured = data.clone();
        self.on_disk(move |storage| check_affordable(storage, &measured, budget)).await?;
        let limits = SessionLimits::BACKUP;
        let mut session = self.log_in(socket, &data, MAINTENANCE_DATABASE, limits).await?;
        if due == Due::AfterCheckpoint {
            let context = "write a checkpoint for a base";
            let written = sqlx::query("CHECKPOINT").execute(&mut session);
            written.await_within(limits.answer(), context).await?.map_err(EngineError::sql(context))?;
        }
        let staged = Staged::new(self).await?;
        let to = staged.dir().to_owned();
        let (control, redo) = self
            .on_disk(move |storage| {
                let clone = storage.clone_since_checkpoint(&data, &to.join("data"))?;
                Ok((clone.control, clone.redo))
            })
            .await?;
        failpoint::reached("history.base-cloned");
        let context = "read the position of a base";
        let row = sqlx::query(
            "SELECT pg_catalog.pg_current_wal_flush_lsn()::pg_catalog.text,
                    pg_catalog.pg_current_wal_insert_lsn()::pg_catalog.text",
        )
        .fetch_one(&mut session)
        .await_within(limits.answer(), context)
        .await?
        .map_err(EngineError::sql(context))?;
        let time = Utc::now();
        drop(sqlx::Connection::close(session).await);
        let position = |index: usize| {
            row.try_get(index).map_err(EngineError::sql(context)).and_then(|text: String| parse_lsn(&text))
        };
        let (flushed, mark) = (position(0)?, BaseMark { redo, end: position(1)?, time });
        let to = staged.dir().to_owned();
        self.on_disk(move |storage| {
            storage.sweep(&dir)?;
            storage.publish_base(&dir, &to, &control, flushed, mark)
        })
        .await?;
        staged.forget();
        failpoint::reached("history.base-published");
        tracing::debug!(branch = %key, end = mark.end, "took a base");
        Ok(mark)
    }

    /// Forgets a branch, and that others may have a base in its history.
    pub(super) fn forget_history(&self, key: &BranchKey) {
        let mut slots = self.lock_slots();
        slots.remove(key);
        slots.values().for_each(|slot| slot.watch().forget());
    }

    /// Removes history that is too old or too much; `None` while some of it is in use.
    async fn trim_history(
        &self,
        since: HashMap<String, DateTime<Utc>>,
    ) -> Result<Option<Trimmed>, EngineError> {
        let Ok(_alone) = self.history.try_write() else { return Ok(None) };
        self.history_grew.store(false, Ordering::Relaxed);
        let limits = Retention { since, budget: self.history_budget };
        let trimmed = self.on_disk(move |storage| storage.trim(&limits)).await?;
        if let Some(cut) = trimmed.cut {
            let budget_mb = self.history_budget >> 20;
            tracing::info!(%cut, budget_mb, "history was cut off to stay within its disk budget");
            // The history of a branch may have none left.
            for slot in self.lock_slots().values() {
                slot.watch().forget();
            }
        }
        Ok(Some(trimmed))
    }
}

/// Refuses a base that would take a large part of the space for all history.
fn check_affordable(storage: &Storage, data: &std::path::Path, budget: u64) -> Result<(), EngineError> {
    if storage.method()? == CloneMethod::Reflink {
        return Ok(());
    }
    let needed = storage.clone_size(data)?;
    storage.check_space(needed)?;
    if needed <= budget / 4 {
        return Ok(());
    }
    static SAID: std::sync::Once = std::sync::Once::new();
    SAID.call_once(|| {
        tracing::warn!(
            "this file system cannot share extents, and a copy of a branch would take more than a quarter of the disk \
             budget for history: points in time are replayed from further back"
        );
    });
    Err(EngineError::DiskFull { needed, free: budget / 4 })
}
