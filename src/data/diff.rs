//! The difference between the rows of two databases.

use serde::Serialize;

use super::{
    change::{ChangeKind, RowChange, RowKey},
    extras::{LargeObjectChanges, SequenceChange},
    narrow::Method,
    walk::Counts,
};

/// The comparison of one table.
///
/// ```
/// fn show(table: &lakebase::data::TableDiff) {
///     println!("{}: {} ({}: {})", table.table, table.counts, table.method, table.reason);
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct TableDiff {
    /// The table as `schema.table`, each part quoted where PostgreSQL needs it.
    pub table: String,
    /// How rows of both sides were matched.
    pub key: RowKey,
    /// Numbers of all rows that differ.
    pub counts: Counts,
    /// Columns that are not compared, and the reason.
    pub left_out: Vec<String>,
    /// The way that the differing rows were found.
    pub method: Method,
    /// The reason for that way.
    pub reason: String,
    /// The rows that differ, up to the limit.
    pub rows: Vec<RowChange>,
}

impl TableDiff {
    /// Whether all rows that differ are in [`rows`](Self::rows).
    pub fn is_complete(&self) -> bool {
        self.counts.total() == self.rows.len() as u64
    }
}

/// The difference between the rows of two databases: the change that takes the old one to the new one.
///
/// `Display` lists tables and rows; [`markdown`](Self::markdown), [`to_sql`](Self::to_sql) and `Serialize` are for
/// pull requests, `psql` and programs.
///
/// ```no_run
/// # async fn example(old: &mut sqlx::PgConnection, new: &mut sqlx::PgConnection) -> Result<(), lakebase::data::DataError> {
/// use lakebase::data::{Options, compare};
///
/// let diff = compare(old, new, &Options::default().tables(["orders"])).await?;
/// println!("{}\n{diff}", diff.summary());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct DataDiff {
    /// The tables that both sides have, by name; also those without a difference.
    pub tables: Vec<TableDiff>,
    /// Tables that only the old database has.
    pub only_old: Vec<String>,
    /// Tables that only the new database has.
    pub only_new: Vec<String>,
    /// Objects whose rows are not compared, and the reason.
    pub uncompared: Vec<String>,
    /// Sequences whose positions differ.
    pub sequences: Vec<SequenceChange>,
    /// Large objects that differ.
    pub large_objects: LargeObjectChanges,
}

impl DataDiff {
    /// Whether the compared rows are equal. Positions of sequences, and tables of one side, do not count.
    pub fn is_empty(&self) -> bool {
        self.counts().total() == 0 && self.large_objects.is_empty()
    }

    /// Numbers of the rows that differ in all tables.
    pub fn counts(&self) -> Counts {
        let mut all = Counts::default();
        self.tables.iter().for_each(|table| all.add(table.counts));
        all
    }

    /// The rows that differ, table by table, up to the limit of each.
    pub fn rows(&self) -> impl Iterator<Item = &RowChange> {
        self.tables.iter().flat_map(|table| &table.rows)
    }

    /// The table of this name (`schema.table`, or the last part where it is unique).
    pub fn table(&self, name: &str) -> Option<&TableDiff> {
        let exact = self.tables.iter().find(|table| table.table == name);
        let last = || {
            let mut found = self.tables.iter().filter(|table| is_named(&table.table, name));
            found.next().filter(|_| found.next().is_none())
        };
        exact.or_else(last)
    }

    /// The part of the difference that a program wants to apply: these tables (all where none is named), and the rows
    /// that the filter accepts.
    ///
    /// ```
    /// use lakebase::data::{ChangeKind, DataDiff};
    ///
    /// fn lost_orders(diff: &DataDiff) -> DataDiff {
    ///     diff.pick(["orders", "order_lines"], |row| row.kind() == ChangeKind::Added)
    /// }
    /// ```
    #[must_use]
    pub fn pick<S: AsRef<str>>(
        &self,
        tables: impl IntoIterator<Item = S>,
        filter: impl Fn(&RowChange) -> bool,
    ) -> Self {
        let names: Vec<S> = tables.into_iter().collect();
        let wanted = |table: &&TableDiff| {
            names.is_empty() || names.iter().any(|name| is_named(&table.table, name.as_ref()))
        };
        let mut picked = self.clone();
        picked.tables = self.tables.iter().filter(wanted).map(|table| table.filtered(&filter)).collect();
        picked.sequences = Vec::new();
        picked.large_objects = LargeObjectChanges::default();
        picked
    }
}

impl TableDiff {
    /// An incomplete table stays incomplete: rows that were not kept cannot be judged.
    fn filtered(&self, filter: impl Fn(&RowChange) -> bool) -> Self {
        let rows: Vec<_> = self.rows.iter().filter(|row| filter(row)).cloned().collect();
        let count = |kind| rows.iter().filter(|row| row.kind() == kind).count() as u64;
        let counts = Counts {
            added: count(ChangeKind::Added),
            removed: count(ChangeKind::Removed),
            changed: count(ChangeKind::Changed),
        };
        let counts = if self.is_complete() { counts } else { self.counts };
        Self { rows, counts, ..self.clone() }
    }
}

/// Whether a table is called by its whole name or by the last part.
fn is_named(table: &str, name: &str) -> bool {
    table == name || table.strip_suffix(name).is_some_and(|rest| rest.ends_with('.'))
}
