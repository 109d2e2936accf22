//! Schema comparison, measured against its goals and beside `pg_dump --schema-only` of the same databases.
//!
//! ```text
//! cargo bench --bench schema               # 1,000 and 10,000 tables: some minutes and 1 GB of disk
//! cargo bench --bench schema -- --quick    # 1,000 tables, few rounds
//! ```
//!
//! The old database is on a PostgreSQL of its own (`LAKEBASE_PG_BIN`, else the newest of `/usr/lib/postgresql`, else the
//! one on the `PATH`); the new one is on a physical copy of it, as a branch is. Everything is gone at the end.
#![expect(clippy::expect_used, clippy::panic, reason = "a bench says by panicking that it cannot go on")]

mod databases;
mod memory;
#[path = "../support/mod.rs"]
mod support;

use std::{process::ExitCode, sync::Arc, time::Instant};

use clap::Parser;
use lakebase::schema::{Options, Schema, compare};

use support::{
    figures::{Goal, Unit, median, milliseconds},
    postgres::{self, Cluster},
    table::Table,
};

#[derive(Parser)]
struct Arguments {
    /// 1,000 tables only, few rounds
    #[arg(long)]
    quick: bool,
    /// Numbers of tables, instead of 1,000 and 10,000
    #[arg(long, value_delimiter = ',')]
    tables: Vec<usize>,
    #[arg(long)]
    rounds: Option<usize>,
    /// Makes the table a section of docs/performance.md
    #[arg(long)]
    write: bool,
    /// Reads these two databases and prints by how many bytes the peak of memory grew
    #[arg(long, hide = true, num_args = 2)]
    memory_of: Vec<String>,
    /// Said by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let [old, new] = arguments.memory_of.as_slice() {
        println!("{}", memory::growth(old, new).await);
        return ExitCode::SUCCESS;
    }
    let sizes = match (arguments.quick, arguments.tables.as_slice()) {
        (true, []) => &[1_000][..],
        (false, []) => &[1_000, 10_000],
        (_, given) => given,
    };
    let mut table = Table::new("");
    for &tables in sizes {
        let servers = Servers::new(tables);
        let rounds = arguments.rounds.unwrap_or(if arguments.quick || tables > 2_000 { 5 } else { 15 });
        servers.measure(rounds, &mut table).await;
    }
    table.print();
    if arguments.write {
        table.write("schema").expect("the page is written");
    }
    ExitCode::SUCCESS
}

const DATABASE: &str = "bench";

/// Two servers: the source and a branch of it that went its way.
struct Servers {
    tables: usize,
    old: Arc<Cluster>,
    new: Cluster,
}

impl Servers {
    fn new(tables: usize) -> Self {
        let old = postgres::private();
        eprintln!("PostgreSQL {}: making {tables} tables", old.major);
        let run = |cluster: &Cluster, script: &str| {
            cluster.psql(DATABASE, script).unwrap_or_else(|error| panic!("{error}"))
        };
        old.execute(&format!("CREATE DATABASE {DATABASE}"));
        run(&old, &databases::old(tables));
        run(&old, databases::VACUUM);
        let new = old.branch();
        run(&new, &databases::changes(tables));
        run(&new, databases::VACUUM);
        Self { tables, old, new }
    }

    async fn measure(&self, rounds: usize, table: &mut Table) {
        let options = Options::default();
        let mut times = Times::default();
        // The first round warms the caches of both servers for everybody.
        for round in 0..=rounds {
            let mut now = Times::default();
            // As a comparison finds them: nothing is cached by a connection that was just made. Those of `pg_dump` are new too.
            let mut old = self.old.connect(DATABASE).await;
            let mut new = self.new.connect(DATABASE).await;
            let before =
                timed(&mut now.snapshot, Schema::read(&mut old, &options)).await.expect("old is read");
            let after =
                timed(&mut now.snapshot, Schema::read(&mut new, &options)).await.expect("new is read");
            // As `Branch::compare_schema` reads them.
            let (mut old, mut new) = (self.old.connect(DATABASE).await, self.new.connect(DATABASE).await);
            let both =
                async { tokio::join!(Schema::read(&mut old, &options), Schema::read(&mut new, &options)) };
            drop(timed(&mut now.both, both).await);
            let diff = at_once(&mut now.compare, || compare(&before, &after));
            let plan = at_once(&mut now.plan, || diff.migration()).expect("a plan");
            at_once(&mut now.render, || (diff.to_string(), plan.to_sql()));
            at_once(&mut now.dump, || (self.old.dump(DATABASE), self.new.dump(DATABASE)));
            let all = now.both[0] + now.compare[0];
            now.ratio.push(now.dump[0] / all);
            if round == 0 {
                eprintln!(
                    "{} objects, {}, {} statements",
                    after.len(),
                    diff.summary(),
                    plan.statements().len()
                );
                continue;
            }
            times.extend(now);
        }
        let what = |what: &str| format!("{} tables: {what}", self.tables);
        self.goals(&times, table);
        table.add(&what("both snapshots at once"), Goal::None, Unit::Milliseconds, times.both);
        table.add(&what("text of diff and plan"), Goal::None, Unit::Milliseconds, times.render);
        table.add(&what("pg_dump of both"), Goal::None, Unit::Milliseconds, times.dump);
        table.add(&what("pg_dump of both / snapshots + diff"), Goal::AtLeast(5.0), Unit::Ratio, times.ratio);
        let goal = if self.tables == 10_000 { Goal::AtMost(100.0) } else { Goal::None };
        let growth = memory::in_a_fresh_process(&self.old.url(DATABASE), &self.new.url(DATABASE));
        table.add(&what("peak of memory for both models"), goal, Unit::Megabytes, vec![growth / 1e6]);
    }

    fn goals(&self, times: &Times, table: &mut Table) {
        let rows = [
            ("snapshot", 250.0, &times.snapshot),
            ("diff", 10.0, &times.compare),
            ("plan", 50.0, &times.plan),
        ];
        for (what, goal, samples) in rows {
            let goal = if self.tables == 1_000 { Goal::AtMost(goal) } else { Goal::None };
            table.add(&format!("{} tables: {what}", self.tables), goal, Unit::Milliseconds, samples.clone());
            let thousand = table.median_of(&format!("1000 tables: {what}"));
            if let (10_000, Some(small), Some(large)) = (self.tables, thousand, median(samples)) {
                let name = format!("{what}: 10000 tables / 1000 tables");
                table.add(&name, Goal::AtMost(12.0), Unit::Ratio, vec![large / small]);
            }
        }
    }
}

/// Milliseconds of each round.
#[derive(Default)]
struct Times {
    snapshot: Vec<f64>,
    both: Vec<f64>,
    compare: Vec<f64>,
    plan: Vec<f64>,
    render: Vec<f64>,
    dump: Vec<f64>,
    ratio: Vec<f64>,
}

impl Times {
    fn extend(&mut self, other: Self) {
        self.snapshot.extend(other.snapshot);
        self.both.extend(other.both);
        self.compare.extend(other.compare);
        self.plan.extend(other.plan);
        self.render.extend(other.render);
        self.dump.extend(other.dump);
        self.ratio.extend(other.ratio);
    }
}

async fn timed<T>(times: &mut Vec<f64>, work: impl Future<Output = T>) -> T {
    let begun = Instant::now();
    let done = work.await;
    times.push(milliseconds(begun.elapsed()));
    done
}

fn at_once<T>(times: &mut Vec<f64>, work: impl FnOnce() -> T) -> T {
    let begun = Instant::now();
    let done = work();
    times.push(milliseconds(begun.elapsed()));
    done
}
