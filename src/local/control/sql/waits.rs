//! Sessions that block a statement of the platform, named in the error when it times out.

use std::{pin::pin, time::Duration};

use sqlx::Row as _;

use super::{LIMITS, MAINTENANCE_DATABASE, SessionLimits};
use crate::local::{
    compute::AwaitWithin as _,
    control::error_response::{Code, ErrorResponse},
    engine::{BranchKey, Engine},
};

/// The wait after which blockers are looked up: shorter than the lock timeout.
const LOOK_AFTER: Duration = Duration::from_millis(SessionLimits::CATALOG.lock.as_secs() * 500);
/// Time limit of the look-up.
const LOOK_LIMIT: Duration = Duration::from_secs(2);

/// Awaits a statement, and describes the sessions that block it once it has waited long.
pub(super) async fn watch<T>(
    engine: &Engine,
    branch: &BranchKey,
    statement: impl Future<Output = T>,
) -> (T, Option<String>) {
    let mut statement = pin!(statement);
    if let Ok(done) = tokio::time::timeout(LOOK_AFTER, &mut statement).await {
        return (done, None);
    }
    let look = blockers(engine, branch).await_within(LOOK_LIMIT, "find out what a statement waits for");
    let (done, found) = tokio::join!(statement, look);
    (done, found.unwrap_or_default())
}

/// The error of a statement that timed out; `None` for other failures.
pub(super) fn timeout_error(error: &sqlx::Error, blockers: Option<&str>) -> Option<ErrorResponse> {
    let code = error.as_database_error()?.code()?;
    let (target, limit) = match code.as_ref() {
        "55P03" => ("a lock", LIMITS.lock),
        "57014" => ("its end", LIMITS.statement),
        _ => return None,
    };
    let holder = blockers.map_or_else(
        || "Try again.".to_owned(),
        |blockers| format!("It was held by {blockers}. End that session or its transaction, then try again."),
    );
    let seconds = limit.as_secs();
    Some(ErrorResponse::new(
        Code::Aborted,
        format!("the change was given up after PostgreSQL had waited {seconds} s for {target}. {holder}"),
    ))
}

async fn blockers(engine: &Engine, branch: &BranchKey) -> Option<String> {
    let sql = "SELECT DISTINCT b.pid, b.usename::pg_catalog.text, b.datname::pg_catalog.text, b.state
               FROM pg_catalog.pg_stat_activity w
               CROSS JOIN LATERAL pg_catalog.unnest(pg_catalog.pg_blocking_pids(w.pid)) AS blocker (pid)
               JOIN pg_catalog.pg_stat_activity b ON b.pid OPERATOR(pg_catalog.=) blocker.pid
               WHERE w.usesysid OPERATOR(pg_catalog.=) 10::pg_catalog.oid
               ORDER BY b.pid LIMIT 5";
    let mut session = engine.admin(branch, MAINTENANCE_DATABASE).await.ok()?;
    let rows = sqlx::query(sql).fetch_all(&mut session).await.ok()?;
    let text = |row: &sqlx::postgres::PgRow, column: usize| -> String {
        row.try_get::<Option<String>, _>(column).ok().flatten().unwrap_or_else(|| "unknown".to_owned())
    };
    let descriptions: Vec<_> = rows
        .iter()
        .map(|row| {
            let (user, database, state) = (text(row, 1), text(row, 2), text(row, 3));
            let pid: i32 = row.try_get(0).unwrap_or_default();
            format!("a session of role \"{user}\" in database \"{database}\" (process {pid}, {state})")
        })
        .collect();
    (!descriptions.is_empty()).then(|| descriptions.join(", "))
}
