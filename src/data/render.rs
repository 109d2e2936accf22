//! A difference as text, SQL and Markdown.

use std::fmt::{self, Write as _};

use super::{
    change::{ChangeKind, RowChange, RowKey},
    diff::{DataDiff, TableDiff},
};

/// The limit for Markdown: common forges refuse comments above 65,536 characters.
const LIMIT: usize = 60_000;
/// Longer values are shortened in text and Markdown.
const VALUE: usize = 80;

impl DataDiff {
    /// One line: how many rows of how many tables were added, removed and changed.
    ///
    /// ```no_run
    /// # fn show(diff: &lakebase::data::DataDiff) {
    /// println!("{}", diff.summary()); // 3 rows added, 1 changed in 2 tables
    /// # }
    /// ```
    pub fn summary(&self) -> String {
        let counts = self.counts();
        let tables = self.tables.iter().filter(|table| table.counts.total() > 0).count();
        let kinds = [(counts.added, "added"), (counts.removed, "removed"), (counts.changed, "changed")];
        let mut kinds = kinds.into_iter().filter(|(number, _)| *number > 0);
        let Some((number, kind)) = kinds.next() else { return "no difference".to_owned() };
        let mut text = format!("{} {kind}", plural(number, "row"));
        kinds.for_each(|(number, kind)| text += &format!(", {number} {kind}"));
        format!("{text} in {}", plural(tables as u64, "table"))
    }

    /// The SQL that takes the old database to the new one, in one transaction: deletions, then updates, then inserts,
    /// each in the order of the tables' names. Deferrable constraints are deferred; where other foreign keys need
    /// another order, [`apply`](Self::apply) finds it. Names are those of the new database.
    ///
    /// Rows beyond the limit are named in a comment.
    ///
    /// ```no_run
    /// # fn show(diff: &lakebase::data::DataDiff) {
    /// print!("{}", diff.to_sql());
    /// # }
    /// ```
    pub fn to_sql(&self) -> String {
        let mut sql = String::from(
            "BEGIN;\nSET LOCAL datestyle = 'ISO, YMD';\nSET LOCAL intervalstyle = postgres;\n\
             SET LOCAL timezone = 'UTC';\nSET CONSTRAINTS ALL DEFERRED;\n",
        );
        for table in self.tables.iter().filter(|table| !table.is_complete()) {
            let left_out = table.counts.total() - table.rows.len() as u64;
            sql += &format!("-- {}: {} left out\n", one_line(&table.table), plural(left_out, "more change"));
        }
        for kind in [ChangeKind::Removed, ChangeKind::Changed, ChangeKind::Added] {
            for change in self.rows().filter(|change| change.kind() == kind) {
                sql += &change.to_sql();
                sql.push('\n');
            }
        }
        sql + "COMMIT;\n"
    }

    /// The difference as Markdown, fit for a pull-request comment.
    ///
    /// ```no_run
    /// # fn show(diff: &lakebase::data::DataDiff) {
    /// println!("{}", diff.markdown());
    /// # }
    /// ```
    pub fn markdown(&self) -> String {
        let mut text = format!("**Data: {}**\n", self.summary());
        let differing: Vec<_> = self.tables.iter().filter(|table| table.counts.total() > 0).collect();
        if !differing.is_empty() {
            text += "\n| table | added | removed | changed |\n|---|--:|--:|--:|\n";
        }
        for table in &differing {
            let counts = table.counts;
            let name = code(&table.table);
            text += &format!("| {name} | {} | {} | {} |\n", counts.added, counts.removed, counts.changed);
        }
        for table in differing {
            let lines: Vec<_> = table.rows.iter().map(line).collect();
            let rows = format!(
                "\n<details><summary>{} ({})</summary>\n\n{}\n</details>\n",
                escape(&table.table),
                table.counts,
                fenced(&lines.join("\n"))
            );
            if text.len() + rows.len() > LIMIT {
                text += &format!("\nRows of {} are left out, too long for a comment.\n", code(&table.table));
                continue;
            }
            text += &rows;
        }
        let notes = self.notes();
        if !notes.is_empty() {
            text.push('\n');
        }
        let room = LIMIT.saturating_sub(text.len());
        let list: String = notes.iter().map(|note| format!("- {}\n", escape(note))).collect();
        if list.len() > room { text + &format!("- {} notes left out\n", notes.len()) } else { text + &list }
    }

