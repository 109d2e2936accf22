//! Rows that differ within blocks that do, by where they lie.
//!
//! Every place is a set of its own: a row with the same hash at the same place on both sides drops out. Of a block in
//! which one row changed that leaves two places, where all of its rows would be sorted and transferred.

use std::collections::BTreeMap;

use sqlx::{AssertSqlSafe, PgConnection, Row as _};

use super::{Connections, blocks::cut};
use crate::data::{
    error::DataError,
    model::{Part, TableName},
    pair::{Pair, Side},
    scope::{IN_BLOCKS, Ranges, Scope, Spots, from, push, rows_of},
};

/// Fewer blocks than these are read whole: that takes one query less.
const WORTH: i64 = 32;
/// The number of blocks of one query.
const BLOCKS: i64 = 1024;
/// The most places of a part, which are in memory and in the text of a query.
const MOST: usize = 1 << 16;
/// Bytes of a place and a hash.
const ENTRY: usize = 14;

/// Narrows blocks to places. Blocks in which more than a quarter of the rows differ are kept whole.
pub(super) async fn by_lines(
    both: &mut Connections<'_>,
    pair: &Pair,
    common: &[(&Part, &Part)],
    mut blocks: BTreeMap<TableName, Ranges>,
) -> Result<Scope, DataError> {
    let mut parts = BTreeMap::new();
    for (old, new) in common {
        let Some(ranges) = blocks.remove(&old.name) else { continue };
        let count: i64 = ranges.iter().map(|(from, to)| to - from).sum();
        let spots = match count < WORTH {
            true => Spots { ranges, places: Vec::new() },
            false => narrowed(both, pair, (old, new), &ranges).await?,
        };
        parts.insert(old.name.clone(), spots);
    }
    Ok(Scope::Blocks(parts))
}

async fn narrowed(
    both: &mut Connections<'_>,
    pair: &Pair,
    (old, new): (&Part, &Part),
    ranges: &[(i64, i64)],
) -> Result<Spots, DataError> {
    let what = format!("checksums of {}", pair.head.shown);
    let mut spots = Spots::default();
    let mut batches = batches(ranges).into_iter();
    for batch in batches.by_ref() {
        let queries = (query(pair, &pair.old, old, &batch), query(pair, &pair.new, new, &batch));
        let (old, new) =
            tokio::try_join!(rows(both.old, &what, queries.0), rows(both.new, &what, queries.1))?;
        let differing = differing(&old, &new);
        if differing.len() * 4 > old.len().max(new.len()) || spots.places.len() + differing.len() > MOST {
            spots.ranges = batch;
            break;
        }
        spots.places.extend(differing);
    }
    batches.flatten().for_each(|range| push(&mut spots.ranges, range));
    Ok(spots)
}

/// Ranges of so many blocks together.
fn batches(ranges: &[(i64, i64)]) -> Vec<Ranges> {
    let mut all: Vec<Ranges> = Vec::new();
    let mut room = 0;
    for (from, to) in cut(ranges, BLOCKS) {
        match all.last_mut().filter(|_| to - from <= room) {
            Some(batch) => batch.push((from, to)),
            None => {
                all.push(vec![(from, to)]);
                room = BLOCKS;
            }
        }
        room -= to - from;
    }
    all
}

/// The query of the places and hashes of each range, one after the other.
fn query(pair: &Pair, side: &Side, part: &Part, ranges: &[(i64, i64)]) -> String {
    format!(
        "select (select pg_catalog.string_agg(pg_catalog.tidsend(t.ctid) || pg_catalog.int8send({}),
                                              ''::pg_catalog.bytea)
                 from {} where {IN_BLOCKS}) from {}",
        pair.row_hash(side),
        from(part),
        rows_of(ranges)
    )
}

/// A block, a line in it, and the hash of the row there.
type Line = ((u32, u16), u64);

async fn rows(conn: &mut PgConnection, what: &str, sql: String) -> Result<Vec<Line>, DataError> {
    let failed = |source| DataError::read(what, source);
    let mut lines = Vec::new();
    for row in sqlx::query(AssertSqlSafe(sql)).persistent(false).fetch_all(conn).await.map_err(failed)? {
        let bytes: Option<&[u8]> = row.try_get(0).map_err(failed)?;
        lines.extend(bytes.unwrap_or_default().chunks_exact(ENTRY).map(line));
    }
    // Scans that several sessions share begin anywhere.
    lines.sort_unstable();
    Ok(lines)
}

/// Numbers in the order of the network.
fn line(bytes: &[u8]) -> Line {
    let number = |bytes: &[u8]| bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
    let (block, rest) = bytes.split_at(4);
    let (line, hash) = rest.split_at(2);
    ((number(block) as u32, number(line) as u16), number(hash))
}

/// Places at which the sides do not have equal rows, ascending.
fn differing(old: &[Line], new: &[Line]) -> Vec<(u32, u16)> {
    let mut found = Vec::new();
    let (mut old, mut new) = (old.iter().peekable(), new.iter().peekable());
    loop {
        let next = match (old.peek(), new.peek()) {
            (Some(one), Some(other)) => one.0.min(other.0),
            (Some(one), None) | (None, Some(one)) => one.0,
            (None, None) => return found,
        };
        let one = old.next_if(|line| line.0 == next);
        let other = new.next_if(|line| line.0 == next);
        if one != other {
            found.push(next);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_differ_by_presence_and_by_hash() {
        let old = [((1, 1), 7), ((1, 2), 7), ((3, 1), 1), ((9, 1), 1)];
        let new = [((1, 1), 7), ((1, 2), 8), ((2, 1), 1), ((9, 1), 1), ((9, 2), 1)];
        assert_eq!(differing(&old, &new), [(1, 2), (2, 1), (3, 1), (9, 2)]);
        assert_eq!(differing(&[], &new[..1]), [(1, 1)]);
    }

    #[test]
    fn entries_are_read_in_network_order() {
        let entry = [0, 1, 0, 2, 1, 3, 0, 0, 0, 0, 0, 0, 2, 4];
        assert_eq!(line(&entry), ((0x1_0002, 0x103), 0x204));
    }

    #[test]
    fn batches_hold_all_blocks_and_not_more_than_one_query_reads() {
        let batches = batches(&[(0, 5), (10, 1500), (2000, 2001)]);
        assert_eq!(batches, [vec![(0, 5)], vec![(10, 1034)], vec![(1034, 1500), (2000, 2001)]]);
    }
}
