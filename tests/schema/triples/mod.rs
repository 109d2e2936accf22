//! Three-way comparison: a conflict where two sides contradict each other, and where none is found, each side's
//! changes replay on the other and lead to one schema.

use std::fmt::Write;
use std::sync::Arc;

use futures_util::StreamExt;
use lakebase::schema::{compare, drift};

use super::case::{Case, Expect, corpus};
use super::observe::Observe;
use crate::support::postgres::{self, Cluster, Database};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_conflict_each_side_replays_on_the_other() {
    let cluster = postgres::shared();
    let wanted = std::env::var("LAKEBASE_SCHEMA_PAIRS").unwrap_or_default();
    // The quick part is every fourth; a text in the variable asks for pairs only.
    let step = if wanted == "all" { 1 } else { 4 };
    let results: Vec<(String, Result<(), String>)> =
        futures_util::stream::iter(corpus("triples").into_iter().step_by(step))
            .map(|case| {
                let cluster = Arc::clone(&cluster);
                async move { (case.name.clone(), run(&cluster, &case).await) }
            })
            .buffer_unordered(4)
            .collect()
            .await;
    let mut failures = String::new();
    for (name, result) in &results {
        if let Err(complaint) = result {
            writeln!(failures, "## triple {name}\n{}\n", complaint.trim_end()).expect("a string");
        }
    }
    if let Some(file) = std::env::var_os("LAKEBASE_SCHEMA_REPORT_TRIPLES") {
        std::fs::write(file, &failures).expect("the report can be written");
    }
    assert!(failures.is_empty(), "{failures}\n{} triples", results.len());
}

async fn run(cluster: &Arc<Cluster>, case: &Case) -> Result<(), String> {
    let (base, ours, theirs) = tokio::try_join!(
        Database::create(cluster, case.section("base").to_owned()),
        Database::create(cluster, case.script("ours")),
        Database::create(cluster, case.script("theirs")),
    )?;
    let (base, old_ours, old_theirs) = tokio::try_join!(base.schema(), ours.schema(), theirs.schema())?;
    let three_way = drift(&base, &old_ours, &old_theirs);
    let conflicts = three_way.conflicts().len();
    let mirrored = drift(&base, &old_theirs, &old_ours).conflicts().len();
    if conflicts != mirrored {
        return Err(format!("{conflicts} conflicts, but {mirrored} from the other side:\n{three_way}"));
    }
    match (case.expect, conflicts) {
        (Expect::Conflict, 0) => return Err(format!("a conflict is overlooked:\n{three_way}")),
        (Expect::Conflict, _) => return Ok(()),
        (_, 0) => {}
        (_, _) => return Err(format!("there is no conflict, but:\n{three_way}")),
    }
    // What both did can't be done a second time; that it is recognised is all there is to see.
    if three_way.same().iter().next().is_some() {
        return Ok(());
    }
    let plan =
        |side| compare(&base, side).migration().map(|plan| plan.to_sql()).map_err(|error| error.to_string());
    replay(&ours, plan(&old_theirs)?).await?;
    replay(&theirs, plan(&old_ours)?).await?;
    let (ours_now, theirs_now) = tokio::try_join!(ours.schema(), theirs.schema())?;
    let rest = compare(&ours_now, &theirs_now);
    let (ours_dump, theirs_dump) = tokio::join!(ours.dump(), theirs.dump());
    let difference = ours_dump.difference(&theirs_dump);
    if rest.is_empty() && difference.is_empty() {
        return Ok(());
    }
    Err(format!("the two sides end apart:\n{rest}\n{difference}"))
}

async fn replay(database: &Database, sql: String) -> Result<(), String> {
    database.psql(sql.clone()).await.map(drop).map_err(|error| format!("the replay fails: {error}\n{sql}"))
}
