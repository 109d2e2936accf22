//! A database branch for a pull request: made and migrated, compared with its source, deleted.
//!
//! ```text
//! cargo run --example pr_branch -- up   --project shop --pr 42 [--migrations DIR]
//! cargo run --example pr_branch -- diff --project shop --pr 42
//! cargo run --example pr_branch -- url  --project shop --pr 42
//! cargo run --example pr_branch -- down --project shop --pr 42
//! ```
//!
//! It talks to whatever the environment names: a workspace (`DATABRICKS_HOST` and a login), or a local Lakebase after
//! `eval "$(lakebase-local env)"`. `docs/ci.md` has the workflow around it.

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use lakebase::{Branch, Expiry, Lakebase, hours, migrate::Migrations, name::BranchId};
use secrecy::ExposeSecret as _;

/// A database branch for a pull request.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make the branch anew from the default branch, and apply migrations to it; prints its name
    Up {
        #[command(flatten)]
        which: Which,
        /// A directory of `.sql` files, applied in the order of their names
        #[arg(long, value_name = "DIR")]
        migrations: Option<PathBuf>,
        /// When the branch ends if nobody deletes it before
        #[arg(long, value_name = "HOURS", default_value_t = 72, value_parser = clap::value_parser!(u32).range(1..=720))]
        ttl: u32,
    },
    /// Print as Markdown what the branch has that its source has not
    Diff {
        #[command(flatten)]
        which: Which,
    },
    /// Print a connection URL with a password in it, good for an hour
    Url {
        #[command(flatten)]
        which: Which,
    },
    /// Delete the branch; one that is not there is fine
    Down {
        #[command(flatten)]
        which: Which,
    },
}

#[derive(clap::Args)]
struct Which {
    /// The id of the project
    #[arg(long, env = "LAKEBASE_PROJECT")]
    project: String,
    /// The number of the pull request
    #[arg(long, value_name = "N")]
    pr: u64,
}

type Result<T, E = Box<dyn std::error::Error>> = std::result::Result<T, E>;

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse().command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<()> {
    match command {
        Command::Up { which, migrations, ttl } => up(&branch(&which).await?, migrations, ttl).await,
        Command::Diff { which } => diff(&branch(&which).await?, which.pr).await,
        Command::Url { which } => {
            let info = branch(&which).await?.connection_info().await?;
            println!("{}", info.url_with_password().await?.expose_secret());
            Ok(())
        }
        Command::Down { which } => Ok(branch(&which).await?.delete().purge().allow_missing().await?),
    }
}

/// A handle to the branch of the pull request, whether it exists or not.
async fn branch(which: &Which) -> Result<Branch> {
    let lakebase = Lakebase::from_env().await?;
    let id = BranchId::from_pull_request(which.pr)?;
    Ok(lakebase.project(which.project.as_str())?.branch(id)?)
}

/// The branch of an earlier push goes first: its data is old, and the text of a migration may have changed since.
async fn up(branch: &Branch, migrations: Option<PathBuf>, ttl: u32) -> Result<()> {
    // Read before anything is made, so that a mistake in a file costs nothing.
    let migrations = migrations.map(Migrations::from_directory).transpose()?;
    branch.delete().purge().allow_missing().await?;
    let made = branch.project().create_branch(branch.id(), Expiry::after(hours(ttl))).await?;
    if let Some(migrations) = migrations {
        eprintln!("{}", made.apply(migrations).await?);
    }
    println!("{}", made.name);
    Ok(())
}

async fn diff(branch: &Branch, number: u64) -> Result<()> {
    let source = branch.get().await?.source()?;
    let diff = branch.compare_schema(&source).await?;
    println!("### Schema of pull request #{number}, compared with `{}`\n", source.id());
    match diff.is_empty() {
        true => println!("No difference."),
        false => println!("{}", diff.markdown()),
    }
    Ok(())
}
