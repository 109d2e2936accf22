//! Finds the part of a table that can hold differences by checksums that the servers compute: no row is transferred.

mod blocks;
mod keys;
mod lines;
mod written;

use std::collections::BTreeMap;

use serde::Serialize;
use sqlx::PgConnection;

use super::{
    catalog::{fetch, number},
    error::DataError,
    pair::Pair,
    scope::Scope,
};

pub(crate) use written::AskWritten;
pub(super) use written::learn;

/// Tables up to this many blocks are read whole: a checksum would cost as much.
const SMALL: i64 = 64;

/// The number of ranges that a table is cut into first, about.
const RANGES: i64 = 16_384;
/// The number of parts that a differing range is cut into.
const PARTS: i64 = 16;
/// The number of ranges of one query.
const BATCH: usize = 16_384;
/// Written blocks up to this many are read: checksums of them would cost as much.
const FEW: i64 = 8192;

/// The way that the differing rows of a table were found.
///
/// ```
/// fn show(way: lakebase::data::Method) {
///     println!("{way}");
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Method {
    /// By the blocks that were written since two branches parted, which a local Lakebase tells.
    WrittenBlocks,
    /// By checksums of ranges of blocks: most blocks hold the same rows on both sides, as in branches of one another.
    Blocks,
    /// By checksums of ranges of an integer key.
    KeyRanges,
    /// By checksums of buckets of the key's hash.
    KeyHashes,
    /// All rows were joined.
    Everything,
}

impl std::fmt::Display for Method {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::WrittenBlocks => "written blocks",
            Self::Blocks => "checksums of block ranges",
            Self::KeyRanges => "checksums of key ranges",
            Self::KeyHashes => "checksums of key hashes",
            Self::Everything => "all rows",
        })
    }
}

/// The number of rows and the sum of their hashes.
type Checksum = (i64, i128);
type Checksums = BTreeMap<i64, Checksum>;

/// Both sides of a comparison.
pub(super) struct Connections<'a> {
    pub(super) old: &'a mut PgConnection,
    pub(super) new: &'a mut PgConnection,
    /// Asks for written blocks, where both are branches of one server that tells them.
    pub(super) written: Option<AskWritten>,
}

impl Connections<'_> {
    /// The checksums by label of both sides, which work at the same time.
    async fn checksums(&mut self, what: &str, old: String, new: String) -> Result<[Checksums; 2], DataError> {
        let (old, new) = tokio::try_join!(checksums(self.old, what, old), checksums(self.new, what, new))?;
        Ok([old, new])
    }
}

async fn checksums(conn: &mut PgConnection, what: &str, sql: String) -> Result<Checksums, DataError> {
    let mut all = Checksums::new();
    for row in fetch(conn, what, sql).await? {
        let (label, rows) = (number(&row, 0, what)?, number(&row, 1, what)?);
        if rows > 0 {
            all.insert(label, (rows, number(&row, 2, what)?));
        }
    }
    Ok(all)
}

/// Labels whose checksums differ, ascending, with the larger number of rows.
fn differing([old, new]: &[Checksums; 2]) -> Vec<(i64, i64)> {
    let rows = |label: &i64| {
        let count = |side: &Checksums| side.get(label).map_or(0, |(rows, _)| *rows);
        count(old).max(count(new))
    };
    let mut all: Vec<i64> =
        old.iter().filter(|(label, sum)| new.get(label) != Some(sum)).map(|(l, _)| *l).collect();
    all.extend(new.keys().filter(|label| !old.contains_key(label)));
    all.sort_unstable();
    all.into_iter().map(|label| (label, rows(&label))).collect()
}

/// Decides for a table, and finds the rows to join.
pub(super) async fn narrow(
    both: &mut Connections<'_>,
    pair: &Pair,
) -> Result<(Scope, Method, String), DataError> {
    let blocks = pair.old.blocks().max(pair.new.blocks());
    if blocks <= SMALL {
        return Ok((Scope::Everything, Method::Everything, format!("the table has only {blocks} blocks")));
    }
    let common = blocks::common_parts(pair);
    if let Some((ranges, written, total)) = written::few_written(pair, &common) {
        let why = format!("{written} of {total} blocks were written since the branches parted");
        let ranges = match written <= FEW {
            true => ranges,
            false => blocks::by_blocks(both, pair, &common, &ranges).await?,
        };
        return Ok((lines::by_lines(both, pair, &common, ranges).await?, Method::WrittenBlocks, why));
    }
    let (equal, sampled) = blocks::sample(both, pair, &common).await?;
    let why = match sampled {
        0 => "the sides have no blocks in common".to_owned(),
        _ => format!("{equal} of {sampled} sampled blocks are equal"),
    };
    if sampled > 0 && equal * 4 >= sampled {
        let ranges = blocks::by_blocks(both, pair, &common, &BTreeMap::new()).await?;
        return Ok((lines::by_lines(both, pair, &common, ranges).await?, Method::Blocks, why));
    }
    if let Some(scope) = keys::by_key_ranges(both, pair).await? {
        return Ok((scope, Method::KeyRanges, why));
    }
    Ok((keys::by_key_hashes(both, pair).await?, Method::KeyHashes, why))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_differs_by_number_and_by_sum() {
        let side =
            |sums: &[(i64, i64, i128)]| sums.iter().map(|(l, n, s)| (*l, (*n, *s))).collect::<Checksums>();
        let old = side(&[(0, 3, 7), (1, 3, 7), (2, 1, 1)]);
        let new = side(&[(0, 3, 7), (1, 4, 7), (3, 9, 9)]);
        assert_eq!(differing(&[old, new]), [(1, 4), (2, 1), (3, 9)]);
    }
}
