//! Columns that look personal, by their names and a sample of their values.

use sqlx::PgConnection;

use super::{
    fit::subject,
    model::{Column, Kind, Table},
    patterns::{VALUES, ValuePattern},
};
use crate::{
    data::{
        catalog::{fetch, number},
        error::DataError,
    },
    sql::{quote_ident, quote_literal},
};

/// Looks at the names and a sample of the values of the columns without a rule. What a generated column is computed from
/// is looked at itself.
pub(super) async fn looks(
    conn: &mut PgConnection,
    table: &Table,
    is_ruled: impl Fn(&Column) -> bool,
) -> Result<Vec<(String, String)>, DataError> {
    let mut found = Vec::new();
    let mut sampled = Vec::new();
    for column in table.columns.iter().filter(|column| !is_ruled(column) && !column.generated) {
        match subject(table, column) {
            Some(subject) => found.push((column.name.clone(), format!("by its name it is a {subject}"))),
            None if column.is_sampled() => sampled.push(column),
            None => {}
        }
    }
    if sampled.is_empty() || table.parts.iter().any(|part| part.foreign) {
        return Ok(found);
    }
    let what = format!("a sample of {}", table.name);
    let rows = fetch(conn, &what, sample(table, &sampled)).await?;
    let Some(row) = rows.first() else { return Ok(found) };
    for (at, column) in sampled.iter().enumerate() {
        let count = |position: usize| number::<u64>(row, at * (VALUES.len() + 1) + position, &what);
        let values = count(0)?;
        for (number, ValuePattern { what: look, one_in, .. }) in VALUES.iter().enumerate() {
            let matching = count(number + 1)?;
            if matching > 0 && matching.saturating_mul(*one_in) >= values {
                let reason =
                    format!("{matching} of {values} sampled values look like a {look} (pattern {look:?})");
                found.push((column.name.clone(), reason));
                break;
            }
        }
    }
    Ok(found)
}

/// Blocks and rows of a sample, about.
const SAMPLED_BLOCKS: i64 = 500;
const SAMPLED_ROWS: usize = 5000;
/// Long values are searched up to here.
const SAMPLED_CHARS: usize = 4000;

/// One row: for each column the number of values, and of those that each pattern matches.
fn sample(table: &Table, columns: &[&Column]) -> String {
    let blocks: i64 = table.parts.iter().map(|part| part.blocks).sum();
    let percent = (100 * SAMPLED_BLOCKS) as f64 / blocks.max(SAMPLED_BLOCKS) as f64;
    let values = columns
        .iter()
        .enumerate()
        .map(|(at, column)| format!("left(t.{}::text, {SAMPLED_CHARS}) as c{at}", quote_ident(&column.name)));
    let counts = (0..columns.len()).map(|at| {
        let matches = VALUES
            .iter()
            .map(|pattern| format!("count(*) filter (where c{at} ~ {})", quote_literal(pattern.regex)));
        std::iter::once(format!("count(c{at})")).chain(matches).collect::<Vec<_>>().join(", ")
    });
    format!(
        "select {} from (select {} from {}{} t tablesample system ({percent}) limit {SAMPLED_ROWS}) s",
        counts.collect::<Vec<_>>().join(", "),
        values.collect::<Vec<_>>().join(", "),
        if table.kind == Kind::Plain { "only " } else { "" },
        table.name.sql()
    )
}
