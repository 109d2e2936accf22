//! One migration: SQL with an id and a checksum.

use std::{error::Error as StdError, fmt, path::Path, sync::Arc};

use sqlx::{AssertSqlSafe, SqlSafeStr, migrate::MigrationType};

use super::{
    custom::Custom,
    statements::{self, MigrationStatement},
};
use crate::{
    error::{Error, Result},
    postgres::info::ConnectionInfo,
};

/// The table in which a migration is recorded.
#[derive(Debug, Clone)]
pub(super) enum Ledger {
    /// The table of this crate.
    Own,
    /// The table of `sqlx`.
    Sqlx { table: Arc<SqlxTable>, version: i64, description: Arc<str> },
}

/// The table of an sqlx `Migrator`, and the versions that the migrator has.
#[derive(Debug)]
pub(super) struct SqlxTable {
    pub(super) name: String,
    pub(super) known: Vec<i64>,
    pub(super) ignore_missing: bool,
}

/// One migration: an id, SQL, and the checksum that detects a changed text.
///
/// ```
/// use lakebase::migrate::Migration;
///
/// let migration = Migration::new("add-tier", "ALTER TABLE customers ADD COLUMN tier text DEFAULT 'bronze'");
/// assert_eq!(migration.id(), "add-tier");
/// assert_eq!(migration.statements()?.len(), 1);
/// # Ok::<(), lakebase::Error>(())
/// ```
#[derive(Clone)]
pub struct Migration {
    id: Arc<str>,
    sql: Arc<str>,
    checksum: Arc<[u8]>,
    file: Option<Arc<Path>>,
    each_alone: bool,
    ledger: Ledger,
    custom: Option<Custom>,
}

impl Migration {
    /// A migration from its text, which is parsed when it is first needed: see [`statements`](Self::statements).
    ///
    /// Statements that cannot run in a transaction are recognized. Where PostgreSQL refuses one that was not
    /// (a procedure that commits), a first line `-- no-transaction` runs every statement outside a transaction.
    pub fn new(id: impl AsRef<str>, sql: impl AsRef<str>) -> Self {
        let sql = sql.as_ref();
        Self {
            id: id.as_ref().into(),
            sql: sql.into(),
            checksum: checksum(sql).into(),
            file: None,
            each_alone: sql.trim_start_matches('\u{feff}').starts_with("-- no-transaction"),
            ledger: Ledger::Own,
            custom: None,
        }
    }

    /// A migration that a function runs, for a tool that applies and records its migrations itself.
    ///
    /// The function gets the connection parameters of the branch on which it works: the temporary branch of a
    /// rehearsal, or the target. It runs at every [`Branch::apply`](crate::Branch::apply), under the lock that excludes
    /// other callers of this crate, and has to change nothing where the tool's own record says that nothing is left to
    /// do. Its statements are not known here: reports list none, and a rehearsal observes rewrites and the difference
    /// of the schema, but no locks. What it committed before a failure stays. [`migrate::apply`](super::apply()), which
    /// has no branch, refuses it.
    ///
    /// ```no_run
    /// # async fn show(dev: lakebase::Branch) -> Result<(), Box<dyn std::error::Error>> {
    /// use lakebase::migrate::Migration;
    /// use sea_orm::{Database, DbErr};
    /// use sea_orm_migration::MigratorTrait;
    /// # struct Migrator;
    /// # impl MigratorTrait for Migrator {
    /// #     fn migrations() -> Vec<Box<dyn sea_orm_migration::MigrationTrait>> { Vec::new() }
    /// # }
    ///
    /// let migration = Migration::from_fn("sea-orm", async |info| {
    ///     let pool = info.pool(Default::default()).await?;
    ///     let database = sea_orm::SqlxPostgresConnector::from_sqlx_postgres_pool(pool.as_pg_pool().clone());
    ///     Migrator::up(&database, None).await?;
    ///     Ok(())
    /// });
    /// println!("{}", dev.promote(&migration).await?);
    /// # Ok(()) }
    /// ```
    pub fn from_fn<F, W>(id: impl AsRef<str>, run: F) -> Self
    where
        F: Fn(ConnectionInfo) -> W + Send + Sync + 'static,
        W: Future<Output = Result<(), Box<dyn StdError + Send + Sync>>> + Send + 'static,
    {
        Self { custom: Some(Custom::new(run)), ..Self::new(id, "") }
    }

    pub(super) fn in_file(mut self, file: &Path) -> Self {
        self.file = Some(file.into());
        self
    }

    /// Runs every statement outside a transaction where the file of another tool says so.
    pub(super) fn or_each_alone(mut self, alone: bool) -> Self {
        self.each_alone |= alone;
        self
    }

