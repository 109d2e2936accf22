//! A database branch for a pull request: created and migrated, compared with its source, deleted.
//!
//! ```text
//! cargo run --example pr_branch -- up   --project shop --pr 42 [--migrations DIR]
//! cargo run --example pr_branch -- diff --project shop --pr 42
//! cargo run --example pr_branch -- url  --project shop --pr 42
//! cargo run --example pr_branch -- down --project shop --pr 42
//! ```
//!
//! The environment names the Lakebase: a workspace (`DATABRICKS_HOST` and a login), or a local one after
//! `eval "$(lakebase-local env)"`. `docs/ci.md` has the workflow around it.
//!
//! Exit status: 0 success, and for `diff` no difference; 1 `diff` found a difference; 2 an error.

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
    /// Create the branch from the default branch, in place of an earlier one, and apply migrations; prints its name
    Up {
        #[command(flatten)]
        which: Which,
        /// A directory of `.sql` files, applied in the order of their names
        #[arg(long, value_name = "DIR")]
        migrations: Option<PathBuf>,
        /// The hours after which the branch expires
        #[arg(long, value_name = "HOURS", default_value_t = 72, value_parser = clap::value_parser!(u32).range(1..=720))]
        ttl: u32,
    },
    /// Print the schema difference from the source as Markdown; exit status 1 where there is one
    Diff {
        #[command(flatten)]
        which: Which,
    },
    /// Print a connection URL with a password that is valid for an hour
    Url {
        #[command(flatten)]
        which: Which,
    },
    /// Delete the branch, if it exists
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

/// The exit statuses of `diff(1)`.
const DIFFERENT: u8 = 1;
const TROUBLE: u8 = 2;

type Result<T, E = Box<dyn std::error::Error>> = std::result::Result<T, E>;

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse().command).await {
        Ok(status) => status,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(TROUBLE)
        }
    }
}

async fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Up { which, migrations, ttl } => up(&branch(&which).await?, migrations, ttl).await?,
        Command::Diff { which } => return diff(&branch(&which).await?, which.pr).await,
        Command::Url { which } => {
            let info = branch(&which).await?.connection_info().await?;
            println!("{}", info.url_with_password().await?.expose_secret());
        }
        Command::Down { which } => branch(&which).await?.delete().purge().allow_missing().await?,
    }
    Ok(ExitCode::SUCCESS)
}

/// A handle to the branch of the pull request, whether it exists or not.
async fn branch(which: &Which) -> Result<Branch> {
    let lakebase = Lakebase::from_env().await?;
    let id = BranchId::from_pull_request(which.pr)?;
    Ok(lakebase.project(which.project.as_str())?.branch(id)?)
}

/// Deletes the branch of an earlier push first: its data is old, and the text of a migration may have changed since.
async fn up(branch: &Branch, migrations: Option<PathBuf>, ttl: u32) -> Result<()> {
    // Read before anything is created, so that a mistake in a file has no effect.
    let migrations = migrations.map(Migrations::from_directory).transpose()?;
    branch.delete().purge().allow_missing().await?;
    let created = branch.project().create_branch(branch.id(), Expiry::after(hours(ttl))).await?;
    if let Some(migrations) = migrations {
        eprintln!("{}", created.apply(migrations).await?);
    }
    println!("{}", created.name);
    Ok(())
}

async fn diff(branch: &Branch, number: u64) -> Result<ExitCode> {
    let source = branch.get().await?.source()?;
    let diff = branch.compare_schema(&source).await?;
    println!("### Schema of pull request #{number}, compared with `{}`\n", source.id());
    if diff.is_empty() {
        println!("No difference.");
        return Ok(ExitCode::SUCCESS);
    }
    println!("{}", diff.markdown());
    Ok(ExitCode::from(DIFFERENT))
}
