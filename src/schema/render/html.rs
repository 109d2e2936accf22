//! Renders a difference as an HTML page, old and new side by side.

use super::block::Block;
use super::lines::Row;
use super::pairs::{Look, Pair, paired};
use super::{notes, of, summary};
use crate::schema::diff::SchemaDiff;

const STYLE: &str = "\
:root{color-scheme:light dark;--line:#d0d7de;--head:#f3f4f6;--old:#ffe3e0;--new:#dafbe1;--moved:#fff4c2}\
@media(prefers-color-scheme:dark){:root{--line:#444c56;--head:#2b3139;--old:#5a2328;--new:#1d4428;--moved:#4d3f0e}}\
body{font:15px system-ui,sans-serif;margin:1.5em}h1{font-size:1.3em}\
table{border-collapse:collapse;width:100%;table-layout:fixed;margin:0 0 1.2em;border:1px solid var(--line)}\
th{text-align:left;font-weight:600;background:var(--head);padding:4px 8px;overflow-wrap:anywhere}\
td{vertical-align:top;padding:1px 8px;font:13px/1.45 ui-monospace,monospace;white-space:pre-wrap;overflow-wrap:anywhere;tab-size:4}\
td+td{border-left:1px solid var(--line)}\
.old{background:var(--old)}.new{background:var(--new)}.moved{background:var(--moved)}.gap{opacity:.6}";

pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

pub(in crate::schema) fn html(diff: &SchemaDiff) -> String {
    let tables: String = of(diff).iter().map(table).collect();
    let notes: String = notes(diff).iter().map(|note| format!("<li>{}</li>\n", escape(note))).collect();
    let notes = if notes.is_empty() { notes } else { format!("<ul>\n{notes}</ul>\n") };
    let head =
        "<meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">";
    format!(
        "<!doctype html>\n<html lang=\"en\"><head>{head}<title>Schema difference</title>\n<style>{STYLE}</style></head>\n\
         <body><h1>Schema: {}</h1>\n{tables}{notes}</body></html>\n",
        escape(&summary(diff))
    )
}

fn table(block: &Block) -> String {
    let mut text = String::from(
        "<table><thead><tr><th scope=\"col\">old</th><th scope=\"col\">new</th></tr></thead>\n<tbody>\n",
    );
    for rows in std::iter::once(&block.head).chain(&block.parts) {
        part(&mut text, rows);
    }
    text + "</tbody></table>\n"
}

fn part(text: &mut String, rows: &[Row]) {
    for Pair { old, new } in paired(rows) {
        *text += &format!("<tr>{}{}</tr>\n", cell(old), cell(new));
    }
}

fn cell(side: Option<(String, Look)>) -> String {
    let Some((text, look)) = side else { return "<td></td>".to_owned() };
    let class = match look {
        Look::Same => return format!("<td>{}</td>", escape(&text)),
        Look::Old => "old",
        Look::New => "new",
        Look::Moved => "moved",
        Look::Gap => "gap",
    };
    format!("<td class=\"{class}\">{}</td>", escape(&text))
}
