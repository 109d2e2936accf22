//! Children of tables: partitions, and tables that inherit from them.

use super::context::Context;
use super::sql::{alter_only, lines};
use crate::schema::model::{Attr, Kind, Object, Schema};
use crate::schema::statement::Statement;

/// The partitions and the inheritance children of a table.
pub(super) fn children<'a>(schema: &'a Schema, table: &str) -> impl Iterator<Item = &'a str> {
    let of = move |place: &Object<'_>| place.text(Attr::ParentRelation) == table;
    let partitions = schema.objects.of_kind(Kind::Partition).filter(of).map(|place| place.key.name);
    let inherits = move |child: &Object<'_>| lines(child.get(Attr::Inherits)).contains(&table);
    partitions.chain(schema.objects.of_kind(Kind::Table).filter(inherits).map(|child| child.key.name))
}

/// Removes the default that tables below get with a new column although the new side has none there.
pub(super) fn drop_defaults_below(ctx: &Context<'_>, table: &str, column: &str) -> Vec<Statement> {
    let mut statements = Vec::new();
    for child in children(ctx.new, table).filter(|child| !ctx.is_fresh(child)) {
        let was_below = children(ctx.old, table).any(|old| old == child);
        let below = ctx.new.object(Kind::Column, &format!("{child}.{column}")).filter(|_| was_below);
        let Some(below) = below else { continue };
        if ctx.parts(&below).all(|(_, part)| part.key.kind != Kind::Default) {
            let drop = Statement::new(alter_only(&below, "DROP DEFAULT"));
            statements.push(drop.exclusive(child));
        }
        statements.extend(drop_defaults_below(ctx, child, column));
    }
    statements
}
