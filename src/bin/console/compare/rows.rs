//! The rows of two branches compared.

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::Response,
};
use lakebase::data::{ChangeKind, DataDiff, RowChange, TableDiff};

use super::{Asked, Choice};
use crate::console::{
    App,
    failure::Result,
    frame::{Frame, rendered},
};

/// Rows of a table that are shown.
const SHOWN: u64 = 50;
/// Longer values are cut.
const LONGEST: usize = 200;

#[derive(Template)]
#[template(path = "rows.html")]
struct RowsPage {
    page: Frame,
    project: String,
    choice: Choice,
    branches: Vec<String>,
    found: Option<RowsView>,
}

struct RowsView {
    is_same: bool,
    summary: String,
    tables: Vec<TableView>,
    /// Tables that are compared by nothing, or exist on one side only.
    notes: Vec<String>,
}

struct TableView {
    name: String,
    key: String,
    counts: Vec<(&'static str, u64)>,
    rows: Vec<RowView>,
    /// Rows that differ and are not shown.
    more: u64,
}

struct RowView {
    class: &'static str,
    key: String,
    values: Vec<ValueView>,
}

struct ValueView {
    column: String,
    before: Option<String>,
    after: Option<String>,
}

impl RowsView {
    fn of(diff: &DataDiff, choice: &Choice) -> Self {
        let only = |names: &[String], id: &str| {
            names.iter().map(|name| format!("{name} is on {id} only")).collect::<Vec<_>>()
        };
        let mut notes = only(&diff.only_new, &choice.branch);
        notes.extend(only(&diff.only_old, &choice.against));
        notes.extend(diff.uncompared.iter().map(|name| format!("not compared: {name}")));
        let differ = diff.tables.iter().filter(|table| table.counts.total() > 0);
        Self {
            is_same: diff.is_empty(),
            summary: diff.summary(),
            tables: differ.map(TableView::of).collect(),
            notes,
        }
    }
}

impl TableView {
    fn of(table: &TableDiff) -> Self {
        let counts = [
            ("new", table.counts.added),
            ("changed", table.counts.changed),
            ("removed", table.counts.removed),
        ];
        Self {
            name: table.table.clone(),
            key: table.key.to_string(),
            counts: counts.into_iter().filter(|(_, count)| *count > 0).collect(),
            more: table.counts.total().saturating_sub(table.rows.len() as u64),
            rows: table.rows.iter().map(RowView::of).collect(),
        }
    }
}

impl RowView {
    fn of(row: &RowChange) -> Self {
        let key: Vec<_> =
            row.key().map(|(column, value)| format!("{column} = {}", cut(value.unwrap_or("NULL")))).collect();
        let keys: Vec<_> = row.key().map(|(column, _)| column).collect();
        let values = row.values().filter(|value| !keys.contains(&value.column));
        Self {
            class: match row.kind() {
                ChangeKind::Added => "new",
                ChangeKind::Removed => "removed",
                _ => "changed",
            },
            key: key.join(", "),
            values: values
                .map(|value| ValueView {
                    column: value.column.to_owned(),
                    before: value.before.map(cut),
                    after: value.after.map(cut),
                })
                .collect(),
        }
    }
}

fn cut(value: &str) -> String {
    match value.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &value[..at]),
        None => value.to_owned(),
    }
}

/// `GET /p/{project}/rows?branch=…&against=…`
pub(in crate::console) async fn page(
    State(app): State<App>,
    page: Frame,
    Path(project): Path<String>,
    Query(choice): Query<Choice>,
) -> Result<Response> {
    let Asked { choice, branches, sides } = Asked::of(&app, &project, choice).await?;
    let found = match sides {
        Some((branch, against)) => {
            Some(RowsView::of(&branch.compare_data(&against).row_limit(SHOWN).await?, &choice))
        }
        None => None,
    };
    let page =
        page.title(format!("Rows of {} and {}", choice.branch, choice.against)).of(&project, "compare");
    rendered(&RowsPage { page, project, choice, branches, found })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_values_are_cut_between_characters() {
        assert_eq!(cut("a"), "a");
        assert_eq!(cut(&"ä".repeat(300)), format!("{}…", "ä".repeat(200)));
    }
}
