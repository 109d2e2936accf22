//! Tables as their catalogs describe them, as far as rows are concerned.

use std::fmt;

use crate::sql::quote_ident;

/// The name of a table: `Display` quotes only where PostgreSQL needs it, `sql` always does.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct TableName {
    pub(super) schema: String,
    pub(super) name: String,
}

impl TableName {
    pub(super) fn sql(&self) -> String {
        format!("{}.{}", quote_ident(&self.schema), quote_ident(&self.name))
    }

    /// Whether a caller means this table by `table` or `schema.table`.
    pub(super) fn is_named(&self, name: &str) -> bool {
        self.name == name
            || name
                .strip_prefix(self.schema.as_str())
                .and_then(|rest| rest.strip_prefix('.'))
                .is_some_and(|rest| rest == self.name)
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", shown(&self.schema), shown(&self.name))
    }
}

/// An identifier for people: quoted where it is not a plain one.
pub(super) fn shown(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if plain { name.to_owned() } else { quote_ident(name) }
}

/// One database.
#[derive(Debug)]
pub(super) struct Database {
    /// The system identifier and the database's oid: equal for physical copies.
    pub(super) origin: Option<String>,
    pub(super) tables: Vec<Table>,
    /// Objects with rows that are not compared, and the reason.
    pub(super) skipped: Vec<String>,
}

impl Database {
    pub(super) fn table(&self, name: &TableName) -> Option<&Table> {
        self.tables.iter().find(|table| table.name == *name)
    }
}

/// A table, or a partitioned one with all its partitions.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) name: TableName,
    /// The relations that hold the rows: the table itself, or its partitions.
    pub(super) parts: Vec<Part>,
    pub(super) columns: Vec<Column>,
    /// Unique indexes over columns that are not null, the best first.
    pub(super) keys: Vec<UniqueIndex>,
}

impl Table {
    pub(super) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}

/// A relation with blocks.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) name: TableName,
    pub(super) blocks: u32,
    /// Whether ranges of its blocks can be read: the access method is `heap`.
    pub(super) heap: bool,
    /// Whether its changes are in the write-ahead log.
    pub(super) logged: bool,
}

/// A column that can be compared, or a generated one.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) name: String,
    /// The type without its modifier, as a cast names it.
    pub(super) type_name: String,
    pub(super) not_null: bool,
    pub(super) generated: bool,
    pub(super) hash: HashKind,
}

/// The way to hash a value so that equal values of its type have equal hashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum HashKind {
    /// A function of the type's hash operator class.
    Function(String),
    Bool,
    /// As a function; it hashes 32 bits, the exclusive or of both halves, so that the value is part of the seed too.
    Int8,
    /// As for `Int8`; the upper half is hashed as a time of its own.
    Timestamp,
    TimestampTz,
    /// As a function; it leaves out the sign, and gives one hash to NaN and both infinities, which are told apart by
    /// their text.
    Numeric,
    /// By its text in the form that is the same for equal values: the function hashes 32 bits.
    Interval,
    /// By its text, which is the same for equal values only: the functions hash 32 bits of them. Compared by the type's
    /// operator.
    Printed,
    /// By the operator class, through a row. Some hashes leave out what the type's equality looks at: of arrays the
    /// dimensions; of `jsonb` the end of a nested array and the order of elements that are 32 apart; of all that
    /// consists of `numeric` the same as above. The dimensions, and the text without zeros and points, are then hashed
    /// beside the value.
    Record {
        dimensions: bool,
        shape: bool,
    },
    /// By its label, as the oids of labels differ between databases. Compared by the type's operator.
    Enum,
    /// By its text, for types without a hash operator class. Compared as text.
    Text,
}

/// A unique index that can serve as key.
#[derive(Clone, Debug)]
pub(super) struct UniqueIndex {
    pub(super) name: String,
    pub(super) columns: Vec<String>,
    pub(super) primary: bool,
}
