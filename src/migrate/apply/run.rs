//! Runs one migration: its segments in order, each with its retries.

use std::{
    ops::Range,
    time::{Duration, Instant},
};

use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::{
    Hooks,
    interruption::{InDoubt, Interruption},
    leftovers::{holders, invalid_indexes},
    resolve::UnresolvedSegment,
    segments::{Segment, segments},
};
use crate::{
    api::backoff::Backoff,
    error::{Error, ErrorKind, Result},
    migrate::{
        failure::{self, Failure},
        ledger::{self, Entry},
        migration::Migration,
        options::ApplyOptions,
        report::{ApplyReport, MigrationReport, Outcome, StatementReport},
        statements::MigrationStatement,
    },
};

/// A migration that is being applied.
pub(super) struct Run<'a> {
    migration: &'a Migration,
    statements: &'a [MigrationStatement],
    options: &'a ApplyOptions,
    hooks: Hooks<'a>,
    started: Instant,
    done: Vec<StatementReport>,
    /// The number of statements that an earlier, interrupted run committed.
    skipped: usize,
}

impl<'a> Run<'a> {
    pub(super) fn new(
        migration: &'a Migration,
        statements: &'a [MigrationStatement],
        options: &'a ApplyOptions,
        hooks: Hooks<'a>,
    ) -> Self {
        Self { migration, statements, options, hooks, started: Instant::now(), done: Vec::new(), skipped: 0 }
    }

    pub(super) async fn run(mut self, conn: &mut PgConnection, report: &mut ApplyReport) -> Result<()> {
        if let Some(custom) = self.migration.custom() {
            custom.run(&self.migration.label(), self.hooks.branch).await?;
            report.migrations.push(self.report(Outcome::Applied));
            return Ok(());
        }
        ledger::prepare(conn, self.migration).await?;
        match ledger::entry(conn, self.migration).await? {
            Entry::Absent => {}
            Entry::Applied => {
                report.migrations.push(self.report(Outcome::AlreadyApplied));
                return Ok(());
            }
            Entry::Partial(done) => self.skipped = self.resume(done)?,
        }
        for segment in segments(self.statements, self.migration.each_alone()) {
            if segment.range.end <= self.skipped {
                continue;
            }
            if let Err(interruption) = self.segment(conn, &segment).await {
                return Err(self.fail(conn, interruption, report).await);
            }
        }
        report.migrations.push(self.report(Outcome::Applied));
        Ok(())
    }

    fn resume(&self, done: Option<usize>) -> Result<usize> {
        let of = self.statements.len();
        match done {
            Some(done) if self.options.resume => Ok(done.min(of)),
            Some(done) => Err(Error::new(
                ErrorKind::Refused,
                format!(
                    "{} stopped before, after {done} of {of} statements, and these are committed; check what the next \
                     statement left behind, then apply with ApplyOptions::resume(true)",
                    self.migration.label()
                ),
            )),
            None => Err(Error::new(
                ErrorKind::Refused,
                format!(
                    "{} stopped half-way before; bring the database to the state before or after it by hand, and \
                     its row in the table of sqlx",
                    self.migration.label()
                ),
            )),
        }
    }

