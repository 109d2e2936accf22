//! Confirmation of what deletes data.

use std::io::{self, IsTerminal as _, Write as _};

use crate::{
    failure::{Failure, Result},
    interrupt,
    output::{self, BOLD},
};

/// Asks before `loss` happens. Without a terminal to ask on, it is refused unless `--yes` was given.
pub(crate) async fn confirm(yes: bool, loss: &str) -> Result<()> {
    if yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        let message = format!("not confirmed, and there is no terminal to ask on: {loss}");
        return Err(Failure::new(message).help("add --yes"));
    }
    output::error(loss);
    let mut stderr = anstream::stderr();
    write!(stderr, "{BOLD}Go on?{BOLD:#} [y/N] ").and_then(|()| stderr.flush())?;
    let answer = answer().await?.unwrap_or_default();
    match answer.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Failure::new("not confirmed, so nothing was changed")),
    }
}

/// Reads a line of standard input; `None` at its end. Ctrl-C ends the wait.
pub(crate) async fn answer() -> Result<Option<String>> {
    let line = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        io::stdin().read_line(&mut line).map(|read| (read > 0).then_some(line))
    });
    tokio::select! {
        line = line => Ok(line??),
        () = interrupt::pressed() => {
            // What follows starts on a line of its own.
            output::error("");
            Err(Failure::interrupted())
        }
    }
}
