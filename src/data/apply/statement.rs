//! The statements that change the rows of one table. All rows of a kind go in one statement, so that references between
//! them are checked when all are there.

use std::collections::BTreeMap;

use sqlx::{AssertSqlSafe, PgConnection, Row as _};

use crate::{
    data::{
        change::{ChangeKind, Head, HeadColumn, RowChange, RowKey, Values},
        diff::TableDiff,
        error::DataError,
    },
    sql::quote_ident,
};

/// The changes of one table.
pub(super) struct TableChanges<'a> {
    table: &'a TableDiff,
    head: Option<&'a Head>,
}

/// Before or after.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Version {
    Before,
    After,
}

impl<'a> TableChanges<'a> {
    pub(super) fn of(table: &'a TableDiff) -> Self {
        Self { table, head: table.rows.first().map(|row| &*row.head) }
    }

    pub(super) fn table(&self) -> &'a str {
        &self.table.table
    }

    pub(super) fn of_kind<'r>(&self, rows: &'r [RowChange], kind: ChangeKind) -> Vec<&'r RowChange> {
        rows.iter().filter(|row| row.kind() == kind).collect()
    }

    /// Changed rows grouped by the columns that differ.
    pub(super) fn by_columns<'r>(&self, rows: &'r [RowChange]) -> Vec<Vec<&'r RowChange>> {
        let mut groups: BTreeMap<&[u16], Vec<&RowChange>> = BTreeMap::new();
        for row in rows.iter().filter(|row| row.kind() == ChangeKind::Changed) {
            groups.entry(&row.changed).or_default().push(row);
        }
        groups.into_values().collect()
    }

    /// Deletes rows; which of them were there, and in the state before where that is checked.
    pub(super) async fn delete(
        &self,
        target: &mut PgConnection,
        rows: &[&RowChange],
        check: bool,
    ) -> Result<Vec<bool>, DataError> {
        let Some(head) = self.head.filter(|_| !rows.is_empty()) else { return Ok(Vec::new()) };
        if head.row_key == RowKey::WholeRow {
            return self.delete_copies(target, rows).await;
        }
        let condition = condition(head, check);
        let sql = format!(
            "with x as ({}), d as (delete from {} t using x where {condition} returning x.n) select n from d",
            source(head, &[Version::Before]),
            head.name.sql()
        );
        self.marked(target, sql, rows, &[Version::Before]).await
    }

    /// One copy of each row.
    async fn delete_copies(
        &self,
        target: &mut PgConnection,
        rows: &[&RowChange],
    ) -> Result<Vec<bool>, DataError> {
        let mut done = Vec::with_capacity(rows.len());
        for row in rows {
            let ran = sqlx::raw_sql(AssertSqlSafe(row.to_sql())).execute(&mut *target).await;
            done.push(ran.map_err(|source| self.failed(source))?.rows_affected() == 1);
        }
        Ok(done)
    }

    /// Updates rows of one group, or replaces rows by added ones; which of them were there.
    pub(super) async fn update(
        &self,
        target: &mut PgConnection,
        rows: &[&RowChange],
        check: bool,
    ) -> Result<Vec<bool>, DataError> {
        let (Some(head), Some(first)) = (self.head, rows.first()) else { return Ok(Vec::new()) };
        let versions: &[Version] = match first.kind() {
            ChangeKind::Changed => &[Version::Before, Version::After],
            _ => &[Version::After],
        };
        let set: Vec<_> = first
            .positions()
            .into_iter()
            .filter(|at| !head.key.contains(at))
            .filter_map(|at| {
                let column = head.columns.get(at)?;
                Some(format!("{} = x.a{at}::{}", quote_ident(&column.name), column.type_name))
            })
            .collect();
        if set.is_empty() {
            return self.existing(target, rows).await;
        }
        let condition = match first.kind() {
            ChangeKind::Changed => condition(head, check),
            _ => key_condition(head, Version::After),
        };
        let sql = format!(
            "with x as ({}), u as (update {} t set {} from x where {condition} returning x.n) select n from u",
            source(head, versions),
            head.name.sql(),
            set.join(", ")
        );
        self.marked(target, sql, rows, versions).await
    }

    /// Which of the added rows have a key that is taken. Rows without key can always be added.
    pub(super) async fn existing(
        &self,
        target: &mut PgConnection,
        rows: &[&RowChange],
    ) -> Result<Vec<bool>, DataError> {
        let Some(head) = self.head.filter(|head| !rows.is_empty() && head.row_key != RowKey::WholeRow) else {
            return Ok(vec![false; rows.len()]);
        };
        let sql = format!(
            "with x as ({}) select x.n from x where exists (select from {} t where {})",
            source(head, &[Version::After]),
            head.name.sql(),
            key_condition(head, Version::After)
        );
        self.marked(target, sql, rows, &[Version::After]).await
    }

    pub(super) async fn insert(
        &self,
        target: &mut PgConnection,
        rows: &[&RowChange],
    ) -> Result<u64, DataError> {
        let Some(head) = self.head.filter(|_| !rows.is_empty()) else { return Ok(0) };
        if head.columns.is_empty() {
            for row in rows {
                let ran = sqlx::raw_sql(AssertSqlSafe(row.to_sql())).execute(&mut *target).await;
                ran.map_err(|source| self.failed(source))?;
            }
            return Ok(rows.len() as u64);
        }
        let names: Vec<_> = head.columns.iter().map(|column| quote_ident(&column.name)).collect();
        let typed = |(at, column): (usize, &HeadColumn)| format!("x.a{at}::{}", column.type_name);
        let values: Vec<_> = head.columns.iter().enumerate().map(typed).collect();
        let sql = format!(
            "with x as ({}) insert into {} ({}) overriding system value select {} from x order by x.n",
            source(head, &[Version::After]),
            head.name.sql(),
            names.join(", "),
            values.join(", ")
        );
        let query = bound(sql, head, rows, &[Version::After]);
        Ok(query.execute(target).await.map_err(|source| self.failed(source))?.rows_affected())
    }

    /// Runs a statement that returns the numbers of rows; which rows they are.
    async fn marked(
        &self,
        target: &mut PgConnection,
        sql: String,
        rows: &[&RowChange],
        versions: &[Version],
    ) -> Result<Vec<bool>, DataError> {
        let Some(head) = self.head else { return Ok(Vec::new()) };
        let query = bound(sql, head, rows, versions);
        let mut marks = vec![false; rows.len()];
        for row in query.fetch_all(target).await.map_err(|source| self.failed(source))? {
            let number: i64 = row.try_get(0).map_err(|source| self.failed(source))?;
            let at = usize::try_from(number - 1).ok();
            if let Some(mark) = at.and_then(|at| marks.get_mut(at)) {
                *mark = true;
            }
        }
        Ok(marks)
    }

    fn failed(&self, source: sqlx::Error) -> DataError {
        DataError::Apply { table: self.table.table.clone(), source: source.into() }
    }
}

