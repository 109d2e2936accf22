//! Columns and their defaults.

use super::{Context, Verdict, change_options, differing, not_null, parent};
use crate::schema::model::{Fact, Kind, Schema};
use crate::schema::statement::{HazardKind, LockMode, Statement};

/// The column as `CREATE TABLE` and `ADD COLUMN` want it.
pub(super) fn definition(ctx: &Context<'_>, column: &Fact) -> String {
    let mut sql = format!("{} {}", column.text("name"), column.text("type"));
    if let Some(pairs) = column.get("fdw_options") {
        sql += &format!(" OPTIONS ({})", pairs.replace('\t', " ").replace('\n', ", "));
    }
    if let Some(method) = column.get("compression") {
        sql += &format!(" COMPRESSION {method}");
    }
    if let Some(collation) = column.get("collation") {
        sql += &format!(" COLLATE {collation}");
    }
    sql + &options_of_typed(ctx, column)
}

/// What follows the type.
pub(super) fn options_of_typed(ctx: &Context<'_>, column: &Fact) -> String {
    let mut sql = String::new();
    if let Some(expression) = column.get("generated") {
        sql += &format!(" GENERATED ALWAYS AS ({expression}) STORED");
    }
    if let Some(expression) = column.get("generated_virtual") {
        sql += &format!(" GENERATED ALWAYS AS ({expression}) VIRTUAL");
    }
    if column.has("identity") {
        sql += &format!(
            " GENERATED {} AS IDENTITY ({})",
            column.text("identity").to_uppercase(),
            identity_options(column)
        );
    }
    let inline = ctx.parts(column).find(|(at, f)| f.key.kind == Kind::Default && ctx.inline.contains(at));
    if let Some((_, default)) = inline {
        sql += &format!(" DEFAULT {}", default.text("expression"));
    }
    if column.has("not_null") {
        sql += &not_null::inline(ctx, column);
    }
    sql
}

fn identity_options(column: &Fact) -> String {
    format!(
        "SEQUENCE NAME {} {}",
        column.text("identity_sequence"),
        column.text("identity_options").replace('\n', " ")
    )
}

/// What `CREATE TABLE` cannot say about a column.
pub(super) fn after_create(ctx: &Context<'_>, column: &Fact, child: bool) -> Vec<Statement> {
    let mut statements = settings(None, column);
    if child && column.has("inherited") && column.has("not_null") {
        let above = parent_column(ctx.new, column);
        if !above.is_some_and(|c| c.has("not_null")) {
            statements.push(Statement::new(alter(column, "SET NOT NULL")));
        }
    }
    statements
}

pub(super) fn alter(column: &Fact, what: &str) -> String {
    format!("ALTER TABLE {} ALTER COLUMN {} {what}", parent(column), column.text("name"))
}

fn alter_only(column: &Fact, what: &str) -> String {
    format!("ALTER TABLE ONLY {} ALTER COLUMN {} {what}", parent(column), column.text("name"))
}

/// Storage, statistics target and per-column options.
fn settings(old: Option<&Fact>, new: &Fact) -> Vec<Statement> {
    let table = parent(new);
    let mut statements = Vec::new();
    let differs = |attr: &str| old.and_then(|f| f.get(attr)) != new.get(attr);
    if differs("storage") {
        // `DEFAULT` is understood from 16 on; before, the type's own storage has to be named.
        let storage = new
            .get("storage")
            .map_or_else(|| default_storage(new.text("type")).to_owned(), str::to_uppercase);
        statements.push(Statement::new(alter_only(new, &format!("SET STORAGE {storage}"))));
    }
    if differs("statistics") {
        let target = new.get("statistics").unwrap_or("-1");
        statements.push(Statement::new(alter_only(new, &format!("SET STATISTICS {target}"))));
    }
    if old.is_some() && differs("compression") {
        let method = new.get("compression").unwrap_or("default");
        statements.push(Statement::new(alter_only(new, &format!("SET COMPRESSION {method}"))));
    }
    if differs("options") {
        statements.extend(change_options(
            alter_only(new, "").trim_end(),
            old.and_then(|f| f.get("options")),
            new.get("options"),
        ));
    }
    if old.is_some() && differs("fdw_options") {
        let options =
            super::table::fdw_options(old.and_then(|f| f.get("fdw_options")), new.get("fdw_options"));
        statements.push(Statement::new(format!(
            "ALTER FOREIGN TABLE {table} ALTER COLUMN {} OPTIONS ({options})",
            new.text("name")
        )));
    }
    if old.is_some() {
        statements = statements.into_iter().map(|s| s.lock(table, LockMode::AccessExclusive)).collect();
    }
    statements
}

