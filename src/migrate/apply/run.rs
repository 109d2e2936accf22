//! One migration on its way into a database.

use std::{
    ops::Range,
    time::{Duration, Instant},
};

use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::{
    Aids,
    leftovers::{holders, invalid_indexes},
    segments::{Segment, segments},
    settle::{Lost, Stopped},
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
        statements::Statement,
    },
};

/// One migration on its way.
pub(super) struct Run<'a> {
    pub(super) migration: &'a Migration,
    pub(super) statements: &'a [Statement],
    pub(super) options: &'a ApplyOptions,
    pub(super) aids: Aids<'a>,
    pub(super) started: Instant,
    done: Vec<StatementReport>,
    /// Committed before this run, by one that stopped half-way.
    skipped: usize,
}

impl<'a> Run<'a> {
    pub(super) fn new(
        migration: &'a Migration,
        statements: &'a [Statement],
        options: &'a ApplyOptions,
        aids: Aids<'a>,
    ) -> Self {
        Self { migration, statements, options, aids, started: Instant::now(), done: Vec::new(), skipped: 0 }
    }

    pub(super) async fn run(mut self, conn: &mut PgConnection, report: &mut ApplyReport) -> Result<()> {
        ledger::prepare(conn, self.migration).await?;
        match ledger::look(conn, self.migration).await? {
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
            if let Err(stopped) = self.segment(conn, &segment).await {
                return Err(self.fail(conn, stopped, report).await);
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
                    "{} stopped before, after {done} of {of} statements, and these are committed; look at what the next \
                     statement left behind, then apply with ApplyOptions::resume(true)",
                    self.migration.called()
                ),
            )),
            None => Err(Error::new(
                ErrorKind::Refused,
                format!(
                    "{} stopped half-way before; bring the database to the state before or after it by hand, and its row \
                     in sqlx's table along with it",
                    self.migration.called()
                ),
            )),
        }
    }

    async fn segment(&mut self, conn: &mut PgConnection, segment: &Segment) -> Result<(), Stopped> {
        // Two transactions that got into each other's way must not do so again.
        let mut backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(5)).jitter(0.5);
        for attempt in 1.. {
            let result = match segment.transactional {
                true => self.together(conn, &segment.range, attempt).await,
                false => self.alone(conn, segment.range.start, attempt).await,
            };
            if let Some(observer) = self.aids.observer {
                observer.released();
            }
            match result {
                Ok(reports) => {
                    self.done.extend(reports);
                    break;
                }
                Err(stopped) if stopped.lost.is_some() => match self.settle(conn, segment, stopped).await {
                    Ok(reports) => {
                        self.done.extend(reports);
                        break;
                    }
                    Err(stopped) => return Err(stopped),
                },
                Err(stopped) => {
                    let again = failure::is_passing(&stopped.error) && !self.leaves_traces(stopped.at);
                    if !again || attempt >= self.options.attempts {
                        return Err(stopped);
                    }
                    tracing::info!(
                        migration = self.migration.id(), line = self.line(stopped.at), attempt,
                        reason = %stopped.error, "trying the transaction again"
                    );
                }
            }
            backoff.sleep().await;
        }
        Ok(())
    }

    fn line(&self, at: usize) -> usize {
        self.statements.get(at).map_or(0, Statement::line)
    }

    /// A concurrent index build that fails leaves an invalid index: the same statement cannot run again.
    fn leaves_traces(&self, at: usize) -> bool {
        self.statements.get(at).is_some_and(Statement::is_concurrent_index)
    }

    async fn together(
        &self,
        conn: &mut PgConnection,
        range: &Range<usize>,
        attempt: u32,
    ) -> Result<Vec<StatementReport>, Stopped> {
        let stopped = |at: usize, error: sqlx::Error| Stopped { at, error, lost: None };
        let first = range.start;
        let mut transaction = conn.begin().await.map_err(|e| stopped(first, e))?;
        limit_waits(&mut transaction, self.options.lock_timeout).await.map_err(|e| stopped(first, e))?;
        let mut reports = Vec::with_capacity(range.len());
        for at in range.clone() {
            let ran = self.statement(&mut transaction, at, attempt).await;
            match ran {
                Ok(report) => reports.push(report),
                Err(error) => {
                    // On a dead connection there is nothing to roll back any more.
                    let _ = transaction.rollback().await;
                    return Err(stopped(at, error));
                }
            }
        }
        let last = range.end.saturating_sub(1);
        let of = self.statements.len();
        ledger::advance(&mut transaction, self.migration, range.end, of, self.started.elapsed())
            .await
            .map_err(|e| stopped(last, e))?;
        match transaction.commit().await {
            Ok(()) => Ok(reports),
            Err(error) => {
                Err(Stopped { at: last, lost: Lost::within(&error, range.len(), Some(reports)), error })
            }
        }
    }

    async fn alone(
        &self,
        conn: &mut PgConnection,
        at: usize,
        attempt: u32,
    ) -> Result<Vec<StatementReport>, Stopped> {
        let stopped = |error: sqlx::Error| Stopped { at, error, lost: None };
        let of = self.statements.len();
        if at == 0 {
            // From here on a crash leaves traces; the ledger is to know of it.
            ledger::advance(conn, self.migration, 0, of, Duration::ZERO).await.map_err(stopped)?;
        }
        let patience = match self.leaves_traces(at) {
            true => self.options.concurrent_lock_timeout,
            false => self.options.lock_timeout,
        };
        limit_waits(conn, patience).await.map_err(stopped)?;
        let lost =
            |error: sqlx::Error, reports| Stopped { at, lost: Lost::within(&error, 1, reports), error };
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
        let result = match self.aids.observer {
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
            outcome,
            statements: std::mem::take(&mut self.done),
            duration: self.started.elapsed(),
        }
    }

    async fn fail(&mut self, conn: &mut PgConnection, stopped: Stopped, report: &mut ApplyReport) -> Error {
        let done = self.skipped.max(self.done.len() + self.skipped);
        let of = self.statements.len();
        let outcome = match (&stopped.lost, done) {
            (None, 0) => Outcome::Nothing,
            (None, done) => Outcome::Partial { done, of },
            (Some(lost), done) => Outcome::Unknown { done, maybe: lost.statements, of },
        };
        let Some(statement) = self.statements.get(stopped.at) else {
            return stopped.error.into();
        };
        let mut failure =
            Failure::new(self.migration, stopped.at + 1, statement, outcome.clone(), stopped.error);
        failure.unsettled = stopped.lost.and_then(|lost| lost.unsettled).map(|error| error.to_string());
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

async fn limit_waits(conn: &mut PgConnection, patience: Duration) -> Result<(), sqlx::Error> {
    let milliseconds = patience.as_millis().clamp(1, i32::MAX as u128);
    sqlx::raw_sql(AssertSqlSafe(format!("set lock_timeout = {milliseconds}"))).execute(conn).await.map(drop)
}
