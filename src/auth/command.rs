//! Running a login tool of the command line.

use std::{
    path::{Path, PathBuf},
    process::{Output, Stdio},
    time::Duration,
};

use tokio::process::Command;

use super::Env;
use crate::error::{Error, ErrorKind, Result};

/// A tool may have to talk to its own login service first.
const LIMIT: Duration = Duration::from_secs(60);

/// Runs a program to its end and returns its output. Dropping the future kills it.
pub(super) async fn run(program: &Path, arguments: &[&str], env: &Env) -> Result<Output> {
    let shown = program.display();
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
    env.apply(&mut command);
    let output = tokio::time::timeout(LIMIT, command.output())
        .await
        .map_err(|_| Error::new(ErrorKind::Timeout, format!("{shown} did not end within {LIMIT:?}")))?;
    output.map_err(|e| Error::unauthenticated(format!("{shown} cannot be run")).with_source(e))
}

/// The output of a failed program, on one line.
pub(super) fn complaint(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.is_empty() { format!("it ended with {}", output.status) } else { line }
}

/// Candidate paths of a program of this name.
pub(super) fn candidates(name: &str, env: &Env) -> Vec<PathBuf> {
    let names = if cfg!(windows) {
        vec![format!("{name}.exe"), format!("{name}.cmd"), name.to_owned()]
    } else {
        vec![name.to_owned()]
    };
    let place = |directory: PathBuf| names.iter().map(|name| directory.join(name)).collect::<Vec<_>>();
    env.search_path().into_iter().flat_map(place).collect()
}
