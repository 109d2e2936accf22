//! A difference as Markdown for a comment on a change.

use std::collections::BTreeMap;

use super::block::{Block, visible};
use super::define::title;
use super::html::escape;
use super::lines::Row;
use super::{notes, of, summary, written};
use crate::schema::diff::SchemaDiff;
use crate::schema::error::PlanError;

/// A block with more lines than this is folded away.
const LONG: usize = 30;
/// Comments are refused by the usual forges above 65,536 characters.
const LIMIT: usize = 60_000;

pub(in crate::schema) fn markdown(diff: &SchemaDiff) -> String {
    let mut text = format!("**Schema: {}**\n", summary(diff));
    if !diff.is_empty() {
        text += &hazards(diff);
    }
    let mut rest: Vec<String> = Vec::new();
    for block in of(diff) {
        let shown = shown(&block);
        if text.len() + shown.len() > LIMIT {
            rest.push(title(&block.key));
        } else {
            text += &shown;
        }
    }
    if !rest.is_empty() {
        text += &format!("\n{} more differ, too long for this comment.\n", objects(rest.len()));
    }
    let notes = notes(diff);
    if !notes.is_empty() {
        text += "\n";
    }
    let room = LIMIT.saturating_sub(text.len());
    let mut list: String = notes.iter().map(|note| format!("- {}\n", code_after_colon(note))).collect();
    if list.len() > room {
        list = format!("{} likely renames and objects not compared in detail.\n", notes.len());
    }
    text += &list;
    text
}

fn objects(count: usize) -> String {
    format!("{count} {}", if count == 1 { "object" } else { "objects" })
}

/// What is said is a word of ours up to the colon and a name of somebody's after it.
fn code_after_colon(note: &str) -> String {
    match note.split_once(": ") {
        Some((ours, theirs)) => format!("{ours}: {}", code(theirs)),
        None => code(note),
    }
}

fn shown(block: &Block) -> String {
    let sign = |row: &Row| match row {
        // A fence of kind `diff` knows `!` for what is neither old nor new.
        Row::Renamed { .. } => written(row).replacen('~', "!", 1),
        _ => written(row),
    };
    let lines: Vec<String> = block.rows.iter().map(sign).collect();
    let fence = fence(&lines);
    let body = format!("{fence}diff\n{}\n{fence}\n", lines.join("\n"));
    if block.rows.len() <= LONG {
        return format!("\n{body}");
    }
    let count = |wanted: char| block.rows.iter().filter(|row| row.sign() == wanted).count();
    format!(
        "\n<details><summary><code>{}</code>: {} lines added, {} removed</summary>\n\n{body}\n</details>\n",
        escape(&visible(&title(&block.key))),
        count('+'),
        count('-')
    )
}

/// A fence must be longer than any run of backticks inside it.
fn fence(lines: &[String]) -> String {
    let runs = lines.iter().flat_map(|line| line.split(|c| c != '`'));
    "`".repeat(runs.map(str::len).max().unwrap_or_default().max(2) + 1)
}

/// Text as it is: between more backticks than it has in a row, on one line, and whole in a cell of a table.
fn code(text: &str) -> String {
    let text = visible(text).replace('|', "\\|");
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let ticks = "`".repeat(longest + 1);
    let pad = if longest > 0 { " " } else { "" };
    format!("{ticks}{pad}{text}{pad}{ticks}")
}

/// What can go wrong when the plan runs, or why there is none.
fn hazards(diff: &SchemaDiff) -> String {
    let plan = match diff.migration() {
        Ok(plan) => plan,
        Err(PlanError::Refused(reasons)) => {
            let lines = reasons.iter().map(|r| format!("- {}: {}\n", code(&r.object), code(&r.reason)));
            return format!("\nNo migration can be planned:\n\n{}", lines.collect::<String>());
        }
        Err(other) => return format!("\nNo migration can be planned: {}\n", code(&other.to_string())),
    };
    let mut rows: BTreeMap<(_, &str), Vec<&str>> = BTreeMap::new();
    for hazard in plan.statements().iter().flat_map(|s| &s.hazards) {
        let whys = rows.entry((hazard.kind, hazard.relation.as_str())).or_default();
        if !whys.contains(&hazard.why.as_str()) {
            whys.push(&hazard.why);
        }
    }
    if rows.is_empty() {
        return String::new();
    }
    let mut text = String::from("\n| hazard | on | why |\n| --- | --- | --- |\n");
    let (all, most) = (rows.len(), 30);
    for ((kind, relation), whys) in rows.into_iter().take(most) {
        let whys: Vec<String> = whys.into_iter().take(5).map(code).collect();
        text += &format!("| {kind} | {} | {} |\n", code(relation), whys.join(", "));
    }
    if all > most {
        text += &format!("\n{} more hazards.\n", all - most);
    }
    text
}
