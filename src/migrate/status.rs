//! The state of migrations in a database, without changing it.

use std::fmt;

use serde::Serialize;
use sqlx::PgConnection;

use super::{
    ledger::{self, Entry},
    migration::Migration,
    migrations::Migrations,
};
use crate::{
    api::{
        branch::{Branch, BranchInfo},
        resource::forward,
    },
    error::Result,
    postgres::connect::close,
};

/// A migration and its state in a database.
///
/// ```
/// # fn show(statuses: Vec<lakebase::migrate::MigrationStatus>) {
/// for migration in statuses {
///     println!("{}: {}", migration.id, migration.state);
/// }
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct MigrationStatus {
    /// The id.
    pub id: String,
    /// The description of a migration from an sqlx `Migrator`.
    pub description: Option<String>,
    /// The state.
    #[serde(flatten)]
    pub state: MigrationState,
}

/// The state of a migration in a database.
///
/// ```
/// assert_eq!(lakebase::migrate::MigrationState::Pending.to_string(), "pending");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state")]
#[non_exhaustive]
pub enum MigrationState {
    /// It is applied.
    Applied,
    /// It is not applied.
    Pending,
    /// It failed after its first statements were committed.
    Partial {
        /// The number of committed statements, where the record has it.
        done: Option<usize>,
    },
    /// It was applied with another text, and will be refused.
    Changed,
    /// A [function](Migration::from_fn) migrates, and its tool has the record.
    Unknown,
}

impl fmt::Display for MigrationState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Applied => f.pad("applied"),
            Self::Pending => f.pad("pending"),
            Self::Partial { done: Some(done) } => f.pad(&format!("partial: {done} statements are committed")),
            Self::Partial { done: None } => f.pad("partial"),
            Self::Changed => f.pad("applied with another text"),
            Self::Unknown => f.pad("unknown"),
        }
    }
}

/// Reads which migrations are applied to the connected database. Changes nothing.
///
/// # Errors
///
/// [`Invalid`](crate::ErrorKind::Invalid) for a migration that cannot be parsed or an id that occurs twice;
/// [`Refused`](crate::ErrorKind::Refused) for a version in the table of `sqlx` that the migrator does not have;
/// [`Database`](crate::ErrorKind::Database) where the record cannot be read.
///
/// ```no_run
/// # async fn show(conn: &mut sqlx::PgConnection) -> lakebase::Result<()> {
/// use lakebase::migrate::{self, Migrations};
///
/// for migration in migrate::status(conn, Migrations::from_directory("migrations")?).await? {
///     println!("{}: {}", migration.id, migration.state);
/// }
/// # Ok(()) }
/// ```
pub async fn status(
    conn: &mut PgConnection,
    migrations: impl Into<Migrations>,
) -> Result<Vec<MigrationStatus>> {
    let migrations = migrations.into();
    migrations.parse()?;
    let mut all = Vec::new();
    for migration in &migrations {
        let state = state(conn, migration).await?;
        let description = migration.description().map(str::to_owned);
        all.push(MigrationStatus { id: migration.id().to_owned(), description, state });
    }
    Ok(all)
}

async fn state(conn: &mut PgConnection, migration: &Migration) -> Result<MigrationState> {
    if migration.custom().is_some() {
        return Ok(MigrationState::Unknown);
    }
    Ok(match ledger::look_up(conn, migration).await? {
        (Entry::Absent, _) => MigrationState::Pending,
        (_, true) => MigrationState::Changed,
        (Entry::Applied, false) => MigrationState::Applied,
        (Entry::Partial(done), false) => MigrationState::Partial { done },
    })
}

impl Branch {
    /// Reads which migrations are applied to the branch. Changes nothing.
    ///
    /// # Errors
    ///
    /// Those of [`connect`](Self::connect) and of [`migrate::status`](status).
    ///
    /// ```no_run
    /// # async fn show(branch: lakebase::Branch) -> lakebase::Result<()> {
    /// use lakebase::migrate::{MigrationState, Migrations};
    ///
    /// let all = branch.migration_status(Migrations::from_directory("migrations")?).await?;
    /// let pending = all.iter().filter(|migration| migration.state == MigrationState::Pending).count();
    /// println!("{pending} of {} are pending", all.len());
    /// # Ok(()) }
    /// ```
    pub async fn migration_status(&self, migrations: impl Into<Migrations>) -> Result<Vec<MigrationStatus>> {
        let migrations = migrations.into();
        migrations.parse()?;
        let mut conn = self.connect().await?;
        let all = status(&mut conn, migrations).await;
        close(conn).await;
        all.map_err(|error| error.with_context(format!("reading the migrations of {}", self.name())))
    }
}

impl BranchInfo {
    forward! {
        Branch:
        async fn migration_status(&self, migrations: impl Into<Migrations>) -> Result<Vec<MigrationStatus>>;
    }
}
