//! Compares two databases: catalogs, then table after table, each side in one snapshot.

use futures_util::{StreamExt as _, stream::BoxStream};
use sqlx::PgConnection;

use super::{
    catalog::{begin, end},
    change::RowChange,
    diff::{DataDiff, TableDiff},
    error::DataError,
    extras,
    model::{Database, TableName},
    narrow::{AskWritten, Connections, learn},
    options::Options,
    pair::{Pair, Pairs, Seeds},
    renames::follow_renames,
    walk::Walk,
};

/// Compares the rows of two databases: the change that takes `old` to `new`.
///
/// Each side is read in one `REPEATABLE READ READ ONLY` transaction, which is rolled back. The servers find by
/// checksums where rows can differ, and only such rows are transferred; the result says in [`TableDiff::method`] and
/// [`TableDiff::reason`] how.
///
/// # Errors
///
/// [`DataError::Read`] when a query fails, a table may not be read, or row security would hide rows from the role;
/// [`DataError::UnknownName`] when a chosen table is in neither database; [`DataError::UnsupportedVersion`] before
/// PostgreSQL 15.
pub async fn compare(
    old: &mut PgConnection,
    new: &mut PgConnection,
    options: &Options,
) -> Result<DataDiff, DataError> {
    compare_branches(old, new, options, None).await
}

/// As [`compare`], where a server may tell which blocks were written since the sides parted.
pub(crate) async fn compare_branches(
    old: &mut PgConnection,
    new: &mut PgConnection,
    options: &Options,
    written: Option<AskWritten>,
) -> Result<DataDiff, DataError> {
    let mut both = Connections { old, new, written };
    let compared = in_snapshots(&mut both, options, Seeds::random()).await;
    let ended = end_both(&mut both).await;
    let diff = compared?;
    ended?;
    Ok(diff)
}

pub(super) async fn end_both(both: &mut Connections<'_>) -> Result<(), DataError> {
    tokio::try_join!(end(both.old), end(both.new)).map(|_| ())
}

/// Both snapshots and the tables in them.
pub(super) struct Opened {
    pub(super) pairs: Pairs,
    uncompared: Vec<String>,
}

pub(super) async fn open(
    both: &mut Connections<'_>,
    options: &Options,
    seeds: Seeds,
) -> Result<Opened, DataError> {
    tokio::try_join!(begin(both.old), begin(both.new))?;
    let wanted = |name: &TableName| options.wants(name);
    // All tables are read and chosen afterwards, as a renamed one is called otherwise on the other side.
    let (mut old, mut new) =
        tokio::try_join!(Database::read(both.old, |_| true), Database::read(both.new, |_| true))?;
    check_names(options, &old, &new)?;
    let renames = follow_renames(both, &mut old, &mut new).await?;
    let new_name = |name: &TableName| renames.tables.get(name).unwrap_or(name).clone();
    old.tables.retain(|table| wanted(&new_name(&table.name)));
    new.tables.retain(|table| wanted(&table.name));
    let mut uncompared: Vec<String> = old.skipped.iter().chain(&new.skipped).cloned().collect();
    uncompared.sort();
    uncompared.dedup();
    let mut pairs = Pairs::new(&old, &new, &renames, options, seeds);
    if let Some(ask) = both.written.clone() {
        learn(both, &mut pairs, &ask).await?;
    }
    Ok(Opened { pairs, uncompared })
}

fn check_names(options: &Options, old: &Database, new: &Database) -> Result<(), DataError> {
    let tables = || old.tables.iter().chain(&new.tables);
    let unknown = |name: &&String| !tables().any(|table| table.name.is_named(name));
    let column = |name: &&String| {
        !tables().any(|table| {
            table.columns.iter().any(|column| {
                let one = Options::default().ignore_columns([name.as_str()]);
                one.ignores(&table.name, &column.name)
            })
        })
    };
    let wrong = options.include.iter().chain(&options.exclude).find(unknown);
    match wrong.or_else(|| options.ignored.iter().find(column)) {
        Some(name) => Err(DataError::UnknownName { name: name.clone() }),
        None => Ok(()),
    }
}

