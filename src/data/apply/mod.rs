//! Applies the rows of a difference to a database, in one transaction.

mod options;
mod order;
mod statement;

use serde::Serialize;
use sqlx::{AssertSqlSafe, Executor as _, PgConnection};

pub use options::{ApplyOptions, ConflictPolicy, Triggers};
use order::{parents_first, triggers};
use statement::TableChanges;

use super::{
    catalog::FORMATS,
    change::ChangeKind,
    diff::{DataDiff, TableDiff},
    error::{DataError, RowConflict},
    walk::Counts,
};

/// The result of applying a difference.
///
/// ```
/// fn show(applied: &lakebase::data::Applied) {
///     println!("{}, {} conflicts", applied.counts, applied.conflicts.len());
/// }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Applied {
    /// Numbers of rows that were added, removed and changed in the target.
    pub counts: Counts,
    /// Rows of the target that had changed since: replaced or left, as the policy says.
    pub conflicts: Vec<RowConflict>,
    /// Whether the transaction was committed, and not only tried.
    pub committed: bool,
}

impl DataDiff {
    /// Makes the rows of this difference in the connected database: added rows are inserted, removed ones deleted,
    /// changed ones updated, in one transaction and in an order that foreign keys allow; deferrable constraints are
    /// deferred. A row is only touched if it still is what it was in the old database of the comparison, see
    /// [`ConflictPolicy`]. Positions of sequences and large objects stay as they are.
    ///
    /// # Errors
    ///
    /// Nothing is changed after an error. [`DataError::Incomplete`] where the comparison did not keep all rows;
    /// [`DataError::Conflicts`] where rows changed since and the policy refuses; [`DataError::Apply`] where a
    /// statement or a constraint fails.
    pub async fn apply(
        &self,
        target: &mut PgConnection,
        options: &ApplyOptions,
    ) -> Result<Applied, DataError> {
        if let Some(table) = self.tables.iter().find(|table| !table.is_complete()) {
            return Err(DataError::Incomplete {
                table: table.table.clone(),
                kept: table.rows.len() as u64,
                total: table.counts.total(),
            });
        }
        let failed = |source| DataError::read("the target", source);
        target.execute("begin").await.map_err(failed)?;
        let applied = self.in_transaction(target, options).await;
        let commit = applied.is_ok() && !options.dry_run;
        let ended = target.execute(if commit { "commit" } else { "rollback" }).await;
        let applied = applied?;
        ended.map_err(failed)?;
        Ok(Applied { committed: commit, ..applied })
    }

    async fn in_transaction(
        &self,
        target: &mut PgConnection,
        options: &ApplyOptions,
    ) -> Result<Applied, DataError> {
        let failed = |source| DataError::read("the target", source);
        target.execute(FORMATS).await.map_err(failed)?;
        let differing: Vec<&TableDiff> = self.tables.iter().filter(|table| !table.rows.is_empty()).collect();
        let tables = parents_first(target, differing).await?;
        let triggers = match options.triggers {
            Triggers::Fire => Vec::new(),
            Triggers::Skip => triggers(target, &tables).await?,
        };
        for (table, disable, _) in &triggers {
            run(target, table, disable).await?;
        }
        // Deletions first suit unique values that are used again, deletions last suit references that move away from a
        // row that is deleted.
        target.execute("set constraints all deferred; savepoint first_order").await.map_err(failed)?;
        let mut applied = Attempt::new(options).run(target, &tables, true).await;
        if let Err(DataError::Apply { source, .. }) = &applied
            && matches!(source.sqlstate().as_deref(), Some("23503" | "23505"))
        {
            target.execute("rollback to savepoint first_order").await.map_err(failed)?;
            let second = Attempt::new(options).run(target, &tables, false).await;
            if second.is_ok() {
                applied = second;
            }
        }
        let applied = applied?;
        if options.conflicts == ConflictPolicy::Refuse
            && let Some(first) = applied.conflicts.first()
        {
            return Err(DataError::Conflicts { total: applied.conflicts.len() as u64, first: first.clone() });
        }
        for (table, _, enable) in &triggers {
            run(target, table, enable).await?;
        }
        Ok(applied)
    }
}

