//! Speed, memory and storage of a local Lakebase against the goals of the guide.
//!
//! ```text
//! cargo bench --bench local                        # everything, with 10 GB of data: ten minutes and 21 GB of disk
//! cargo bench --bench local -- --quick             # small data and few runs
//! cargo bench --bench local -- --section time      # one of the tables
//! cargo bench --bench local -- --filter pgbench    # only rows whose name has this in it
//! ```
//!
//! Works in the temporary directory (`TMPDIR`) and, as root and with `mkfs.xfs`, on an XFS image that it makes
//! and mounts there. All of it is gone at the end, after Ctrl-C and after a failure too.

mod branches;
mod computes;
mod density;
mod fixture;
mod history;
mod peers;
mod pgbench;
mod pgbouncer;
mod plain;
mod serve;
#[path = "../support/mod.rs"]
mod support;
mod timeline;
mod warm;

use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use lakebase::local::Durability;
use tokio::signal::unix::{SignalKind, signal};

use fixture::Fixture;
use support::{Result, disk, disk::Disk, processes, table, table::Table};

#[derive(Parser)]
struct Arguments {
    /// Small data and few runs
    #[arg(long)]
    quick: bool,
    /// Only rows whose name has this in it
    #[arg(long, default_value = "")]
    filter: String,
    /// Only this table
    #[arg(long)]
    section: Option<Section>,
    /// Makes each table a section of docs/performance.md
    #[arg(long, conflicts_with = "filter")]
    write: bool,
    /// Said by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

/// A table of its own, from a run of its own.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Section {
    /// Branches and computes, beside what people use instead
    Branches,
    /// History, snapshots and soft delete
    Time,
    /// Many branches of one project
    Density,
}

impl Section {
    /// Its name in the page of figures.
    fn name(self) -> &'static str {
        match self {
            Self::Branches => "local",
            Self::Time => "time",
            Self::Density => "density",
        }
    }

    /// Megabytes of the databases that it measures on an XFS.
    fn sizes(self, effort: &Effort) -> Vec<u64> {
        match self {
            // Each source of a copy twice, and the copy.
            Self::Branches => [effort.sizes, effort.peer_sizes.map(|megabytes| 3 * megabytes)].concat(),
            // Data and WAL of the sources whose past is looked at.
            Self::Time => vec![4 * effort.history_mb; 2],
            Self::Density => Vec::new(),
        }
    }
}

/// How much is measured.
struct Effort {
    /// Megabytes of the small and of the large database.
    sizes: [u64; 2],
    branches: usize,
    /// Branches from warm spares.
    warm: usize,
    wakes: usize,
    at_once: usize,
    /// Numbers of branches of one project: of an idle server, of a list and a start, and all.
    density: [usize; 3],
    serves: usize,
    pgbench_rounds: usize,
    pgbench_seconds: u32,
    /// Megabytes of the databases that are copied as people do without branches.
    peer_sizes: [u64; 2],
    peer_rounds: usize,
    /// Megabytes that were written before a point in time.
    history_mb: u64,
    pasts: usize,
    tpcb_seconds: u32,
}

const WHOLE: Effort = Effort {
    sizes: [50, 10_240],
    branches: 21,
    warm: 60,
    wakes: 21,
    at_once: 3,
    density: [50, 500, 1000],
    serves: 7,
    pgbench_rounds: 5,
    pgbench_seconds: 8,
    peer_sizes: [50, 1024],
    peer_rounds: 5,
    history_mb: 1024,
    pasts: 5,
    tpcb_seconds: 20,
};
const QUICK: Effort = Effort {
    sizes: [50, 1024],
    branches: 7,
    warm: 20,
    wakes: 7,
    at_once: 1,
    density: [50, 500, 500],
    serves: 3,
    pgbench_rounds: 3,
    pgbench_seconds: 3,
    peer_sizes: [50, 1024],
    peer_rounds: 3,
    history_mb: 200,
    pasts: 3,
    tpcb_seconds: 10,
};

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = tokio::select! {
        done = measure_all(&arguments) => done,
        () = told_to_stop() => Err("interrupted".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn measure_all(arguments: &Arguments) -> Result<()> {
    let wanted = |section: &&Section| arguments.section.is_none_or(|only| only == **section);
    for section in Section::value_variants().iter().filter(wanted) {
        let mut table = Table::new(&arguments.filter);
        let measured = measure(*section, arguments, &mut table).await;
        table.print();
        // A run that broke off leaves the page as it is.
        measured?;
        if arguments.write {
            table.write(section.name())?;
        }
    }
    Ok(())
}

async fn told_to_stop() {
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
}

async fn measure(section: Section, arguments: &Arguments, table: &mut Table) -> Result<()> {
    let effort = if arguments.quick { &QUICK } else { &WHOLE };
    let plain = Disk::temporary()?;
    measure_on(&plain, section, effort, table).await?;
    if plain.name == "XFS" {
        return Ok(());
    }
    match Disk::xfs(&section.sizes(effort)) {
        Ok(xfs) => measure_on(&xfs, section, effort, table).await,
        Err(why) => {
            eprintln!("\nNOT MEASURED ON XFS: {why}\n");
            Ok(())
        }
    }
}

async fn measure_on(disk: &Disk, section: Section, effort: &Effort, table: &mut Table) -> Result<()> {
    for durability in [Durability::Fast, Durability::Full] {
        table.now(durability);
        if section == Section::Density {
            density::many(disk, durability, effort, table).await?;
            continue;
        }
        let fixture = Fixture::open(disk, durability).await?;
        let measured = match section {
            Section::Time => times(&fixture, disk, effort, table).await,
            _ => branches_and_computes(&fixture, disk, effort, table).await,
        };
        fixture.close().await;
        measured?;
        if section == Section::Branches {
            warm::branches(disk, durability, effort, table).await?;
            serve::existing(disk, effort, table).await?;
        }
    }
    Ok(())
}

async fn branches_and_computes(
    fixture: &Fixture,
    disk: &Disk,
    effort: &Effort,
    table: &mut Table,
) -> Result<()> {
    branches::demonstration(fixture, disk, effort, table).await?;
    if disk.name == "XFS" {
        branches::sizes(fixture, disk, effort, table).await?;
        branches::storage(fixture, disk, effort, table).await?;
        branches::written_to(fixture, disk, effort, table).await?;
        branches::at_once(fixture, disk, effort, table).await?;
        peers::copies(fixture, disk, effort, table).await?;
    }
    computes::wake(fixture, disk, effort, table).await?;
    computes::memory(fixture, disk, table).await?;
    if disk.name != "XFS" {
        pgbench::ratio(fixture, disk, effort, table).await?;
    }
    Ok(())
}

async fn times(fixture: &Fixture, disk: &Disk, effort: &Effort, table: &mut Table) -> Result<()> {
    history::undelete(fixture, disk, effort, table).await?;
    if disk.name == "XFS" {
        history::past(fixture, disk, effort, table).await?;
        history::snapshot(fixture, disk, effort, table).await?;
        history::carried(fixture, disk, effort, table).await?;
        history::throughput(fixture, disk, effort, table).await?;
    }
    Ok(())
}
