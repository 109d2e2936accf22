//! Several migrations in the order in which they are applied.

use std::sync::Arc;

use sqlx::migrate::Migrator;

use super::{
    migration::{Migration, SqlxTable},
    statements::MigrationStatement,
};
use crate::error::{Error, Result};

/// One or more migrations in the order in which they are applied.
///
/// Functions that take migrations accept any type that converts into this: `&migration`, a `Vec`, a [`Migrator`].
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

    /// The number of migrations.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no migrations.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Parses every text and refuses ids that occur twice, before anything is sent.
    pub(super) fn parse(&self) -> Result<Vec<(&Migration, Vec<MigrationStatement>)>> {
        let mut seen = std::collections::HashSet::new();
        if let Some(twice) = self.iter().find(|migration| !seen.insert(migration.id())) {
            return Err(Error::invalid(format!(
                "the migration id '{}' occurs twice; give each migration an id of its own",
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
    /// The "up" migrations, recorded in the table of `sqlx`.
    fn from(migrator: &Migrator) -> Self {
        let up = || migrator.iter().filter(|migration| migration.migration_type.is_up_migration());
        let table = Arc::new(SqlxTable {
            name: migrator.table_name.to_string(),
            known: up().map(|migration| migration.version).collect(),
            ignore_missing: migrator.ignore_missing,
        });
        Self(up().map(|migration| Migration::from_sqlx(migration, &table)).collect())
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
    fn an_id_that_occurs_twice_is_refused() {
        let all: Migrations = [Migration::new("a", "select 1"), Migration::new("a", "select 2")].into();
        assert!(all.parse().unwrap_err().to_string().contains("'a' occurs twice"));
    }
}
