//! The order of tables by their foreign keys, and the triggers that are disabled.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;
use sqlx::PgConnection;

use crate::{
    data::{catalog::read, diff::TableDiff, error::DataError, model::TableName},
    sql::quote_ident,
};

#[derive(Deserialize)]
struct Reference {
    child_schema: String,
    child: String,
    parent_schema: String,
    parent: String,
}

const REFERENCES: &str =
    "select cn.nspname as child_schema, c.relname as child, pn.nspname as parent_schema, p.relname as parent
  from pg_catalog.pg_constraint f
  join pg_catalog.pg_class c on c.oid = f.conrelid join pg_catalog.pg_namespace cn on cn.oid = c.relnamespace
  join pg_catalog.pg_class p on p.oid = f.confrelid join pg_catalog.pg_namespace pn on pn.oid = p.relnamespace
  where f.contype = 'f' and f.conrelid <> f.confrelid";

const TABLES: &str = "select n.nspname as schema, c.relname as name from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.relkind in ('r', 'p')";

#[derive(Deserialize)]
struct Named {
    schema: String,
    name: String,
}

fn name(table: &TableDiff) -> Option<&TableName> {
    table.rows.first().map(|row| &row.head.name)
}

/// The tables so that a referenced one comes before those that reference it. In a circle the order of names remains.
pub(super) async fn parents_first<'a>(
    target: &mut PgConnection,
    tables: Vec<&'a TableDiff>,
) -> Result<Vec<&'a TableDiff>, DataError> {
    let known: Vec<Named> = read(target, "tables of the target", TABLES).await?;
    let known: HashSet<TableName> =
        known.into_iter().map(|t| TableName { schema: t.schema, name: t.name }).collect();
    if let Some(missing) = tables.iter().find(|table| name(table).is_some_and(|name| !known.contains(name))) {
        return Err(DataError::NoTable { table: missing.table.clone() });
    }
    let references: Vec<Reference> = read(target, "foreign keys of the target", REFERENCES).await?;
    let mut parents: HashMap<TableName, Vec<TableName>> = HashMap::new();
    for reference in references {
        let child = TableName { schema: reference.child_schema, name: reference.child };
        let parent = TableName { schema: reference.parent_schema, name: reference.parent };
        parents.entry(child).or_default().push(parent);
    }
    let mut order = Vec::new();
    let mut seen = HashSet::new();
    for table in &tables {
        if let Some(name) = name(table) {
            visit(name, &parents, &mut seen, &mut order);
        }
    }
    let by_name: HashMap<&TableName, &TableDiff> =
        tables.iter().filter_map(|table| Some((name(table)?, *table))).collect();
    Ok(order.iter().filter_map(|name| by_name.get(name).copied()).collect())
}

/// Depth first without recursion, as chains of references may be long.
fn visit(
    start: &TableName,
    parents: &HashMap<TableName, Vec<TableName>>,
    seen: &mut HashSet<TableName>,
    order: &mut Vec<TableName>,
) {
    let mut path = vec![(start.clone(), false)];
    while let Some((name, done)) = path.pop() {
        if done {
            order.push(name);
        } else if seen.insert(name.clone()) {
            path.push((name.clone(), true));
            path.extend(parents.get(&name).into_iter().flatten().map(|parent| (parent.clone(), false)));
        }
    }
}

#[derive(Deserialize)]
struct Trigger {
    name: String,
    enabled: String,
}

/// Each enabled trigger of the tables: the table, and the statements that disable and enable it.
pub(super) async fn triggers(
    target: &mut PgConnection,
    tables: &[&TableDiff],
) -> Result<Vec<(String, String, String)>, DataError> {
    let mut all = Vec::new();
    for table in tables {
        let Some(name) = name(table) else { continue };
        let sql = format!(
            "select tgname as name, tgenabled as enabled from pg_catalog.pg_trigger
             where tgrelid = {}::regclass and not tgisinternal and tgenabled in ('O', 'A') order by 1",
            crate::sql::quote_literal(&name.sql())
        );
        let found: Vec<Trigger> = read(target, "triggers of the target", &sql).await?;
        for trigger in found {
            let (table_sql, quoted) = (name.sql(), quote_ident(&trigger.name));
            let always = if trigger.enabled == "A" { "ALWAYS " } else { "" };
            all.push((
                table.table.clone(),
                format!("ALTER TABLE {table_sql} DISABLE TRIGGER {quoted}"),
                format!("ALTER TABLE {table_sql} ENABLE {always}TRIGGER {quoted}"),
            ));
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parents_come_first_and_a_circle_ends() {
        let table = |name: &str| TableName { schema: "s".to_owned(), name: name.to_owned() };
        let edges = [("line", "order"), ("order", "customer"), ("a", "b"), ("b", "a")];
        let mut parents: HashMap<TableName, Vec<TableName>> = HashMap::new();
        edges.iter().for_each(|(child, parent)| parents.entry(table(child)).or_default().push(table(parent)));
        let (mut seen, mut order) = (HashSet::new(), Vec::new());
        for name in ["line", "customer", "a"] {
            visit(&table(name), &parents, &mut seen, &mut order);
        }
        let names: Vec<_> = order.iter().map(|table| table.name.as_str()).collect();
        assert_eq!(names, ["customer", "order", "line", "b", "a"]);
    }
}
