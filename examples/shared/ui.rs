//! Output of the examples: headings, aligned tables, timings. Colors only on a terminal and without `NO_COLOR`.

use std::{
    fmt::Display,
    io::IsTerminal,
    time::{Duration, Instant},
};

use anstream::println;
use anstyle::{AnsiColor, Style};
use comfy_table::{Attribute, Cell, ContentArrangement, Table, presets::UTF8_FULL_CONDENSED};
use indicatif::{ProgressBar, ProgressStyle};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const GREEN: Style = AnsiColor::Green.on_default().bold();
const RED: Style = AnsiColor::Red.on_default().bold();
const CYAN: Style = AnsiColor::Cyan.on_default().bold();

/// The title of the example.
pub fn title(text: &str) {
    println!("{CYAN}{text}{CYAN:#}");
}

/// A numbered step.
pub fn step(number: u32, text: impl Display) {
    println!("\n{BOLD}{number}. {text}{BOLD:#}");
}

/// An aligned label and its value.
pub fn field(label: &str, value: impl Display) {
    println!("   {DIM}{label:<14}{DIM:#} {value}");
}

/// A sentence.
pub fn say(text: impl Display) {
    for line in text.to_string().trim_end().lines() {
        println!("   {line}");
    }
}

/// A check that held.
pub fn ok(text: impl Display) {
    println!("   {GREEN}✓{GREEN:#} {text}");
}

/// A check that did not hold.
pub fn bad(text: impl Display) {
    println!("   {RED}✗{RED:#} {text}");
}

/// A table with a bold header; numbers read best right-aligned, so columns of numbers are.
pub fn table<R, C>(header: &[&str], rows: R)
where
    R: IntoIterator<Item = C>,
    C: IntoIterator<Item = String>,
{
    let bold = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
    if table.width() == Some(0) {
        // A terminal that does not know its width.
        table.set_width(100);
    }
    table.set_header(header.iter().map(|text| match bold {
        true => Cell::new(text).add_attribute(Attribute::Bold),
        false => Cell::new(text),
    }));
    for row in rows {
        table.add_row(row.into_iter().map(|text| {
            let number = !text.is_empty() && text.chars().all(|c| c.is_ascii_digit() || ".,%$ ".contains(c));
            let alignment =
                if number { comfy_table::CellAlignment::Right } else { comfy_table::CellAlignment::Left };
            Cell::new(text).set_alignment(alignment)
        }));
    }
    say(table);
}

/// Runs work and returns its duration too; shows a spinner on a terminal.
pub async fn timed<T>(label: &str, work: impl IntoFuture<Output = T>) -> (T, Duration) {
    let spinner = ProgressBar::new_spinner().with_message(format!("{label} …"));
    spinner.set_style(ProgressStyle::default_spinner());
    spinner.enable_steady_tick(Duration::from_millis(120));
    let start = Instant::now();
    let done = work.await;
    let took = start.elapsed();
    spinner.finish_and_clear();
    (done, took)
}

/// `87 ms`, `1.4 s`, `2 min 5 s`.
pub fn duration(took: Duration) -> String {
    match took.as_millis() {
        ms @ 0..1000 => format!("{ms} ms"),
        ms @ 1000..60_000 => format!("{:.1} s", ms as f64 / 1000.0),
        ms => format!("{} min {} s", ms / 60_000, ms / 1000 % 60),
    }
}

/// `48 kB`, `7.9 MB`.
pub fn bytes(n: u64) -> String {
    match n {
        0..1_000_000 => format!("{} kB", n / 1000),
        1_000_000..1_000_000_000 => format!("{:.1} MB", n as f64 / 1e6),
        _ => format!("{:.1} GB", n as f64 / 1e9),
    }
}

/// The time left until an expiry: `in 23 h 59 min`.
pub fn countdown(until: chrono::DateTime<chrono::Utc>) -> String {
    let left = (until - chrono::Utc::now()).num_minutes().max(0);
    match (left / 1440, left / 60 % 24, left % 60) {
        (0, 0, m) => format!("in {m} min"),
        (0, h, m) => format!("in {h} h {m} min"),
        (d, h, _) => format!("in {d} d {h} h"),
    }
}
