//! The part of a table that can hold differences, and the SQL that reads it.
//!
//! Rows are cut into labeled sets (ranges of blocks, places in them, ranges of a key, buckets of a key's hash). Sets of
//! the same label with the same number and the same sum of hashes hold the same rows on both sides and drop out. The
//! rest contains every difference, whatever moved where: a key of the rest that also occurred in a set that dropped out
//! would occur twice on that side.

use std::collections::BTreeMap;

use super::{
    model::{Part, TableName},
    pair::{Pair, Side},
};
use crate::sql::quote_ident;

/// Half-open ranges of numbers, ascending.
pub(super) type Ranges = Vec<(i64, i64)>;

/// The rows of both sides that are read and joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    Everything,
    /// Blocks and places of each part; a part that is not named is read whole.
    Blocks(BTreeMap<TableName, Spots>),
    /// Ranges of the first column of the key, an integer.
    KeyRanges(Ranges),
    /// The buckets, of so many, of the key's hash.
    KeyHashes {
        buckets: i64,
        differing: Vec<i64>,
    },
}

/// A choice of rows of one part by where they lie.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Spots {
    /// Ranges of blocks.
    pub(super) ranges: Ranges,
    /// Blocks and lines in them, outside of the ranges.
    pub(super) places: Vec<(u32, u16)>,
}

/// Adds a range, which begins where the last one ends or after it.
pub(super) fn push(ranges: &mut Ranges, range: (i64, i64)) {
    match ranges.last_mut() {
        Some(last) if last.1 == range.0 => last.1 = range.1,
        _ => ranges.push(range),
    }
}

/// One relation under the alias that the hash expressions use.
pub(super) fn from(part: &Part) -> String {
    format!("only {} t", part.name.sql())
}

/// The condition for a range of blocks of the alias `r`.
pub(super) const IN_BLOCKS: &str =
    "t.ctid >= ('(' || r.lo || ',0)')::tid and t.ctid < ('(' || r.hi || ',0)')::tid";

fn list(numbers: impl Iterator<Item = i64>) -> String {
    numbers.map(|number| number.to_string()).collect::<Vec<_>>().join(",")
}

/// The ranges as rows of the alias `r`.
pub(super) fn rows_of(ranges: &[(i64, i64)]) -> String {
    let (from, to) = (list(ranges.iter().map(|r| r.0)), list(ranges.iter().map(|r| r.1)));
    format!("unnest('{{{from}}}'::int8[], '{{{to}}}'::int8[]) r(lo, hi)")
}

impl Scope {
    /// The query of keys, hashes and places of one side, ordered by key. Nothing where no row is left.
    pub(super) fn query(&self, pair: &Pair, side: &Side) -> Option<String> {
        let parts = side.parts.iter().enumerate();
        let all: Vec<_> = parts.filter_map(|(number, part)| self.part(pair, side, number, part)).collect();
        (!all.is_empty()).then(|| format!("{} order by 1, 2, 3", all.join(" union all ")))
    }

    fn part(&self, pair: &Pair, side: &Side, number: usize, part: &Part) -> Option<String> {
        let columns = format!(
            "{} as h1, {} as h2, {} as rest, {number} as part, t.ctid::text as place",
            pair.key_hash(side, 0),
            pair.key_hash(side, 1),
            pair.rest_hash(side)
        );
        let from = from(part);
        let whole = format!("select {columns} from {from}");
        // `offset 0` keeps the planner from turning the range scan of each range into one join.
        let ranged = |ranges: &Ranges, condition: &str| {
            let rows = rows_of(ranges);
            let inner = format!("select {columns} from {from} where {condition} offset 0");
            (!ranges.is_empty()).then(|| format!("select x.* from {rows} cross join lateral ({inner}) x"))
        };
        let placed = |places: &[(u32, u16)]| {
            let texts: Vec<_> = places.iter().map(|(block, line)| format!("\"({block},{line})\"")).collect();
            let inner = format!("select {columns} from {from} where t.ctid = r.place offset 0");
            let list = texts.join(",");
            (!places.is_empty()).then(|| {
                format!("select x.* from unnest('{{{list}}}'::tid[]) r(place) cross join lateral ({inner}) x")
            })
        };
        match self {
            Self::Everything => Some(whole),
            Self::Blocks(parts) => match parts.get(&part.name) {
                Some(spots) => {
                    let all: Vec<_> =
                        ranged(&spots.ranges, IN_BLOCKS).into_iter().chain(placed(&spots.places)).collect();
                    (!all.is_empty()).then(|| all.join(" union all "))
                }
                None => Some(whole),
            },
            Self::KeyRanges(ranges) => {
                let key = quote_ident(&side.column(pair.integer_key()?)?.0);
                ranged(ranges, &format!("t.{key} >= r.lo and t.{key} < r.hi"))
            }
            Self::KeyHashes { differing, .. } if differing.is_empty() => None,
            Self::KeyHashes { buckets, differing } => {
                let bucket = bucket(pair, side, *buckets);
                let numbers = list(differing.iter().copied());
                Some(format!("{whole} where {bucket} = any('{{{numbers}}}'::int8[])"))
            }
        }
    }
}

/// The bucket of a row by the hash of its key. `buckets` is a power of two.
pub(super) fn bucket(pair: &Pair, side: &Side, buckets: i64) -> String {
    format!("(({}) & {}::int8)", pair.key_hash(side, 0), buckets - 1)
}
