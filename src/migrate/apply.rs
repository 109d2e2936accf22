//! Applying migrations over a connection.

use std::{
    ops::Range,
    time::{Duration, Instant},
};

use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::{
    failure::{self, Failure},
    ledger::{self, Entry},
    lock,
    migration::{Migration, Migrations},
    observe::Observer,
    options::ApplyOptions,
    report::{ApplyReport, MigrationReport, Outcome, StatementReport},
    statements::Statement,
};
use crate::error::{Error, ErrorKind, Result};

/// Applies migrations to the database that the connection is logged in to, in order, each at most once.
///
/// Every text is read before anything is sent. Each migration is one transaction where its statements allow that;
/// otherwise the statements that cannot be part of one (`CREATE INDEX CONCURRENTLY` …) run by themselves between
/// transactions. What was applied is recorded in the same transaction, in `_lakebase.migrations`, or in `sqlx`'s own
/// table where a [`Migrator`](sqlx::migrate::Migrator) is given. An advisory lock keeps a second caller out.
///
/// The connection needs a session of its own: not through a pooler that shares sessions. A caller that drops the
/// future half-way must close the connection; PostgreSQL then rolls back within a second.
///
/// # Errors
///
/// [`Invalid`](ErrorKind::Invalid) for a text that cannot be a migration, [`Refused`](ErrorKind::Refused) where one was
/// applied before with another text or only in part, or where another caller does not finish in time;
/// otherwise what PostgreSQL said, with [`Failure`] as its source telling what is left of the migration.
///
/// ```no_run
/// # async fn show(conn: &mut sqlx::PgConnection) -> lakebase::Result<()> {
/// use lakebase::migrate::{self, ApplyOptions, Migrations};
///
/// let all = Migrations::from_directory("migrations")?;
/// println!("{}", migrate::apply(conn, all, &ApplyOptions::default()).await?);
/// # Ok(()) }
/// ```
pub async fn apply(
    conn: &mut PgConnection,
    migrations: impl Into<Migrations>,
    options: &ApplyOptions,
) -> Result<ApplyReport> {
    let migrations = migrations.into();
    migrations.read()?;
    lock::acquire(conn, options.wait_for_others).await?;
    let applied = apply_locked(conn, &migrations, options, None).await;
    lock::release(conn).await;
    applied
}

/// The same by somebody who has the lock.
pub(super) async fn apply_locked(
    conn: &mut PgConnection,
    migrations: &Migrations,
    options: &ApplyOptions,
    observer: Option<&Observer>,
) -> Result<ApplyReport> {
    let all = migrations.read()?;
    let before = settings(conn).await?;
    let mut report = ApplyReport::default();
    let mut outcome = Ok(());
    for (migration, statements) in &all {
        outcome = Run::new(migration, statements, options, observer).run(conn, &mut report).await;
        if outcome.is_err() {
            break;
        }
    }
    restore(conn, before).await;
    outcome.map(|()| report)
}

/// The settings that applying changes, as they are. Also has PostgreSQL look once a second whether its client is still
/// there: a statement that waits for a lock would otherwise outlive the one who sent it.
async fn settings(conn: &mut PgConnection) -> Result<(String, Option<String>)> {
    let before: (String, Option<String>) =
        sqlx::query_as("select current_setting('lock_timeout'), current_setting($1, true)")
            .bind(CHECK_INTERVAL)
            .fetch_one(&mut *conn)
            .await
            .map_err(|e| {
                Error::new(ErrorKind::Database, e.to_string()).doing("preparing the session").with_source(e)
            })?;
    // Not every system can: PostgreSQL then notices when it next has something to say.
    if let Err(error) =
        sqlx::query("select set_config($1, '1s', false)").bind(CHECK_INTERVAL).execute(conn).await
    {
        tracing::debug!(%error, "a lost client is noticed late");
    }
    Ok(before)
}

/// Best effort: where it fails, the session is gone and its settings with it.
async fn restore(conn: &mut PgConnection, before: (String, Option<String>)) {
    let _ = sqlx::query(
        "select set_config('lock_timeout', $1, false), set_config($2, $3, false) where $3 is not null",
    )
    .bind(before.0)
    .bind(CHECK_INTERVAL)
    .bind(before.1)
    .execute(conn)
    .await;
}

const CHECK_INTERVAL: &str = "client_connection_check_interval";

/// One migration on its way.
struct Run<'a> {
    migration: &'a Migration,
    statements: &'a [Statement],
    options: &'a ApplyOptions,
    observer: Option<&'a Observer>,
    started: Instant,
    done: Vec<StatementReport>,
    /// Committed before this run, by one that stopped half-way.
    skipped: usize,
}

/// Statements that are committed together, or one that runs by itself.
#[derive(Debug, PartialEq, Eq)]
struct Segment {
    range: Range<usize>,
    transactional: bool,
}

/// Why a segment did not go through, at which of its statements.
struct Stopped {
    at: usize,
    error: sqlx::Error,
    /// The connection was lost at a moment when PostgreSQL may have committed: so many statements.
    maybe: usize,
}

