//! Blocks that were written since two branches parted, where the server of both tells them.

use std::{collections::BTreeMap, sync::Arc};

use futures_util::future::BoxFuture;
use sqlx::{AssertSqlSafe, Executor as _, PgConnection};

use super::{Connections, SMALL, blocks::common_parts};
use crate::{
    data::{
        catalog::{fetch, text},
        error::DataError,
        model::{Part, TableName},
        pair::{Pair, Pairs},
        scope::Ranges,
    },
    sql::quote_literal,
};

/// For each file that both sides have under a path, the half-open ranges of blocks outside of which the rows are equal, or
/// nothing where that is not known. Asked after the snapshots have begun, it sees everything in them.
pub(crate) type AskWritten =
    Arc<dyn Fn(Vec<String>) -> BoxFuture<'static, Option<Vec<Option<Vec<(u32, u32)>>>>> + Send + Sync>;

/// Asks for the written blocks of all tables that are not small.
pub(in crate::data) async fn learn(
    both: &mut Connections<'_>,
    pairs: &mut Pairs,
    ask: &AskWritten,
) -> Result<(), DataError> {
    let mut wanted: Vec<(usize, Part)> = Vec::new();
    for (at, pair) in pairs.pairs.iter().enumerate() {
        if pair.old.blocks().max(pair.new.blocks()) > SMALL {
            let logged = common_parts(pair).into_iter().filter(|(old, new)| old.logged && new.logged);
            wanted.extend(logged.map(|(old, _)| (at, old.clone())));
        }
    }
    if wanted.is_empty() {
        return Ok(());
    }
    let parts: Vec<&Part> = wanted.iter().map(|(_, part)| part).collect();
    let (old, new) = tokio::try_join!(paths(both.old, &parts), paths(both.new, &parts))?;
    // A table that was rewritten on one side is in another file there.
    let same = wanted.into_iter().zip(old).zip(new).filter(|((_, old), new)| old == new);
    let (wanted, files): (Vec<_>, Vec<_>) = same.map(|((wanted, path), _)| (wanted, path)).unzip();
    let Some(written) = ask(files).await else { return Ok(()) };
    for ((at, part), ranges) in wanted.into_iter().zip(written) {
        if let (Some(pair), Some(ranges)) = (pairs.pairs.get_mut(at), ranges) {
            let ranges = ranges.into_iter().map(|(from, to)| (from.into(), to.into())).collect();
            pair.written.insert(part.name, ranges);
        }
    }
    Ok(())
}

/// The paths of the files of tables, which do not change until the end of the snapshot.
async fn paths(conn: &mut PgConnection, parts: &[&Part]) -> Result<Vec<String>, DataError> {
    let what = "the files of tables";
    let names: Vec<_> = parts.iter().map(|part| part.name.sql()).collect();
    let lock = format!("lock table only {} in access share mode", names.join(", only "));
    conn.execute(AssertSqlSafe(lock)).await.map_err(|source| DataError::read(what, source))?;
    let names: Vec<_> = names.iter().map(|name| quote_literal(name)).collect();
    let sql = format!(
        "select pg_catalog.pg_relation_filepath(name::pg_catalog.regclass)
         from unnest(array[{}]::text[]) with ordinality u(name, at) order by at",
        names.join(",")
    );
    let rows = fetch(conn, what, sql).await?;
    rows.iter().map(|row| Ok(text(row, 0, what)?.unwrap_or_default().to_owned())).collect()
}

/// The written blocks of all parts that both sides have; nothing where one is not known, or most blocks were written, so
/// that checksums find more.
pub(super) fn few_written(
    pair: &Pair,
    common: &[(&Part, &Part)],
) -> Option<(BTreeMap<TableName, Ranges>, i64, i64)> {
    let total: i64 = common.iter().map(|(old, new)| i64::from(old.blocks.max(new.blocks))).sum();
    let known = common.iter().map(|(old, _)| Some((old.name.clone(), pair.written.get(&old.name)?.clone())));
    let known: BTreeMap<_, _> = known.collect::<Option<_>>()?;
    let written: i64 = known.values().flatten().map(|(from, to)| to - from).sum();
    (total > 0 && written * 4 <= total * 3).then_some((known, written, total))
}
