//! Replica identities of tables whose index is dropped.

use super::context::Context;
use super::sql::parent;
use crate::schema::model::{Attr, Kind, Object};
use crate::schema::statement::Statement;

/// Resets the replica identity before its index is dropped: PostgreSQL would otherwise keep the setting and refuse
/// updates that are published.
pub(super) fn identity_before(ctx: &Context<'_>, index: &Object) -> Option<Statement> {
    no_identity(ctx, index).filter(|_| index.has(Attr::ReplicaIdentity) && !ctx.is_fresh(parent(index)))
}

/// Sets the replica identity of a table that no longer uses an index for it; none where another index is used.
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
