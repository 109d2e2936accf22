//! Checksums of ranges of an integer key, and of buckets of a key's hash.

use sqlx::PgConnection;

use super::{BATCH, Connections, PARTS, RANGES, differing};
use crate::{
    data::{
        catalog::{fetch, number, text},
        error::DataError,
        model::Part,
        pair::{Pair, Side},
        scope::{Ranges, Scope, bucket, from, push, rows_of},
    },
    sql::quote_ident,
};

/// Differing ranges of a key with more rows are cut again.
const ROWS: i64 = 512;

/// All parts of a side as one source of labels and row hashes.
fn union(pair: &Pair, side: &Side, label: &str, condition: &str) -> String {
    let hash = pair.row_hash(side);
    let part =
        |part: &Part| format!("select {label} as label, {hash} as hash from {} {condition}", from(part));
    match side.parts.as_slice() {
        [] => "select 0::int8 as label, 0::int8 as hash where false".to_owned(),
        parts => parts.iter().map(part).collect::<Vec<_>>().join(" union all "),
    }
}

fn grouped(source: &str) -> String {
    format!("select label, count(*), sum(hash) from ({source}) x group by label")
}

/// The least and the greatest value of the first column of the key, an integer.
async fn bounds(
    conn: &mut PgConnection,
    pair: &Pair,
    side: &Side,
    key: usize,
) -> Result<Option<(i64, i64)>, DataError> {
    let Some((name, _)) = side.column(key) else { return Ok(None) };
    let name = quote_ident(name);
    let part =
        |part: &Part| format!("select min(t.{name}) as low, max(t.{name}) as high from {}", from(part));
    let parts: Vec<_> = side.parts.iter().map(part).collect();
    if parts.is_empty() {
        return Ok(None);
    }
    let what = format!("the keys of {}", pair.head.shown);
    let sql = format!("select min(low), max(high) from ({}) x", parts.join(" union all "));
    let rows = fetch(conn, &what, sql).await?;
    let Some(row) = rows.first().filter(|row| matches!(text(row, 0, &what), Ok(Some(_)))) else {
        return Ok(None);
    };
    Ok(Some((number(row, 0, &what)?, number(row, 1, &what)?)))
}

/// Nothing where the first column of the key is no integer or its values are spread too far.
pub(super) async fn by_key_ranges(
    both: &mut Connections<'_>,
    pair: &Pair,
) -> Result<Option<Scope>, DataError> {
    let Some(key) = pair.integer_key() else { return Ok(None) };
    let (old, new) =
        tokio::try_join!(bounds(both.old, pair, &pair.old, key), bounds(both.new, pair, &pair.new, key))?;
    let all = [old, new].into_iter().flatten().reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
    let Some((low, high)) = all else { return Ok(Some(Scope::KeyRanges(Vec::new()))) };
    let Some(span) = high.checked_sub(low).and_then(|span| span.checked_add(1)) else { return Ok(None) };
    let mut width = span / (RANGES * 4) + 1;
    let mut found = key_ranges(both, pair, key, low, width, None).await?;
    let mut done = Ranges::new();
    loop {
        let (large, small): (Vec<_>, Vec<_>) =
            found.into_iter().partition(|(_, rows)| *rows > ROWS && width > 1);
        done.extend(small.into_iter().map(|(from, _)| (from, from.saturating_add(width))));
        if large.is_empty() {
            break;
        }
        let ranges: Ranges = large.iter().map(|(from, _)| (*from, from.saturating_add(width))).collect();
        width = (width / PARTS).max(1);
        found = Vec::new();
        for ranges in ranges.chunks(BATCH) {
            found.extend(key_ranges(both, pair, key, low, width, Some(ranges)).await?);
        }
    }
    done.sort_unstable();
    let mut merged = Ranges::new();
    done.into_iter().for_each(|range| push(&mut merged, range));
    Ok(Some(Scope::KeyRanges(merged)))
}

/// The first values and the sizes of the differing ranges of a width, below some wider ranges or in the whole table.
async fn key_ranges(
    both: &mut Connections<'_>,
    pair: &Pair,
    key: usize,
    low: i64,
    width: i64,
    within: Option<&[(i64, i64)]>,
) -> Result<Vec<(i64, i64)>, DataError> {
    let what = format!("checksums of {}", pair.head.shown);
    let query = |side: &Side| {
        let key =
            format!("t.{}", quote_ident(&side.column(key).map(|(name, _)| name.clone()).unwrap_or_default()));
        let Some(ranges) = within else {
            let label = format!("({key}::int8 - ('{low}'::int8)) / {width}::int8");
            return grouped(&union(pair, side, &label, ""));
        };
        let label = format!("({key}::int8 - r.lo) / {width}::int8 * {width}::int8 + r.lo");
        let inner = union(pair, side, &label, &format!("where {key} >= r.lo and {key} < r.hi"));
        grouped(&format!("select x.* from {} cross join lateral ({inner} offset 0) x", rows_of(ranges)))
    };
    let sums = both.checksums(&what, query(&pair.old), query(&pair.new)).await?;
    let first =
        |label: i64| if within.is_some() { label } else { low.saturating_add(label.saturating_mul(width)) };
    Ok(differing(&sums).into_iter().map(|(label, rows)| (first(label), rows)).collect())
}

pub(super) async fn by_key_hashes(both: &mut Connections<'_>, pair: &Pair) -> Result<Scope, DataError> {
    // About a hundred rows in a bucket, within bounds that fit into memory.
    let blocks = pair.old.blocks().max(pair.new.blocks());
    let buckets = (blocks as u64).next_power_of_two().clamp(1 << 10, 1 << 16) as i64;
    let what = format!("checksums of {}", pair.head.shown);
    let query = |side: &Side| grouped(&union(pair, side, &bucket(pair, side, buckets), ""));
    let sums = both.checksums(&what, query(&pair.old), query(&pair.new)).await?;
    let differing = differing(&sums).into_iter().map(|(label, _)| label).collect();
    Ok(Scope::KeyHashes { buckets, differing })
}