    pub(super) fn from_sqlx(migration: &sqlx::migrate::Migration, table: &Arc<SqlxTable>) -> Self {
        Self {
            id: migration.version.to_string().into(),
            sql: migration.sql.as_str().into(),
            checksum: (&*migration.checksum).into(),
            file: None,
            each_alone: migration.no_tx,
            ledger: Ledger::Sqlx {
                table: Arc::clone(table),
                version: migration.version,
                description: (&*migration.description).into(),
            },
            custom: None,
        }
    }

    /// The id under which it is recorded; the version of a migration from an sqlx `Migrator`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The description of a migration from an sqlx `Migrator`, such as `add tier`.
    pub fn description(&self) -> Option<&str> {
        match &self.ledger {
            Ledger::Sqlx { description, .. } => Some(&**description).filter(|text| !text.is_empty()),
            Ledger::Own => None,
        }
    }

    /// The SQL text as given; empty where a [function](Self::from_fn) migrates.
    pub fn sql(&self) -> &str {
        &self.sql
    }

    /// SHA-384 of the SQL, as `sqlx` computes it.
    pub fn checksum(&self) -> &[u8] {
        &self.checksum
    }

    /// The file that it was read from.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// The statements in order, each with its position; none where a [function](Self::from_fn) migrates.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) with the line and column, where the text has no statement
    /// or one that cannot be part of a migration: transaction control, psql meta commands, `COPY … FROM STDIN`,
    /// a quote or comment without an end.
    pub fn statements(&self) -> Result<Vec<MigrationStatement>> {
        if self.id.is_empty() || self.id.chars().any(char::is_control) {
            return Err(Error::invalid(format!(
                "the migration id {:?} cannot be used: it must not be empty and must not have control characters",
                self.id
            )));
        }
        if self.custom.is_some() {
            return Ok(Vec::new());
        }
        let found = statements::split(&self.sql)
            .map_err(|e| Error::invalid(format!("{} cannot be applied: {e}", self.label())))?;
        if found.is_empty() {
            return Err(Error::invalid(format!(
                "{} has no statement; an empty migration is refused because it is nearly always a file not yet written",
                self.label()
            )));
        }
        Ok(found)
    }

    pub(super) fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The function that migrates in place of statements.
    pub(super) fn custom(&self) -> Option<&Custom> {
        self.custom.as_ref()
    }

    /// Whether every statement runs outside a transaction.
    pub(super) fn each_alone(&self) -> bool {
        self.each_alone
    }

    /// The name in errors: the id, and the file or description where there is one.
    pub(super) fn label(&self) -> String {
        match (&self.file, self.description()) {
            (Some(file), _) => format!("migration '{}' ({})", self.id, file.display()),
            (None, Some(description)) => format!("migration '{}' ({description})", self.id),
            (None, None) => format!("migration '{}'", self.id),
        }
    }
}

impl fmt::Debug for Migration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, sql, checksum: _, file, each_alone: _, ledger: _, custom: _ } = self;
        f.debug_struct("Migration")
            .field("id", id)
            .field("sql", sql)
            .field("file", file)
            .finish_non_exhaustive()
    }
}

/// The checksum that `sqlx` computes, so that each of the two recognizes a file applied by the other.
fn checksum(sql: &str) -> Vec<u8> {
    let sql = AssertSqlSafe(sql.to_owned()).into_sql_str();
    sqlx::migrate::Migration::new(0, "".into(), MigrationType::Simple, sql, false).checksum.into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_migration_is_refused_by_name() {
        for sql in ["", "  \n", "-- only a comment", ";;"] {
            let error = Migration::new("nothing", sql).statements().unwrap_err();
            assert_eq!(error.kind(), crate::error::ErrorKind::Invalid);
            assert!(error.to_string().contains("'nothing' has no statement"), "{error}");
        }
        assert!(Migration::new("", "select 1").statements().is_err());
        assert!(Migration::new("a\nb", "select 1").statements().is_err());
    }

    #[test]
    fn a_refusal_names_migration_line_and_column() {
        let error = Migration::new("m", "select 1;\n  COMMIT;").statements().unwrap_err();
        assert!(error.to_string().contains("migration 'm' cannot be applied: line 2, column 3"), "{error}");
    }

    #[test]
    fn the_checksum_changes_with_the_text() {
        let checksum = |sql| Migration::new("m", sql).checksum().to_vec();
        assert_eq!(checksum("select 1").len(), 48);
        assert_eq!(checksum("select 1"), checksum("select 1"));
        assert_ne!(checksum("select 1"), checksum("select 1 "));
    }
}
