//! Renders a difference as Markdown for a comment on a pull request.

use std::collections::BTreeMap;

use super::block::{Block, visible};
use super::define::title;
use super::html::escape;
use super::lines::Row;
use super::{notes, of, summary, written};
use crate::schema::diff::SchemaDiff;
use crate::schema::error::PlanError;

/// The number of lines above which a difference is collapsed, object by object.
const LONG: usize = 60;
/// The limit for the text: common forges refuse comments above 65,536 characters.
const LIMIT: usize = 60_000;

pub(in crate::schema) fn markdown(diff: &SchemaDiff) -> String {
    let mut text = format!("**Schema: {}**\n", summary(diff));
    if !diff.is_empty() {
        text += &hazards(diff);
    }
    let blocks = of(diff);
    let long = blocks.iter().map(|block| block.rows().count()).sum::<usize>() > LONG;
    let mut left_out = 0;
    if !long && !blocks.is_empty() {
        let lines: Vec<String> = blocks.iter().map(rows).collect();
        text += &format!("\n{}", fenced(&lines.join("\n\n")));
    }
    for block in blocks.iter().filter(|_| long) {
        let shown = folded(block);
        if text.len() + shown.len() > LIMIT {
            left_out += 1;
        } else {
            text += &shown;
        }
    }
    if left_out > 0 {
        text += &format!("\nLeft out, too long for a comment: {}.\n", objects(left_out));
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

/// Escapes the part after the colon, which is a name from the database.
fn code_after_colon(note: &str) -> String {
    match note.split_once(": ") {
        Some((ours, theirs)) => format!("{ours}: {}", code(theirs)),
        None => code(note),
    }
}

fn rows(block: &Block) -> String {
    let line = |row: &Row| match row {
        // In a `diff` block `!` marks lines that are neither old nor new.
        Row::Renamed { .. } => written(row).replacen('~', "!", 1),
        _ => written(row),
    };
    block.rows().map(line).collect::<Vec<_>>().join("\n")
}

fn folded(block: &Block) -> String {
    let count = |wanted: char| block.rows().filter(|row| row.sign() == wanted).count();
    let mut counts: Vec<String> = ['+', '-', '~']
        .into_iter()
        .filter(|sign| count(*sign) > 0)
        .map(|sign| format!("{sign}{}", count(sign)))
        .collect();
    if matches!(block.head.first(), Some(Row::New(_))) && block.rows().count() == count('+') {
        counts = vec!["new".to_owned()];
    } else if matches!(block.head.first(), Some(Row::Old(_))) && block.rows().count() == count('-') {
        counts = vec!["removed".to_owned()];
    }
    format!(
        "\n<details><summary><code>{}</code> ({})</summary>\n\n{}\n</details>\n",
        escape(&visible(&title(&block.key))),
        counts.join(" "),
        fenced(&rows(block))
    )
}

/// A fence must be longer than any run of backticks inside it.
fn fenced(text: &str) -> String {
    let fence = "`".repeat(longest_run(text).max(2) + 1);
    format!("{fence}diff\n{text}\n{fence}\n")
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or_default()
}

/// Text as a code span: between more backticks than it has in a row, on one line, and with `|` escaped for table cells.
fn code(text: &str) -> String {
    let text = visible(text).replace('|', "\\|");
    let longest = longest_run(&text);
    let ticks = "`".repeat(longest + 1);
    let pad = if longest > 0 { " " } else { "" };
    format!("{ticks}{pad}{text}{pad}{ticks}")
}

/// The hazards of the plan, or the reasons why there is none.
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
        if !whys.contains(&hazard.reason.as_str()) {
            whys.push(&hazard.reason);
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
