//! Three-way comparison: the rows that two databases changed since they were one.

use std::{cmp::Ordering, collections::VecDeque, fmt};

use serde::Serialize;
use sqlx::PgConnection;

use super::{
    change::{ChangeKind, RowChange, RowKey},
    compare::{described, end_both, extras_of, open},
    diff::{DataDiff, TableDiff},
    error::DataError,
    narrow::{AskWritten, Connections},
    options::Options,
    pair::{Pair, Seeds},
    walk::Walk,
};

/// The kind of a conflict between two changes of one row.
///
/// ```
/// fn show(kind: lakebase::data::DataConflictKind) {
///     println!("{kind}");
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DataConflictKind {
    /// Both changed the row, to different values.
    BothChanged,
    /// One removed what the other changed.
    RemovedAndChanged,
    /// Both added a row with this key, with different values.
    BothAdded,
}

impl fmt::Display for DataConflictKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BothChanged => "both changed it",
            Self::RemovedAndChanged => "one removed it, the other changed it",
            Self::BothAdded => "both added it",
        })
    }
}

/// Two changes of one row that cannot both be kept.
///
/// ```
/// fn show(conflict: &lakebase::data::DataConflict) {
///     println!("{}: {:?}", conflict.ours.table(), conflict.kind);
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct DataConflict {
    /// The kind.
    pub kind: DataConflictKind,
    /// The change of this side.
    pub ours: RowChange,
    /// The change of the other side.
    pub theirs: RowChange,
}

/// The rows that both sides changed since the branch point.
///
/// ```no_run
/// # async fn example(feature: lakebase::Branch) -> lakebase::Result<()> {
/// let drift = feature.data_drift().await?;
/// for conflict in &drift.conflicts {
///     println!("{}: {:?}", conflict.ours.table(), conflict.ours.key().collect::<Vec<_>>());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct DataDrift {
    /// The changes of this side.
    pub ours: DataDiff,
    /// The changes of the other side.
    pub theirs: DataDiff,
    /// Rows that both changed in ways that exclude each other, up to the row limit of each table.
    pub conflicts: Vec<DataConflict>,
    /// The number of all conflicts.
    pub conflict_count: u64,
}

impl DataDrift {
    /// Whether the changes of both sides can be kept.
    pub fn is_mergeable(&self) -> bool {
        self.conflict_count == 0
    }
}

impl fmt::Display for DataDrift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "ours: {}", self.ours.summary())?;
        writeln!(f, "theirs: {}", self.theirs.summary())?;
        writeln!(f, "{}", super::render::plural(self.conflict_count, "conflict"))?;
        self.conflicts.iter().try_for_each(|conflict| {
            let key = super::render::one_line(&conflict.ours.key_text());
            writeln!(f, "  {} ({key}): {}", conflict.ours.table(), conflict.kind)
        })
    }
}

/// A connection to the base and one to a side.
#[derive(Debug)]
pub struct FromBase<'a> {
    /// A connection to the state at the branch point. Each side needs one of its own.
    pub base: &'a mut PgConnection,
    /// A connection to the side.
    pub side: &'a mut PgConnection,
}

/// Compares two databases with the state that both come from.
///
/// ```no_run
/// # async fn example(mut c: [sqlx::PgConnection; 4]) -> Result<(), lakebase::data::DataError> {
/// use lakebase::data::{FromBase, Options, drift};
///
/// let [base, other_base, ours, theirs] = &mut c;
/// let ours = FromBase { base, side: ours };
/// let theirs = FromBase { base: other_base, side: theirs };
/// println!("{}", drift(ours, theirs, &Options::default()).await?);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Those of [`compare`](fn@super::compare).
pub async fn drift(
    ours: FromBase<'_>,
    theirs: FromBase<'_>,
    options: &Options,
) -> Result<DataDrift, DataError> {
    drift_of_branches(ours, theirs, options, [None, None]).await
}

/// As [`drift`], where a server may tell which blocks were written on each side since the base.
pub(crate) async fn drift_of_branches(
    ours: FromBase<'_>,
    theirs: FromBase<'_>,
    options: &Options,
    [ours_written, theirs_written]: [Option<AskWritten>; 2],
) -> Result<DataDrift, DataError> {
    let mut ours = Connections { old: ours.base, new: ours.side, written: ours_written };
    let mut theirs = Connections { old: theirs.base, new: theirs.side, written: theirs_written };
    let compared = in_snapshots(&mut ours, &mut theirs, options).await;
    let ended = tokio::try_join!(end_both(&mut ours), end_both(&mut theirs));
    let drift = compared?;
    ended?;
    Ok(drift)
}

