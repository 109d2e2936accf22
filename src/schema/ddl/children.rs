//! Changes of a table that its children would get differently.

use super::context::Context;
use super::sql::alter_only;
use crate::schema::model::Kind;
use crate::schema::statement::Statement;

/// Removes the default that tables below get with a new column although the new side has none there.
pub(super) fn drop_defaults_below(ctx: &Context<'_>, table: &str, column: &str) -> Vec<Statement> {
    let mut statements = Vec::new();
    for child in ctx.new_children.of(table).filter(|child| !ctx.is_fresh(child)) {
        let was_below = ctx.old_children.of(table).any(|old| old == child);
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
