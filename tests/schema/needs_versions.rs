//! Two versions of PostgreSQL on the two sides: what is equal shows no difference, and plans lead to the new schema or are refused.

use std::collections::HashSet;
use std::fmt::Write;
use std::sync::Arc;

use lakebase::schema::compare;

use super::case::{Case, Expect, corpus};
use super::observe::Observe;
use super::run::describe;
use crate::support::postgres::{self, Cluster, Database};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a second major version of PostgreSQL"]
async fn two_versions_of_the_server_understand_each_other() {
    let one = postgres::shared();
    let other = postgres::of_another_version(one.major);
    let mut failures = String::new();
    for case in cross_section(one.major.min(other.major)) {
        let (there, back) = tokio::join!(across(&case, &one, &other), across(&case, &other, &one));
        for (from, outcome) in [(&one, there), (&other, back)] {
            if let Err(complaint) = outcome {
                writeln!(failures, "## {} (from {})\n{complaint}\n", case.name, from.major)
                    .expect("a string");
            }
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

/// Kinds whose catalogs or deparsers differ between versions.
const KINDS: [&str; 10] = [
    "check",
    "collation",
    "column",
    "domain",
    "function",
    "partition",
    "privilege",
    "publication",
    "trigger",
    "view",
];

/// The second of some kinds, since the first run anyway; or those that are asked for.
fn cross_section(major: u32) -> Vec<Case> {
    let wanted = std::env::var("LAKEBASE_SCHEMA_PAIRS").unwrap_or_default();
    let (mut first, mut second) = (HashSet::new(), HashSet::new());
    // Since 16 PostgreSQL prints the columns of a query over one table without the table's name.
    let views = |case: &Case| major < 16 && (case.script("old") + case.section("new")).contains("VIEW");
    let fits = |case: &Case| case.min_version <= major && case.extensions.is_empty() && !views(case);
    let chosen = |case: &Case| {
        let kind = case.name.split('/').next().unwrap_or_default().to_owned();
        match wanted.as_str() {
            "" | "all" => {
                case.name.contains("keywords_of")
                    || KINDS.contains(&kind.as_str()) && !first.insert(kind.clone()) && second.insert(kind)
            }
            part => part.split(',').any(|part| case.name.contains(part)),
        }
    };
    let plain = |case: &Case| matches!(case.expect, Expect::Equal | Expect::Same);
    corpus("pairs").into_iter().filter(fits).filter(plain).filter(chosen).collect()
}

async fn across(case: &Case, old: &Arc<Cluster>, new: &Arc<Cluster>) -> Result<(), String> {
    let (before, twin, after) = tokio::join!(
        Database::create(old, case.script("old")),
        Database::create(new, case.script("old")),
        Database::create(new, case.script("new"))
    );
    let (before, twin, after) = (before?, twin?, after?);
    let (was, same, wanted) = (before.schema().await?, twin.schema().await?, after.schema().await?);
    let none = compare(&was, &same);
    if !none.is_empty() {
        return Err(format!("nothing differs, but the diff says:\n{none}"));
    }
    let plan = match compare(&was, &wanted).migration() {
        Ok(plan) => plan,
        Err(refusal) => return Err(format!("refused: {}", describe(&refusal))),
    };
    before.psql(plan.to_sql()).await.map_err(|error| format!("{error}\n{}", plan.to_sql()))?;
    let rest = compare(&before.schema().await?, &wanted);
    if rest.is_empty() { Ok(()) } else { Err(format!("still different:\n{rest}\n{}", plan.to_sql())) }
}