async fn in_snapshots(
    ours: &mut Connections<'_>,
    theirs: &mut Connections<'_>,
    options: &Options,
) -> Result<DataDrift, DataError> {
    // One choice of seeds, so that the rows of both comparisons come in one order.
    let seeds = Seeds::random();
    let (our, their) = tokio::try_join!(open(ours, options, seeds), open(theirs, options, seeds))?;
    let mut found = Found { limit: options.rows, ..Found::default() };
    let mut their_pairs: Vec<&Pair> = their.pairs.pairs.iter().collect();
    for pair in &our.pairs.pairs {
        let at = their_pairs.iter().position(|other| other.head.name == pair.head.name);
        let mut one = Changes::begin(ours, pair).await?;
        let mut other = match at {
            Some(at) => Some(Changes::begin(theirs, their_pairs.remove(at)).await?),
            None => None,
        };
        found.join(&mut one, &mut other).await?;
        found.ours.push(one.finish());
        found.theirs.extend(other.map(Changes::finish));
    }
    for pair in their_pairs {
        let mut one = Changes::begin(theirs, pair).await?;
        while let Some(row) = one.take().await? {
            one.keep(row, options.rows);
        }
        found.theirs.push(one.finish());
    }
    found.theirs.sort_by(|a, b| a.table.cmp(&b.table));
    Ok(DataDrift {
        ours: extras_of(our, found.ours, ours).await?,
        theirs: extras_of(their, found.theirs, theirs).await?,
        conflicts: found.conflicts,
        conflict_count: found.conflict_count,
    })
}

/// The changes of one table since the base, in the order of their keys.
struct Changes<'a, 'c> {
    both: &'a mut Connections<'c>,
    pair: &'a Pair,
    walk: Walk<'a>,
    next: VecDeque<RowChange>,
    kept: Vec<RowChange>,
}

impl<'a, 'c> Changes<'a, 'c> {
    async fn begin(both: &'a mut Connections<'c>, pair: &'a Pair) -> Result<Self, DataError> {
        let walk = Walk::begin(both, pair, u64::MAX).await?;
        Ok(Self { both, pair, walk, next: VecDeque::new(), kept: Vec::new() })
    }

    async fn peek(&mut self) -> Result<Option<&RowChange>, DataError> {
        while self.next.is_empty() {
            match self.walk.next(self.both).await? {
                Some(rows) => self.next.extend(rows),
                None => return Ok(None),
            }
        }
        Ok(self.next.front())
    }

    async fn take(&mut self) -> Result<Option<RowChange>, DataError> {
        self.peek().await?;
        Ok(self.next.pop_front())
    }

    fn keep(&mut self, row: RowChange, limit: u64) {
        if (self.kept.len() as u64) < limit {
            self.kept.push(row);
        }
    }

    fn finish(self) -> TableDiff {
        described(self.pair, self.walk, self.kept)
    }
}

#[derive(Default)]
struct Found {
    limit: u64,
    ours: Vec<TableDiff>,
    theirs: Vec<TableDiff>,
    conflicts: Vec<DataConflict>,
    conflict_count: u64,
}

impl Found {
    /// Joins the changes of both sides of one table.
    async fn join(
        &mut self,
        ours: &mut Changes<'_, '_>,
        theirs: &mut Option<Changes<'_, '_>>,
    ) -> Result<(), DataError> {
        let mut of_table = 0;
        loop {
            let our = ours.peek().await?.map(|row| row.identity);
            let their = match theirs {
                Some(theirs) => theirs.peek().await?.map(|row| row.identity),
                None => None,
            };
            let order = match (our, their) {
                (None, None) => return Ok(()),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(our), Some(their)) => our.cmp(&their),
            };
            let our = if order.is_le() { ours.take().await? } else { None };
            let their = match theirs {
                Some(theirs) if order.is_ge() => theirs.take().await?,
                _ => None,
            };
            if let (Some(our), Some(their)) = (&our, &their)
                && let Some(kind) = conflict(our, their)
            {
                self.conflict_count += 1;
                if of_table < self.limit {
                    of_table += 1;
                    self.conflicts.push(DataConflict { kind, ours: our.clone(), theirs: their.clone() });
                }
            }
            our.into_iter().for_each(|row| ours.keep(row, self.limit));
            if let (Some(theirs), Some(row)) = (theirs.as_mut(), their) {
                theirs.keep(row, self.limit);
            }
        }
    }
}

fn conflict(ours: &RowChange, theirs: &RowChange) -> Option<DataConflictKind> {
    if ours.head.row_key == RowKey::WholeRow || ours.head.row_key != theirs.head.row_key {
        return None;
    }
    match (ours.kind(), theirs.kind()) {
        (ChangeKind::Removed, ChangeKind::Removed) => None,
        (ChangeKind::Removed, _) | (_, ChangeKind::Removed) => Some(DataConflictKind::RemovedAndChanged),
        _ if same_outcome(ours, theirs) => None,
        (ChangeKind::Added, _) | (_, ChangeKind::Added) => Some(DataConflictKind::BothAdded),
        (ChangeKind::Changed, ChangeKind::Changed) => Some(DataConflictKind::BothChanged),
    }
}

/// Whether both changes lead to equal rows: by their hashes, which say what the types call equal; by name and text
/// where the columns of the sides differ.
fn same_outcome(ours: &RowChange, theirs: &RowChange) -> bool {
    let same_columns = ours.columns().eq(theirs.columns());
    if same_columns && ours.outcome == theirs.outcome {
        return true;
    }
    let common = ours.columns().filter(|name| theirs.columns().any(|other| other == *name));
    let mut differing = common.filter(|name| ours.after(name) != theirs.after(name));
    differing.next().is_none()
}
