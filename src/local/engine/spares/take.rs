//! Spares that are up to date, for the next branches of their source.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use tokio::runtime::Handle;

use super::{ANSWER, Recovery, SourceSession, Spare};
use crate::local::{
    compute::{AwaitWithin as _, Server},
    engine::{BranchKey, ComputeSettings, Engine, EngineError, Inner, position},
};

/// How far a spare may be behind, in time. A clone takes little longer than this.
const CATCH_UP: Duration = Duration::from_millis(50);
/// How far a spare may be behind, in bytes, when it is checked.
const MOST_BEHIND: u64 = 32 << 20;

/// A spare that has everything that was committed in its source before it was asked for. It goes back to the others
/// when it is dropped.
pub(crate) struct ReadySpare {
    pub(super) inner: Arc<Inner>,
    pub(super) source: BranchKey,
    pub(super) server: Arc<Server>,
    /// Always there until it is promoted.
    pub(super) spare: Option<Spare>,
    key: BranchKey,
    /// When it was asked for.
    pub(super) asked: DateTime<Utc>,
    /// A position behind everything that was committed by then, which it has replayed.
    pub(super) position: u64,
    /// As of [`position::quiet`].
    pub(super) quiet_at: Option<u64>,
}

impl ReadySpare {
    /// The key of the branch that it becomes.
    pub(crate) fn key(&self) -> &BranchKey {
        &self.key
    }
}

impl Drop for ReadySpare {
    fn drop(&mut self) {
        let Some(spare) = self.spare.take() else { return };
        let Some(spare) = self.inner.spares.put_back(&self.source, &self.server, spare) else { return };
        // Without a runtime everything ends, and the next start removes it.
        if let Ok(runtime) = Handle::try_current() {
            let inner = Arc::clone(&self.inner);
            runtime.spawn(async move { inner.discard_spare(spare).await });
        }
    }
}

impl Engine {
    /// Takes a spare of a branch that runs, with these settings, which has everything that was committed before the call;
    /// none if there is none that gets there at once.
    pub(crate) async fn take_spare(
        &self,
        source: &BranchKey,
        settings: &ComputeSettings,
    ) -> Option<ReadySpare> {
        let (source, settings) = (source.clone(), settings.clone());
        let taken =
            self.detached(move |inner| async move { Ok(inner.take_spare(&source, &settings).await) }).await;
        taken.ok().flatten()
    }

    /// Removes spares that do not stream, are far behind, or whose source has ended.
    pub(crate) async fn check_spares(&self) {
        for source in self.inner.spares.sources() {
            self.inner.check_spares(&source).await;
        }
    }
}

impl Inner {
    async fn take_spare(
        self: &Arc<Self>,
        source: &BranchKey,
        settings: &ComputeSettings,
    ) -> Option<ReadySpare> {
        let asked = Utc::now();
        let server = self.known_slot(source)?.running_server()?;
        let (mut spare, session) = self.spares.pop(source, &server, settings)?;
        let mut parts = self.timings.begin();
        let caught_up = self.catch_up(&mut spare, source, &session).await;
        parts.lap("spare: replay");
        match caught_up {
            Ok(Some((position, quiet_at))) => Some(ReadySpare {
                inner: Arc::clone(self),
                source: source.clone(),
                server,
                key: spare.key.clone(),
                spare: Some(spare),
                asked,
                position,
                quiet_at,
            }),
            late => {
                let error = late.err().map(|error| error.to_string());
                tracing::debug!(spare = %spare.key, error, "removing a spare that is not up to date");
                let inner = Arc::clone(self);
                tokio::spawn(async move { inner.discard_spare(spare).await });
                None
            }
        }
    }

    async fn check_spares(&self, source: &BranchKey) {
        let Some((server, session, ready)) = self.spares.pop_all(source) else { return };
        let runs = self.known_slot(source).and_then(|slot| slot.running_server());
        let current = runs.is_some_and(|now| Arc::ptr_eq(&now, &server));
        for mut spare in ready {
            let fit = current && self.follows(&mut spare, source, &session).await.unwrap_or(false);
            let left = match fit {
                true => self.spares.put_back(source, &server, spare),
                false => Some(spare),
            };
            if let Some(spare) = left {
                tracing::debug!(spare = %spare.key, "removing a spare that does not follow its source");
                self.discard_spare(spare).await;
            }
        }
        if !current {
            self.end_spares(source).await;
        }
    }

    /// Has a spare replay everything that was committed in its source before the call; returns the position behind that,
    /// with the [`position::quiet`], or `None` if it is too far behind.
    async fn catch_up(
        &self,
        spare: &mut Spare,
        source: &BranchKey,
        session: &SourceSession,
    ) -> Result<Option<(u64, Option<u64>)>, EngineError> {
        let position = self.mark(source, session).await?;
        let there = |recovery: &Recovery| recovery.under_way && recovery.replayed >= position;
        let reached = Recovery::when(&mut spare.session, CATCH_UP, there);
        let quiet_at = async { position::quiet(&mut *session.lock().await).await };
        let (reached, quiet_at) = tokio::try_join!(reached, quiet_at)?;
        Ok(reached.map(|_| (position, quiet_at)))
    }

    /// Whether a spare streams and is little behind.
    async fn follows(
        &self,
        spare: &mut Spare,
        source: &BranchKey,
        session: &SourceSession,
    ) -> Result<bool, EngineError> {
        let flushed = position::flushed(&mut *session.lock().await).await.map(|(position, _)| position);
        if flushed.is_err() {
            self.end_spares_of(source, session).await;
        }
        let context = "look at the stream of a spare";
        let streams: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM pg_catalog.pg_stat_get_wal_receiver() AS receiver
                            WHERE receiver.status OPERATOR(pg_catalog.=) 'streaming')",
        )
        .fetch_one(&mut spare.session)
        .await_within(ANSWER, context)
        .await?
        .map_err(EngineError::sql(context))?;
        Ok(streams && Recovery::read(&mut spare.session).await?.replayed + MOST_BEHIND > flushed?)
    }
}