fn default_storage(of: &str) -> &'static str {
    match of {
        "numeric" => "MAIN",
        t if t.starts_with("numeric") || t == "inet" || t == "cidr" => "MAIN",
        _ => "EXTENDED",
    }
}

pub(super) fn create(ctx: &Context<'_>, column: &Fact) -> Vec<Statement> {
    let table = parent(column);
    let default = ctx.parts(column).find(|(at, f)| f.key.kind == Kind::Default && ctx.inline.contains(at));
    let sql = format!("ALTER TABLE {table} ADD COLUMN {}", definition(ctx, column));
    let mut statement = Statement::new(sql).exclusive(table);
    let volatile = default.is_some_and(|(_, f)| may_be_volatile(f.text("expression")));
    if column.has("generated") || column.has("identity") || volatile {
        statement = statement.hazard(
            HazardKind::TableRewrite,
            table,
            format!("column {} gets a value in every row", column.text("name")),
        );
    }
    if column.has("not_null") && default.is_none() && !column.has("generated") && !column.has("identity") {
        statement = statement.hazard(
            HazardKind::MayFailOnData,
            table,
            "a required column without a default needs an empty table",
        );
    }
    let mut statements = vec![statement];
    statements.extend(settings(None, column));
    statements
}

/// Functions are called for each row, save those that mean this moment of the transaction.
fn may_be_volatile(expression: &str) -> bool {
    let calm = ["now()", "CURRENT_TIMESTAMP", "CURRENT_DATE", "CURRENT_USER", "LOCALTIMESTAMP"];
    expression.contains('(') && !calm.contains(&expression) && !expression.starts_with('(')
}

pub(super) fn drop(column: &Fact) -> Vec<Statement> {
    let table = parent(column);
    let name = column.text("name");
    let mut statement = Statement::new(format!("ALTER TABLE {table} DROP COLUMN {name}")).exclusive(table);
    if !column.has("generated") && !column.has("generated_virtual") {
        statement =
            statement.hazard(HazardKind::DataLoss, table, format!("the values of column {name} are deleted"));
    }
    vec![statement.hazard(HazardKind::BreaksClients, table, format!("column {name} is gone"))]
}

fn relation_of_default(default: &Fact) -> (&str, &str) {
    match &default.parent {
        Some(parent) if parent.kind == Kind::View => ("ALTER VIEW", &parent.name),
        _ => ("ALTER TABLE ONLY", default.text("table")),
    }
}

pub(super) fn set_default(default: &Fact) -> Vec<Statement> {
    let (alter, relation) = relation_of_default(default);
    let sql = format!(
        "{alter} {relation} ALTER COLUMN {} SET DEFAULT {}",
        default.text("name"),
        default.text("expression")
    );
    vec![Statement::new(sql).exclusive(relation)]
}

pub(super) fn drop_default(default: &Fact) -> Vec<Statement> {
    let (alter, relation) = relation_of_default(default);
    vec![
        Statement::new(format!("{alter} {relation} ALTER COLUMN {} DROP DEFAULT", default.text("name")))
            .exclusive(relation),
    ]
}

/// The column a column is inherited from.
pub(in crate::schema) fn parent_column<'a>(schema: &'a Schema, column: &Fact) -> Option<&'a Fact> {
    let table = column.parent.as_ref()?;
    let partition = schema.fact(Kind::Partition, &table.name).map(|p| p.text("of"));
    let parents = schema.fact(Kind::Table, &table.name).and_then(|t| t.get("inherits"));
    let mut above = partition.into_iter().chain(super::lines(parents));
    above.find_map(|name| schema.fact(Kind::Column, &format!("{name}.{}", column.text("name"))))
}