type Query<'q> = sqlx::query::Query<'q, sqlx::Postgres, sqlx::postgres::PgArguments>;

/// Binds one array of texts for each column and version.
fn bound<'q>(sql: String, head: &Head, rows: &[&'q RowChange], versions: &[Version]) -> Query<'q> {
    let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(false);
    for version in versions {
        for at in 0..head.columns.len() {
            let value = |row: &&'q RowChange| -> Option<&'q str> {
                let row: &'q RowChange = row;
                let values: &'q Option<Values> = match version {
                    Version::Before => &row.before,
                    Version::After => &row.after,
                };
                values.as_ref()?.get(at)?.as_deref()
            };
            query = query.bind(rows.iter().map(value).collect::<Vec<Option<&'q str>>>());
        }
    }
    query
}

fn letter(version: Version) -> char {
    if version == Version::Before { 'b' } else { 'a' }
}

/// The bound rows as `b0, b1, … a0, a1, … n`.
fn source(head: &Head, versions: &[Version]) -> String {
    let columns = head.columns.len();
    let names =
        versions.iter().flat_map(|version| (0..columns).map(|at| format!("{}{at}", letter(*version))));
    let names: Vec<_> = names.collect();
    let arrays: Vec<_> = (1..=names.len()).map(|number| format!("${number}::text[]")).collect();
    format!("select * from unnest({}) with ordinality x({}, n)", arrays.join(", "), names.join(", "))
}

fn key_condition(head: &Head, version: Version) -> String {
    let letter = letter(version);
    let one = |at: &usize| {
        let column = head.columns.get(*at)?;
        let name = quote_ident(&column.name);
        Some(match column.comparable {
            true => format!("t.{name} = x.{letter}{at}::{}", column.type_name),
            false => format!("t.{name}::text = x.{letter}{at}"),
        })
    };
    let all: Vec<_> = head.key.iter().filter_map(one).collect();
    all.join(" and ")
}

/// The row with the key of the state before, and with `check` in that state.
fn condition(head: &Head, check: bool) -> String {
    let mut all = vec![key_condition(head, Version::Before)];
    let rest = head.columns.iter().enumerate().filter(|(at, _)| check && !head.key.contains(at));
    all.extend(rest.map(|(at, column)| {
        let name = quote_ident(&column.name);
        match column.comparable {
            true => format!("t.{name} is not distinct from x.b{at}::{}", column.type_name),
            false => format!("t.{name}::text is not distinct from x.b{at}"),
        }
    }));
    all.join(" and ")
}
