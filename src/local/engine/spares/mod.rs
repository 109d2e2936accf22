//! Warm spares: hot standbys that become branches of their source.
//!
//! A spare is a clone of a branch whose server streams from the server of the branch. To branch, one that has replayed
//! everything that was committed before the call is promoted. It lies beside the branches under the key of the branch
//! that it will be: nothing is moved, and as long as no row names it, the next start removes it as an orphan.
//!
//! A spare lives at most as long as the server that it streams from, and is ended before that server stops. No
//! replication slot keeps WAL for it: one that falls behind is removed.

mod databases;
mod make;
mod promote;
mod sequences;
mod take;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use rustix::process::Signal;
use sqlx::{PgConnection, Row as _};
use tokio::time::Instant;

use super::{BranchKey, ComputeSettings, Engine, EngineError, Inner, position};
use crate::local::{
    compute::{AwaitWithin as _, Server},
    storage::{CloneMethod, parse_lsn},
};

use databases::Sessions;

pub(crate) use take::ReadySpare;

/// The longest wait for an answer of a spare or of its source. Both answer at once unless they hang.
const ANSWER: Duration = Duration::from_secs(2);
/// The pause between two looks at a spare that has not got to a position.
const LOOK_AGAIN: Duration = Duration::from_millis(1);
/// Looks come one after the other for this long, as most spares are a fraction of a millisecond behind.
const LOOK_BUSILY: Duration = Duration::from_millis(2);

/// A hot standby that can become a branch.
pub(super) struct Spare {
    key: BranchKey,
    settings: ComputeSettings,
    /// A session of the platform, which outlives the promotion.
    session: PgConnection,
    /// Sessions at the databases of logins.
    databases: Sessions,
    /// A time before the clone began.
    since: DateTime<Utc>,
    method: CloneMethod,
    bytes_added: u64,
}

/// The recovery of a spare's server.
#[derive(Clone, Copy, Debug)]
struct Recovery {
    under_way: bool,
    /// The end of the last record that was replayed.
    replayed: u64,
    last_commit: Option<DateTime<Utc>>,
}

/// A session of the platform at a source.
type SourceSession = Arc<tokio::sync::Mutex<PgConnection>>;

/// The spares of one source.
struct OfSource {
    /// The server that they stream from.
    server: Arc<Server>,
    session: SourceSession,
    ready: Vec<Spare>,
}

/// All spares that can be taken.
#[derive(Default)]
pub(super) struct Spares {
    by_source: Mutex<HashMap<BranchKey, OfSource>>,
    /// One is made at a time.
    making: tokio::sync::Mutex<()>,
}

impl Spares {
    fn lock(&self) -> MutexGuard<'_, HashMap<BranchKey, OfSource>> {
        self.by_source.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a spare with these settings that streams from this server.
    fn pop(
        &self,
        source: &BranchKey,
        server: &Arc<Server>,
        settings: &ComputeSettings,
    ) -> Option<(Spare, SourceSession)> {
        let mut all = self.lock();
        let of_source = all.get_mut(source).filter(|of_source| Arc::ptr_eq(&of_source.server, server))?;
        let at = of_source.ready.iter().position(|spare| spare.settings == *settings)?;
        Some((of_source.ready.swap_remove(at), Arc::clone(&of_source.session)))
    }

    /// Takes all spares of a source for a check of each.
    fn pop_all(&self, source: &BranchKey) -> Option<(Arc<Server>, SourceSession, Vec<Spare>)> {
        let mut all = self.lock();
        let of_source = all.get_mut(source)?;
        let ready = std::mem::take(&mut of_source.ready);
        Some((Arc::clone(&of_source.server), Arc::clone(&of_source.session), ready))
    }

    /// Gives a spare back. It is returned where the spares of its source have been ended meanwhile.
    fn put_back(&self, source: &BranchKey, server: &Arc<Server>, spare: Spare) -> Option<Spare> {
        match self.lock().get_mut(source).filter(|of_source| Arc::ptr_eq(&of_source.server, server)) {
            Some(of_source) => {
                of_source.ready.push(spare);
                None
            }
            None => Some(spare),
        }
    }

    /// Adds a new spare. Those of an earlier server of the source are returned.
    fn add(
        &self,
        source: &BranchKey,
        server: &Arc<Server>,
        session: SourceSession,
        spare: Spare,
    ) -> Vec<Spare> {
        let mut all = self.lock();
        match all.get_mut(source) {
            Some(of_source) if Arc::ptr_eq(&of_source.server, server) => {
                of_source.ready.push(spare);
                Vec::new()
            }
            _ => {
                let new = OfSource { server: Arc::clone(server), session, ready: vec![spare] };
                all.insert(source.clone(), new).map(|old| old.ready).unwrap_or_default()
            }
        }
    }

    /// The session at a source, while spares stream from this server of it.
    fn session(&self, source: &BranchKey, server: &Arc<Server>) -> Option<SourceSession> {
        let all = self.lock();
        let of_source = all.get(source).filter(|of_source| Arc::ptr_eq(&of_source.server, server))?;
        Some(Arc::clone(&of_source.session))
    }

