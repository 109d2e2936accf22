//! Comparison of rows, measured against its goals, beside `reladiff` and beside `COPY` of both sides and a sorted
//! comparison; masking, beside the same `UPDATE` by hand. All in the same run.
//!
//! ```text
//! cargo bench --bench data                     # 10 million rows: as root, for an XFS image of some 10 GB
//! cargo bench --bench data -- --quick          # 1 million rows, about a minute
//! cargo bench --bench data -- --quick mask     # parts with `mask` in their name: local, branches, unrelated, mask
//! ```
//!
//! `reladiff` is the program that `LAKEBASE_RELADIFF` names, the one on the `PATH`, or one that is installed into a
//! virtual environment of the run. Where it cannot be had, its row says so.
#![expect(clippy::expect_used, clippy::panic, reason = "a bench says by panicking that it cannot go on")]

mod local;
mod reladiff;
#[path = "../support/mod.rs"]
mod support;

use std::{
    process::{Command, ExitCode},
    sync::Arc,
    time::Instant,
};

use clap::Parser;
use lakebase::data::{DataDiff, Options, compare, mask};
use reladiff::Reladiff;
use secrecy::SecretString;
use support::{
    disk::Disk,
    figures::{Goal, Unit, median},
    postgres::{self, Cluster},
    table::Table,
};

#[derive(Parser)]
struct Arguments {
    /// Parts to run: those whose names have one of these in them
    filters: Vec<String>,
    /// 1 million rows, one round
    #[arg(long)]
    quick: bool,
    #[arg(long)]
    rows: Option<u64>,
    #[arg(long)]
    rounds: Option<usize>,
    /// Makes the table a section of docs/performance.md
    #[arg(long, conflicts_with = "filters")]
    write: bool,
    /// Said by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

const DATABASE: &str = "bench";
const CHANGED: u64 = 1000;

#[tokio::main(worker_threads = 2)]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let rows = arguments.rows.unwrap_or(if arguments.quick { 1_000_000 } else { 10_000_000 });
    // Bytes of a row with its index entry and the WAL of its insertion, three times.
    let disk = Disk::xfs(&[rows * 1200 / 1_000_000]).expect("a disk for the databases");
    tempfile::env::override_temp_dir(&disk.dir).expect("nothing has asked for the temporary directory");
    let rounds = arguments.rounds.unwrap_or(if arguments.quick { 1 } else { 3 });
    let mut table = Table::new("");
    let wanted = |part: &str| {
        arguments.filters.is_empty() || arguments.filters.iter().any(|filter| part.contains(filter))
    };
    if wanted("local") {
        local::branches(&disk, rows, rounds, &mut table).await;
    }
    if wanted("branches") || wanted("unrelated") {
        let reladiff = Reladiff::find();
        let source = Source::make(rows).await;
        if wanted("branches") {
            branches(&source, &reladiff, rounds, &mut table).await;
        }
        if wanted("unrelated") {
            unrelated(&source, &reladiff, rounds, &mut table).await;
        }
    }
    if wanted("mask") {
        masks(rows.min(MASKED), rounds, &mut table).await;
    }
    println!("{CHANGED} changed of {rows} rows");
    table.print();
    if arguments.write {
        table.write("data").expect("the page is written");
    }
    drop(disk);
    ExitCode::SUCCESS
}

fn run(cluster: &Cluster, sql: &str) -> String {
    cluster.psql(DATABASE, sql).unwrap_or_else(|error| panic!("{sql}: {error}"))
}

fn load(rows: u64) -> String {
    format!(
        "create table t (id bigint primary key, customer int not null, status text, amount numeric(12,2),
           created timestamptz, note text, paid bool, score float8);
         insert into t select g, g % 10007, (array['new', 'paid', 'shipped'])[1 + g % 3], (g % 100000) / 100.0,
           timestamptz '2026-01-01' + g * interval '1 second', md5(g::text) || md5((g + 1)::text), g % 2 = 0, g * 0.37
           from generate_series(1, {rows}) g;
         vacuum analyze t; checkpoint"
    )
}

fn change(rows: u64) -> String {
    let step = rows / CHANGED;
    format!("update t set amount = -1 where id % {step} = {}", step / 2)
}

/// The server with the rows, and the statement that changes some of them elsewhere.
struct Source {
    cluster: Arc<Cluster>,
    rows: u64,
    change: String,
}

impl Source {
    async fn make(rows: u64) -> Self {
        let cluster = tokio::task::spawn_blocking(postgres::private).await.expect("PostgreSQL starts");
        eprintln!("PostgreSQL {}: making {rows} rows", cluster.major);
        cluster.execute(&format!("CREATE DATABASE {DATABASE}"));
        run(&cluster, &load(rows));
        Self { cluster, rows, change: change(rows) }
    }
}

