//! What became of statements when the connection was lost.

use sqlx::PgConnection;
use std::time::Duration;

use super::{run::Run, segments::Segment, settings};
use crate::{
    api::branch::Branch,
    error::{Error, Result},
    migrate::{
        failure,
        ledger::{self, Entry},
        lock,
        report::StatementReport,
        verbs::connect,
    },
};

/// Why a segment did not go through, at which of its statements.
pub(super) struct Stopped {
    pub(super) at: usize,
    pub(super) error: sqlx::Error,
    /// Set where the connection was lost at a moment when PostgreSQL may have committed.
    pub(super) lost: Option<Lost>,
}

/// What was under way when the connection was lost.
pub(super) struct Lost {
    /// How many statements may be committed or not.
    pub(super) statements: usize,
    /// What they did, where all of them were answered and only the commit or its record was not.
    pub(super) reports: Option<Vec<StatementReport>>,
    /// Why looking again was of no use.
    pub(super) unsettled: Option<Error>,
}

impl Lost {
    pub(super) fn within(
        error: &sqlx::Error,
        statements: usize,
        reports: Option<Vec<StatementReport>>,
    ) -> Option<Self> {
        failure::is_lost(error).then_some(Self { statements, reports, unsettled: None })
    }
}

/// How long a session whose client is gone gets to notice that, at least.
const SETTLING: Duration = Duration::from_secs(30);

impl Run<'_> {
    /// Connects again and looks in the record what became of a segment whose end nobody heard of.
    pub(super) async fn settle(
        &self,
        conn: &mut PgConnection,
        segment: &Segment,
        mut stopped: Stopped,
    ) -> Result<Vec<StatementReport>, Stopped> {
        let (Some(branch), Some(lost)) = (self.aids.branch, &mut stopped.lost) else { return Err(stopped) };
        match self.look_again(branch, conn, segment, lost.reports.is_some()).await {
            Ok(Some(true)) => {
                tracing::warn!(migration = self.migration.id(), error = %stopped.error, "the connection was lost, and all is committed");
                return Ok(lost.reports.take().unwrap_or_default());
            }
            Ok(Some(false)) => stopped.lost = None,
            Ok(None) => {}
            Err(error) => lost.unsettled = Some(error),
        }
        Err(stopped)
    }

    /// Whether the segment is committed; `None` where its one statement ran outside a transaction and was not answered,
    /// which the record cannot know.
    async fn look_again(
        &self,
        branch: &Branch,
        conn: &mut PgConnection,
        segment: &Segment,
        answered: bool,
    ) -> Result<Option<bool>> {
        *conn = connect(branch).await?;
        // The lost session has the lock until it is over, and then it is certain what it did.
        lock::acquire(conn, self.options.wait_for_others.max(SETTLING)).await?;
        settings(conn).await?;
        let (end, of) = (segment.range.end, self.statements.len());
        if answered && !segment.transactional {
            // Done, and only the record of it was lost.
            let recorded = ledger::advance(conn, self.migration, end, of, self.started.elapsed()).await;
            recorded?;
            return Ok(Some(true));
        }
        let done = match ledger::look(conn, self.migration).await? {
            Entry::Applied => Some(of),
            Entry::Absent => Some(0),
            // A table that does not count still says when the last one is committed.
            Entry::Partial(done) => done.or((end == of).then_some(0)),
        };
        let committed = done.map(|done| done >= end);
        Ok(committed.filter(|committed| *committed || segment.transactional))
    }
}