    /// Differences beside the numbers of rows.
    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let only = |names: &[String], side| format!("only in the {side} database: {}", names.join(", "));
        if !self.only_old.is_empty() {
            notes.push(only(&self.only_old, "old"));
        }
        if !self.only_new.is_empty() {
            notes.push(only(&self.only_new, "new"));
        }
        for table in &self.tables {
            if !table.left_out.is_empty() {
                notes.push(format!("{}: not compared: {}", table.table, table.left_out.join(", ")));
            }
            if table.key == RowKey::WholeRow && table.counts.total() > 0 {
                notes.push(format!("{}: compared by {}", table.table, table.key));
            }
            if !table.is_complete() {
                let shown = table.rows.len();
                notes.push(format!("{}: {shown} of {} rows shown", table.table, table.counts.total()));
            }
        }
        notes.extend(self.uncompared.iter().map(|name| format!("not compared: {name}")));
        let position = |value: Option<i64>| value.map_or("unused".to_owned(), |value| value.to_string());
        notes.extend(
            self.sequences
                .iter()
                .map(|s| format!("sequence {}: {} → {}", s.sequence, position(s.before), position(s.after))),
        );
        let objects = &self.large_objects;
        let all = [("added", &objects.added), ("removed", &objects.removed), ("changed", &objects.changed)];
        for (kind, oids) in all.into_iter().filter(|(_, oids)| !oids.is_empty()) {
            let oids: Vec<_> = oids.iter().map(ToString::to_string).collect();
            notes.push(format!("large objects {kind}: {}", oids.join(", ")));
        }
        if objects.unreadable {
            notes.push("contents of large objects not compared: permission denied".to_owned());
        }
        notes.into_iter().map(|note| one_line(&note)).collect()
    }
}

impl fmt::Display for DataDiff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let differing: Vec<&TableDiff> = self.tables.iter().filter(|t| t.counts.total() > 0).collect();
        if differing.is_empty() {
            writeln!(f, "no difference")?;
        }
        for (at, table) in differing.iter().enumerate() {
            if at > 0 {
                writeln!(f)?;
            }
            writeln!(f, "  {}: {}", one_line(&table.table), table.counts)?;
            table.rows.iter().try_for_each(|row| writeln!(f, "{}", line(row)))?;
        }
        let notes = self.notes();
        if !notes.is_empty() {
            writeln!(f)?;
        }
        notes.iter().try_for_each(|note| writeln!(f, "{note}"))
    }
}

/// One row on one line: its sign, its key and the values that differ.
fn line(change: &RowChange) -> String {
    let value = |value: Option<&str>| value.map_or("NULL".to_owned(), |value| one_line(&shortened(value)));
    let mut text = String::new();
    let sign = match change.kind() {
        ChangeKind::Added => '+',
        ChangeKind::Removed => '-',
        ChangeKind::Changed => '!',
    };
    text.push(sign);
    if change.kind() == ChangeKind::Changed {
        for (column, key) in change.key() {
            let _ = write!(text, " {}={}", one_line(column), value(key));
        }
        text.push(':');
    }
    for field in change.values() {
        let column = one_line(field.column);
        let _ = match change.kind() {
            ChangeKind::Added => write!(text, " {column}={}", value(field.after)),
            ChangeKind::Removed => write!(text, " {column}={}", value(field.before)),
            ChangeKind::Changed => {
                write!(text, " {column}={} → {}", value(field.before), value(field.after))
            }
        };
    }
    text
}

fn shortened(value: &str) -> String {
    match value.char_indices().nth(VALUE) {
        Some((end, _)) => format!("{}…", value.get(..end).unwrap_or_default()),
        None => value.to_owned(),
    }
}

/// Values and names come from the database: no control character reaches a terminal or breaks a line.
pub(super) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if c.is_control()
                || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') =>
            {
                let _ = write!(line, "{}", c.escape_default());
            }
            c => line.push(c),
        }
    }
    line
}

pub(super) fn plural(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

fn escape(text: &str) -> String {
    one_line(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('|', "\\|")
}

fn code(text: &str) -> String {
    format!("<code>{}</code>", escape(text))
}

/// A `diff` block whose fence is longer than any in the text.
fn fenced(text: &str) -> String {
    let mut fence = "```".to_owned();
    while text.contains(&fence) {
        fence.push('`');
    }
    format!("{fence}diff\n{text}\n{fence}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_stays_on_its_line() {
        assert_eq!(one_line("a\nb\u{1b}[31m\u{202e}"), "a\\nb\\u{1b}[31m\\u{202e}");
        assert_eq!(shortened(&"ü".repeat(100)).chars().count(), VALUE + 1);
        assert!(fenced("```\n````").starts_with("`````diff"));
    }
}
