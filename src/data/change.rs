//! Changed rows.

use std::sync::Arc;

use serde::{Serialize, Serializer, ser::SerializeStruct as _};

use super::model::TableName;
use crate::sql::{quote_ident, quote_literal};

/// The kind of a row's change.
///
/// ```
/// assert_eq!(lakebase::data::ChangeKind::Added.to_string(), "added");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ChangeKind {
    /// Only in the new database.
    Added,
    /// Only in the old database.
    Removed,
    /// In both, with other values.
    Changed,
}

impl std::fmt::Display for ChangeKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
        })
    }
}

/// The way rows of both sides are matched.
///
/// ```
/// fn show(key: &lakebase::data::RowKey) {
///     println!("{key}");
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RowKey {
    /// By the primary key.
    PrimaryKey,
    /// By a unique index over columns that are not null, which may be the replica identity.
    UniqueIndex(
        /// The name of the index.
        String,
    ),
    /// By all values: the table has no key that both sides share. Rows are then added or removed and never changed,
    /// and equal rows are counted.
    WholeRow,
}

impl std::fmt::Display for RowKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::PrimaryKey => f.write_str("primary key"),
            Self::UniqueIndex(name) => write!(f, "unique index {name}"),
            Self::WholeRow => f.write_str("whole rows, because there is no common key"),
        }
    }
}

/// A compared column.
#[derive(Clone, Debug)]
pub(super) struct HeadColumn {
    pub(super) name: String,
    /// The type without modifier, as a cast names it.
    pub(super) type_name: String,
    /// Whether the type has an equality operator.
    pub(super) comparable: bool,
}

/// The table that rows belong to.
#[derive(Debug)]
pub(super) struct Head {
    /// As people read it.
    pub(super) shown: String,
    pub(super) name: TableName,
    pub(super) columns: Vec<HeadColumn>,
    /// Positions of the columns of the key; all of them where whole rows are compared.
    pub(super) key: Vec<usize>,
    pub(super) row_key: RowKey,
}

/// The values of a row as PostgreSQL prints them, in the order of the compared columns.
pub(super) type Values = Box<[Option<Box<str>>]>;

/// One column of a changed row: its name and its values before and after.
///
/// ```
/// fn show(field: &lakebase::data::ChangedValue<'_>) {
///     println!("{}: {:?} → {:?}", field.column, field.before, field.after);
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ChangedValue<'a> {
    /// The column.
    pub column: &'a str,
    /// Its value in the old database, nothing for NULL.
    pub before: Option<&'a str>,
    /// Its value in the new database.
    pub after: Option<&'a str>,
}

/// One row that differs. Values are text as PostgreSQL prints it (`bytea` in hexadecimal, times in UTC).
///
/// ```
/// use lakebase::data::{ChangeKind, RowChange};
///
/// fn deleted_order(change: &RowChange) -> Option<&str> {
///     (change.table() == "public.orders" && change.kind() == ChangeKind::Removed).then(|| change.before("id"))?
/// }
/// ```
#[derive(Clone, Debug)]
pub struct RowChange {
    pub(super) head: Arc<Head>,
    /// The hash of the key, equal for equal keys in every comparison with the same seeds.
    pub(super) identity: [i64; 2],
    pub(super) before: Option<Values>,
    pub(super) after: Option<Values>,
    /// The hash of the new values outside of the key.
    pub(super) outcome: Option<i64>,
    /// Positions of the columns that differ.
    pub(super) changed: Box<[u16]>,
}

impl RowChange {
    /// The table as `schema.table`, each part quoted where PostgreSQL needs it.
    pub fn table(&self) -> &str {
        &self.head.shown
    }

    /// The kind of the change.
    pub fn kind(&self) -> ChangeKind {
        match (&self.before, &self.after) {
            (Some(_), Some(_)) => ChangeKind::Changed,
            (Some(_), None) => ChangeKind::Removed,
            (None, _) => ChangeKind::Added,
        }
    }