async fn run(target: &mut PgConnection, table: &str, sql: &str) -> Result<(), DataError> {
    let failed = |source: sqlx::Error| DataError::Apply { table: table.to_owned(), source: source.into() };
    target.execute(AssertSqlSafe(sql.to_owned())).await.map(|_| ()).map_err(failed)
}

/// One order of the statements.
struct Attempt<'a> {
    options: &'a ApplyOptions,
    applied: Applied,
}

impl<'a> Attempt<'a> {
    fn new(options: &'a ApplyOptions) -> Self {
        Self { options, applied: Applied::default() }
    }

    async fn run(
        mut self,
        target: &mut PgConnection,
        tables: &[&TableDiff],
        deletions_first: bool,
    ) -> Result<Applied, DataError> {
        if deletions_first {
            self.deletions(target, tables).await?;
        }
        for table in tables {
            let changes = TableChanges::of(table);
            for rows in changes.by_columns(&table.rows) {
                self.changed(target, &changes, &rows).await?;
            }
            let added = changes.of_kind(&table.rows, ChangeKind::Added);
            self.added(target, &changes, &added).await?;
        }
        if !deletions_first {
            self.deletions(target, tables).await?;
        }
        // Now, so that a violation is named like that of a statement, in a dry run too.
        let last = tables.first().map_or("the target", |table| table.table.as_str());
        run(target, last, "set constraints all immediate").await?;
        Ok(self.applied)
    }

    async fn deletions(&mut self, target: &mut PgConnection, tables: &[&TableDiff]) -> Result<(), DataError> {
        for table in tables.iter().rev() {
            let changes = TableChanges::of(table);
            let removed = changes.of_kind(&table.rows, ChangeKind::Removed);
            let done = changes.delete(target, &removed, self.checks()).await?;
            self.applied.counts.removed += done.iter().filter(|done| **done).count() as u64;
            if self.checks() {
                self.conflicts(&changes, &removed, &done);
            }
        }
        Ok(())
    }

    async fn changed(
        &mut self,
        target: &mut PgConnection,
        changes: &TableChanges<'_>,
        rows: &[&super::RowChange],
    ) -> Result<(), DataError> {
        let done = changes.update(target, rows, self.checks()).await?;
        self.applied.counts.changed += done.iter().filter(|done| **done).count() as u64;
        if self.checks() {
            self.conflicts(changes, rows, &done);
            return Ok(());
        }
        // Ours: a row that is gone comes back.
        let gone: Vec<_> = rows.iter().zip(&done).filter(|(_, done)| !**done).map(|(row, _)| *row).collect();
        self.applied.counts.added += changes.insert(target, &gone).await?;
        Ok(())
    }

    async fn added(
        &mut self,
        target: &mut PgConnection,
        changes: &TableChanges<'_>,
        rows: &[&super::RowChange],
    ) -> Result<(), DataError> {
        let there = changes.existing(target, rows).await?;
        let split = |wanted: bool| -> Vec<&super::RowChange> {
            rows.iter().zip(&there).filter(|(_, there)| **there == wanted).map(|(row, _)| *row).collect()
        };
        self.applied.counts.added += changes.insert(target, &split(false)).await?;
        if self.options.conflicts == ConflictPolicy::Ours {
            let replaced = changes.update(target, &split(true), false).await?;
            self.applied.counts.changed += replaced.iter().filter(|done| **done).count() as u64;
        } else {
            let done: Vec<bool> = there.iter().map(|there| !there).collect();
            self.conflicts(changes, rows, &done);
        }
        Ok(())
    }

    /// Whether a row is only touched if it is what it was.
    fn checks(&self) -> bool {
        self.options.conflicts != ConflictPolicy::Ours
    }

    fn conflicts(&mut self, changes: &TableChanges<'_>, rows: &[&super::RowChange], done: &[bool]) {
        let missed = rows.iter().zip(done).filter(|(_, done)| !**done);
        self.applied.conflicts.extend(missed.map(|(row, _)| RowConflict {
            table: changes.table().to_owned(),
            key: row.key_text(),
            change: row.kind(),
        }));
    }
}