    async fn segment(&mut self, conn: &mut PgConnection, segment: &Segment) -> Result<(), Interruption> {
        // Two transactions that deadlocked must not retry at the same time.
        let mut backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(5)).jitter(0.5);
        for attempt in 1.. {
            let result = match segment.transactional {
                true => self.together(conn, &segment.range, attempt).await,
                false => self.alone(conn, segment.range.start, attempt).await,
            };
            if let Some(observer) = self.hooks.observer {
                observer.released();
            }
            match result {
                Ok(reports) => {
                    self.done.extend(reports);
                    break;
                }
                Err(lost) if lost.in_doubt.is_some() => {
                    self.done.extend(self.resolve_commit(conn, segment, lost).await?);
                    break;
                }
                Err(failed) => {
                    let again = failure::is_transient(&failed.error) && !self.leaves_invalid_index(failed.at);
                    if !again || attempt >= self.options.attempts {
                        return Err(failed);
                    }
                    tracing::info!(
                        migration = self.migration.id(), line = self.line(failed.at), attempt,
                        reason = %failed.error, "trying the transaction again"
                    );
                }
            }
            backoff.sleep().await;
        }
        Ok(())
    }

    /// Connects again, where that is possible, and determines whether the segment was committed.
    async fn resolve_commit(
        &self,
        conn: &mut PgConnection,
        segment: &Segment,
        interruption: Interruption,
    ) -> Result<Vec<StatementReport>, Interruption> {
        let Some(reconnect) = self.hooks.reconnect else { return Err(interruption) };
        let unresolved = UnresolvedSegment {
            migration: self.migration,
            segment,
            of: self.statements.len(),
            options: self.options,
            elapsed: self.started.elapsed(),
        };
        unresolved.resolve_commit(conn, reconnect, interruption).await
    }

    fn line(&self, at: usize) -> usize {
        self.statements.get(at).map_or(0, MigrationStatement::line)
    }

    /// A concurrent index build that fails leaves an invalid index, and the statement then cannot run again.
    fn leaves_invalid_index(&self, at: usize) -> bool {
        self.statements.get(at).is_some_and(MigrationStatement::is_concurrent_index)
    }

    async fn together(
        &self,
        conn: &mut PgConnection,
        range: &Range<usize>,
        attempt: u32,
    ) -> Result<Vec<StatementReport>, Interruption> {
        let failed = |at: usize, error: sqlx::Error| Interruption { at, error, in_doubt: None };
        let first = range.start;
        let mut transaction = conn.begin().await.map_err(|e| failed(first, e))?;
        limit_waits(&mut transaction, self.options.lock_timeout).await.map_err(|e| failed(first, e))?;
        let mut reports = Vec::with_capacity(range.len());
        for at in range.clone() {
            let ran = self.statement(&mut transaction, at, attempt).await;
            match ran {
                Ok(report) => reports.push(report),
                Err(error) => {
                    // A lost connection has nothing to roll back.
                    let _ = transaction.rollback().await;
                    return Err(failed(at, error));
                }
            }
        }
        let last = range.end.saturating_sub(1);
        let of = self.statements.len();
        ledger::advance(&mut transaction, self.migration, range.end, of, self.started.elapsed())
            .await
            .map_err(|e| failed(last, e))?;
        match transaction.commit().await {
            Ok(()) => Ok(reports),
            Err(error) => {
                let in_doubt = InDoubt::after(&error, range.len(), Some(reports));
                Err(Interruption { at: last, in_doubt, error })
            }
        }
    }

    async fn alone(
        &self,
        conn: &mut PgConnection,
        at: usize,
        attempt: u32,
    ) -> Result<Vec<StatementReport>, Interruption> {
        let failed = |error: sqlx::Error| Interruption { at, error, in_doubt: None };
        let of = self.statements.len();
        if at == 0 {
            // Recorded before it runs: a crash from here on may leave parts of it.
            ledger::advance(conn, self.migration, 0, of, Duration::ZERO).await.map_err(failed)?;
        }
        let limit = match self.leaves_invalid_index(at) {
            true => self.options.concurrent_lock_timeout,
            false => self.options.lock_timeout,
        };
        limit_waits(conn, limit).await.map_err(failed)?;
        let lost = |error: sqlx::Error, reports| {
            let in_doubt = InDoubt::after(&error, 1, reports);
            Interruption { at, in_doubt, error }
        };
        let reports = vec![self.statement(conn, at, attempt).await.map_err(|error| lost(error, None))?];
        match ledger::advance(conn, self.migration, at + 1, of, self.started.elapsed()).await {
            Ok(()) => Ok(reports),
            Err(error) => Err(lost(error, Some(reports))),
        }
    }

    async fn statement(
        &self,
        conn: &mut PgConnection,
        at: usize,
        attempt: u32,
    ) -> Result<StatementReport, sqlx::Error> {
        let statement = self.statements.get(at).ok_or(sqlx::Error::RowNotFound)?;
        let started = Instant::now();
        let work = sqlx::raw_sql(AssertSqlSafe(statement.text().to_owned())).execute(conn);
        let result = match self.hooks.observer {
            Some(observer) => observer.watch(self.migration.id(), statement.line(), work).await?,
            None => work.await?,
        };
        Ok(StatementReport {
            sql: statement.text().to_owned(),
            line: statement.line(),
            column: statement.column(),
            transactional: statement.is_transactional() && !self.migration.each_alone(),
            rows: result.rows_affected(),
            duration: started.elapsed(),
            attempts: attempt,
        })
    }

    fn report(&mut self, outcome: Outcome) -> MigrationReport {
        MigrationReport {
            id: self.migration.id().to_owned(),
            description: self.migration.description().map(str::to_owned),
            outcome,
            statements: std::mem::take(&mut self.done),
            duration: self.started.elapsed(),
        }
    }

    async fn fail(
        &mut self,
        conn: &mut PgConnection,
        interruption: Interruption,
        report: &mut ApplyReport,
    ) -> Error {
        let done = self.skipped.max(self.done.len() + self.skipped);
        let of = self.statements.len();
        let outcome = match (&interruption.in_doubt, done) {
            (None, 0) => Outcome::Nothing,
            (None, done) => Outcome::Partial { done, of },
            (Some(in_doubt), done) => Outcome::Unknown { done, maybe: in_doubt.statements, of },
        };
        let Some(statement) = self.statements.get(interruption.at) else {
            return interruption.error.into();
        };
        let mut failure =
            Failure::new(self.migration, interruption.at + 1, statement, outcome.clone(), interruption.error);
        let unresolved = interruption.in_doubt.and_then(|in_doubt| in_doubt.unresolved);
        failure.unresolved = unresolved.map(|error| error.to_string());
        if failure.is_lock_timeout() {
            failure.holders = holders(conn, statement).await;
        }
        if statement.is_concurrent_index() {
            failure.invalid_indexes = invalid_indexes(conn, statement).await;
        }
        report.migrations.push(self.report(outcome));
        failure.report = std::mem::take(report);
        failure.into_error(self.migration)
    }
}

async fn limit_waits(conn: &mut PgConnection, limit: Duration) -> Result<(), sqlx::Error> {
    let milliseconds = limit.as_millis().clamp(1, i32::MAX as u128);
    sqlx::raw_sql(AssertSqlSafe(format!("set lock_timeout = {milliseconds}"))).execute(conn).await.map(drop)
}
