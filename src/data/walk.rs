//! Joins the rows of both sides of one table by their keys, and reads the ones that differ.

use serde::Serialize;

use super::{
    change::{RowChange, Values},
    cursor::{Cursor, Entry, Place},
    error::DataError,
    narrow::{Connections, Method, narrow},
    pair::Pair,
    rows::{Fetched, fetch_rows},
};

/// The number of differing rows that are read at once.
const BATCH: usize = 256;

/// Numbers of rows.
///
/// ```
/// let counts = lakebase::data::Counts::default();
/// assert_eq!(counts.total(), 0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Counts {
    /// Rows that only the new database has.
    pub added: u64,
    /// Rows that only the old database has.
    pub removed: u64,
    /// Rows with other values.
    pub changed: u64,
}

impl Counts {
    /// All of them.
    pub fn total(&self) -> u64 {
        self.added + self.removed + self.changed
    }

    pub(super) fn add(&mut self, other: Self) {
        self.added += other.added;
        self.removed += other.removed;
        self.changed += other.changed;
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} added, {} removed, {} changed", self.added, self.removed, self.changed)
    }
}

/// A row that differs: its key and where it lies on each side.
struct Difference {
    key: [i64; 2],
    old: Option<Place>,
    new: Option<Place>,
    /// The hash of the new values outside of the key.
    outcome: Option<i64>,
}

/// The comparison of one table.
pub(super) struct Walk<'a> {
    pair: &'a Pair,
    old: Cursor,
    new: Cursor,
    /// The number of changed rows that are still read; the others are only counted.
    wanted: u64,
    pub(super) counts: Counts,
    pub(super) method: Method,
    pub(super) reason: String,
}

impl<'a> Walk<'a> {
    pub(super) async fn begin(
        both: &mut Connections<'_>,
        pair: &'a Pair,
        limit: u64,
    ) -> Result<Self, DataError> {
        let (scope, method, reason) = narrow(both, pair).await?;
        let (old, new) = tokio::try_join!(
            Cursor::open(both.old, &scope, pair, &pair.old),
            Cursor::open(both.new, &scope, pair, &pair.new)
        )?;
        Ok(Self { pair, old, new, wanted: limit, counts: Counts::default(), method, reason })
    }

    /// The next rows that differ; nothing at the end.
    pub(super) async fn next(
        &mut self,
        both: &mut Connections<'_>,
    ) -> Result<Option<Vec<RowChange>>, DataError> {
        let mut found = Vec::new();
        while found.len() < BATCH {
            if self.old.needs_rows() || self.new.needs_rows() {
                tokio::try_join!(self.old.fill(both.old), self.new.fill(both.new))?;
            }
            let Some(next) = self.join() else { break };
            found.extend(next);
        }
        if found.is_empty() {
            return Ok(None);
        }
        for difference in &found {
            match (difference.old, difference.new) {
                (Some(_), Some(_)) => self.counts.changed += 1,
                (Some(_), None) => self.counts.removed += 1,
                (None, _) => self.counts.added += 1,
            }
        }
        found.truncate(usize::try_from(self.wanted).unwrap_or(usize::MAX));
        self.wanted -= found.len() as u64;
        self.read(both, found).await.map(Some)
    }

    /// Takes the next row, or two of one key. Nothing at the end, an empty choice for equal rows.
    fn join(&mut self) -> Option<Option<Difference>> {
        let order = match (self.old.peek(), self.new.peek()) {
            (None, None) => return None,
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (Some(old), Some(new)) => old.key.cmp(&new.key),
        };
        let one = |entry: Entry, is_old: bool| Difference {
            key: entry.key,
            old: is_old.then_some(entry.place),
            new: (!is_old).then_some(entry.place),
            outcome: (!is_old).then_some(entry.rest),
        };
        Some(match order {
            std::cmp::Ordering::Less => self.old.take().map(|entry| one(entry, true)),
            std::cmp::Ordering::Greater => self.new.take().map(|entry| one(entry, false)),
            std::cmp::Ordering::Equal => {
                let (old, new) = (self.old.take()?, self.new.take()?);
                (old.rest != new.rest).then_some(Difference {
                    key: old.key,
                    old: Some(old.place),
                    new: Some(new.place),
                    outcome: Some(new.rest),
                })
            }
        })
    }

    async fn read(
        &mut self,
        both: &mut Connections<'_>,
        differences: Vec<Difference>,
    ) -> Result<Vec<RowChange>, DataError> {
        let old: Vec<_> = differences.iter().map(|d| d.old).collect();
        let new: Vec<_> = differences.iter().map(|d| d.new).collect();
        let (old, new) = tokio::try_join!(
            fetch_rows(both.old, self.pair, &self.pair.old, &old),
            fetch_rows(both.new, self.pair, &self.pair.new, &new)
        )?;
        let mut changes = Vec::with_capacity(differences.len());
        for ((difference, old), new) in differences.into_iter().zip(old).zip(new) {
            let changed = match (&old, &new) {
                (Some(old), Some(new)) => changed_columns(old, new),
                _ => Vec::new(),
            };
            if old.is_some() && new.is_some() && changed.is_empty() {
                // The hashes of two servers can disagree about values that are equal, such as those of a collation.
                self.counts.changed -= 1;
                continue;
            }
            let values = |row: Option<Fetched>| -> Option<Values> { row.map(|row| row.values) };
            changes.push(RowChange {
                head: self.pair.head.clone(),
                identity: difference.key,
                outcome: difference.outcome,
                before: values(old),
                after: values(new),
                changed: changed.into(),
            });
        }
        Ok(changes)
    }
}

/// A value differs if its text and its hash do: `1.0` and `1.00` have one hash.
fn changed_columns(old: &Fetched, new: &Fetched) -> Vec<u16> {
    let columns = old.values.iter().zip(&new.values).zip(old.hashes.iter().zip(&new.hashes)).enumerate();
    let differ = columns.filter(|(_, ((old, new), (old_hash, new_hash)))| old != new && old_hash != new_hash);
    differ.map(|(at, _)| at as u16).collect()
}