impl<'a> Run<'a> {
    fn new(
        migration: &'a Migration,
        statements: &'a [Statement],
        options: &'a ApplyOptions,
        observer: Option<&'a Observer>,
    ) -> Self {
        Self {
            migration,
            statements,
            options,
            observer,
            started: Instant::now(),
            done: Vec::new(),
            skipped: 0,
        }
    }

    async fn run(mut self, conn: &mut PgConnection, report: &mut ApplyReport) -> Result<()> {
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
        let mut pause = Duration::from_millis(200);
        for attempt in 1.. {
            let result = match segment.transactional {
                true => self.together(conn, &segment.range, attempt).await,
                false => self.alone(conn, segment.range.start, attempt).await,
            };
            if let Some(observer) = self.observer {
                observer.released();
            }
            match result {
                Ok(reports) => {
                    self.done.extend(reports);
                    break;
                }
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
            // Some of it by chance, so that two who got into each other's way do not do so again.
            tokio::time::sleep(pause.mul_f64(0.5 + fastrand::f64() / 2.0)).await;
            pause = (pause * 2).min(Duration::from_secs(5));
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
        let stopped = |at: usize, error: sqlx::Error| Stopped { at, error, maybe: 0 };
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
        transaction.commit().await.map_err(|error| {
            let maybe = if failure::is_lost(&error) { range.len() } else { 0 };
            Stopped { at: last, error, maybe }
        })?;
        Ok(reports)
    }

    async fn alone(
        &self,
        conn: &mut PgConnection,
        at: usize,
        attempt: u32,
    ) -> Result<Vec<StatementReport>, Stopped> {
        let stopped = |error: sqlx::Error| {
            let maybe = usize::from(failure::is_lost(&error));
            Stopped { at, error, maybe }
        };
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
        let report = self.statement(conn, at, attempt).await.map_err(stopped)?;
        ledger::advance(conn, self.migration, at + 1, of, self.started.elapsed())
            .await
            .map_err(|error| Stopped { at, error, maybe: 1 })?;
        Ok(vec![report])
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
        let result = match self.observer {
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
        let outcome = match (stopped.maybe, done) {
            (0, 0) => Outcome::Nothing,
            (0, done) => Outcome::Partial { done, of },
            (maybe, done) => Outcome::Unknown { done, maybe, of },
        };
        let Some(statement) = self.statements.get(stopped.at) else {
            return Error::new(ErrorKind::Database, stopped.error.to_string()).with_source(stopped.error);
        };
        let mut failure =
            Failure::new(self.migration, stopped.at + 1, statement, outcome.clone(), stopped.error);
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

/// The invalid indexes that a statement is about: of those there are, the ones whose name, or whose table's, it says.
async fn invalid_indexes(conn: &mut PgConnection, statement: &Statement) -> Vec<String> {
    let found: Result<Vec<(String, String, String)>, _> = sqlx::query_as(
        "select format('%I.%I', n.nspname, i.relname), i.relname::text, t.relname::text
         from pg_index x join pg_class i on i.oid = x.indexrelid join pg_class t on t.oid = x.indrelid
         join pg_namespace n on n.oid = i.relnamespace
         where not x.indisvalid and i.relkind = 'i' order by 1",
    )
    .fetch_all(conn)
    .await;
    let text = statement.text().to_lowercase();
    let said = |name: &str| text.contains(&name.to_lowercase());
    let found = found.unwrap_or_default().into_iter();
    found.filter(|(_, index, table)| said(index) || said(table)).map(|(name, ..)| name).collect()
}

/// Groups statements into what is committed together.
fn segments(statements: &[Statement], each_alone: bool) -> Vec<Segment> {
    let mut segments: Vec<Segment> = Vec::new();
    let mut closed = true;
    for (at, statement) in statements.iter().enumerate() {
        let transactional = statement.is_transactional() && !each_alone;
        match segments.last_mut() {
            Some(last) if !closed && transactional => last.range.end = at + 1,
            _ => segments.push(Segment { range: at..at + 1, transactional }),
        }
        closed = !transactional || statement.needs_commit_after();
    }
    segments
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migrate::statements::split;

    fn cut(sql: &str) -> Vec<(Range<usize>, bool)> {
        let statements = split(sql).unwrap();
        segments(&statements, false).into_iter().map(|s| (s.range, s.transactional)).collect()
    }

    #[test]
    fn what_can_be_committed_together_is() {
        assert_eq!(cut("select 1; select 2; select 3"), [(0..3, true)]);
        assert_eq!(
            cut("select 1; create index concurrently i on t(a); select 2; select 3; vacuum"),
            [(0..1, true), (1..2, false), (2..4, true), (4..5, false)]
        );
        assert_eq!(
            cut("select 1; alter type m add value 'x'; select 'x'; select 2"),
            [(0..2, true), (2..4, true)]
        );
        assert_eq!(cut("alter type m add value 'x'; select 'y'"), [(0..2, true)]);
    }

    #[test]
    fn a_migration_may_ask_for_no_transaction_at_all() {
        let statements = split("select 1; select 2").unwrap();
        assert_eq!(segments(&statements, true).len(), 2);
        assert!(Migration::new("m", "-- no-transaction\nselect 1").each_alone());
    }
}
