//! The record of applied migrations in the database itself: the table of this crate, or that of `sqlx`.

use std::time::Duration;

use sqlx::{AssertSqlSafe, PgConnection, Row};

use super::migration::{Ledger, Migration};
use crate::error::{Error, ErrorKind, Result};

/// The schema of this crate's table. Comparisons exclude it.
pub(crate) const SCHEMA: &str = "_lakebase";

/// The state of a migration in the ledger.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Entry {
    Absent,
    Applied,
    /// The number of committed statements; `None` where the ledger does not count them.
    Partial(Option<usize>),
}

/// Whether the migration is applied. Creates no table.
pub(super) async fn is_applied(conn: &mut PgConnection, migration: &Migration) -> Result<bool> {
    Ok(migration.custom().is_none()
        && exists(conn, migration).await?
        && entry(conn, migration).await? == Entry::Applied)
}

fn table_of(migration: &Migration) -> String {
    match migration.ledger() {
        Ledger::Own => format!("{SCHEMA}.migrations"),
        Ledger::Sqlx { table, .. } => table.name.clone(),
    }
}

async fn exists(conn: &mut PgConnection, migration: &Migration) -> Result<bool> {
    sqlx::query_scalar("select to_regclass($1) is not null")
        .bind(table_of(migration))
        .fetch_one(conn)
        .await
        .map_err(|e| failed("looking for the table of applied migrations", e))
}

/// Creates the table on first use. The caller must hold the migration lock, because creating it concurrently fails.
pub(super) async fn prepare(conn: &mut PgConnection, migration: &Migration) -> Result<()> {
    if exists(conn, migration).await? {
        return Ok(());
    }
    let table = table_of(migration);
    let create = match migration.ledger() {
        Ledger::Own => format!(
            "create schema if not exists {SCHEMA};
             comment on schema {SCHEMA} is 'records of the lakebase crate; no part of the application';
             create table {table} (
                 id text primary key,
                 checksum bytea not null,
                 statements int not null,
                 done int not null,
                 applied_by text not null default current_user,
                 started_at timestamptz not null default clock_timestamp(),
                 finished_at timestamptz,
                 duration_ms bigint
             )"
        ),
        Ledger::Sqlx { .. } => format!(
            "create table if not exists {table} (
                 version bigint primary key,
                 description text not null,
                 installed_on timestamptz not null default now(),
                 success boolean not null,
                 checksum bytea not null,
                 execution_time bigint not null
             )"
        ),
    };
    // Several statements in one message are one transaction.
    sqlx::raw_sql(AssertSqlSafe(create)).execute(conn).await.map_err(|e| {
        failed(
            format!("creating {table}, where applied migrations are recorded (needs CREATE on the database)"),
            e,
        )
    })?;
    Ok(())
}

/// The entry of a migration.
///
/// # Errors
///
/// [`Refused`](ErrorKind::Refused) for a migration that was applied with another text, and for a version in the table
/// of `sqlx` that the migrator does not have.
pub(super) async fn entry(conn: &mut PgConnection, migration: &Migration) -> Result<Entry> {
    let Some((checksum, entry)) = recorded(conn, migration).await? else { return Ok(Entry::Absent) };
    if checksum != migration.checksum() {
        return Err(Error::new(
            ErrorKind::Refused,
            format!(
                "{} was applied before with another text (checksum {}, now {}); restore the text that was applied and \
                 put the change into a new migration",
                migration.label(),
                short(&checksum),
                short(migration.checksum())
            ),
        ));
    }
    Ok(entry)
}

/// The entry of a migration, and whether the text was another one. Creates no table.
pub(super) async fn look_up(conn: &mut PgConnection, migration: &Migration) -> Result<(Entry, bool)> {
    if !exists(conn, migration).await? {
        return Ok((Entry::Absent, false));
    }
    let found = recorded(conn, migration).await?;
    Ok(found.map_or((Entry::Absent, false), |(checksum, entry)| (entry, checksum != migration.checksum())))
}