pub(super) fn change(ctx: &Context<'_>, old: &Fact, new: &Fact) -> Verdict {
    let differing = differing(old, new);
    // What the parent changes in the same way comes down by itself.
    let above = parent_column(ctx.old, old).zip(parent_column(ctx.new, new));
    let comes_down = |attr: &str| {
        new.has("has_parent")
            && above.is_some_and(|(o, n)| o.get(attr) != n.get(attr) && n.get(attr) == new.get(attr))
    };
    let mine = |attr: &str| differing.contains(&attr) && !comes_down(attr);
    for attr in ["generated", "generated_virtual"] {
        if differing.contains(&attr) {
            if comes_down(attr) {
                continue;
            }
            match (old.get(attr), new.get(attr)) {
                (Some(_), None)
                    if !new.has("generated") && !new.has("generated_virtual") && attr == "generated" => {}
                (Some(_), Some(expression)) if ctx.old.server_version() >= 170_000 => {
                    let table = parent(new);
                    let mut statement =
                        Statement::new(alter(new, &format!("SET EXPRESSION AS ({expression})")))
                            .exclusive(table);
                    if attr == "generated" {
                        statement =
                            statement.hazard(HazardKind::TableRewrite, table, "the column is computed anew");
                    }
                    let mut statements = vec![statement];
                    statements.extend(settings(Some(old), new));
                    if !differing.contains(&"type")
                        && !differing.contains(&"collation")
                        && !differing.contains(&"not_null")
                    {
                        return Verdict::Retype(statements);
                    }
                    return Verdict::Replace;
                }
                _ => return Verdict::Replace,
            }
        }
    }
    let mut statements = Vec::new();
    let table = parent(new);
    let partition =
        ctx.new.fact(Kind::Partition, table).is_some() || ctx.old.fact(Kind::Partition, table).is_some();
    if differing.contains(&"inherited") && !partition && (new.has("inherited") || new.has("has_parent")) {
        return Verdict::Refuse("PostgreSQL cannot change whether a column is inherited only".to_owned());
    }
    if (mine("type") || mine("collation")) && is_partition_key(ctx, new) {
        return Verdict::Refuse(
            "PostgreSQL cannot change the type of a column in a partition key".to_owned(),
        );
    }
    if mine("generated") {
        statements.push(Statement::new(alter(new, "DROP EXPRESSION")).exclusive(table));
    }
    if mine("identity") && !new.has("identity") {
        statements.push(Statement::new(alter(new, "DROP IDENTITY")).exclusive(table).hazard(
            HazardKind::DataLoss,
            table,
            "the position of the sequence is lost",
        ));
    }
    if mine("not_null") && !new.has("not_null") {
        statements.push(Statement::new(alter(new, "DROP NOT NULL")).exclusive(table));
    }
    let retyped = differing.contains(&"type") || differing.contains(&"collation");
    // The sequence takes the column's new type, so its bounds must fit first.
    let width = |c: &Fact| ["smallint", "integer", "bigint"].iter().position(|t| *t == c.text("type"));
    let narrower = old.has("identity") && width(new) < width(old);
    if narrower {
        statements.extend(identity(old, new));
    }
    if mine("type") || mine("collation") {
        statements.push(retype(ctx, old, new));
    }
    if mine("not_null") && new.has("not_null") {
        statements.extend(not_null::set(ctx, new));
    } else if old.has("not_null") && new.has("not_null") && ctx.old.server_version() >= 180_000 {
        match not_null::change(ctx, old, new) {
            Ok(changes) => statements.extend(changes),
            Err(reason) => return Verdict::Refuse(reason),
        }
    }
    if !narrower {
        statements.extend(identity(old, new));
    }
    statements.extend(settings(Some(old), new));
    if retyped { Verdict::Retype(statements) } else { Verdict::Alter(statements) }
}

/// Whether the column's name stands in its table's partition key.
pub(in crate::schema) fn is_partition_key(ctx: &Context<'_>, column: &Fact) -> bool {
    let key =
        ctx.new.fact(Kind::Table, parent(column)).and_then(|t| t.get("partition_key")).unwrap_or_default();
    let name = column.text("name");
    let edge = |c: Option<char>| !c.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '"');
    key.match_indices(name)
        .any(|(at, _)| edge(key[..at].chars().next_back()) && edge(key[at + name.len()..].chars().next()))
}

fn identity(old: &Fact, new: &Fact) -> Vec<Statement> {
    let table = parent(new);
    let mut statements = Vec::new();
    match (old.get("identity"), new.get("identity")) {
        (None, Some(when)) => statements.push(Statement::new(alter(
            new,
            &format!("ADD GENERATED {} AS IDENTITY ({})", when.to_uppercase(), identity_options(new)),
        ))),
        (Some(before), Some(after)) => {
            if before != after {
                statements
                    .push(Statement::new(alter(new, &format!("SET GENERATED {}", after.to_uppercase()))));
            }
            if old.get("identity_options") != new.get("identity_options") {
                let had = super::lines(old.get("identity_options"));
                let set: Vec<String> = super::lines(new.get("identity_options"))
                    .into_iter()
                    .filter(|line| !had.contains(line))
                    .map(|line| format!("SET {}", line))
                    .collect();
                let bound = |word: &str| {
                    let found = super::lines(new.get("identity_options"))
                        .into_iter()
                        .find_map(|l| l.strip_prefix(word));
                    found.and_then(|v| v.trim().parse::<i64>().ok())
                };
                let mut statement = Statement::new(alter(new, &set.join(" ")));
                let start = had
                    .iter()
                    .find_map(|l| l.strip_prefix("START WITH "))
                    .and_then(|v| v.parse::<i64>().ok())
                    .unwrap_or(1);
                if bound("MINVALUE").is_some_and(|m| m > start)
                    || bound("MAXVALUE").is_some_and(|m| m < start)
                {
                    statement.sql += " RESTART";
                    statement = statement.hazard(
                        HazardKind::DataLoss,
                        table,
                        "the sequence starts anew within its new bounds",
                    );
                }
                statements.push(statement);
            }
            if let (Some(one), Some(other)) = (old.get("identity_sequence"), new.get("identity_sequence"))
                && one != other
                && let Some((_, name)) = other.rsplit_once('.')
            {
                statements.push(Statement::new(format!("ALTER SEQUENCE {one} RENAME TO {name}")));
            }
        }
        _ => {}
    }
    statements.into_iter().map(|s| s.exclusive(table)).collect()
}

