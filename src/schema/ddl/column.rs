//! Columns and their defaults.

use super::{AlterStrategy, Context, change_options, differing, identity, not_null, parent, retype};
use crate::schema::model::{Attr, Kind, Object, Schema};
use crate::schema::statement::{HazardKind, LockMode, Statement};

/// The column as `CREATE TABLE` and `ADD COLUMN` want it.
pub(super) fn definition(ctx: &Context<'_>, column: &Object) -> String {
    let mut sql = format!("{} {}", column.text(Attr::Name), column.text(Attr::Type));
    if let Some(pairs) = column.get(Attr::FdwOptions) {
        sql += &format!(" OPTIONS ({})", pairs.replace('\t', " ").replace('\n', ", "));
    }
    if let Some(method) = column.get(Attr::Compression) {
        sql += &format!(" COMPRESSION {method}");
    }
    if let Some(collation) = column.get(Attr::Collation) {
        sql += &format!(" COLLATE {collation}");
    }
    sql + &options_of_typed(ctx, column)
}

/// What follows the type.
pub(super) fn options_of_typed(ctx: &Context<'_>, column: &Object) -> String {
    let mut sql = String::new();
    if let Some(expression) = column.get(Attr::Generated) {
        sql += &format!(" GENERATED ALWAYS AS ({expression}) STORED");
    }
    if let Some(expression) = column.get(Attr::GeneratedVirtual) {
        sql += &format!(" GENERATED ALWAYS AS ({expression}) VIRTUAL");
    }
    // Since 17 a partition has the identity of its parent, with the parent's sequence.
    if column.has(Attr::IdentitySequence) {
        sql += &format!(
            " GENERATED {} AS IDENTITY ({})",
            column.text(Attr::Identity).to_uppercase(),
            identity::options(column)
        );
    }
    let inline = ctx.parts(column).find(|(at, f)| f.key.kind == Kind::Default && ctx.inline.contains(at));
    if let Some((_, default)) = inline {
        sql += &format!(" DEFAULT {}", default.text(Attr::Expression));
    }
    if column.has(Attr::NotNull) {
        sql += &not_null::inline(ctx, column);
    }
    sql
}

/// What `CREATE TABLE` cannot say about a column.
pub(super) fn after_create(ctx: &Context<'_>, column: &Object, child: bool) -> Vec<Statement> {
    let mut statements = settings(None, column);
    if child && column.has(Attr::Inherited) && column.has(Attr::NotNull) {
        let above = parent_column(ctx.new, column);
        if !above.is_some_and(|c| c.has(Attr::NotNull)) {
            statements.push(Statement::new(alter(column, "SET NOT NULL")));
        }
    }
    statements
}

pub(super) fn alter(column: &Object, what: &str) -> String {
    format!("ALTER TABLE {} ALTER COLUMN {} {what}", parent(column), column.text(Attr::Name))
}

fn alter_only(column: &Object, what: &str) -> String {
    format!("ALTER TABLE ONLY {} ALTER COLUMN {} {what}", parent(column), column.text(Attr::Name))
}

/// Storage, statistics target and per-column options.
fn settings(old: Option<&Object<'_>>, new: &Object) -> Vec<Statement> {
    let table = parent(new);
    let mut statements = Vec::new();
    let differs = |attr: Attr| old.and_then(|f| f.get(attr)) != new.get(attr);
    // A change of type, also one that comes down from a parent, has reset storage and compression.
    let reset = old.is_some_and(|f| {
        f.get(Attr::Type) != new.get(Attr::Type) || f.get(Attr::Collation) != new.get(Attr::Collation)
    });
    if reset {
        statements.extend(stored(new));
    } else if differs(Attr::Storage) {
        // `DEFAULT` is understood from 16 on; before, the type's own storage has to be named.
        let storage = new
            .get(Attr::Storage)
            .map_or_else(|| default_storage(new.text(Attr::Type)).to_owned(), str::to_uppercase);
        statements.push(Statement::new(alter_only(new, &format!("SET STORAGE {storage}"))));
    }
    if differs(Attr::Statistics) {
        let target = new.get(Attr::Statistics).unwrap_or("-1");
        statements.push(Statement::new(alter_only(new, &format!("SET STATISTICS {target}"))));
    }
    if old.is_some() && !reset && differs(Attr::Compression) {
        let method = new.get(Attr::Compression).unwrap_or("default");
        statements.push(Statement::new(alter_only(new, &format!("SET COMPRESSION {method}"))));
    }
    if differs(Attr::Options) {
        statements.extend(change_options(
            alter_only(new, "").trim_end(),
            old.and_then(|f| f.get(Attr::Options)),
            new.get(Attr::Options),
        ));
    }
    if old.is_some() && differs(Attr::FdwOptions) {
        let options =
            super::table::fdw_options(old.and_then(|f| f.get(Attr::FdwOptions)), new.get(Attr::FdwOptions));
        statements.push(Statement::new(format!(
            "ALTER FOREIGN TABLE {table} ALTER COLUMN {} OPTIONS ({options})",
            new.text(Attr::Name)
        )));
    }
    if old.is_some() {
        statements = statements.into_iter().map(|s| s.lock(table, LockMode::AccessExclusive)).collect();
    }
    statements
}