/// The recorded checksum of a migration, and its entry.
async fn recorded(conn: &mut PgConnection, migration: &Migration) -> Result<Option<(Vec<u8>, Entry)>> {
    match migration.ledger() {
        Ledger::Own => {
            let sql =
                "select checksum, done, finished_at is not null from _lakebase.migrations where id = $1";
            let row = sqlx::query(sql).bind(migration.id()).fetch_optional(conn).await.map_err(unreadable)?;
            let Some(row) = row else { return Ok(None) };
            let done: i32 = row.try_get(1).map_err(unreadable)?;
            let finished: bool = row.try_get(2).map_err(unreadable)?;
            let entry = if finished { Entry::Applied } else { Entry::Partial(usize::try_from(done).ok()) };
            Ok(Some((row.try_get::<Vec<u8>, _>(0).map_err(unreadable)?, entry)))
        }
        Ledger::Sqlx { table, version, .. } => {
            let sql = format!("select version, checksum, success from {} order by version", table.name);
            let rows = sqlx::query_as::<_, (i64, Vec<u8>, bool)>(AssertSqlSafe(sql)).fetch_all(conn).await;
            let rows = rows.map_err(unreadable)?;
            let missing = rows.iter().find(|row| !table.known.contains(&row.0));
            if let Some(missing) = missing.filter(|_| !table.ignore_missing) {
                return Err(Error::new(
                    ErrorKind::Refused,
                    format!(
                        "version {} is recorded in {} and missing from the migrator; add it, or set ignore_missing",
                        missing.0, table.name
                    ),
                ));
            }
            let row = rows.into_iter().find(|row| row.0 == *version);
            Ok(row.map(|row| (row.1, if row.2 { Entry::Applied } else { Entry::Partial(None) })))
        }
    }
}

/// The first digits of a checksum, enough to distinguish two.
fn short(checksum: &[u8]) -> String {
    checksum.iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

/// Records that the first `done` statements are committed, in the transaction that commits them.
pub(super) async fn advance(
    conn: &mut PgConnection,
    migration: &Migration,
    done: usize,
    of: usize,
    elapsed: Duration,
) -> Result<(), sqlx::Error> {
    let finished = done == of;
    match migration.ledger() {
        Ledger::Own => {
            let sql =
                "insert into _lakebase.migrations (id, checksum, statements, done, finished_at, duration_ms)
                 values ($1, $2, $3, $4, case when $5 then clock_timestamp() end, $6)
                 on conflict (id) do update set done = excluded.done, finished_at = excluded.finished_at,
                     duration_ms = excluded.duration_ms";
            sqlx::query(sql)
                .bind(migration.id())
                .bind(migration.checksum())
                .bind(i32::try_from(of).unwrap_or(i32::MAX))
                .bind(i32::try_from(done).unwrap_or(i32::MAX))
                .bind(finished)
                .bind(i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX))
                .execute(conn)
                .await?;
        }
        Ledger::Sqlx { table, version, description } => {
            let sql = format!(
                "insert into {} (version, description, success, checksum, execution_time) values ($1, $2, $3, $4, $5)
                 on conflict (version) do update set success = excluded.success,
                     execution_time = excluded.execution_time",
                table.name
            );
            sqlx::query(AssertSqlSafe(sql))
                .bind(version)
                .bind(&**description)
                .bind(finished)
                .bind(migration.checksum())
                .bind(i64::try_from(elapsed.as_nanos()).unwrap_or(i64::MAX))
                .execute(conn)
                .await?;
        }
    }
    Ok(())
}

fn unreadable(error: sqlx::Error) -> Error {
    failed("reading the table of applied migrations", error)
}

fn failed(context: impl Into<std::borrow::Cow<'static, str>>, error: sqlx::Error) -> Error {
    Error::database(context, error)
}
