//! The cost of a branch or a database for each test and of a promotion, beside the alternatives, in one run.
//!
//! ```text
//! cargo bench --bench testing                         # also: -- --quick, -- --filter promotion
//! ```
//!
//! Works as the bench `local` does: in the temporary directory and, as root and with `mkfs.xfs`, on an XFS image. What
//! other crates and PGlite take for such a database is measured in the same run, by the program in `benches/peers`.

mod branches;
mod databases;
mod peers;
mod promotion;
#[path = "../support/mod.rs"]
mod support;

use std::{
    process::{Command, ExitCode, Stdio},
    time::Duration,
};

use clap::Parser;

use support::{
    Result,
    disk::Disk,
    table::{Goal, Table, Unit},
};

const DEMONSTRATION: &str = include_str!("../../examples/shared/ecommerce.sql");
const ROW: &str = "SELECT name FROM ecommerce.products LIMIT 1";

#[derive(Parser)]
struct Arguments {
    /// Few runs
    #[arg(long)]
    quick: bool,
    /// Only rows whose name has this in it
    #[arg(long, default_value = "")]
    filter: String,
    /// Makes the table a section of docs/performance.md
    #[arg(long, conflicts_with = "filter")]
    write: bool,
    /// Measures in the temporary directory, and prints one line a row for the process that puts the table together
    #[arg(long, hide = true)]
    disk: Option<String>,
    /// Said by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

/// The measured rows; child processes are told the index of theirs.
const ROWS: [(&str, Unit); 14] = [
    ("fresh test branch with the demo data, connected", Unit::Milliseconds),
    ("  CREATE DATABASE … TEMPLATE of the same data, connected", Unit::Milliseconds),
    ("  CREATE DATABASE and the same data as a migration (sqlx::test), connected", Unit::Milliseconds),
    ("200 tests at once, each with a branch and a query", Unit::Seconds),
    ("promotion: what it takes beyond the statements on the target", Unit::Milliseconds),
    ("  the whole promotion", Unit::Milliseconds),
    ("fresh test database with the demo data, made ahead, connected", Unit::Milliseconds),
    ("  CREATE DATABASE … TEMPLATE on that server, connected", Unit::Milliseconds),
    ("  test database ÷ CREATE DATABASE … TEMPLATE", Unit::Ratio),
    ("600 tests (60 with --quick), two at a time, each with a test database and a query", Unit::Seconds),
    ("  with CREATE DATABASE … TEMPLATE and DROP DATABASE", Unit::Seconds),
    ("  with the demo data replayed into a schema, and DROP SCHEMA", Unit::Seconds),
    ("  with a test branch", Unit::Seconds),
    ("  test databases ÷ the better of template and replay", Unit::Ratio),
];

fn goal(row: usize, disk: &str) -> Goal {
    match (row, disk) {
        (0, "XFS") => Goal::AtMost(80.0),
        (0, _) => Goal::AtMost(150.0),
        (4, _) => Goal::AtMost(1000.0),
        (6, _) => Goal::AtMost(3.0),
        (8, _) => Goal::AtMost(0.2),
        (13, _) => Goal::AtMost(0.6),
        _ => Goal::None,
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match &arguments.disk {
        Some(disk) => measure(&arguments, disk).await,
        None => on_each_disk(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The server of the tests lies in the temporary directory, so each disk is the one of a process.
fn on_each_disk(arguments: &Arguments) -> Result<()> {
    let mut table = Table::new(&arguments.filter);
    let plain = Disk::temporary()?;
    let mut disks = vec![plain];
    if disks.iter().all(|disk| disk.name != "XFS") {
        match Disk::xfs(&[]) {
            Ok(xfs) => disks.push(xfs),
            Err(why) => eprintln!("\nNOT MEASURED ON XFS: {why}\n"),
        }
    }
    let peers = peers::Peers::prepare(&table, if arguments.quick { 2 } else { 11 });
    let mut done = Ok(());
    for disk in &disks {
        let mut process = Command::new(std::env::current_exe()?);
        process.args(["--disk", disk.name, "--filter", &arguments.filter]).env("TMPDIR", &disk.dir);
        process.args(arguments.quick.then_some("--quick")).stdout(Stdio::piped());
        let output = process.spawn()?.wait_with_output()?;
        for line in String::from_utf8(output.stdout)?.lines() {
            let mut fields = line.split('\t');
            let row: usize = fields.next().unwrap_or_default().parse()?;
            let samples = fields.map(str::parse).collect::<Result<Vec<f64>, _>>()?;
            let Some((what, unit)) = ROWS.get(row) else { continue };
            table.add(&format!("{what}, {}", disk.name), goal(row, disk.name), *unit, samples);
        }
        if !output.status.success() {
            done = Err(format!("measuring on {} failed", disk.name).into());
        }
        wait_for_the_end(disk)?;
        if let Some(peers) = &peers {
            peers.measure(disk, &mut table)?;
        }
    }
    table.print();
    done.and_then(|()| if arguments.write { table.write("testing") } else { Ok(()) })
}

/// The directory of the tests is removed after the process that used it.
fn wait_for_the_end(disk: &Disk) -> Result<()> {
    for _ in 0..100 {
        if std::fs::read_dir(&disk.dir)?.next().is_none() {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

async fn measure(arguments: &Arguments, disk: &str) -> Result<()> {
    let runs = if arguments.quick { 7 } else { 31 };
    let tests = if arguments.quick { 60 } else { 600 };
    let table = Table::new(&arguments.filter);
    let wanted = |row: usize| ROWS.get(row).is_some_and(|(what, _)| table.wants(&format!("{what}, {disk}")));
    if (0..3).any(wanted) {
        let samples = branches::one_by_one(runs).await?;
        samples.iter().enumerate().for_each(|(row, samples)| print(row, samples));
    }
    if wanted(3) {
        print(3, &[branches::at_once(200).await?.as_secs_f64()]);
    }
    if wanted(4) || wanted(5) {
        let [beyond, whole] = promotion::measure(runs.min(11)).await?;
        print(4, &beyond);
        print(5, &whole);
    }
    if (6..9).any(wanted) {
        let [ahead, copied] = databases::one_by_one(runs).await?;
        print(6, &ahead);
        print(7, &copied);
        print(8, &ahead.iter().zip(&copied).map(|(ahead, copied)| ahead / copied).collect::<Vec<_>>());
    }
    if (9..14).any(wanted) {
        let taken = databases::many(tests).await?.map(|taken| taken.as_secs_f64());
        (9..).zip(taken).for_each(|(row, taken)| print(row, &[taken]));
        let [ahead, copied, replayed, _] = taken;
        print(13, &[ahead / copied.min(replayed)]);
    }
    Ok(())
}

fn print(row: usize, samples: &[f64]) {
    let samples: String = samples.iter().map(|sample| format!("\t{sample}")).collect();
    println!("{row}{samples}");
}
