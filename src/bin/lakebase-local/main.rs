//! `lakebase-local`: serves a local Lakebase, or prints the environment of one that runs.

#[path = "../console/mod.rs"]
mod console;
#[path = "../serve/mod.rs"]
mod serve;

use std::{io::Write as _, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use lakebase::local::LocalLakebase;
use secrecy::ExposeSecret as _;

use crate::serve::{Program, Serve};

const PROGRAM: Program = Program { name: "lakebase-local", failure: 1 };

/// A real Lakebase on this machine.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve until SIGTERM or Ctrl-C; one line of JSON on stdout says when it is ready
    Serve {
        /// The data directory [default: $LAKEBASE_LOCAL_DIR, else the user's data folder]
        #[arg(long)]
        data_dir: Option<PathBuf>,
        #[command(flatten)]
        options: Serve,
    },
    /// Print `export` lines for the server that runs on a data directory: eval "$(lakebase-local env)"
    Env {
        /// The data directory [default: $LAKEBASE_LOCAL_DIR, else the user's data folder]
        #[arg(long)]
        data_dir: Option<PathBuf>,
    },
}

fn main() -> ExitCode {
    let data_dir = match Arguments::parse().command {
        Command::Serve { data_dir, options } => return serve::main(PROGRAM, data_dir, options),
        Command::Env { data_dir } => data_dir,
    };
    let printed = tokio::runtime::Runtime::new()
        .map_err(Into::into)
        .and_then(|runtime| runtime.block_on(env(data_dir)));
    match printed {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "{}: {}", PROGRAM.name, serve::with_sources(&*error));
            PROGRAM.failure.into()
        }
    }
}

async fn env(data_dir: Option<PathBuf>) -> Result<(), Box<dyn std::error::Error>> {
    let mut builder = LocalLakebase::builder();
    if let Some(dir) = data_dir {
        builder = builder.data_dir(dir);
    }
    let local = builder.attach().await?;
    let mut stdout = std::io::stdout();
    writeln!(stdout, "export DATABRICKS_HOST={}", serve::host(&local))?;
    writeln!(stdout, "export DATABRICKS_TOKEN={}", local.token().expose_secret())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
