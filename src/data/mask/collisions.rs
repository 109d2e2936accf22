//! Rules that would give equal values to rows of a unique index.
//!
//! PostgreSQL would refuse them late, in the middle of the masking, and perhaps with another key only. So a rule with few
//! possible values is refused before anything is changed where two rows are likely to get the same one.

use serde::Deserialize;
use sqlx::PgConnection;

use super::{
    fakes::{FIRST, LAST},
    fit::{DIGITS, EMAIL_DIGITS, misfit},
    model::{Chosen, Column, Kind, Table, named},
    report::{FindingKind, Report},
    rule::Rule,
};
use crate::{
    data::{
        catalog::{fetch, number, read},
        error::DataError,
    },
    sql::quote_ident,
};

/// The highest accepted probability that two rows get the same value.
const ACCEPTED: f64 = 0.001;

#[derive(Deserialize)]
struct UniqueIndex {
    relation: i64,
    name: String,
    columns: Vec<String>,
}

/// Unique indexes over columns and all rows. Others hold some of the rows or expressions, of which nothing is known.
const UNIQUE: &str = "select i.indrelid::int8 as relation, c.relname as name,
    (select json_agg(a.attname order by k.n) from unnest(i.indkey) with ordinality k(attribute, n)
      join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attribute
      where k.n <= i.indnkeyatts) as columns
  from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid
  where i.indisunique and i.indpred is null and i.indexprs is null
    and i.indrelid = any('{RELATIONS}'::oid[])
  order by i.indrelid, c.relname collate \"C\"";

/// The number of values that a rule can give, and that in words. `None` where it depends on the values, or where it is NULL.
fn possible(rule: &Rule, column: &Column) -> Option<(f64, String)> {
    let (first, last) = (FIRST.len() as f64, LAST.len() as f64);
    let bits = |bits: usize| {
        (2_f64.powi(i32::try_from(bits).unwrap_or(i32::MAX)), format!("a number of {bits} bits"))
    };
    let some = |number: f64| (number, format!("one of {number} values"));
    Some(match rule {
        Rule::Constant(_) => (1.0, "one value".to_owned()),
        Rule::FakeName => some(first * last),
        Rule::FakeFirstName => some(first),
        Rule::FakeLastName => some(last),
        Rule::FakePhone => some(1e7),
        Rule::FakeEmail => some(first * last * 16_f64.powi(EMAIL_DIGITS as i32)),
        Rule::Hash { digits } => match column.base.as_str() {
            "int4" => bits(31),
            "int8" | "numeric" => bits(63),
            "uuid" => bits(128),
            "bytea" => bits(256),
            _ => bits(4 * digits.map_or(DIGITS, usize::from)),
        },
        Rule::Null | Rule::Keep | Rule::ShiftDays { .. } | Rule::Shuffle | Rule::KeepFormat => return None,
    })
}

fn remedy(rule: &Rule, column: &Column) -> &'static str {
    match rule {
        Rule::Hash { .. } if column.base == "int4" => {
            "change the column to bigint, drop the index, or keep it"
        }
        Rule::Hash { .. } => "use a hash of more digits",
        _ if column.is_text() => "use \"hash\"",
        _ => "use another rule, or drop the index",
    }
}

/// Reports rules of tables under whose unique indexes two rows are likely to get the same value.
pub(super) async fn collisions(
    conn: &mut PgConnection,
    tables: &[Table],
    chosen: &Chosen,
    report: &mut Report,
) -> Result<(), DataError> {
    let oids = chosen.keys().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let indexes: Vec<UniqueIndex> = read(conn, "unique indexes", &UNIQUE.replace("RELATIONS", &oids)).await?;
    for index in indexes {
        let Some(table) = tables.iter().find(|table| table.oid == index.relation) else { continue };
        let Some(rules) = chosen.get(&table.oid) else { continue };
        let ruled = |name: &&String| rules.get(*name).is_some_and(|rule| *rule != Rule::Keep);
        let (masked, others): (Vec<_>, Vec<_>) = index.columns.iter().partition(ruled);
        // With several masked columns rows may differ in any of them.
        let [name] = masked.as_slice() else { continue };
        let Some(column) = table.columns.iter().find(|column| column.name == **name) else { continue };
        let Some(rule) = rules.get(*name).filter(|rule| misfit(rule, column, table).is_none()) else {
            continue;
        };
        let Some((values, shown)) = possible(rule, column) else { continue };
        let (rows, pairs) = pairs(conn, table, column, &others).await?;
        let probability = (pairs / values).min(1.0);
        if probability > ACCEPTED {
            let reason = format!(
                "the unique index {} takes no two equal values, and {} gives {shown} to each of {rows} rows, so that \
                 two are equal with a probability of {}: {}",
                index.name,
                serde_json::to_string(rule).unwrap_or_default(),
                percent(probability),
                remedy(rule, column)
            );
            report.add(FindingKind::Unfit, named(table, name), reason);
        }
    }
    Ok(())
}

fn percent(probability: f64) -> String {
    match probability {
        certain if certain > 0.99 => "about 1".to_owned(),
        _ => format!("{:.1} %", probability * 100.0),
    }
}

/// The number of rows, and of pairs of rows that only the masked column tells apart.
async fn pairs(
    conn: &mut PgConnection,
    table: &Table,
    column: &Column,
    others: &[&String],
) -> Result<(u64, f64), DataError> {
    let what = format!("the number of rows of {}", table.name);
    let others: Vec<_> = others.iter().map(|name| quote_ident(name)).collect();
    let grouped = if others.is_empty() { String::new() } else { format!("group by {}", others.join(", ")) };
    let sql = format!(
        "select coalesce(sum(n), 0)::int8, coalesce(sum(n * (n - 1) / 2), 0)::float8 from
         (select count(*)::float8 as n from {}{} t where t.{} is not null {grouped}) g",
        if table.kind == Kind::Plain { "only " } else { "" },
        table.name.sql(),
        quote_ident(&column.name)
    );
    let rows = fetch(conn, &what, sql).await?;
    let Some(row) = rows.first() else { return Ok((0, 0.0)) };
    Ok((number(row, 0, &what)?, number(row, 1, &what)?))
}