async fn branches(source: &Source, reladiff: &Reladiff, rounds: usize, table: &mut Table) {
    let branch = source.cluster.branch();
    run(&branch, &source.change);
    // Both at once, as a comparison reads them.
    let counting = timed(rounds, || {
        std::thread::scope(|scope| {
            for side in [&*source.cluster, &branch] {
                scope.spawn(|| drop(run(side, "select count(*) from t")));
            }
        });
    });
    table.add("select count(*) of each side, both at once", Goal::None, Unit::Seconds, counting.clone());
    let sides = Sides { old: &source.cluster, new: &branch, reladiff };
    let (times, diff) = sides.compare(rounds).await;
    sides.report("branches, by SQL alone", &times, &diff, table);
    let ratio = median(&times).zip(median(&counting)).map(|(ours, count)| ours / count);
    let ratio: Vec<f64> = ratio.into_iter().collect();
    table.add("branches, by SQL alone / count(*) of each side", Goal::AtMost(2.5), Unit::Ratio, ratio);
    table.add("peak of memory of this process", Goal::AtMost(100.0), Unit::Megabytes, vec![peak()]);
    sides.others("branches", Goal::AtLeast(20.0), &times, table).await;
}

async fn unrelated(source: &Source, reladiff: &Reladiff, rounds: usize, table: &mut Table) {
    let restored = tokio::task::spawn_blocking(postgres::private).await.expect("PostgreSQL starts");
    restored.execute(&format!("CREATE DATABASE {DATABASE}"));
    // In another order of rows than a dump has, so that no block is equal by chance.
    let load = load(source.rows).replace("generate_series(1, ", "(select generate_series(");
    run(&restored, &load.replace(") g;", ", 1, -1)) x(g);"));
    run(&restored, &source.change);
    let sides = Sides { old: &source.cluster, new: &restored, reladiff };
    let (times, diff) = sides.compare(rounds).await;
    sides.report("unrelated copies", &times, &diff, table);
    sides.others("unrelated copies", Goal::AtLeast(3.0), &times, table).await;
}

/// The most rows that are masked.
const MASKED: u64 = 1_000_000;

const RULES: &str = "[tables.people]
    email = 'fake_email'
    name = 'fake_name'
    phone = { hash = 16 }
    born = { shift_days = 30 }
    note = { hash = 32 }";

/// The same columns by a keyed hash each, as somebody writes it who knows how. It leaves the old row versions.
fn by_hand() -> String {
    let hmac = |column: &str| {
        format!(
            "sha256('\\x{}'::bytea || sha256('\\x{}'::bytea || convert_to({column}::text, 'UTF8')))",
            "5c".repeat(64),
            "36".repeat(64)
        )
    };
    let names = "('{Ada,Alan,Alice,Amir,Ana,Anton,Aya,Ben}'::text[])[1 + get_byte";
    format!(
        "update people set email = lower({names}({email}, 0) % 8]) || encode(substr({email}, 5, 6), 'hex') || '@example.com',
           name = {names}({name}, 0) % 8] || ' ' || {names}({name}, 1) % 8],
           phone = left(encode({phone}, 'hex'), 16), born = born + get_byte({born}, 0) % 30,
           note = left(encode({note}, 'hex'), 32)",
        email = hmac("email"),
        name = hmac("name"),
        phone = hmac("phone"),
        born = hmac("born"),
        note = hmac("note")
    )
}

