//! Databases for tests by other means, each with the demo data and timed from the call to its first row.
//!
//! Prints one line for each peer: its name and milliseconds, or its name and `!` with the reason why there are none,
//! separated by tabs. PostgreSQL refuses to run as root, so that it is run as another account.

mod embedded;
mod mitosis;
mod pglite;
mod pgtemp;

use std::{path::PathBuf, process::ExitCode, time::Instant};

use clap::Parser;
use tokio_postgres::NoTls;

type Error = Box<dyn std::error::Error + Send + Sync>;
type Result<T, E = Error> = std::result::Result<T, E>;

#[derive(Parser)]
struct Arguments {
    /// Statements that make the data
    #[arg(long)]
    data: PathBuf,
    /// A query of one row of it
    #[arg(long)]
    row: String,
    #[arg(long)]
    rounds: usize,
    /// The folder of PostgreSQL's programs
    #[arg(long)]
    programs: PathBuf,
    /// An empty folder
    #[arg(long)]
    home: PathBuf,
    /// The folder in which the npm package `@electric-sql/pglite` is installed
    #[arg(long)]
    pglite: Option<PathBuf>,
}

struct Peers {
    arguments: Arguments,
    sql: String,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let arguments = Arguments::parse();
    let sql = std::fs::read_to_string(&arguments.data)?;
    let peers = Peers { arguments, sql };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    show("pgtemp", runtime.block_on(peers.pgtemp()));
    show("postgresql_embedded", runtime.block_on(peers.embedded()));
    show("mitosis-db", runtime.block_on(peers.mitosis()));
    match runtime.block_on(peers.pglite()) {
        Ok([replayed, loaded]) => {
            show("PGlite", Ok(replayed));
            show("PGlite from a dump", Ok(loaded));
        }
        Err(error) => show("PGlite", Err(error)),
    }
    Ok(())
}

fn show(peer: &str, samples: Result<Vec<f64>>) {
    match samples {
        Ok(samples) => {
            let samples: String = samples.iter().map(|sample| format!("\t{sample}")).collect();
            println!("{peer}{samples}");
        }
        Err(error) => {
            println!("{peer}\t!{}", error.to_string().split_whitespace().collect::<Vec<_>>().join(" "))
        }
    }
}

impl Peers {
    /// Loads the data where it is not there yet, and reads a row.
    async fn first_row(&self, address: &str, load: bool) -> Result<()> {
        let (client, connection) = tokio_postgres::connect(address, NoTls).await?;
        let driver = tokio::spawn(connection);
        if load {
            client.batch_execute(&self.sql).await?;
        }
        client.query_one(self.arguments.row.as_str(), &[]).await?;
        drop(client);
        Ok(driver.await??)
    }
}

fn milliseconds(begun: Instant) -> f64 {
    begun.elapsed().as_secs_f64() * 1000.0
}
