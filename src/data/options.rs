//! The scope of a comparison.

use serde::{Deserialize, Serialize};

use super::model::TableName;

/// The number of changed rows that a difference keeps of each table unless the caller says otherwise.
const ROWS: u64 = 10_000;

/// The tables and columns to compare, and the number of rows to keep: by default all tables outside of the system's
/// schemas, all columns but generated ones, and 10,000 rows of each table.
///
/// ```
/// use lakebase::data::Options;
///
/// let options = Options::default().tables(["orders", "sales.customers"]).ignore_columns(["updated_at"]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Options {
    pub(super) include: Vec<String>,
    pub(super) exclude: Vec<String>,
    pub(super) ignored: Vec<String>,
    pub(super) rows: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { include: Vec::new(), exclude: Vec::new(), ignored: Vec::new(), rows: ROWS }
    }
}

impl Options {
    /// Compares only these tables, each named `table` (in any schema) or `schema.table`, without quotes. Empty, the
    /// default, means all tables.
    ///
    /// Records of applied migrations are left out unless they are named here: the schema `_lakebase`, and tables called
    /// `_sqlx_migrations`.
    #[must_use]
    pub fn tables<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.include = names.into_iter().map(Into::into).collect();
        self
    }

    /// Leaves these tables out, named as for [`tables`](Self::tables). None by default.
    #[must_use]
    pub fn exclude_tables<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.exclude = names.into_iter().map(Into::into).collect();
        self
    }

    /// Leaves these columns out, each named `column` (of any table), `table.column` or `schema.table.column`. Columns
    /// of a key are compared nevertheless. None by default.
    #[must_use]
    pub fn ignore_columns<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.ignored = names.into_iter().map(Into::into).collect();
        self
    }

    /// The number of changed rows of each table that the difference keeps, 10,000 by default. All are counted; a
    /// difference that left rows out cannot be applied.
    #[must_use]
    pub fn row_limit(mut self, rows: u64) -> Self {
        self.rows = rows;
        self
    }

    pub(super) fn wants(&self, table: &TableName) -> bool {
        if self.exclude.iter().any(|name| table.is_named(name)) {
            return false;
        }
        match self.include.as_slice() {
            [] => !(table.schema == "_lakebase" || table.name == "_sqlx_migrations"),
            names => names.iter().any(|name| table.is_named(name)),
        }
    }

    pub(super) fn ignores(&self, table: &TableName, column: &str) -> bool {
        self.ignored.iter().any(|name| {
            name == column
                || name
                    .strip_suffix(column)
                    .and_then(|rest| rest.strip_suffix('.'))
                    .is_some_and(|rest| table.is_named(rest))
        })
    }
}
