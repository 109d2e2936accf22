//! Two versions of PostgreSQL on the two sides: equal schemas show no difference, and plans lead to the new schema or
//! name the feature that the older server lacks.

use std::collections::HashSet;
use std::fmt::Write;
use std::sync::Arc;

use futures_util::StreamExt;
use lakebase::schema::{compare, drift};

use super::case::{Case, Expect, corpus};
use super::observe::Observe;
use super::run::describe;
use crate::support::postgres::{self, Cluster, Database};

const AT_ONCE: usize = 4;

/// `LAKEBASE_SCHEMA_PAIRS=all` runs the whole corpus, `LAKEBASE_PG_OTHER_BIN` chooses the second version.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a second major version of PostgreSQL"]
async fn two_versions_of_the_server_understand_each_other() {
    let one = postgres::shared();
    let other = postgres::of_another_version(one.major);
    let directions = chosen(&one, &other).into_iter().flat_map(|case| {
        [(case.clone(), Arc::clone(&one), Arc::clone(&other)), (case, Arc::clone(&other), Arc::clone(&one))]
    });
    let mut running = futures_util::stream::iter(directions)
        .map(|(case, old, new)| async move { (across(&case, &old, &new).await, case, old.major, new.major) })
        .buffer_unordered(AT_ONCE);
    let (mut equal, mut refused, mut wrong, mut failures) = (0, 0, 0, String::new());
    while let Some((outcome, case, from, to)) = running.next().await {
        match outcome {
            Ok(true) => equal += 1,
            Ok(false) => refused += 1,
            Err(complaint) => {
                wrong += 1;
                writeln!(failures, "## {} (from {from} to {to})\n{complaint}\n", case.name)
                    .expect("a string");
            }
        }
    }
    let summary = format!("{equal} equal, {refused} refused, {wrong} wrong");
    println!("{summary}");
    if let Some(file) = std::env::var_os("LAKEBASE_SCHEMA_REPORT") {
        std::fs::write(file, format!("{summary}\n\n{failures}")).expect("the report can be written");
    }
    assert!(failures.is_empty(), "{failures}\n{summary}");
}

/// Pairs for later versions only, planned from an empty database of the older server.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a second major version of PostgreSQL"]
async fn features_of_a_later_version_are_refused_by_name_or_do_without() {
    let one = postgres::shared();
    let other = postgres::of_another_version(one.major);
    let (old, new) = if one.major < other.major { (one, other) } else { (other, one) };
    let available = [extensions(&old), extensions(&new)];
    let fits = |case: &Case| {
        !case.fits(old.major)
            && case.fits(new.major)
            && case.extensions.iter().all(|name| available.iter().all(|names| names.contains(name)))
    };
    let mut failures = String::new();
    for case in corpus("pairs").into_iter().filter(fits) {
        if let Err(complaint) = onto_older(&case, &old, &new).await {
            writeln!(failures, "## {}\n{complaint}\n", case.name).expect("a string");
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

async fn onto_older(case: &Case, old: &Arc<Cluster>, new: &Arc<Cluster>) -> Result<(), String> {
    let (before, after) =
        tokio::join!(Database::create(old, String::new()), Database::create(new, case.script("new")));
    let (before, after) = (before?, after?);
    let wanted = after.schema().await?;
    let plan = match case.plan(&compare(&before.schema().await?, &wanted)) {
        Ok(plan) => plan,
        Err(refusal) if refusal.to_string().contains("the old side's server") => return Ok(()),
        Err(refusal) => return Err(format!("refused: {}", describe(&refusal))),
    };
    before.psql(plan.to_sql()).await.map_err(|error| format!("{error}\n{}", plan.to_sql()))?;
    let rest = compare(&before.schema().await?, &wanted);
    if rest.is_empty() { Ok(()) } else { Err(format!("still different:\n{rest}\n{}", plan.to_sql())) }
}

fn extensions(cluster: &Cluster) -> HashSet<String> {
    let names = cluster.psql("postgres", "SELECT name FROM pg_available_extensions").expect("a catalog");
    names.lines().map(str::to_owned).collect()
}

/// Kinds whose catalogs or deparsers differ between versions.
const KINDS: [&str; 12] = [
    "check",
    "collation",
    "column",
    "domain",
    "function",
    "matview",
    "partition",
    "privilege",
    "publication",
    "real",
    "trigger",
    "view",
];

/// The second of some kinds, since the first run anyway; all, or those that are asked for.
fn chosen(one: &Cluster, other: &Cluster) -> Vec<Case> {
    let wanted = std::env::var("LAKEBASE_SCHEMA_PAIRS").unwrap_or_default();
    let (mut first, mut second) = (HashSet::new(), HashSet::new());
    let available = [extensions(one), extensions(other)];
    let fits = |case: &Case| {
        case.fits(one.major)
            && case.fits(other.major)
            && matches!(case.expect, Expect::Equal | Expect::Same)
            && case.extensions.iter().all(|name| available.iter().all(|names| names.contains(name)))
    };
    let chosen = |case: &Case| {
        let kind = case.name.split('/').next().unwrap_or_default().to_owned();
        match wanted.as_str() {
            "" => {
                case.name.contains("keywords_of")
                    || KINDS.contains(&kind.as_str()) && !first.insert(kind.clone()) && second.insert(kind)
            }
            "all" => true,
            part => part.split(',').any(|part| case.name.contains(part)),
        }
    };
    corpus("pairs").into_iter().filter(fits).filter(chosen).collect()
}

/// Whether the plan leads to the new schema; not where it is refused for what the old side's server lacks.
async fn across(case: &Case, old: &Arc<Cluster>, new: &Arc<Cluster>) -> Result<bool, String> {
    let (before, twin, here, after) = tokio::join!(
        Database::create(old, case.script("old")),
        Database::create(new, case.script("old")),
        Database::create(old, case.script("new")),
        Database::create(new, case.script("new"))
    );
    let (before, twin, here, after) = (before?, twin?, here?, after?);
    let (was, same) = (before.schema().await?, twin.schema().await?);
    let (here, wanted) = (here.schema().await?, after.schema().await?);
    for (one, other) in [(&was, &same), (&here, &wanted)] {
        let none = compare(one, other);
        if !none.is_empty() {
            return Err(format!("nothing differs, but the diff says:\n{none}"));
        }
    }
    let changes = compare(&was, &wanted);
    if changes.is_empty() != compare(&was, &here).is_empty() {
        return Err(format!("between two versions the difference is {changes}"));
    }
    let three_way = drift(&was, &here, &wanted);
    if three_way.same().len() != changes.changes().len() {
        return Err(format!("the two versions of one change differ:\n{three_way}"));
    }
    let plan = match case.plan(&changes) {
        Ok(plan) => plan,
        Err(refusal) if refusal.to_string().contains("the old side's server") => return Ok(false),
        Err(refusal) => return Err(format!("refused: {}", describe(&refusal))),
    };
    before.psql(plan.to_sql()).await.map_err(|error| format!("{error}\n{}", plan.to_sql()))?;
    let rest = compare(&before.schema().await?, &wanted);
    if rest.is_empty() { Ok(true) } else { Err(format!("still different:\n{rest}\n{}", plan.to_sql())) }
}
