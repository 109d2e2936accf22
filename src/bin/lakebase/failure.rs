//! Failures as a person reads them, and exit statuses.

use std::{error::Error as StdError, fmt, fmt::Display, io, process::ExitCode};

use anstyle::{AnsiColor, Style};

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
    is_not_found: bool,
}

impl Failure {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { lines: vec![message.into()], help: None, status: Status::Trouble, is_not_found: false }
    }

    pub(crate) fn interrupted() -> Self {
        Self { lines: Vec::new(), help: None, status: Status::Interrupted, is_not_found: false }
    }

    pub(crate) fn is_interruption(&self) -> bool {
        self.status == Status::Interrupted
    }

    pub(crate) fn mentions(&self, text: &str) -> bool {
        self.lines.iter().any(|line| line.contains(text))
    }

    /// Adds what to do.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn status(&self) -> Status {
        self.status
    }

    /// Whether a resource was asked for that does not exist.
    pub(crate) fn is_not_found(&self) -> bool {
        self.is_not_found
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

/// As a person reads it, with colors.
impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = self.lines.iter();
        if let Some(first) = lines.next() {
            write!(f, "{ERROR}error:{ERROR:#} {first}")?;
        }
        for cause in lines {
            write!(f, "\n  caused by: {cause}")?;
        }
        match &self.help {
            Some(help) => write!(f, "\n  {HELP}help:{HELP:#} {help}"),
            None => Ok(()),
        }
    }
}

impl<E: StdError + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        let own = (&error as &dyn StdError).downcast_ref::<lakebase::Error>();
        let is_not_found = own.is_some_and(lakebase::Error::is_not_found);
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
        Self { lines, help: None, status: Status::Trouble, is_not_found }
    }
}

/// An error of input and output with what was being done.
pub(crate) fn cannot(action: impl Display, error: &io::Error) -> Failure {
    Failure::new(format!("cannot {action}: {error}"))
}