/// How a column is stored that has just got a type.
pub(in crate::schema) fn stored(column: &Object) -> Vec<Statement> {
    let storage = column.get(Attr::Storage).map(|storage| format!("SET STORAGE {}", storage.to_uppercase()));
    let method = column.get(Attr::Compression).map(|method| format!("SET COMPRESSION {method}"));
    storage
        .into_iter()
        .chain(method)
        .map(|what| Statement::new(alter_only(column, &what)).exclusive(parent(column)))
        .collect()
}

fn default_storage(of: &str) -> &'static str {
    match of {
        "numeric" => "MAIN",
        t if t.starts_with("numeric") || t == "inet" || t == "cidr" => "MAIN",
        _ => "EXTENDED",
    }
}

pub(super) fn create(ctx: &Context<'_>, column: &Object) -> Vec<Statement> {
    let table = parent(column);
    let default = ctx.parts(column).find(|(at, f)| f.key.kind == Kind::Default && ctx.inline.contains(at));
    let sql = format!("ALTER TABLE {table} ADD COLUMN {}", definition(ctx, column));
    let mut statement = Statement::new(sql).exclusive(table);
    let volatile = default.is_some_and(|(_, f)| may_be_volatile(f.text(Attr::Expression)));
    if column.has(Attr::Generated) || column.has(Attr::Identity) || volatile {
        statement = statement.hazard(
            HazardKind::TableRewrite,
            table,
            format!("column {} gets a value in every row", column.text(Attr::Name)),
        );
    }
    if column.has(Attr::NotNull)
        && default.is_none()
        && !column.has(Attr::Generated)
        && !column.has(Attr::Identity)
    {
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

pub(super) fn drop(column: &Object) -> Vec<Statement> {
    let table = parent(column);
    let name = column.text(Attr::Name);
    let mut statement = Statement::new(format!("ALTER TABLE {table} DROP COLUMN {name}")).exclusive(table);
    if !column.has(Attr::Generated) && !column.has(Attr::GeneratedVirtual) {
        statement =
            statement.hazard(HazardKind::DataLoss, table, format!("the values of column {name} are deleted"));
    }
    vec![statement.hazard(HazardKind::BreaksClients, table, format!("column {name} is gone"))]
}

fn relation_of_default<'a>(default: &Object<'a>) -> (&'a str, &'a str) {
    match &default.parent {
        Some(parent) if parent.kind == Kind::View => ("ALTER VIEW", parent.name),
        _ => ("ALTER TABLE ONLY", default.text(Attr::Table)),
    }
}

pub(super) fn set_default(default: &Object) -> Vec<Statement> {
    let (alter, relation) = relation_of_default(default);
    let sql = format!(
        "{alter} {relation} ALTER COLUMN {} SET DEFAULT {}",
        default.text(Attr::Name),
        default.text(Attr::Expression)
    );
    vec![Statement::new(sql).exclusive(relation)]
}

pub(super) fn drop_default(default: &Object) -> Vec<Statement> {
    let (alter, relation) = relation_of_default(default);
    vec![
        Statement::new(format!("{alter} {relation} ALTER COLUMN {} DROP DEFAULT", default.text(Attr::Name)))
            .exclusive(relation),
    ]
}

/// The column a column is inherited from.
pub(in crate::schema) fn parent_column<'a>(schema: &'a Schema, column: &Object) -> Option<Object<'a>> {
    let table = column.parent.as_ref()?;
    let partition = schema.object(Kind::Partition, table.name).map(|p| p.text(Attr::Of));
    let parents = schema.object(Kind::Table, table.name).and_then(|t| t.get(Attr::Inherits));
    let mut above = partition.into_iter().chain(super::lines(parents));
    above.find_map(|name| schema.object(Kind::Column, &format!("{name}.{}", column.text(Attr::Name))))
}