    /// Removes the spares of a source whose session this is.
    fn remove_of(&self, source: &BranchKey, session: &SourceSession) -> Vec<Spare> {
        let mut all = self.lock();
        match all.get(source) {
            Some(of_source) if Arc::ptr_eq(&of_source.session, session) => {
                all.remove(source).map(|of_source| of_source.ready).unwrap_or_default()
            }
            _ => Vec::new(),
        }
    }

    fn remove(&self, source: &BranchKey) -> Vec<Spare> {
        self.lock().remove(source).map(|of_source| of_source.ready).unwrap_or_default()
    }

    fn sources(&self) -> Vec<BranchKey> {
        self.lock().keys().cloned().collect()
    }
}

impl Recovery {
    async fn read(session: &mut PgConnection) -> Result<Self, EngineError> {
        let context = "read the recovery of a spare";
        let row = sqlx::query(
            "SELECT pg_catalog.pg_is_in_recovery(),
                    pg_catalog.pg_last_wal_replay_lsn()::pg_catalog.text,
                    pg_catalog.pg_last_xact_replay_timestamp()",
        )
        .fetch_one(session)
        .await_within(ANSWER, context)
        .await?
        .map_err(EngineError::sql(context))?;
        let replayed: Option<String> = row.try_get(1).map_err(EngineError::sql(context))?;
        Ok(Self {
            under_way: row.try_get(0).map_err(EngineError::sql(context))?,
            replayed: replayed.as_deref().map_or(Ok(0), parse_lsn)?,
            last_commit: row.try_get(2).map_err(EngineError::sql(context))?,
        })
    }

    /// Looks at the recovery until it is as wanted; `None` when the time is over.
    async fn when(
        session: &mut PgConnection,
        within: Duration,
        wanted: impl Fn(&Self) -> bool,
    ) -> Result<Option<Self>, EngineError> {
        let begun = Instant::now();
        loop {
            let recovery = Self::read(session).await?;
            if wanted(&recovery) {
                return Ok(Some(recovery));
            }
            match begun.elapsed() {
                elapsed if elapsed > within => return Ok(None),
                elapsed if elapsed > LOOK_BUSILY => tokio::time::sleep(LOOK_AGAIN).await,
                _ => {}
            }
        }
    }
}

impl Engine {
    /// The number of spares of a branch that can be taken.
    pub(crate) fn spares_of(&self, source: &BranchKey) -> usize {
        self.inner.spares.lock().get(source).map_or(0, |of_source| of_source.ready.len())
    }

    /// The branches that have spares.
    pub(crate) fn sources_of_spares(&self) -> Vec<BranchKey> {
        self.inner.spares.sources()
    }

    /// Removes the spares of a branch.
    pub(crate) async fn remove_spares(&self, source: &BranchKey) {
        self.inner.end_spares(source).await;
    }
}

impl Inner {
    /// Removes the spares of a branch whose server is about to stop, so that it does not wait for them.
    pub(super) async fn end_spares(&self, source: &BranchKey) {
        let spares = self.spares.remove(source);
        join_all(spares.into_iter().map(|spare| self.discard_spare(spare))).await;
    }

    /// Removes the spares of a source whose session broke, as it does where a process of the source's server crashed. The
    /// next spare gets a new session.
    async fn end_spares_of(&self, source: &BranchKey, session: &SourceSession) {
        let spares = self.spares.remove_of(source, session);
        join_all(spares.into_iter().map(|spare| self.discard_spare(spare))).await;
    }

    /// Writes a record to the WAL of a source, and returns the position behind it.
    async fn mark(&self, source: &BranchKey, session: &SourceSession) -> Result<u64, EngineError> {
        let marked = position::mark(&mut *session.lock().await, ANSWER).await;
        if marked.is_err() {
            self.end_spares_of(source, session).await;
        }
        marked
    }

    /// Removes all spares.
    pub(super) async fn end_all_spares(&self) {
        let sources = self.spares.sources();
        join_all(sources.iter().map(|source| self.end_spares(source))).await;
    }

    async fn discard_spare(&self, spare: Spare) {
        let Spare { key, session, databases, .. } = spare;
        drop((session, databases));
        self.discard_spare_of(&key).await;
    }

    /// Ends the server of a spare and removes its directory; the next start removes what is left.
    async fn discard_spare_of(&self, key: &BranchKey) {
        let slot = self.slot(key);
        let alone = slot.alone().await;
        // Its data is going away: nothing is worth writing out.
        slot.stop(Signal::QUIT).await;
        self.sockets.forget(&key.to_string());
        let removed = key.clone();
        match self.on_disk(move |storage| storage.discard(&storage.existing(&removed)?)).await {
            Ok(()) | Err(EngineError::NotFound { .. }) => {}
            Err(error) => tracing::debug!(%error, spare = %key, "leaving a spare to the next start"),
        }
        self.lock_slots().remove(key);
        drop(alone);
    }
}
