//! Tables of reports: aligned columns for a terminal, pipes for Markdown.

use std::fmt::{self, Write as _};

/// Rows of text under headings. Columns whose heading starts with `#` hold numbers and are aligned right.
#[derive(Debug, Default)]
pub(super) struct Table {
    headings: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn new(headings: &[&'static str]) -> Self {
        Self { headings: headings.to_vec(), rows: Vec::new() }
    }

    pub(super) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.into());
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn is_number(heading: &str) -> bool {
        heading.starts_with('#')
    }

    fn title(heading: &str) -> &str {
        heading.trim_start_matches('#')
    }

    /// The table in Markdown; nothing in a cell can break out of it.
    pub(super) fn markdown(&self) -> String {
        let titles: Vec<&str> = self.headings.iter().map(|heading| Self::title(heading)).collect();
        let rules: Vec<&str> = self
            .headings
            .iter()
            .map(|heading| if Self::is_number(heading) { "---:" } else { "---" })
            .collect();
        let mut text = format!("| {} |\n| {} |\n", titles.join(" | "), rules.join(" | "));
        for row in &self.rows {
            let cells: Vec<String> = row.iter().map(|cell| escape(cell)).collect();
            let _ = writeln!(text, "| {} |", cells.join(" | "));
        }
        text
    }
}

/// Text escaped as one line of Markdown.
pub(super) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in one_line(text).chars() {
        match c {
            '|' | '*' | '_' | '`' | '[' | ']' | '\\' | '#' | '~' | '!' => safe.extend(['\\', c]),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            // An `@name` in a statement must not notify the user of that name.
            '@' => safe.push_str("&#64;"),
            c => safe.push(c),
        }
    }
    safe
}

/// Replaces each run of white space and control characters by one blank.
pub(super) fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// One line of at most `most` characters.
pub(super) fn shortened(text: &str, most: usize) -> String {
    let line = one_line(text);
    if line.chars().count() <= most {
        return line;
    }
    line.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |at: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count());
            cells.chain([Self::title(self.headings[at]).chars().count()]).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.headings.len()).map(width).collect();
        let titles: Vec<String> =
            self.headings.iter().map(|heading| Self::title(heading).to_owned()).collect();
        for row in std::iter::once(&titles).chain(&self.rows) {
            let mut line = String::new();
            for ((cell, width), heading) in row.iter().zip(&widths).zip(&self.headings) {
                let blanks = " ".repeat(width.saturating_sub(cell.chars().count()));
                match Self::is_number(heading) {
                    true => write!(line, "{blanks}{cell}  ")?,
                    false => write!(line, "{cell}{blanks}  ")?,
                }
            }
            writeln!(f, "  {}", line.trim_end())?;
        }
        Ok(())
    }
}

/// `1 hazard`, `2 hazards`.
pub(super) fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// A duration in a readable form: `12 ms`, `3.4 s`.
pub(super) fn duration(duration: std::time::Duration) -> String {
    let seconds = duration.as_secs_f64();
    match seconds {
        s if s < 0.01 => format!("{:.1} ms", s * 1e3),
        s if s < 1.0 => format!("{:.0} ms", s * 1e3),
        s if s < 120.0 => format!("{s:.1} s"),
        s => format!("{:.1} min", s / 60.0),
    }
}

/// Serializes a duration as milliseconds.
pub(super) fn milliseconds<S: serde::Serializer>(
    duration: &std::time::Duration,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((duration.as_secs_f64() * 1e6).round() / 1e3)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn columns_are_aligned_and_numbers_stand_right() {
        let mut table = Table::new(&["name", "#rows"]);
        table.row(["a".into(), "1".into()]);
        table.row(["longer".into(), "100".into()]);
        assert_eq!(table.to_string(), "  name    rows\n  a          1\n  longer   100\n");
        assert_eq!(table.markdown(), "| name | rows |\n| --- | ---: |\n| a | 1 |\n| longer | 100 |\n");
    }

    #[test]
    fn nothing_breaks_out_of_a_markdown_cell() {
        assert_eq!(escape("a | b\n<script> @all `x`"), "a \\| b &lt;script&gt; &#64;all \\`x\\`");
    }

    #[test]
    fn text_and_durations_are_short() {
        assert_eq!(shortened("a\n\t b", 10), "a b");
        assert_eq!(shortened("abcdef", 4), "abc…");
        assert_eq!(duration(Duration::from_micros(1500)), "1.5 ms");
        assert_eq!(duration(Duration::from_millis(340)), "340 ms");
        assert_eq!(duration(Duration::from_secs(90)), "90.0 s");
        assert_eq!(duration(Duration::from_secs(600)), "10.0 min");
    }
}
