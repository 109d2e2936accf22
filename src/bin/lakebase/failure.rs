//! Failures as a person reads them, and exit statuses.

use std::{error::Error as StdError, fmt::Display, io, process::ExitCode};

use anstyle::{AnsiColor, Style};

use crate::output;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const HELP: Style = AnsiColor::Cyan.on_default();

pub(crate) type Result<T, E = Failure> = std::result::Result<T, E>;

/// How a command ended; the number is the exit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Success,
    /// The answer is "no": schemas differ, sides conflict, a check did not pass, nothing runs.
    Negative,
    /// An error; also that of wrong arguments.
    Trouble,
    /// Ended by Ctrl-C.
    Interrupted,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(match status {
            Status::Success => 0,
            Status::Negative => 1,
            Status::Trouble => 2,
            Status::Interrupted => 130,
        })
    }
}

impl Status {
    /// `Success` where the answer is "yes".
    pub(crate) fn of(positive: bool) -> Self {
        if positive { Self::Success } else { Self::Negative }
    }
}

/// A command that failed: a line that names value and rule, the causes, and what to do.
#[derive(Debug)]
pub(crate) struct Failure {
    lines: Vec<String>,
    help: Option<String>,
    status: Status,
}

impl Failure {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { lines: vec![message.into()], help: None, status: Status::Trouble }
    }

    pub(crate) fn interrupted() -> Self {
        Self { lines: Vec::new(), help: None, status: Status::Interrupted }
    }

    pub(crate) fn is_interruption(&self) -> bool {
        self.status == Status::Interrupted
    }

    /// Adds what to do.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Prints it on standard error and gives the exit status.
    pub(crate) fn report(self) -> Status {
        let mut lines = self.lines.iter();
        if let Some(first) = lines.next() {
            output::error(format_args!("{ERROR}error:{ERROR:#} {first}"));
        }
        for cause in lines {
            output::error(format_args!("  caused by: {cause}"));
        }
        if let Some(help) = &self.help {
            output::error(format_args!("  {HELP}help:{HELP:#} {help}"));
        }
        self.status
    }

    /// The message with its causes, and what to do.
    pub(crate) fn into_parts(self) -> (String, Option<String>) {
        (self.lines.join(": "), self.help)
    }

    #[cfg(test)]
    pub(crate) fn text(&self) -> String {
        format!("{} {}", self.lines.join(": "), self.help.as_deref().unwrap_or_default())
    }
}

impl<E: StdError> From<E> for Failure {
    fn from(error: E) -> Self {
        let mut lines = vec![error.to_string()];
        let mut source = error.source();
        while let Some(cause) = source {
            let line = cause.to_string();
            // Some errors contain the text of their cause.
            if !lines.iter().any(|before| before.contains(&line)) {
                lines.push(line);
            }
            source = cause.source();
        }
        Self { lines, help: None, status: Status::Trouble }
    }
}

/// An error of input and output with what was being done.
pub(crate) fn cannot(action: impl Display, error: &io::Error) -> Failure {
    Failure::new(format!("cannot {action}: {error}"))
}
