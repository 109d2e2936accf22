//! Shared by the examples: the Lakebase that they use, the project of the demonstration, and their output.

#![allow(dead_code, missing_docs, unreachable_pub, reason = "each example uses the part it needs")]

pub mod service;
pub mod shop;
pub mod ui;

use std::process::ExitCode;

use clap::Parser;

pub type Result<T, E = Box<dyn std::error::Error + Send + Sync>> = std::result::Result<T, E>;

#[derive(Parser)]
pub struct Options {
    /// Keep the branches; their TTL cleans them up (the default)
    #[arg(long, conflicts_with = "cleanup")]
    pub keep: bool,
    /// Delete the branches at the end
    #[arg(long)]
    pub cleanup: bool,
}

/// Runs an example. An error is one line on stderr and exit status 1; Ctrl-C stops the local Lakebase cleanly.
pub async fn run<F>(title: &str, example: impl FnOnce(service::Service) -> F) -> ExitCode
where
    F: Future<Output = Result<()>>,
{
    ui::title(title);
    let service = match service::Service::choose().await {
        Ok(service) => service,
        Err(error) => return failed(&*error),
    };
    let outcome = tokio::select! {
        outcome = example(service.clone()) => Some(outcome),
        _ = tokio::signal::ctrl_c() => None,
    };
    service.close().await;
    match outcome {
        Some(Ok(())) => ExitCode::SUCCESS,
        Some(Err(error)) => failed(&*error),
        None => {
            eprintln!("interrupted; every step can be run again");
            ExitCode::from(130)
        }
    }
}

/// The error and its causes in one line.
fn failed(error: &(dyn std::error::Error + 'static)) -> ExitCode {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        line = format!("{line}: {error}");
        cause = error.source();
    }
    eprintln!("error: {line}");
    ExitCode::FAILURE
}