async fn in_snapshots(
    both: &mut Connections<'_>,
    options: &Options,
    seeds: Seeds,
) -> Result<DataDiff, DataError> {
    let opened = open(both, options, seeds).await?;
    let mut tables = Vec::with_capacity(opened.pairs.pairs.len());
    for pair in &opened.pairs.pairs {
        let mut walk = Walk::begin(both, pair, options.rows).await?;
        let mut rows = Vec::new();
        while let Some(found) = walk.next(both).await? {
            rows.extend(found);
        }
        tables.push(described(pair, walk, rows));
    }
    extras_of(opened, tables, both).await
}

/// The difference of the tables with all that is reported beside rows.
pub(super) async fn extras_of(
    opened: Opened,
    tables: Vec<TableDiff>,
    both: &mut Connections<'_>,
) -> Result<DataDiff, DataError> {
    Ok(DataDiff {
        tables,
        only_old: opened.pairs.only_old,
        only_new: opened.pairs.only_new,
        uncompared: opened.uncompared,
        sequences: extras::sequences(both).await?,
        large_objects: extras::large_objects(both).await?,
    })
}

pub(super) fn described(pair: &Pair, walk: Walk<'_>, rows: Vec<RowChange>) -> TableDiff {
    TableDiff {
        table: pair.head.shown.clone(),
        key: pair.head.row_key.clone(),
        counts: walk.counts,
        left_out: pair.left_out.clone(),
        method: walk.method,
        reason: walk.reason,
        rows,
    }
}

/// A part of a streamed comparison.
///
/// ```
/// use lakebase::data::DataEvent;
///
/// fn show(event: DataEvent) {
///     match event {
///         DataEvent::Row(change) => println!("{} {}", change.kind(), change.table()),
///         DataEvent::Table(table) => println!("{}: {}", table.table, table.counts),
///         _ => {}
///     }
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum DataEvent {
    /// A row that differs.
    Row(RowChange),
    /// The end of a table, with its numbers and without its rows.
    Table(TableDiff),
}

/// The differing rows of two databases one after the other, without a limit: memory does not grow with their number.
///
/// ```no_run
/// # async fn example(old: sqlx::PgConnection, new: sqlx::PgConnection) -> Result<(), lakebase::data::DataError> {
/// use futures_util::TryStreamExt as _;
/// use lakebase::data::{DataEvent, Options, stream};
///
/// let mut events = stream(old, new, Options::default());
/// while let Some(event) = events.try_next().await? {
///     if let DataEvent::Row(change) = event {
///         println!("{}", change.to_sql());
///     }
/// }
/// # Ok(())
/// # }
/// ```
pub fn stream(
    old: PgConnection,
    new: PgConnection,
    options: Options,
) -> BoxStream<'static, Result<DataEvent, DataError>> {
    stream_branches(old, new, options, None)
}

/// As [`stream`], where a server may tell which blocks were written since the sides parted.
pub(crate) fn stream_branches(
    mut old: PgConnection,
    mut new: PgConnection,
    options: Options,
    written: Option<AskWritten>,
) -> BoxStream<'static, Result<DataEvent, DataError>> {
    let events = async_stream::try_stream! {
        let mut both = Connections { old: &mut old, new: &mut new, written };
        let opened = open(&mut both, &options, Seeds::random()).await?;
        for pair in &opened.pairs.pairs {
            let mut walk = Walk::begin(&mut both, pair, u64::MAX).await?;
            while let Some(found) = walk.next(&mut both).await? {
                for change in found {
                    yield DataEvent::Row(change);
                }
            }
            yield DataEvent::Table(described(pair, walk, Vec::new()));
        }
        end_both(&mut both).await?;
    };
    events.boxed()
}
