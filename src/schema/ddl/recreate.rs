//! Statements that move an old table away, fill the new one from it and drop it.

use super::context::Context;
use crate::schema::hazard::HazardKind;
use crate::schema::model::{Attr, Kind, Name, Object, Schema};
use crate::schema::statement::Statement;
use crate::sql::last_part;

/// An old table with the name of the schema that it moves to.
pub(in crate::schema) type Moved<'a> = (Object<'a>, &'a str);

/// Moves the tables with their indexes, constraints, types and sequences out of the way.
pub(in crate::schema) fn move_away(schemas: &[&str], tables: &[Moved<'_>]) -> Vec<Statement> {
    let create = schemas.iter().map(|schema| Statement::new(format!("CREATE SCHEMA {schema}")));
    let away = tables.iter().map(|(table, schema)| {
        let name = table.key.name;
        Statement::new(format!("ALTER TABLE {name} SET SCHEMA {schema}")).exclusive(name)
    });
    create.chain(away).collect()
}

/// Copies the rows to the new table. `replaced`: whether the type of an old column is replaced.
pub(in crate::schema) fn copy(
    ctx: &Context<'_>,
    (old, schema): Moved<'_>,
    new: &Object<'_>,
    replaced: &dyn Fn(&Object<'_>) -> bool,
) -> Vec<Statement> {
    let (name, from) = (new.key.name, format!("{schema}.{}", old.text(Attr::Name)));
    let mut statements = Vec::new();
    if old.has(Attr::ForceRowSecurity) {
        // Policies would hide rows from the owner.
        statements.push(Statement::new(format!("ALTER TABLE {from} NO FORCE ROW LEVEL SECURITY")));
    }
    let before = columns(ctx.old, &old);
    let (mut names, mut values) = (Vec::new(), Vec::new());
    for column in columns(ctx.new, new).into_iter().filter(|column| !column.is_generated()) {
        let Some(was) = before.iter().find(|was| was.text(Attr::Name) == column.text(Attr::Name)) else {
            continue;
        };
        let (name, of) = (column.text(Attr::Name), column.text(Attr::Type));
        names.push(name);
        values.push(match (replaced(was), was.text(Attr::Type) == of) {
            (false, true) => name.to_owned(),
            (false, false) => format!("{name}::{of}"),
            (true, _) => format!("{name}::text::{of}"),
        });
    }
    let list = match names.is_empty() {
        true => String::new(),
        false => format!(" ({}) OVERRIDING SYSTEM VALUE", names.join(", ")),
    };
    let copy = Statement::new(format!("INSERT INTO {name}{list} SELECT {} FROM {from}", values.join(", ")));
    let copied = "every row is copied, while no other session reads or writes the table";
    let refused = "rows that no partition takes or a constraint forbids are refused";
    let copy = copy.hazard(HazardKind::TableRewrite, name, copied);
    statements.push(copy.hazard(HazardKind::MayFailOnData, name, refused));
    statements
}

/// Drops the old table with its partitions, and the schemas that they moved to.
pub(in crate::schema) fn drop_moved(
    ctx: &Context<'_>,
    (old, schema): Moved<'_>,
    new: &Object<'_>,
    schemas: &[&str],
) -> Vec<Statement> {
    let mut drop = Statement::new(format!("DROP TABLE {schema}.{}", old.text(Attr::Name)));
    let after = columns(ctx.new, new);
    let lost = |was: &Object<'_>| {
        !was.is_generated() && !after.iter().any(|column| column.text(Attr::Name) == was.text(Attr::Name))
    };
    for column in columns(ctx.old, &old).iter().filter(|column| lost(column)) {
        let what = format!("values of column {} are lost", column.text(Attr::Name));
        drop = drop.hazard(HazardKind::DataLoss, new.key.name, what);
    }
    let schemas = schemas.iter().map(|schema| Statement::new(format!("DROP SCHEMA {schema}")));
    std::iter::once(drop).chain(schemas).collect()
}

/// The columns of a table in the order of their numbers.
pub(in crate::schema) fn columns<'a>(schema: &'a Schema, table: &Object<'_>) -> Vec<Object<'a>> {
    let first = format!("{}.", table.key.name);
    let near = schema.objects.since(Name::new(Kind::Column, &first)).map(|(_, object)| object);
    let near = near.take_while(|f| f.key.kind == Kind::Column && f.key.name.starts_with(&first));
    let mut own: Vec<Object<'a>> =
        near.filter(|f| f.parent.is_some_and(|of| of.name == table.key.name)).collect();
    own.sort_by_key(|column| column.address.2);
    own
}

/// The name of a sequence that moved with its table.
pub(in crate::schema) fn moved_sequence(sequence: &str, schema: &str) -> String {
    format!("{schema}.{}", last_part(sequence))
}
