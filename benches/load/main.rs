//! Many branches, computes and sessions under mixed calls: memory and descriptors of the server over time.
//!
//! ```text
//! cargo bench --bench load                  # 500 branches, 100 computes, 2,000 sessions, ten minutes
//! cargo bench --bench load -- --quick       # 60 branches, 20 computes, 200 sessions, one minute
//! ```
//!
//! Prints memory and descriptors of `lakebase-local serve` after the warm-up and at the end, the calls with their
//! latencies, and every failure. Fails where a call failed.

mod calls;
mod census;
#[path = "../support/mod.rs"]
mod support;
mod world;

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use clap::Parser;

use calls::Tally;
use census::Census;
use support::{Result, figures::machine};
use world::World;

#[derive(Parser, Clone)]
struct Arguments {
    /// A tenth of everything
    #[arg(long)]
    quick: bool,
    #[arg(long)]
    branches: Option<usize>,
    /// Branches whose compute is awake
    #[arg(long)]
    computes: Option<usize>,
    /// Sessions that stay open, spread over the computes
    #[arg(long)]
    sessions: Option<usize>,
    #[arg(long)]
    seconds: Option<u64>,
    /// Calls at the same time
    #[arg(long, default_value_t = 32)]
    workers: usize,
    /// Passed by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

/// The size of a run.
struct Size {
    branches: usize,
    computes: usize,
    sessions: usize,
    time: Duration,
    workers: usize,
}

impl From<Arguments> for Size {
    fn from(given: Arguments) -> Self {
        let pick =
            |value: Option<usize>, whole, quick| value.unwrap_or(if given.quick { quick } else { whole });
        Self {
            branches: pick(given.branches, 500, 60),
            computes: pick(given.computes, 100, 20),
            sessions: pick(given.sessions, 2000, 200),
            time: Duration::from_secs(given.seconds.unwrap_or(if given.quick { 60 } else { 600 })),
            workers: given.workers,
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Arguments::parse().into()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(size: &Size) -> Result<bool> {
    let world = World::start(size).await?;
    let idle = Census::take(world.server())?;
    println!("{:<22} {idle}", "no branches");
    world.populate(size).await?;
    println!("{:<22} {}", "branches made", Census::take(world.server())?);
    let sessions = world.open_sessions(size).await?;
    println!("{:<22} {}", "sessions open", Census::take(world.server())?);

    let tally = Tally::default();
    let begun = Instant::now();
    let warm_up = size.time / 10;
    let working = calls::work(&world, size, &sessions, &tally, begun + size.time);
    let watching = async {
        tokio::time::sleep(warm_up).await;
        let warm = Census::take(world.server())?;
        println!("{:<22} {warm}", "after the warm-up");
        let step = (size.time - warm_up) / 5;
        for _ in 1..5 {
            tokio::time::sleep(step).await;
            let at = begun.elapsed().as_secs();
            println!("{:<22} {}", format!("after {at} s"), Census::take(world.server())?);
        }
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(warm)
    };
    let ((), warm) = tokio::join!(working, watching);
    let (warm, last) = (warm?, Census::take(world.server())?);
    println!("{:<22} {last}", "at the end");
    drop(sessions);
    let given_back = world.await_stable().await?;
    println!("{:<22} {given_back}", "sessions closed");
    tally.print();
    let growth = last.memory as f64 / warm.memory as f64 - 1.0;
    println!("memory since the warm-up: {:+.1} %; {}", growth * 100.0, machine());
    world.stop().await?;
    Ok(tally.failures() == 0)
}
