//! The pairs once more, with names that need quotes or contain quotes, line breaks, tabs, comments and letters beyond
//! ASCII, or have 63 bytes; owned by a role that is an e-mail address, as all roles of Lakebase are.

use std::collections::HashSet;
use std::fmt::Write;
use std::sync::Arc;

use futures_util::StreamExt;
use regex::Regex;

use super::case::{Case, Expect, corpus};
use super::run::{Outcome, run};
use crate::support::postgres;

const AT_ONCE: usize = 4;
const OWNER: &str = "
    SET ROLE \"first.last@example.com\";
    SELECT format('ALTER DATABASE %I SET role = %L', current_database(), current_user) \\gexec
";
const RENAME: &str = include_str!("rename.sql");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn plans_are_right_whatever_the_names_hold() {
    let cluster = postgres::shared();
    let cases = chosen(cluster.major);
    let count = cases.len();
    let mut failures = String::new();
    let mut running = futures_util::stream::iter(cases)
        .map(|case| {
            let cluster = Arc::clone(&cluster);
            async move { (run(&cluster, &oddly_named(&case)).await, case) }
        })
        .buffer_unordered(AT_ONCE);
    while let Some((outcomes, case)) = running.next().await {
        for (direction, outcome) in outcomes {
            let complaint = match outcome {
                Outcome::Equal => continue,
                Outcome::Refused(_) if case.expect != Expect::Equal => continue,
                Outcome::Refused(reason) => format!("refused: {reason}"),
                Outcome::Wrong(complaint) => complaint,
            };
            writeln!(failures, "## {} ({direction})\n{complaint}\n", case.name).expect("a string");
        }
    }
    if let Some(file) = std::env::var_os("LAKEBASE_SCHEMA_REPORT") {
        std::fs::write(file, &failures).expect("the report can be written");
    }
    assert!(failures.is_empty(), "{failures}\nof {count} pairs");
}

/// The second of each kind, since the first run anyway; all, or those that are asked for. What names objects in texts
/// that PostgreSQL does not resolve, or moves members of extensions, cannot be renamed afterwards.
fn chosen(major: u32) -> Vec<Case> {
    let wanted = std::env::var("LAKEBASE_SCHEMA_ODD_NAMES").unwrap_or_default();
    let unresolved =
        Regex::new(r"(?i)\b(LANGUAGE|EXTENSION|EXECUTE|DO|SUBSCRIPTION|LABEL)\b").expect("a pattern");
    let text = |case: &Case| case.script("old") + &case.script("new") + case.section("data");
    let fits = |case: &Case| case.fits(major) && !unresolved.is_match(&text(case));
    let (mut first, mut second) = (HashSet::new(), HashSet::new());
    let chosen = |case: &Case| {
        let kind = case.name.split('/').next().unwrap_or_default().to_owned();
        match wanted.as_str() {
            "" => !first.insert(kind.clone()) && second.insert(kind),
            "all" => true,
            part => part.split(',').any(|part| case.name.contains(part)),
        }
    };
    corpus("pairs").into_iter().filter(fits).filter(chosen).collect()
}

fn oddly_named(case: &Case) -> Case {
    // The keys of partitions are named after their tables, and no plan renames those.
    let partitioned = Regex::new(r"(?i)\bPARTITION\b").expect("a pattern");
    let tables = !partitioned.is_match(&(case.script("old") + &case.script("new")));
    let tables = format!("SET odd.tables = {};", if tables { "on" } else { "off" });
    let script =
        |section: &str, data: &str| format!("{OWNER}{}{data}\n{tables}\n{RENAME}", case.script(section));
    let mut odd = Case::of(case.name.clone(), script("old", case.section("data")), script("new", ""));
    odd.one_way = case.one_way;
    odd.recreate_tables = case.recreate_tables;
    // The patterns of a file are about its own names.
    odd.recreates = Some(Regex::new(".*").expect("a pattern"));
    if case.expect == Expect::Same {
        odd.expect = Expect::Same;
    }
    odd
}
