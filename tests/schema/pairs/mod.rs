//! Every pair of the corpus, or the part of it that `LAKEBASE_SCHEMA_PAIRS` asks for.

use std::collections::HashSet;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;

use super::case::{Case, Expect, corpus, releases};
use super::run::{Outcome, run};
use crate::support::postgres::{self, Cluster};

const AT_ONCE: usize = 4;
const LIMIT: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_makes_the_old_schema_the_new_one() {
    let cluster = postgres::shared();
    let (chosen, left_out) = choose([corpus("pairs"), releases()].concat(), &cluster);
    let count = chosen.len();
    let mut tally = Tally::default();
    let mut running = futures_util::stream::iter(chosen)
        .map(|case| {
            let cluster = Arc::clone(&cluster);
            async move {
                let outcome = tokio::time::timeout(LIMIT, run(&cluster, &case)).await;
                let hung = |_| vec![("hangs", Outcome::Wrong(format!("no end after {LIMIT:?}")))];
                (case, outcome.unwrap_or_else(hung))
            }
        })
        .buffer_unordered(AT_ONCE);
    while let Some((case, outcomes)) = running.next().await {
        for (direction, outcome) in outcomes {
            tally.add(&case, direction, outcome);
        }
    }
    let summary = format!("{}; {count} pairs, {left_out} left out", tally.summary());
    println!("{summary}");
    if let Some(file) = std::env::var_os("LAKEBASE_SCHEMA_REPORT") {
        std::fs::write(file, format!("{summary}\n\n{}", tally.failures)).expect("the report can be written");
    }
    assert!(tally.failures.is_empty(), "{}\n{summary}", tally.failures);
}

/// All, those whose name contains a text, or a quick cross-section: the first of each kind.
fn choose(all: Vec<Case>, cluster: &Cluster) -> (Vec<Case>, usize) {
    let wanted = std::env::var("LAKEBASE_SCHEMA_PAIRS").unwrap_or_default();
    let extensions = cluster.psql("postgres", "SELECT name FROM pg_available_extensions").expect("a catalog");
    let available: HashSet<&str> = extensions.lines().collect();
    let total = all.len();
    let mut kinds = HashSet::new();
    let chosen: Vec<Case> = all
        .into_iter()
        .filter(|case| {
            let kind = case.name.split('/').next().unwrap_or_default().to_owned();
            let first = kinds.insert(kind);
            match wanted.as_str() {
                "" => first,
                "all" => true,
                part => part.split(',').any(|part| case.name.contains(part)),
            }
        })
        .filter(|case| case.fits(cluster.major))
        .filter(|case| case.extensions.iter().all(|name| available.contains(name.as_str())))
        .collect();
    let left_out = total - chosen.len();
    (chosen, left_out)
}

#[derive(Default)]
struct Tally {
    equal: usize,
    refused: usize,
    wrong: usize,
    failures: String,
}

impl Tally {
    fn add(&mut self, case: &Case, direction: &str, outcome: Outcome) {
        let may_refuse = match direction {
            "forward" => matches!(case.expect, Expect::Refused | Expect::RefusedBothWays),
            _ => matches!(case.expect, Expect::RefusedBack | Expect::RefusedBothWays),
        };
        let complaint = match outcome {
            Outcome::Equal if may_refuse => {
                self.wrong += 1;
                "planned, although nothing correct can be planned".to_owned()
            }
            Outcome::Equal => {
                self.equal += 1;
                return;
            }
            Outcome::Refused(_) if may_refuse => {
                self.refused += 1;
                return;
            }
            Outcome::Refused(reason) => {
                self.refused += 1;
                format!("refused: {reason}")
            }
            Outcome::Wrong(what) => {
                self.wrong += 1;
                what
            }
        };
        writeln!(self.failures, "## {} ({direction})\n{}\n", case.name, complaint.trim_end())
            .expect("a string");
    }

    fn summary(&self) -> String {
        format!("{} equal, {} refused, {} wrong", self.equal, self.refused, self.wrong)
    }
}
