//! Checksums of ranges of blocks.

use std::collections::BTreeMap;

use super::{BATCH, Connections, PARTS, RANGES, differing};
use crate::data::{
    error::DataError,
    model::{Part, TableName},
    pair::{Pair, Side},
    scope::{IN_BLOCKS, Ranges, from, push, rows_of},
};

/// The number of blocks that are looked at to decide.
const SAMPLE: i64 = 48;

/// Parts of the same name whose blocks can be read in ranges.
pub(super) fn common_parts(pair: &Pair) -> Vec<(&Part, &Part)> {
    let mut new: BTreeMap<&TableName, &Part> = pair.new.parts.iter().map(|part| (&part.name, part)).collect();
    // A table that was renamed has one part on each side.
    if let ([old], [new]) = (pair.old.parts.as_slice(), pair.new.parts.as_slice()) {
        return if old.heap && new.heap && old.name == new.name { vec![(old, new)] } else { Vec::new() };
    }
    let pairs = pair.old.parts.iter().filter_map(|old| Some((old, new.remove(&old.name)?)));
    pairs.filter(|(old, new)| old.heap && new.heap).collect()
}

/// The query of checksums of ranges of blocks, labeled by their first block.
fn block_query(pair: &Pair, side: &Side, part: &Part, ranges: &[(i64, i64)]) -> String {
    format!(
        "select r.lo, s.* from {} cross join lateral (select count(*), sum({}) from {} where {IN_BLOCKS}) s",
        rows_of(ranges),
        pair.row_hash(side),
        from(part)
    )
}

/// How many of the sampled blocks that are not empty are equal.
pub(super) async fn sample(
    both: &mut Connections<'_>,
    pair: &Pair,
    common: &[(&Part, &Part)],
) -> Result<(i64, i64), DataError> {
    let blocks = |(old, new): &(&Part, &Part)| i64::from(old.blocks.min(new.blocks));
    let total: i64 = common.iter().map(blocks).sum();
    let (mut equal, mut sampled) = (0, 0);
    for (old, new) in common {
        let own = blocks(&(old, new));
        let wanted = if total == 0 { 0 } else { (SAMPLE * own + total - 1) / total };
        if own == 0 || wanted == 0 {
            continue;
        }
        let mut ranges = Ranges::new();
        for at in (0..wanted).map(|number| number * own / wanted) {
            if ranges.last().is_none_or(|last| last.0 != at) {
                ranges.push((at, at + 1));
            }
        }
        let what = format!("checksums of {}", pair.head.shown);
        let old = block_query(pair, &pair.old, old, &ranges);
        let new = block_query(pair, &pair.new, new, &ranges);
        let sums = both.checksums(&what, old, new).await?;
        let different = differing(&sums).len() as i64;
        let [old, new] = sums;
        let all = old.keys().chain(new.keys().filter(|label| !old.contains_key(label))).count() as i64;
        sampled += all;
        equal += all - different;
    }
    Ok((equal, sampled))
}

/// Finds the blocks that differ, of all or those `within` which differences lie.
pub(super) async fn by_blocks(
    both: &mut Connections<'_>,
    pair: &Pair,
    common: &[(&Part, &Part)],
    within: &BTreeMap<TableName, Ranges>,
) -> Result<BTreeMap<TableName, Ranges>, DataError> {
    let mut parts = BTreeMap::new();
    for (old, new) in common {
        let all = vec![(0, i64::from(old.blocks.max(new.blocks)))];
        let within = within.get(&old.name).unwrap_or(&all);
        let blocks: i64 = within.iter().map(|(from, to)| to - from).sum();
        let mut width = ((blocks / RANGES) as u64).next_power_of_two() as i64;
        let mut ranges: Ranges = cut(within, width).collect();
        loop {
            ranges = differing_blocks(both, pair, (old, new), &ranges).await?;
            if width == 1 {
                break;
            }
            width = (width / PARTS).max(1);
            ranges = cut(&ranges, width).collect();
        }
        let mut merged = Ranges::new();
        ranges.into_iter().for_each(|range| push(&mut merged, range));
        parts.insert(old.name.clone(), merged);
    }
    Ok(parts)
}

/// The ranges in pieces of so many blocks.
pub(super) fn cut(ranges: &[(i64, i64)], width: i64) -> impl Iterator<Item = (i64, i64)> {
    ranges.iter().flat_map(move |&(from, to)| {
        let pieces = (to - from).div_euclid(width) + i64::from((to - from).rem_euclid(width) != 0);
        (0..pieces).map(move |piece| (from + piece * width, to.min(from + (piece + 1) * width)))
    })
}

async fn differing_blocks(
    both: &mut Connections<'_>,
    pair: &Pair,
    (old, new): (&Part, &Part),
    ranges: &[(i64, i64)],
) -> Result<Ranges, DataError> {
    let what = format!("checksums of {}", pair.head.shown);
    let mut found = Ranges::new();
    for ranges in ranges.chunks(BATCH) {
        let old = block_query(pair, &pair.old, old, ranges);
        let new = block_query(pair, &pair.new, new, ranges);
        let sums = both.checksums(&what, old, new).await?;
        for (first, _) in differing(&sums) {
            if let Ok(at) = ranges.binary_search_by_key(&first, |range| range.0) {
                found.extend(ranges.get(at));
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_cut_whole() {
        let cut: Vec<_> = cut(&[(0, 5), (8, 16)], 4).collect();
        assert_eq!(cut, [(0, 4), (4, 5), (8, 12), (12, 16)]);
        let mut merged = Ranges::new();
        cut.into_iter().for_each(|range| push(&mut merged, range));
        assert_eq!(merged, [(0, 5), (8, 16)]);
    }
}
