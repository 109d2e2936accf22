//! Lines on standard output and standard error. Colors only where a terminal is, and not with `NO_COLOR`.

use std::{
    fmt::Display,
    io::{self, Write as _},
};

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use crate::failure::Result;

pub(crate) const BOLD: Style = Style::new().bold();
pub(crate) const DIM: Style = Style::new().dimmed();
pub(crate) const GREEN: Style = AnsiColor::Green.on_default();
pub(crate) const YELLOW: Style = AnsiColor::Yellow.on_default();
pub(crate) const RED: Style = AnsiColor::Red.on_default();

/// Prints a text on standard output, with one line end at its end.
pub(crate) fn print(text: impl Display) -> Result<()> {
    let text = text.to_string();
    let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    let mut stdout = anstream::stdout();
    match write!(stdout, "{text}{end}").and_then(|()| stdout.flush()) {
        // `lakebase … | head` closes the pipe early.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        printed => Ok(printed?),
    }
}

/// Prints one JSON document.
pub(crate) fn print_json(value: &impl Serialize) -> Result<()> {
    print(serde_json::to_string_pretty(value)?)
}

/// Prints a line on standard error; where that is closed, it is lost.
pub(crate) fn error(text: impl Display) {
    let _ = writeln!(anstream::stderr(), "{text}");
}

/// Says what is done or chosen, on standard error.
pub(crate) fn note(text: impl Display) {
    error(format_args!("{DIM}{text}{DIM:#}"));
}

/// Says that something is done, on standard error.
pub(crate) fn done(text: impl Display) {
    error(format_args!("{GREEN}✓{GREEN:#} {text}"));
}

/// Warns on standard error.
pub(crate) fn warn(text: impl Display) {
    error(format_args!("{YELLOW}!{YELLOW:#} {text}"));
}
