//! Every kind of object that a plan can replace, times every kind that can depend on it: each cell ends equal or is
//! refused by name, and those that are not equal are in `expected.txt`.
//! Procedures are missing: PostgreSQL has no body with a dependency on one (`CALL` in `BEGIN ATOMIC` is refused).
//!
//! `LAKEBASE_SCHEMA_MATRIX=all` runs all cells, `LAKEBASE_SCHEMA_MATRIX=enum/` those of the replaced objects whose name
//! contains the text, `LAKEBASE_SCHEMA_MATRIX=enum/@type/column` some of their cells; without it a cross-section runs. `LAKEBASE_SCHEMA_REPORT=file` writes the outcome of each cell.

mod cells;
mod examine;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;

use futures_util::StreamExt;

use crate::support::postgres::{self, Cluster};
use cells::{Dependent, Replaced};
use examine::{Cell, Line};

const AT_ONCE: usize = 3;
const DIRECTIONS: [(&str, [&str; 2]); 2] = [("forward", ["old", "new"]), ("backward", ["new", "old"])];

/// The cells that are refused (`refused: <cell> <direction> <reason>`) or that PostgreSQL does not have.
const EXPECTED: &str = include_str!("expected.txt");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_depends_on_a_replaced_object_survives_or_is_refused_by_name() {
    let cluster = postgres::shared();
    let expected = Expected::read(cluster.major);
    let dependents = cells::dependents();
    let lines: Vec<(Replaced, usize)> =
        chosen().into_iter().flat_map(|replaced| [(replaced.clone(), 0), (replaced, 1)]).collect();
    let mut running = futures_util::stream::iter(lines)
        .map(|(replaced, direction)| examined(&cluster, &expected, &dependents, replaced, direction))
        .buffer_unordered(AT_ONCE);
    let report_to = std::env::var_os("LAKEBASE_SCHEMA_REPORT");
    let mut failures = String::new();
    let mut tally: BTreeMap<&str, usize> = BTreeMap::new();
    while let Some(found) = running.next().await {
        let mut report = String::new();
        for (name, cell) in found {
            let (kind, text) = cell.parts();
            *tally.entry(kind).or_default() += 1;
            let line = format!("{kind}: {name} {text}\n");
            report += &line;
            if kind != expected.of(&name) {
                writeln!(failures, "expected: {}\n{line}", expected.of(&name)).expect("a string");
            }
        }
        if let Some(file) = &report_to {
            let file = std::fs::File::options().create(true).append(true).open(file);
            file.expect("the report can be opened")
                .write_all(report.as_bytes())
                .expect("the report can be written");
        }
    }
    let summary = format!("{tally:?}");
    println!("{summary}");
    assert!(failures.is_empty(), "{failures}\n{summary}");
}

/// The outcomes of the cells of one replaced object in one direction, by `<cell> <direction>`.
async fn examined(
    cluster: &Arc<Cluster>,
    expected: &Expected,
    dependents: &[Dependent],
    replaced: Replaced,
    direction: usize,
) -> Vec<(String, Cell)> {
    let (direction, sides) = DIRECTIONS[direction];
    let name = |dependent: &str| format!("{} {dependent} {direction}", replaced.name);
    let line = Line { cluster, replaced: &replaced, sides };
    let mut groups: BTreeMap<&str, Vec<Dependent>> = BTreeMap::new();
    let wanted = std::env::var("LAKEBASE_SCHEMA_MATRIX").unwrap_or_default();
    let (_, part) = wanted.split_once('@').unwrap_or_default();
    let is_chosen =
        |dependent: &&Dependent| dependent.name.contains(part) && replaced.allows(dependent, cluster.major);
    for dependent in dependents.iter().filter(is_chosen) {
        groups.entry(expected.of(&name(&dependent.name))).or_default().push(dependent.clone());
    }
    let mut found = Vec::new();
    for (wanted, cells) in groups {
        let mut outcomes = line.examine(cells.clone()).await;
        let is_shared = outcomes.len() > 1;
        // Another cell of the group may be the cause of an unexpected outcome.
        for cell in cells.into_iter().filter(|_| is_shared) {
            if outcomes.get(&cell.name).is_some_and(|outcome| outcome.parts().0 != wanted) {
                outcomes.extend(line.examine(vec![cell]).await);
            }
        }
        found.extend(outcomes.into_iter().map(|(dependent, cell)| (name(&dependent), cell)));
    }
    found
}

/// The replaced objects to examine: one that others use in many ways, all, or those that are asked for.
fn chosen() -> Vec<Replaced> {
    let wanted = std::env::var("LAKEBASE_SCHEMA_MATRIX").unwrap_or_default();
    let is_chosen = |replaced: &Replaced| match wanted.as_str() {
        "" => ["enum/value_removed", "function/result"].contains(&replaced.name.as_str()),
        "all" => true,
        part => {
            let (names, _) = part.split_once('@').unwrap_or((part, ""));
            names.split(',').any(|name| replaced.name.contains(name))
        }
    };
    cells::replaced().into_iter().filter(is_chosen).collect()
}

/// The cells that are not equal.
struct Expected(BTreeMap<String, &'static str>);

impl Expected {
    fn read(major: u32) -> Self {
        let mut cells = BTreeMap::new();
        for line in EXPECTED.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (kind, rest) = line.split_once(": ").unwrap_or_else(|| panic!("no kind: {line}"));
            let mut words = rest.split(' ');
            let mut word = || words.next().unwrap_or_default();
            let (name, versions) = (format!("{} {} {}", word(), word(), word()), word().to_owned());
            let versions: BTreeSet<u32> = versions.split(',').filter_map(|v| v.parse().ok()).collect();
            if versions.is_empty() || versions.contains(&major) {
                cells.insert(name, kind);
            }
        }
        Self(cells)
    }

    fn of(&self, cell: &str) -> &'static str {
        self.0.get(cell).copied().unwrap_or("equal")
    }
}