/// Changes the type. An explicit `USING` is given wherever PostgreSQL would not convert by itself.
pub(in crate::schema) fn retype(ctx: &Context<'_>, old: &Fact, new: &Fact) -> Statement {
    let table = parent(new);
    let (before, after) = (old.text("type"), new.text("type"));
    let mut sql = alter(new, &format!("TYPE {after}"));
    if let Some(collation) = new.get("collation") {
        sql += &format!(" COLLATE {collation}");
    }
    let free = no_rewrite(before, after);
    let name = new.text("name");
    if !free
        && !new.has("generated")
        && !new.has("generated_virtual")
        && ctx.old.fact(Kind::Table, table).is_none_or(|t| !t.has("foreign"))
    {
        sql += &if castable(ctx, before, after) {
            format!(" USING {name}::{after}")
        } else {
            format!(" USING {name}::text::{after}")
        };
    }
    let mut statement = Statement::new(sql).exclusive(table);
    if !free {
        statement = statement
            .hazard(HazardKind::TableRewrite, table, format!("column {name} becomes {after}"))
            .hazard(HazardKind::MayFailOnData, table, format!("values that are no {after} are refused"))
            .hazard(HazardKind::BreaksClients, table, format!("column {name} has another type"));
    }
    statement
}

/// A type without its length or precision, and those.
fn base(of: &str) -> (String, Option<String>) {
    match (of.find('('), of.find(')')) {
        (Some(open), Some(close)) => {
            (format!("{}{}", &of[..open], &of[close + 1..]), Some(of[open + 1..close].to_owned()))
        }
        _ => (of.to_owned(), None),
    }
}

/// Whether PostgreSQL changes the type without touching a row.
fn no_rewrite(before: &str, after: &str) -> bool {
    let ((one, from), (other, to)) = (base(before), base(after));
    let number = |text: &Option<String>| text.as_ref().and_then(|t| t.parse::<u32>().ok());
    if one == other {
        return match (one.as_str(), number(&from), number(&to)) {
            _ if from == to => true,
            ("character varying" | "bit varying", Some(a), Some(b)) => b >= a,
            ("numeric", None, None) => match (
                from.as_deref().and_then(|t| t.split_once(',')),
                to.as_deref().and_then(|t| t.split_once(',')),
            ) {
                (Some((p1, s1)), Some((p2, s2))) => {
                    s1 == s2 && p2.parse::<u32>().ok() >= p1.parse::<u32>().ok()
                }
                (Some(_), None) => to.is_none(),
                _ => false,
            },
            (_, _, None) => to.is_none(),
            _ => false,
        };
    }
    matches!(
        (one.as_str(), other.as_str(), to.is_none()),
        ("character varying", "text", true) | ("text", "character varying", true) | ("cidr", "inet", true)
    )
}

fn castable(ctx: &Context<'_>, before: &str, after: &str) -> bool {
    let (one, other) = (base(before).0, base(after).0);
    let text = |t: &str| matches!(t, "text" | "character varying" | "character" | "name");
    let element = |t: &str| t.strip_suffix("[]").map(str::to_owned);
    one == other
        || text(&one)
        || text(&other)
        || ctx.old.origin.casts.contains(&format!("{one} > {other}"))
        || element(&one).zip(element(&other)).is_some_and(|(a, b)| castable(ctx, &a, &b))
        || ctx.new.fact(Kind::Domain, &other).is_some_and(|d| castable(ctx, &one, d.text("type")))
        || ctx.old.fact(Kind::Domain, &one).is_some_and(|d| castable(ctx, d.text("type"), &other))
}
