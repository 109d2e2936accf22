//! Positions in the WAL of a running server.

use std::time::Duration;

use sqlx::PgConnection;

use super::EngineError;
use crate::local::{
    compute::{AwaitWithin as _, SessionLimits},
    storage::parse_lsn,
};

/// The first position that no record has been written to yet.
pub(super) async fn head(session: &mut PgConnection) -> Result<u64, EngineError> {
    let sql = "SELECT pg_catalog.pg_current_wal_insert_lsn()::pg_catalog.text";
    read(session, sql, SessionLimits::CATALOG.answer(), "read the position in the WAL").await
}

/// The position up to which the WAL is on disk, and the timeline of it.
pub(super) async fn flushed(session: &mut PgConnection) -> Result<(u64, u32), EngineError> {
    let context = "read the position up to which WAL is flushed";
    let (lsn, segment): (String, String) = sqlx::query_as(
        "SELECT lsn::pg_catalog.text, pg_catalog.pg_walfile_name(lsn)
         FROM pg_catalog.pg_current_wal_flush_lsn() AS lsn",
    )
    .fetch_one(session)
    .await_within(SessionLimits::CATALOG.answer(), context)
    .await?
    .map_err(EngineError::sql(context))?;
    let timeline = segment.get(..8).and_then(|digits| u32::from_str_radix(digits, 16).ok());
    let unknown = || EngineError::failed(format!("PostgreSQL gave {segment:?} for a WAL segment"));
    Ok((parse_lsn(&lsn)?, timeline.ok_or_else(unknown)?))
}

/// Begins a new segment; returns the end of the last record of the one before.
pub(super) async fn switch_segment(session: &mut PgConnection) -> Result<u64, EngineError> {
    let sql = "SELECT pg_catalog.pg_switch_wal()::pg_catalog.text";
    read(session, sql, SessionLimits::CATALOG.answer(), "switch the WAL segment").await
}

/// Writes a record and returns the position behind it, up to which the WAL is then flushed.
///
/// The commit of the record waits for that, whatever other sessions wait for: every commit before the call is before the
/// position.
pub(super) async fn mark(session: &mut PgConnection, limit: Duration) -> Result<u64, EngineError> {
    let sql = "SELECT pg_catalog.pg_logical_emit_message(true, 'lakebase', 'branch'::pg_catalog.text)::pg_catalog.text";
    read(session, sql, limit, "mark the position of a branch").await
}

/// The present position, if no transaction is open that can have written to a table before it.
///
/// The position is read first: a transaction that gets its id after the look writes behind it. Autovacuum writes no rows
/// of tables.
pub(super) async fn quiet(session: &mut PgConnection) -> Result<Option<u64>, EngineError> {
    let context = "look for open transactions";
    let limit = SessionLimits::BACKUP.answer();
    let position = head(&mut *session).await?;
    let writers: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_stat_get_activity(NULL::pg_catalog.int4) AS session
                        WHERE session.backend_xid IS NOT NULL
                          AND session.backend_type OPERATOR(pg_catalog.<>) 'autovacuum worker'::pg_catalog.text)
             OR EXISTS (SELECT FROM pg_catalog.pg_prepared_xact())",
    )
    .fetch_one(session)
    .await_within(limit, context)
    .await?
    .map_err(EngineError::sql(context))?;
    Ok((!writers).then_some(position))
}

async fn read(
    session: &mut PgConnection,
    sql: &'static str,
    limit: Duration,
    context: &'static str,
) -> Result<u64, EngineError> {
    let text: String = sqlx::query_scalar(sql)
        .fetch_one(session)
        .await_within(limit, context)
        .await?
        .map_err(EngineError::sql(context))?;
    parse_lsn(&text)
}