    /// The names of the compared columns.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.head.columns.iter().map(|column| column.name.as_str())
    }

    /// The key as column and value; all columns where the table has no key.
    pub fn key(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.head.key.iter().filter_map(|at| {
            let column = self.head.columns.get(*at)?;
            Some((column.name.as_str(), self.row().and_then(|row| row.get(*at)?.as_deref())))
        })
    }

    /// The value of a column in the old database; nothing for NULL, an added row or an unknown column.
    pub fn before(&self, column: &str) -> Option<&str> {
        self.before.as_ref()?.get(self.position(column)?)?.as_deref()
    }

    /// The value of a column in the new database; nothing for NULL, a removed row or an unknown column.
    pub fn after(&self, column: &str) -> Option<&str> {
        self.after.as_ref()?.get(self.position(column)?)?.as_deref()
    }

    /// The columns that differ: of a changed row those with other values, of an added or removed row all.
    pub fn values(&self) -> impl Iterator<Item = ChangedValue<'_>> {
        self.positions().into_iter().filter_map(|at| {
            Some(ChangedValue {
                column: self.head.columns.get(at)?.name.as_str(),
                before: self.before.as_ref().and_then(|row| row.get(at)?.as_deref()),
                after: self.after.as_ref().and_then(|row| row.get(at)?.as_deref()),
            })
        })
    }

    pub(super) fn positions(&self) -> Vec<usize> {
        match self.kind() {
            ChangeKind::Changed => self.changed.iter().map(|at| usize::from(*at)).collect(),
            _ => (0..self.head.columns.len()).collect(),
        }
    }

    /// The row that has the key: the new one if there is one.
    pub(super) fn row(&self) -> Option<&Values> {
        self.after.as_ref().or(self.before.as_ref())
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.head.columns.iter().position(|column| column.name == name)
    }

    /// The key as `column = value`, for messages.
    pub(super) fn key_text(&self) -> String {
        let shown = |(column, value): (&str, Option<&str>)| match value {
            Some(value) => format!("{column} = {value}"),
            None => format!("{column} is null"),
        };
        self.key().map(shown).collect::<Vec<_>>().join(", ")
    }

    /// One SQL statement that makes the change in the old database.
    pub fn to_sql(&self) -> String {
        let table = self.head.name.sql();
        let literal = |value: &Option<Box<str>>| match value {
            Some(text) => quote_literal(text),
            None => "NULL".to_owned(),
        };
        let name = |at: usize| quote_ident(self.head.columns.get(at).map_or("", |column| &column.name));
        match (&self.before, &self.after) {
            (Some(_), Some(after)) => {
                let set = self
                    .positions()
                    .into_iter()
                    .filter_map(|at| Some(format!("{} = {}", name(at), literal(after.get(at)?))));
                let set: Vec<_> = set.collect();
                format!("UPDATE {table} SET {} WHERE {};", set.join(", "), self.condition())
            }
            (Some(_), None) if self.head.row_key == RowKey::WholeRow => format!(
                "DELETE FROM {table} WHERE (tableoid, ctid) IN (SELECT tableoid, ctid FROM {table} WHERE {} LIMIT 1);",
                self.condition()
            ),
            (Some(_), None) => format!("DELETE FROM {table} WHERE {};", self.condition()),
            (None, Some(after)) if !after.is_empty() => {
                let names: Vec<_> = (0..after.len()).map(name).collect();
                let values: Vec<_> = after.iter().map(literal).collect();
                let (names, values) = (names.join(", "), values.join(", "));
                format!("INSERT INTO {table} ({names}) OVERRIDING SYSTEM VALUE VALUES ({values});")
            }
            _ => format!("INSERT INTO {table} DEFAULT VALUES;"),
        }
    }

    /// The condition that the row with this key meets in the old database.
    fn condition(&self) -> String {
        let row = self.before.as_ref().or(self.after.as_ref());
        let one = |at: &usize| {
            let column = self.head.columns.get(*at)?;
            let name = quote_ident(&column.name);
            let Some(value) = row.and_then(|row| row.get(*at)?.as_deref()) else {
                return Some(format!("{name} IS NULL"));
            };
            let value = quote_literal(value);
            Some(match column.comparable {
                true => format!("{name} = {value}"),
                false => format!("{name}::text = {value}"),
            })
        };
        let all: Vec<_> = self.head.key.iter().filter_map(one).collect();
        if all.is_empty() { "true".to_owned() } else { all.join(" AND ") }
    }
}

impl PartialEq for RowChange {
    fn eq(&self, other: &Self) -> bool {
        self.table() == other.table() && self.before == other.before && self.after == other.after
    }
}

impl Serialize for RowChange {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_struct("RowChange", 4)?;
        map.serialize_field("change", &self.kind())?;
        map.serialize_field("table", self.table())?;
        map.serialize_field("key", &self.key().collect::<std::collections::BTreeMap<_, _>>())?;
        map.serialize_field("values", &self.values().collect::<Vec<_>>())?;
        map.end()
    }
}
