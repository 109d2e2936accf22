//! Privileges that new objects get from the default privileges in force.

use super::{Action, Planner};
use crate::schema::ddl;
use crate::schema::model::{Attr, Object};
use crate::schema::statement::Statement;

/// Adjusts the privileges that default privileges give a new object to the wanted ones.
pub(in crate::schema::plan) fn initial_privileges(planner: &Planner<'_>, new: &Object) -> Vec<Statement> {
    let born = ddl::initial_privileges(&planner.ctx, new);
    let shift =
        |born: Object<'_>| ddl::shift_privileges(&planner.ctx, &born, planner.ctx.new.get(born.key).as_ref());
    born.iter().flat_map(shift).collect()
}

/// Whether the object of a privilege is created with default privileges for the same grantee.
pub(in crate::schema::plan) fn is_granted_at_creation(planner: &Planner<'_>, privilege: &Object) -> bool {
    let position = privilege.parent.and_then(|parent| planner.ctx.new.find(parent));
    let Some(position) = position else { return false };
    let item = planner.of_new[position] as usize;
    let object = planner.ctx.new.objects.at(position);
    (planner.items[item].creates() || gets_identity(planner, item))
        && ddl::initial_privileges(&planner.ctx, &object).iter().any(|born| born.key == privilege.key)
}

/// Whether a column becomes an identity, which creates a sequence.
pub(in crate::schema::plan) fn gets_identity(planner: &Planner<'_>, at: usize) -> bool {
    let has = |object: Option<Object<'_>>| object.is_some_and(|o| o.has(Attr::Identity));
    planner.items[at].action == Action::Alter && has(planner.new_object(at)) && !has(planner.old_object(at))
}
