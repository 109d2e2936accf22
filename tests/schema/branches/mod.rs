//! Between a branch and its source, which is a physical copy, a rename is certain and planned as one.

use std::fmt::Write;
use std::sync::Arc;

use super::case::{Case, corpus};
use super::run::{Apply, Outcome, Side, forwards};
use crate::support::postgres::{self, Cluster, Database};
use lakebase::schema::compare;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rename_on_a_branch_is_planned_as_a_rename() {
    // A server of its own: nobody else may write while it is copied.
    let source = postgres::private();
    let mut databases = Vec::new();
    let all = std::env::var("LAKEBASE_SCHEMA_PAIRS").is_ok_and(|wanted| wanted == "all");
    for case in corpus("branches").into_iter().step_by(if all { 1 } else { 3 }) {
        let database = Database::create(&source, case.section("base").to_owned()).await;
        databases.push((database.unwrap_or_else(|error| panic!("{}: {error}", case.name)), case));
    }
    let branch = Arc::new(source.branch());
    let mut failures = String::new();
    for (database, case) in databases {
        let outcome = match run(database, &branch, &case).await {
            Ok(outcome) => outcome,
            Err(error) => Outcome::Wrong(error),
        };
        if let Outcome::Refused(why) | Outcome::Wrong(why) = outcome {
            writeln!(failures, "## branch {}\n{}\n", case.name, why.trim_end()).expect("a string");
        }
    }
    if let Some(file) = std::env::var_os("LAKEBASE_SCHEMA_REPORT_BRANCHES") {
        std::fs::write(file, &failures).expect("the report can be written");
    }
    assert!(failures.is_empty(), "{failures}");
}

async fn run(old: Database, branch: &Arc<Cluster>, case: &Case) -> Result<Outcome, String> {
    let new = old.copy_on(branch);
    old.psql(case.section("data").to_owned() + case.section("old")).await?;
    new.psql(case.section("new").to_owned()).await?;
    let (old, new) = tokio::try_join!(Side::of(old), Side::of(new))?;
    // Names go from one number to another here; what is kept is asked for in the cases.
    let case = &Case { recreates: regex::Regex::new("").ok(), ..case.clone() };
    Ok(forwards(case, &old, &new, &compare(&old.schema, &new.schema), Apply::Psql).await)
}
