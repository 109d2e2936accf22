//! Replica identities of tables whose index goes.

use super::context::Context;
use super::sql::parent;
use crate::schema::model::{Attr, Kind, Object};
use crate::schema::statement::Statement;

/// Resets the replica identity before its index goes: PostgreSQL would remember that there was one and refuse updates
/// that are published.
pub(super) fn identity_before(ctx: &Context<'_>, index: &Object) -> Option<Statement> {
    no_identity(ctx, index).filter(|_| index.has(Attr::ReplicaIdentity) && !ctx.is_fresh(parent(index)))
}

/// The replica identity of a table whose index is it no longer, unless another index is.
pub(super) fn no_identity(ctx: &Context<'_>, index: &Object) -> Option<Statement> {
    let table = ctx.new.object(Kind::Table, parent(index))?;
    if ctx.parts(&table).any(|(_, part)| {
        matches!(part.key.kind, Kind::Index | Kind::Constraint) && part.has(Attr::ReplicaIdentity)
    }) {
        return None;
    }
    let identity = table.get(Attr::ReplicaIdentity).unwrap_or("default").to_uppercase();
    Some(
        Statement::new(format!("ALTER TABLE ONLY {} REPLICA IDENTITY {identity}", table.key.name))
            .exclusive(table.key.name),
    )
}