pub(super) fn change(ctx: &Context<'_>, old: &Object, new: &Object) -> AlterStrategy {
    let differing = differing(old, new);
    // What the parent changes in the same way comes down by itself.
    let above = parent_column(ctx.old, old).zip(parent_column(ctx.new, new));
    let comes_down = |attr: Attr| {
        let changes = |o: &Object, n: &Object| {
            o.get(attr) != n.get(attr) || attr == Attr::NotNull && not_null::is_handed_down(o, n)
        };
        new.has(Attr::HasParent)
            && !(attr == Attr::NotNull
                && !new.has(Attr::NotNull)
                && above.is_some_and(|(above, _)| not_null::drops_alone(ctx, &above)))
            && above.is_some_and(|(o, n)| changes(&o, &n) && n.get(attr) == new.get(attr))
    };
    let mine = |attr: Attr| differing.contains(&attr) && !comes_down(attr);
    for attr in [Attr::Generated, Attr::GeneratedVirtual] {
        if differing.contains(&attr) {
            if comes_down(attr) {
                continue;
            }
            match (old.get(attr), new.get(attr)) {
                (Some(_), None)
                    if !new.has(Attr::Generated)
                        && !new.has(Attr::GeneratedVirtual)
                        && attr == Attr::Generated => {}
                (Some(_), Some(expression)) if ctx.old.server_version() >= 170_000 => {
                    let table = parent(new);
                    let mut statement =
                        Statement::new(alter(new, &format!("SET EXPRESSION AS ({expression})")))
                            .exclusive(table);
                    if attr == Attr::Generated {
                        statement =
                            statement.hazard(HazardKind::TableRewrite, table, "the column is computed anew");
                    }
                    let mut statements = vec![statement];
                    statements.extend(settings(Some(old), new));
                    if !differing.contains(&Attr::Type)
                        && !differing.contains(&Attr::Collation)
                        && !differing.contains(&Attr::NotNull)
                    {
                        return AlterStrategy::Retype(statements);
                    }
                    return AlterStrategy::Replace;
                }
                _ => return AlterStrategy::Replace,
            }
        }
    }
    let mut statements = Vec::new();
    let table = parent(new);
    let partition =
        ctx.new.object(Kind::Partition, table).is_some() || ctx.old.object(Kind::Partition, table).is_some();
    if differing.contains(&Attr::Inherited)
        && !partition
        && (new.has(Attr::Inherited) || new.has(Attr::HasParent))
    {
        return AlterStrategy::Refuse(
            "PostgreSQL cannot change whether a column is inherited only".to_owned(),
        );
    }
    if (mine(Attr::Type) || mine(Attr::Collation)) && is_partition_key(ctx, new) {
        return AlterStrategy::Refuse(
            "PostgreSQL cannot change the type of a column in a partition key".to_owned(),
        );
    }
    if mine(Attr::Generated) {
        statements.push(Statement::new(alter(new, "DROP EXPRESSION")).exclusive(table));
    }
    if mine(Attr::Identity) && !new.has(Attr::Identity) && old.has(Attr::IdentitySequence) {
        let drop = Statement::new(alter(new, "DROP IDENTITY")).exclusive(table);
        statements.push(if identity::lives_on(ctx, old) {
            drop
        } else {
            drop.hazard(HazardKind::DataLoss, table, "the position of the sequence is lost")
        });
    }
    if mine(Attr::NotNull) && !new.has(Attr::NotNull) {
        let alone = not_null::drops_alone(ctx, old);
        let drop = if alone { alter_only(new, "DROP NOT NULL") } else { alter(new, "DROP NOT NULL") };
        statements.push(Statement::new(drop).exclusive(table));
    }
    let retyped = differing.contains(&Attr::Type) || differing.contains(&Attr::Collation);
    // The sequence takes the column's new type, so its bounds must fit first.
    let width = |c: &Object| ["smallint", "integer", "bigint"].iter().position(|t| *t == c.text(Attr::Type));
    let narrower = old.has(Attr::Identity) && width(new) < width(old);
    if narrower {
        statements.extend(identity::change(old, new));
    }
    if mine(Attr::Type) || mine(Attr::Collation) {
        statements.push(retype::retype(ctx, old, new));
    }
    if mine(Attr::NotNull) && new.has(Attr::NotNull) {
        statements.extend(not_null::set(ctx, new));
    } else if old.has(Attr::NotNull) && new.has(Attr::NotNull) && ctx.old.server_version() >= 180_000 {
        match not_null::change(ctx, old, new) {
            Ok(changes) => statements.extend(changes),
            Err(reason) => return AlterStrategy::Refuse(reason),
        }
    }
    if let Some((_, above)) =
        above.filter(|_| differing.contains(&Attr::NotNull) && comes_down(Attr::NotNull))
    {
        statements.extend(not_null::validate_below(ctx, &above, new));
    }
    if !narrower {
        statements.extend(identity::change(old, new));
    }
    statements.extend(settings(Some(old), new));
    if retyped { AlterStrategy::Retype(statements) } else { AlterStrategy::Alter(statements) }
}

/// Whether the column's name stands in its table's partition key.
pub(in crate::schema) fn is_partition_key(ctx: &Context<'_>, column: &Object) -> bool {
    let key = ctx
        .new
        .object(Kind::Table, parent(column))
        .and_then(|t| t.get(Attr::PartitionKey))
        .unwrap_or_default();
    let name = column.text(Attr::Name);
    let edge = |c: Option<char>| !c.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '"');
    key.match_indices(name)
        .any(|(at, _)| edge(key[..at].chars().next_back()) && edge(key[at + name.len()..].chars().next()))
}
