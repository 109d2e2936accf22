//! Differences for readers: text, Markdown and HTML.

use std::collections::BTreeMap;
use std::fmt;

use super::diff::{Change, SchemaDiff, group_of};
use super::model::Key;

const RED: &str = "\u{1b}[31m";
const GREEN: &str = "\u{1b}[32m";
const YELLOW: &str = "\u{1b}[33m";
const BOLD: &str = "\u{1b}[1m";
const PLAIN: &str = "\u{1b}[0m";

/// The unified difference.
pub(super) struct Text<'a> {
    pub(super) diff: &'a SchemaDiff,
    pub(super) colour: bool,
}

fn groups(diff: &SchemaDiff) -> BTreeMap<&Key, Vec<&Change>> {
    let mut groups: BTreeMap<&Key, Vec<&Change>> = BTreeMap::new();
    for change in &diff.changes {
        groups.entry(group_of(change, diff)).or_default().push(change);
    }
    groups
}

/// A fact as one side shows it: its name and its attributes, one a line.
fn body(key: &Key, fields: impl Iterator<Item = (String, Option<String>)>) -> Vec<String> {
    let mut lines = vec![key.to_string()];
    for (name, value) in fields {
        let Some(value) = value else { continue };
        let mut rows = value.lines();
        lines.push(format!("    {name}: {}", rows.next().unwrap_or_default()));
        lines.extend(rows.map(|row| format!("        {row}")));
    }
    lines
}

fn sides(change: &Change) -> (Vec<String>, Vec<String>) {
    let before = || change.fields().iter().map(|f| (f.name.clone(), f.before.clone()));
    let after = || change.fields().iter().map(|f| (f.name.clone(), f.after.clone()));
    match change {
        Change::Added { key, .. } => (Vec::new(), body(key, after())),
        Change::Removed { key, .. } => (body(key, before()), Vec::new()),
        Change::Changed { key, .. } => (body(key, before()), body(key, after())),
        Change::Renamed { key, before } => (vec![before.to_string()], vec![key.to_string()]),
    }
}

/// Old and new lines as a unified difference: what both share once, the rest with a sign.
fn unified(change: &Change) -> Vec<(char, String)> {
    let (old, new) = sides(change);
    let mut lines = Vec::new();
    let mut rest = new.as_slice();
    for line in &old {
        match rest.iter().position(|n| n == line) {
            Some(at) => {
                lines.extend(rest[..at].iter().map(|l| ('+', l.clone())));
                lines.push((' ', line.clone()));
                rest = &rest[at + 1..];
            }
            None => lines.push(('-', line.clone())),
        }
    }
    lines.extend(rest.iter().map(|l| ('+', l.clone())));
    lines
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let paint = |code: &'static str| if self.colour { code } else { "" };
        for (key, changes) in groups(self.diff) {
            writeln!(f, "{}@@ {key} @@{}", paint(BOLD), paint(PLAIN))?;
            for (sign, line) in changes.into_iter().flat_map(unified) {
                let colour = match sign {
                    '+' => GREEN,
                    '-' => RED,
                    _ => "",
                };
                let end = if colour.is_empty() { "" } else { PLAIN };
                writeln!(f, "{}{sign}{line}{}", paint(colour), paint(end))?;
            }
        }
        for hint in &self.diff.hints {
            writeln!(
                f,
                "{}hint: {} may have become {}{}",
                paint(YELLOW),
                hint.before,
                hint.after,
                paint(PLAIN)
            )?;
        }
        for name in self.diff.uncompared() {
            writeln!(f, "{}not compared in detail: {name}{}", paint(YELLOW), paint(PLAIN))?;
        }
        Ok(())
    }
}

/// One change in a list.
pub(super) fn line(f: &mut fmt::Formatter<'_>, change: &Change, indent: &str) -> fmt::Result {
    unified(change).into_iter().try_for_each(|(sign, line)| writeln!(f, "{indent}{sign}{line}"))
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
    let objects = groups(diff).len();
    format!(
        "{} in {objects} {}",
        parts.collect::<Vec<_>>().join(", "),
        if objects == 1 { "object" } else { "objects" }
    )
}

pub(super) fn markdown(diff: &SchemaDiff) -> String {
    let mut text = format!("**Schema: {}**\n", summary(diff));
    for (key, changes) in groups(diff) {
        let lines: Vec<String> =
            changes.into_iter().flat_map(unified).map(|(sign, line)| format!("{sign}{line}")).collect();
        // A fence must be longer than any run of backticks inside it.
        let longest =
            lines.iter().flat_map(|l| l.split(|c| c != '`')).map(str::len).max().unwrap_or_default();
        let fence = "`".repeat(longest.max(2) + 1);
        text += &format!(
            "\n<details><summary>{}</summary>\n\n{fence}diff\n{}\n{fence}\n\n</details>\n",
            escape(&key.to_string()),
            lines.join("\n")
        );
    }
    for hint in &diff.hints {
        text += &format!("\n- hint: {} may have become {}\n", hint.before, hint.after);
    }
    for name in diff.uncompared() {
        text += &format!("\n- not compared in detail: {name}\n");
    }
    text
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

pub(super) fn html(diff: &SchemaDiff) -> String {
    let mut rows = String::new();
    for (key, changes) in groups(diff) {
        rows += &format!("<tr><th colspan=\"2\">{}</th></tr>\n", escape(&key.to_string()));
        for change in changes {
            let (old, new) = sides(change);
            let cell = |lines: &[String], other: &[String], class: &str| {
                let mark = |l: &String| {
                    let text = escape(l);
                    if other.contains(l) { text } else { format!("<span class=\"{class}\">{text}</span>") }
                };
                lines.iter().map(mark).collect::<Vec<_>>().join("\n")
            };
            rows += &format!(
                "<tr><td><pre>{}</pre></td><td><pre>{}</pre></td></tr>\n",
                cell(&old, &new, "old"),
                cell(&new, &old, "new")
            );
        }
    }
    let style = "body{font-family:sans-serif}table{border-collapse:collapse;width:100%;table-layout:fixed}th{text-align:left;background:#eee;padding:4px}\
                 td{vertical-align:top;border:1px solid #ddd;padding:4px;overflow-x:auto}.old{background:#fdd}.new{background:#dfd}";
    let notes: String =
        diff.uncompared().iter().map(|n| format!("<p>not compared in detail: {}</p>\n", escape(n))).collect();
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Schema difference</title><style>{style}</style></head>\n<body><h1>{}</h1>\n<table>\n{rows}</table>\n{notes}</body></html>\n",
        escape(&summary(diff))
    )
}
