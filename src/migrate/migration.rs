//! What is applied: SQL with an id and a checksum.

use std::{fmt, path::Path, sync::Arc};

use sqlx::{
    AssertSqlSafe, SqlSafeStr,
    migrate::{MigrationType, Migrator},
};

use super::{
    ledger::{Ledger, SqlxLedger},
    statements::{self, Statement},
};
use crate::error::{Error, Result};

/// One migration: an id, SQL, and the checksum by which a changed text is noticed.
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
}

impl Migration {
    /// A migration from its text. It is read when it is first needed: see [`statements`](Self::statements).
    ///
    /// Statements that cannot run in a transaction are recognised. Where PostgreSQL refuses one that was not
    /// (a procedure that commits), a first line `-- no-transaction` has every statement run by itself.
    pub fn new(id: impl AsRef<str>, sql: impl AsRef<str>) -> Self {
        let sql = sql.as_ref();
        Self {
            id: id.as_ref().into(),
            sql: sql.into(),
            checksum: checksum(sql).into(),
            file: None,
            each_alone: sql.trim_start_matches('\u{feff}').starts_with("-- no-transaction"),
            ledger: Ledger::Ours,
        }
    }

    pub(super) fn in_file(mut self, file: &Path) -> Self {
        self.file = Some(file.into());
        self
    }

    fn from_sqlx(migration: &sqlx::migrate::Migration, ledger: &Arc<SqlxLedger>) -> Self {
        Self {
            id: migration.version.to_string().into(),
            sql: migration.sql.as_str().into(),
            checksum: (&*migration.checksum).into(),
            file: None,
            each_alone: migration.no_tx,
            ledger: Ledger::Sqlx {
                ledger: Arc::clone(ledger),
                version: migration.version,
                description: (&*migration.description).into(),
            },
        }
    }

    /// Its id: what it is recorded under. Of a [`Migrator`]'s migration, the version.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The SQL as it was given.
    pub fn sql(&self) -> &str {
        &self.sql
    }

    /// SHA-384 of the SQL, as `sqlx` computes it.
    pub fn checksum(&self) -> &[u8] {
        &self.checksum
    }

    /// The file it came from.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// The statements, in order and with their places.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) with the line and column, where the text has no statement
    /// or one that cannot be part of a migration: transaction control, psql meta commands, `COPY … FROM STDIN`,
    /// a quote or comment without an end.
    pub fn statements(&self) -> Result<Vec<Statement>> {
        if self.id.is_empty() || self.id.chars().any(char::is_control) {
            return Err(Error::invalid(format!(
                "the migration id {:?} cannot be used: it must not be empty and must not have control characters",
                self.id
            )));
        }
        let found = statements::split(&self.sql)
            .map_err(|e| Error::invalid(format!("{} cannot be applied: {e}", self.called())))?;
        if found.is_empty() {
            return Err(Error::invalid(format!(
                "{} has no statement; an empty migration is refused because it is nearly always a file not yet written",
                self.called()
            )));
        }
        Ok(found)
    }

    pub(super) fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    pub(super) fn each_alone(&self) -> bool {
        self.each_alone
    }

    /// How errors call it: by id, and by file where there is one.
    pub(super) fn called(&self) -> String {
        match &self.file {
            Some(file) => format!("migration '{}' ({})", self.id, file.display()),
            None => format!("migration '{}'", self.id),
        }
    }
}

impl fmt::Debug for Migration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, sql, checksum: _, file, each_alone: _, ledger: _ } = self;
        f.debug_struct("Migration")
            .field("id", id)
            .field("sql", sql)
            .field("file", file)
            .finish_non_exhaustive()
    }
}

/// `sqlx`'s own checksum, so that a file applied by either is known to the other.
fn checksum(sql: &str) -> Vec<u8> {
    let sql = AssertSqlSafe(sql.to_owned()).into_sql_str();
    sqlx::migrate::Migration::new(0, "".into(), MigrationType::Simple, sql, false).checksum.into_owned()
}

/// One or more migrations in the order in which they are applied.
///
/// Everything that takes migrations takes whatever turns into this: `&migration`, a `Vec`, a [`Migrator`].
///
/// ```
/// use lakebase::migrate::{Migration, Migrations};
///
/// let all: Migrations = vec![Migration::new("1", "SELECT 1"), Migration::new("2", "SELECT 2")].into();
/// assert_eq!(all.iter().map(Migration::id).collect::<Vec<_>>(), ["1", "2"]);
/// ```
#[derive(Debug, Clone, Default)]
pub struct Migrations(Vec<Migration>);

impl Migrations {
    /// The migrations in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Migration> {
        self.0.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads every text and finds the ids that occur twice, before anything is sent.
    pub(super) fn read(&self) -> Result<Vec<(&Migration, Vec<Statement>)>> {
        let mut seen = std::collections::HashSet::new();
        if let Some(twice) = self.iter().find(|migration| !seen.insert(migration.id())) {
            return Err(Error::invalid(format!(
                "the migration id '{}' is there twice; give each migration an id of its own",
                twice.id()
            )));
        }
        self.iter().map(|migration| Ok((migration, migration.statements()?))).collect()
    }
}

impl From<Migration> for Migrations {
    fn from(migration: Migration) -> Self {
        Self(vec![migration])
    }
}

impl From<&Migration> for Migrations {
    fn from(migration: &Migration) -> Self {
        Self(vec![migration.clone()])
    }
}

impl From<Vec<Migration>> for Migrations {
    fn from(migrations: Vec<Migration>) -> Self {
        Self(migrations)
    }
}

impl From<&[Migration]> for Migrations {
    fn from(migrations: &[Migration]) -> Self {
        Self(migrations.to_vec())
    }
}

impl<const N: usize> From<[Migration; N]> for Migrations {
    fn from(migrations: [Migration; N]) -> Self {
        Self(migrations.into())
    }
}

impl From<&Migrations> for Migrations {
    fn from(migrations: &Migrations) -> Self {
        migrations.clone()
    }
}

impl From<&Migrator> for Migrations {
    /// The "up" migrations, recorded in the table that `sqlx` itself keeps.
    fn from(migrator: &Migrator) -> Self {
        let up = || migrator.iter().filter(|migration| migration.migration_type.is_up_migration());
        let ledger = Arc::new(SqlxLedger {
            table: migrator.table_name.to_string(),
            known: up().map(|migration| migration.version).collect(),
            ignore_missing: migrator.ignore_missing,
        });
        Self(up().map(|migration| Migration::from_sqlx(migration, &ledger)).collect())
    }
}

impl FromIterator<Migration> for Migrations {
    fn from_iter<T: IntoIterator<Item = Migration>>(migrations: T) -> Self {
        Self(migrations.into_iter().collect())
    }
}

impl IntoIterator for Migrations {
    type Item = Migration;
    type IntoIter = std::vec::IntoIter<Migration>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Migrations {
    type Item = &'a Migration;
    type IntoIter = std::slice::Iter<'a, Migration>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
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

    #[test]
    fn an_id_that_is_there_twice_is_refused() {
        let all: Migrations = [Migration::new("a", "select 1"), Migration::new("a", "select 2")].into();
        assert!(all.read().unwrap_err().to_string().contains("'a' is there twice"));
    }
}
