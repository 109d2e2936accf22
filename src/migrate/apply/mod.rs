//! Applies migrations over a connection.

mod interruption;
mod leftovers;
mod resolve;
mod run;
mod segments;

use futures_util::future::BoxFuture;
use sqlx::PgConnection;

use self::run::Run;
use super::{lock, migrations::Migrations, observe::Observer, options::ApplyOptions, report::ApplyReport};
use crate::{
    api::branch::Branch,
    error::{Error, Result},
};

/// Applies migrations to the database that the connection is logged in to, in order, each at most once.
///
/// Every text is parsed before anything is sent. Each migration is one transaction where its statements allow that;
/// otherwise the statements that cannot be part of one (`CREATE INDEX CONCURRENTLY` …) run on their own between
/// transactions. Applied migrations are recorded in the same transaction, in `_lakebase.migrations`, or in `sqlx`'s
/// own table where a [`Migrator`](sqlx::migrate::Migrator) is given. An advisory lock excludes other callers.
///
/// The connection must be a dedicated session, not one through a pooler that shares sessions. A caller that drops the
/// future before it completes must close the connection; PostgreSQL then rolls back within a second. If the connection
/// is lost while PostgreSQL commits, the outcome is unknown here; [`Branch::apply`](crate::Branch::apply) connects
/// again and resolves it.
///
/// # Errors
///
/// [`Invalid`](crate::ErrorKind::Invalid) for a text that cannot be a migration,
/// [`Refused`](crate::ErrorKind::Refused) where one was applied before with another text or only in part,
/// [`Busy`](crate::ErrorKind::Busy) where another caller does not finish in time; otherwise PostgreSQL's error, with a
/// [`Failure`](super::Failure) as its source that describes the state of the migration.
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
    migrations.parse()?;
    lock::acquire(conn, options.wait_for_others).await?;
    let applied = apply_under_lock(conn, &migrations, options, Hooks::default()).await;
    lock::release(conn).await;
    applied
}

/// Connects again to the database of a session that was lost.
pub(super) trait Reconnect: Send + Sync {
    fn reconnect(&self) -> BoxFuture<'_, Result<PgConnection>>;
}

/// Optional parts of applying.
#[derive(Default, Clone, Copy)]
pub(super) struct Hooks<'a> {
    /// Watches the locks that statements take.
    pub(super) observer: Option<&'a Observer>,
    /// Resolves a commit during which the connection was lost.
    pub(super) reconnect: Option<&'a dyn Reconnect>,
    /// The branch for migrations that connect by themselves.
    pub(super) branch: Option<&'a Branch>,
}

/// Applies migrations for a caller that already holds the migration lock. May return on a new connection, with the
/// lock.
pub(super) async fn apply_under_lock(
    conn: &mut PgConnection,
    migrations: &Migrations,
    options: &ApplyOptions,
    hooks: Hooks<'_>,
) -> Result<ApplyReport> {
    let all = migrations.parse()?;
    let before = prepare_session(conn).await?;
    let mut report = ApplyReport::default();
    let mut outcome = Ok(());
    for (migration, statements) in &all {
        outcome = Run::new(migration, statements, options, hooks).run(conn, &mut report).await;
        if outcome.is_err() {
            break;
        }
    }
    restore(conn, before).await;
    outcome.map(|()| report)
}

/// Returns the current values of the settings that applying changes. Also has PostgreSQL check once a second whether
/// its client is still connected: a statement that waits for a lock would otherwise outlive its client.
async fn prepare_session(conn: &mut PgConnection) -> Result<(String, Option<String>)> {
    let before: (String, Option<String>) =
        sqlx::query_as("select current_setting('lock_timeout'), current_setting($1, true)")
            .bind(CHECK_INTERVAL)
            .fetch_one(&mut *conn)
            .await
            .map_err(|error| Error::database("preparing the session", error))?;
    // Not supported on every platform; PostgreSQL then detects the loss when it next sends.
    if let Err(error) =
        sqlx::query("select set_config($1, '1s', false)").bind(CHECK_INTERVAL).execute(conn).await
    {
        tracing::debug!(%error, "a lost client is noticed late");
    }
    Ok(before)
}

/// Restores the settings. Best effort: if it fails, the session has ended, and its settings with it.
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
