//! Tables of both sides that are compared with each other: their common columns and key, and the SQL expressions that
//! hash them.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use super::{
    change::{Head, HeadColumn, RowKey},
    model::{Column, Database, HashKind, Part, Table, TableName},
    options::Options,
};
use crate::sql::quote_ident;

/// Random numbers that all hashes of a comparison begin with, so that no data is made to collide.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seeds {
    key: [i64; 2],
    row: i64,
}

impl Seeds {
    pub(super) fn random() -> Self {
        Self { key: [fastrand::i64(..), fastrand::i64(..)], row: fastrand::i64(..) }
    }
}

/// The seed of a column: distinct for each, so that values that change places do not cancel out.
fn seed(base: i64, column: usize) -> i64 {
    let mut mixed = (base as u64).wrapping_add((column as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (mixed ^ (mixed >> 31)) as i64
}

/// New names of tables and columns that were renamed for certain, by their old ones.
#[derive(Debug, Default)]
pub(super) struct Renames {
    pub(super) tables: HashMap<TableName, TableName>,
    /// By the new name of the table.
    pub(super) columns: HashMap<(TableName, String), String>,
}

/// One side of a pair.
#[derive(Debug)]
pub(super) struct Side {
    pub(super) parts: Vec<Part>,
    /// Name and nullability of the compared columns, in the order of the head.
    columns: Vec<(String, bool)>,
}

impl Side {
    /// Name and nullability of a compared column.
    pub(super) fn column(&self, at: usize) -> Option<&(String, bool)> {
        self.columns.get(at)
    }

    pub(super) fn blocks(&self) -> i64 {
        self.parts.iter().map(|part| i64::from(part.blocks)).sum()
    }
}

/// Two tables.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) head: Arc<Head>,
    pub(super) old: Side,
    pub(super) new: Side,
    pub(super) left_out: Vec<String>,
    /// Half-open ranges of blocks of parts that hold all differences, where they are known.
    pub(super) written: BTreeMap<TableName, Vec<(i64, i64)>>,
    hashes: Vec<HashKind>,
    seeds: Seeds,
}

/// All tables of two databases.
#[derive(Debug, Default)]
pub(super) struct Pairs {
    pub(super) pairs: Vec<Pair>,
    pub(super) only_old: Vec<String>,
    pub(super) only_new: Vec<String>,
}

impl Pairs {
    pub(super) fn new(
        old: &Database,
        new: &Database,
        renames: &Renames,
        options: &Options,
        seeds: Seeds,
    ) -> Self {
        let mut all = Self::default();
        let mut by_name: HashMap<&TableName, &Table> = HashMap::new();
        for table in &old.tables {
            by_name.insert(renames.tables.get(&table.name).unwrap_or(&table.name), table);
        }
        for table in &new.tables {
            match by_name.remove(&table.name) {
                Some(before) => all.pairs.push(Pair::new(before, table, renames, options, seeds)),
                None => all.only_new.push(table.name.to_string()),
            }
        }
        all.only_old = by_name.into_values().map(|table| table.name.to_string()).collect();
        all.only_old.sort();
        all
    }
}

impl Pair {
    fn new(old: &Table, new: &Table, renames: &Renames, options: &Options, seeds: Seeds) -> Self {
        let new_name = |column: &Column| {
            let renamed = renames.columns.get(&(new.name.clone(), column.name.clone()));
            renamed.cloned().unwrap_or_else(|| column.name.clone())
        };
        let before: HashMap<String, &Column> =
            old.columns.iter().map(|column| (new_name(column), column)).collect();
        let keys: Vec<_> = common_keys(old, new, &before).collect();
        let in_key = |name: &str| keys.first().is_some_and(|(_, columns)| columns.iter().any(|c| c == name));
        let ignored = |name: &str| options.ignores(&new.name, name) && !in_key(name);
        let mut left_out = Vec::new();
        let mut columns = Vec::new();
        for column in &new.columns {
            match before.get(&column.name) {
                None => left_out.push(format!("{} (only new)", column.name)),
                Some(old) if column.generated || old.generated => {
                    left_out.push(format!("{} (generated)", column.name));
                }
                Some(_) if ignored(&column.name) => left_out.push(format!("{} (ignored)", column.name)),
                Some(old) => columns.push((*old, column)),
            }
        }
        let present = |name: &String| new.column(name).is_none();
        let gone = before.iter().filter(|(name, _)| present(name)).map(|(_, old)| &old.name);
        left_out.extend(gone.map(|name| format!("{name} (only old)")));
        left_out.sort();
        let (row_key, key) = match keys.into_iter().next() {
            Some((row_key, names)) => {
                let at = |name: &String| columns.iter().position(|(_, column)| column.name == *name);
                (row_key, names.iter().filter_map(at).collect())
            }
            None => (RowKey::WholeRow, (0..columns.len()).collect()),
        };
        let hashes: Vec<_> = columns.iter().map(|(old, new)| common_hash(old, new)).collect();
        let head_column = |((_, column), hash): (&(&Column, &Column), &HashKind)| HeadColumn {
            name: column.name.clone(),
            type_name: column.type_name.clone(),
            comparable: *hash != HashKind::Text,
        };
        let head = Head {
            shown: new.name.to_string(),
            name: new.name.clone(),
            columns: columns.iter().zip(&hashes).map(head_column).collect(),
            key,
            row_key,
        };
        let side = |table: &Table, columns: Vec<&Column>| Side {
            parts: table.parts.clone(),
            columns: columns.iter().map(|column| (column.name.clone(), !column.not_null)).collect(),
        };
        Self {
            head: Arc::new(head),
            old: side(old, columns.iter().map(|(old, _)| *old).collect()),
            new: side(new, columns.iter().map(|(_, new)| *new).collect()),
            left_out,
            written: BTreeMap::new(),
            hashes,
            seeds,
        }
    }

    pub(super) fn is_keyed(&self) -> bool {
        self.head.row_key != RowKey::WholeRow
    }

    fn hash(&self, side: &Side, at: usize, base: i64) -> Option<String> {
        let ((name, nullable), hash) = (side.columns.get(at)?, self.hashes.get(at)?);
        Some(hash.expression(&format!("t.{}", quote_ident(name)), *nullable, seed(base, at)))
    }

    fn combined(&self, side: &Side, columns: impl Iterator<Item = usize>, base: i64) -> String {
        let all: Vec<_> = columns.filter_map(|at| self.hash(side, at, base)).collect();
        // A row without columns hashes like any other such row.
        if all.is_empty() { "0::int8".to_owned() } else { all.join(" # ") }
    }

    /// The hash of all compared columns.
    pub(super) fn row_hash(&self, side: &Side) -> String {
        self.combined(side, 0..self.hashes.len(), self.seeds.row)
    }

    /// Two hashes of the key: together 128 bits, so that they identify it.
    pub(super) fn key_hash(&self, side: &Side, which: usize) -> String {
        let base = self.seeds.key.get(which).copied().unwrap_or_default();
        self.combined(side, self.head.key.iter().copied(), base)
    }

    /// The hash of the columns that are not part of the key.
    pub(super) fn rest_hash(&self, side: &Side) -> String {
        let rest = (0..self.hashes.len()).filter(|at| !self.head.key.contains(at));
        self.combined(side, rest, self.seeds.row)
    }

    /// The hash of each column as one array.
    pub(super) fn column_hashes(&self, side: &Side) -> String {
        let all: Vec<_> =
            (0..self.hashes.len()).filter_map(|at| self.hash(side, at, self.seeds.row)).collect();
        format!("array[{}]::int8[]", all.join(", "))
    }

    /// The names of the compared columns of a side.
    pub(super) fn columns(&self, side: &Side) -> Vec<String> {
        side.columns.iter().map(|(name, _)| format!("t.{}", quote_ident(name))).collect()
    }

    /// The first column of the key where it is an integer on both sides, by its position.
    pub(super) fn integer_key(&self) -> Option<usize> {
        let at = *self.head.key.first().filter(|_| self.is_keyed())?;
        let integer = |name: &str| matches!(name, "smallint" | "integer" | "bigint");
        let function = |hash: &HashKind| matches!(hash, HashKind::Function(_) | HashKind::Int8);
        let fits = integer(&self.head.columns.get(at)?.type_name) && function(self.hashes.get(at)?);
        fits.then_some(at)
    }
}

/// The keys that both sides have, by the names of their columns in the new one.
fn common_keys(
    old: &Table,
    new: &Table,
    before: &HashMap<String, &Column>,
) -> impl Iterator<Item = (RowKey, Vec<String>)> {
    let sorted = |mut names: Vec<String>| {
        names.sort();
        names
    };
    let old_keys: Vec<Vec<String>> = old.keys.iter().map(|key| sorted(key.columns.clone())).collect();
    let fits = move |columns: &[String]| {
        let old_name = |name: &String| {
            let old = before.get(name)?;
            let generated = old.generated || new.column(name)?.generated;
            (!generated).then(|| old.name.clone())
        };
        let names: Option<Vec<_>> = columns.iter().map(old_name).collect();
        names.is_some_and(|names| old_keys.contains(&sorted(names)))
    };
    let found: Vec<_> = new.keys.iter().filter(|key| fits(&key.columns)).collect();
    found.into_iter().map(|key| {
        let kind = match key.primary {
            true => RowKey::PrimaryKey,
            false => RowKey::UniqueIndex(key.name.clone()),
        };
        (kind, key.columns.clone())
    })
}

/// The way to hash a column on both sides. Other types are compared by their text.
fn common_hash(old: &Column, new: &Column) -> HashKind {
    let integers = |column: &Column| matches!(column.type_name.as_str(), "smallint" | "integer" | "bigint");
    let alike = old.type_name == new.type_name && old.hash == new.hash;
    // The hash functions of the integers agree with each other.
    match alike || integers(old) && integers(new) {
        true if old.hash == new.hash => new.hash.clone(),
        true => HashKind::Int8,
        false => HashKind::Text,
    }
}
