//! Resolves on a new connection whether a segment was committed before the connection was lost.

use std::time::Duration;

use sqlx::PgConnection;

use super::{Reconnect, interruption::Interruption, prepare_session, segments::Segment};
use crate::{
    error::Result,
    migrate::{
        ledger::{self, Entry},
        lock,
        migration::Migration,
        options::ApplyOptions,
        report::StatementReport,
    },
};

/// The minimum time for PostgreSQL to detect that the client of a session is gone.
const SESSION_END: Duration = Duration::from_secs(30);

/// A segment during whose commit the connection was lost.
pub(super) struct UnresolvedSegment<'a> {
    pub(super) migration: &'a Migration,
    pub(super) segment: &'a Segment,
    /// The number of statements of the migration.
    pub(super) of: usize,
    pub(super) options: &'a ApplyOptions,
    pub(super) elapsed: Duration,
}

impl UnresolvedSegment<'_> {
    /// Returns the reports of the statements where they are committed, else the interruption with what is now known.
    pub(super) async fn resolve_commit(
        &self,
        conn: &mut PgConnection,
        reconnect: &dyn Reconnect,
        mut interruption: Interruption,
    ) -> Result<Vec<StatementReport>, Interruption> {
        let Some(in_doubt) = &mut interruption.in_doubt else { return Err(interruption) };
        match self.is_committed(conn, reconnect, in_doubt.reports.is_some()).await {
            Ok(Some(true)) => {
                tracing::warn!(
                    migration = self.migration.id(), error = %interruption.error,
                    "the connection was lost; the statements are committed"
                );
                return Ok(in_doubt.reports.take().unwrap_or_default());
            }
            Ok(Some(false)) => interruption.in_doubt = None,
            Ok(None) => {}
            Err(error) => in_doubt.unresolved = Some(error),
        }
        Err(interruption)
    }

    /// Whether the segment is committed; `None` where its one statement ran outside a transaction and was not answered,
    /// which the ledger cannot know.
    async fn is_committed(
        &self,
        conn: &mut PgConnection,
        reconnect: &dyn Reconnect,
        answered: bool,
    ) -> Result<Option<bool>> {
        *conn = reconnect.reconnect().await?;
        // The lost session holds the lock until it ends, and then its outcome is certain.
        lock::acquire(conn, self.options.wait_for_others.max(SESSION_END)).await?;
        prepare_session(conn).await?;
        let (end, of) = (self.segment.range.end, self.of);
        if answered && !self.segment.transactional {
            // The statement completed; only its record was lost.
            ledger::advance(conn, self.migration, end, of, self.elapsed).await?;
            return Ok(Some(true));
        }
        let done = match ledger::entry(conn, self.migration).await? {
            Entry::Applied => Some(of),
            Entry::Absent => Some(0),
            // A table without a statement count still records when the last one is committed.
            Entry::Partial(done) => done.or((end == of).then_some(0)),
        };
        let committed = done.map(|done| done >= end);
        Ok(committed.filter(|committed| *committed || self.segment.transactional))
    }
}