async fn masks(rows: u64, rounds: usize, table: &mut Table) {
    let cluster = tokio::task::spawn_blocking(postgres::private).await.expect("PostgreSQL starts");
    cluster.execute(&format!("CREATE DATABASE {DATABASE}"));
    run(
        &cluster,
        &format!(
            "create table people (id bigint primary key, email text, name text, phone text, born date, note text);
             insert into people select g, 'person' || g || '@corp.io', 'Person Nr ' || g, '+49 170 55' || g,
               date '1980-01-01' + (g % 9000)::int, 'note about ' || g from generate_series(1, {rows}) g;
             create index on people (email); vacuum analyze people; checkpoint"
        ),
    );
    let rules = mask::Rules::from_toml(RULES).expect("rules").key(SecretString::from("sesame"));
    let (mut ours, mut hand, mut plain) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..rounds {
        let copy = |name: &str| {
            let name = format!("{name}{round}");
            cluster.execute(&format!("CREATE DATABASE {name} TEMPLATE {DATABASE} STRATEGY file_copy"));
            name
        };
        for (statement, times) in
            [(by_hand(), &mut hand), (format!("{}; vacuum full people", by_hand()), &mut plain)]
        {
            let name = copy("hand");
            let begun = Instant::now();
            cluster.psql(&name, &statement).unwrap_or_else(|error| panic!("{error}"));
            times.push(begun.elapsed().as_secs_f64());
            cluster.execute(&format!("DROP DATABASE {name}"));
        }
        let name = copy("masked");
        let mut conn = cluster.connect(&name).await;
        let begun = Instant::now();
        let masked = mask::apply(&mut conn, &rules).await.expect("masks");
        ours.push(begun.elapsed().as_secs_f64());
        assert_eq!((masked.rows, masked.columns), (rows, 5));
        drop(conn);
        cluster.execute(&format!("DROP DATABASE {name} WITH (FORCE)"));
    }
    let ratio = median(&ours).zip(median(&hand)).map(|(ours, hand)| ours / hand);
    table.add(&format!("mask {rows} rows, five columns"), Goal::None, Unit::Seconds, ours);
    table.add("the same UPDATE by hand", Goal::None, Unit::Seconds, hand);
    table.add("the same UPDATE by hand, and VACUUM FULL", Goal::None, Unit::Seconds, plain);
    table.add("mask / UPDATE by hand", Goal::AtMost(1.5), Unit::Ratio, ratio.into_iter().collect());
}

fn timed(rounds: usize, mut work: impl FnMut()) -> Vec<f64> {
    // The first round fills the caches for all that follow.
    work();
    let one = |_| {
        let begun = Instant::now();
        work();
        begun.elapsed().as_secs_f64()
    };
    (0..rounds).map(one).collect()
}

struct Sides<'a> {
    old: &'a Arc<Cluster>,
    new: &'a Cluster,
    reladiff: &'a Reladiff,
}

impl Sides<'_> {
    async fn compare(&self, rounds: usize) -> (Vec<f64>, DataDiff) {
        let mut times = Vec::new();
        let mut last = None;
        for _ in 0..=rounds {
            let (mut old, mut new) = (self.old.connect(DATABASE).await, self.new.connect(DATABASE).await);
            let begun = Instant::now();
            last = Some(compare(&mut old, &mut new, &Options::default()).await.expect("a comparison"));
            times.push(begun.elapsed().as_secs_f64());
        }
        (times.split_off(1), last.expect("a round"))
    }

    fn report(&self, what: &str, times: &[f64], diff: &DataDiff, table: &mut Table) {
        assert_eq!(diff.counts().changed, CHANGED, "{}", diff.summary());
        for found in &diff.tables {
            table.note(format!("{what}: {} ({})", found.method, found.reason));
        }
        table.add(what, Goal::None, Unit::Seconds, times.to_vec());
    }

    /// Each tool once: they take long.
    async fn others(&self, what: &str, goal: Goal, ours: &[f64], table: &mut Table) {
        let ours = median(ours).unwrap_or(f64::NAN);
        let begun = Instant::now();
        self.copy();
        let copied = begun.elapsed().as_secs_f64();
        table.add(
            &format!("{what}: COPY of both sides, sorted and compared"),
            Goal::None,
            Unit::Seconds,
            vec![copied],
        );
        match self.reladiff.compare(self.old, self.new).await {
            Ok(theirs) => {
                table.add(&format!("{what}: reladiff"), Goal::None, Unit::Seconds, vec![theirs]);
                table.add(&format!("{what}: reladiff / ours"), goal, Unit::Ratio, vec![theirs / ours]);
            }
            Err(why) => {
                let row = format!("{what}: reladiff / ours: not measured: {why}");
                table.add(&row, goal, Unit::Ratio, Vec::new());
            }
        }
    }

    fn copy(&self) {
        let side = |cluster: &Cluster| {
            let url = cluster.url(DATABASE);
            format!("<(psql -X -c 'copy (select * from t order by id) to stdout' '{url}')")
        };
        let script = format!("diff {} {} | wc -l", side(self.old), side(self.new));
        let output = Command::new("bash").args(["-c", &script]).output().expect("bash and diff");
        let lines = String::from_utf8_lossy(&output.stdout).trim().parse::<u64>().unwrap_or_default();
        assert!(lines >= 2 * CHANGED, "{}", String::from_utf8_lossy(&output.stderr));
    }
}

/// The most memory that this process ever had, in megabytes.
fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kilobytes| kilobytes.parse::<f64>().ok()).unwrap_or(f64::NAN)
        / 1000.0
}
