//! Renders differences as text, Markdown and HTML.

mod block;
mod define;
mod html;
mod lines;
mod markdown;
mod pairs;
mod side;
mod three_way;

use std::collections::BTreeSet;
use std::fmt;

use super::diff::{Change, SchemaDiff};
use block::{Block, Sides, blocks, visible};
use lines::Row;

const RED: &str = "\u{1b}[31m";
const GREEN: &str = "\u{1b}[32m";
const YELLOW: &str = "\u{1b}[33m";
const BOLD: &str = "\u{1b}[1m";
const PLAIN: &str = "\u{1b}[0m";

impl SchemaDiff {
    /// One line: how many objects were added, removed, changed and renamed.
    pub fn summary(&self) -> String {
        summary(self)
    }

    /// The unified DDL difference with terminal colors.
    pub fn colored(&self) -> impl fmt::Display + '_ {
        Text { diff: self, color: true }
    }

    /// The old and the new DDL side by side, with terminal colors, in this number of characters for a line.
    ///
    /// ```no_run
    /// # async fn example(feature: lakebase::Branch, production: lakebase::Branch) -> lakebase::Result<()> {
    /// println!("{}", feature.compare_schema(&production).await?.side_by_side(120));
    /// # Ok(())
    /// # }
    /// ```
    pub fn side_by_side(&self, width: usize) -> impl fmt::Display + '_ {
        side::SideBySide { diff: self, width }
    }

    /// The difference as Markdown, fit for a pull-request comment.
    pub fn markdown(&self) -> String {
        markdown::markdown(self)
    }

    /// The difference as an HTML page, old and new side by side.
    pub fn html(&self) -> String {
        html::html(self)
    }
}

impl fmt::Display for SchemaDiff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Text { diff: self, color: false }.fmt(f)
    }
}

/// The unified difference.
struct Text<'a> {
    diff: &'a SchemaDiff,
    color: bool,
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.diff.is_empty() {
            writeln!(f, "no difference")?;
        }
        for (at, block) in of(self.diff).iter().enumerate() {
            if at > 0 {
                writeln!(f)?;
            }
            block.head.iter().try_for_each(|row| self.row(f, row, true))?;
            block.parts.iter().flatten().try_for_each(|row| self.row(f, row, false))?;
        }
        let notes = notes(self.diff);
        if !notes.is_empty() && !self.diff.is_empty() {
            writeln!(f)?;
        }
        notes.iter().try_for_each(|note| {
            let (start, end) = self.paint(YELLOW);
            writeln!(f, "{start}{note}{end}")
        })
    }
}

impl Text<'_> {
    fn paint(&self, code: &'static str) -> (&'static str, &'static str) {
        if self.color && !code.is_empty() { (code, PLAIN) } else { ("", "") }
    }

    fn row(&self, f: &mut fmt::Formatter<'_>, row: &Row, head: bool) -> fmt::Result {
        let (start, end) = self.paint(match row {
            Row::Old(_) => RED,
            Row::New(_) => GREEN,
            Row::Renamed { .. } => YELLOW,
            Row::Same(_) if head => BOLD,
            Row::Same(_) | Row::Gap => "",
        });
        writeln!(f, "{start}{}{end}", written(row))
    }
}

/// A row with its sign, without trailing blanks.
fn written(row: &Row) -> String {
    format!("{} {}", row.sign(), row.text()).trim_end().to_owned()
}

fn of(diff: &SchemaDiff) -> Vec<Block> {
    blocks(Sides { old: &diff.old, new: &diff.new, all: true }, diff.changes())
}

/// Notes about likely renames and about objects that are not compared in detail.
fn notes(diff: &SchemaDiff) -> Vec<String> {
    let hints = diff.hints.iter().map(|h| format!("hint: {} may have become {}", h.before, h.after.name));
    let rest = diff.uncompared();
    let rest = rest.iter().map(|name| format!("not compared in detail: {name}"));
    hints.chain(rest).map(|note| visible(&note)).collect()
}

pub(super) fn summary(diff: &SchemaDiff) -> String {
    if diff.is_empty() {
        return "no difference".to_owned();
    }
    let mut counts = [0; 4];
    for change in &diff.changes {
        counts[match change {
            Change::Added { .. } => 0,
            Change::Removed { .. } => 1,
            Change::Changed { .. } => 2,
            Change::Renamed { .. } => 3,
        }] += 1;
    }
    let words = ["added", "removed", "changed", "renamed"];
    let parts = counts.iter().zip(words).filter(|(n, _)| **n > 0).map(|(n, word)| format!("{n} {word}"));
    let sides = Sides { old: &diff.old, new: &diff.new, all: true };
    let objects = diff.changes.iter().map(|c| sides.top(c.key())).collect::<BTreeSet<_>>().len();
    format!(
        "{} in {objects} {}",
        parts.collect::<Vec<_>>().join(", "),
        if objects == 1 { "object" } else { "objects" }
    )
}

#[cfg(test)]
mod tests;
