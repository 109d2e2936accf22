//! `lakebase`: branches of a Lakebase from the command line, in a workspace and on this machine.
//!
//! A thin face over the public calls of the library: `arguments` has the command line, `commands` one file for each
//! group of commands, the other modules what they share.

mod arguments;
mod commands;
mod confirm;
mod connection;
mod failure;
mod git;
mod global;
mod interrupt;
mod json;
mod nearest;
mod noted;
mod output;
mod progress;
mod session;
mod settings;
mod shell;
mod table;
mod target;
mod time;

use std::process::ExitCode;

use clap::Parser as _;
use tracing_subscriber::EnvFilter;

use crate::{arguments::Arguments, failure::Failure};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    #[cfg(feature = "local")]
    if let Some(options) = arguments.command.served() {
        // The server has a log and signals of its own.
        let program = serve::Program { name: "lakebase", failure: 2 };
        return serve::main(program, arguments.global.data_dir.clone(), options.clone());
    }
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("error")))
        .with_writer(std::io::stderr)
        .log_internal_errors(false)
        .init();
    let done = tokio::runtime::Runtime::new().map_err(Into::into).and_then(|runtime| {
        let done = runtime.block_on(async {
            interrupt::listen()?;
            commands::run(&arguments).await
        });
        runtime.shutdown_background();
        done
    });
    let status = done.unwrap_or_else(|failure: Failure| {
        // Ctrl-C says nothing.
        if !failure.is_interruption() {
            output::error(&failure);
        }
        failure.status()
    });
    status.into()
}

#[path = "../console/mod.rs"]
mod console;
#[cfg(feature = "local")]
#[path = "../serve/mod.rs"]
mod serve;

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
