//! Rules for privileges on tables and on their columns.

use super::Edges;
use crate::schema::model::{Attr, Kind, Name};
use crate::schema::plan::view::PlanView;

/// `REVOKE` on a table takes the grantee's privileges on its columns along.
pub(super) fn a_privilege_on_a_table_is_revoked_before_one_on_a_column_is_granted(
    view: &PlanView<'_, '_>,
    edges: &mut Edges,
) {
    let planner = view.planner;
    for (at, new) in view.arriving().filter(|(_, new)| new.key.kind == Kind::Privilege) {
        let table = match new.parent {
            Some(column) if column.kind == Kind::Column => {
                planner.ctx.new.get(column).and_then(|column| column.parent)
            }
            parent => parent.filter(|_| new.has(Attr::PartColumn)),
        };
        let Some(table) = table else { continue };
        let by = new.get(Attr::Grantor).map(|grantor| format!(" by {grantor}")).unwrap_or_default();
        let name = format!("{table} to {}{by}", new.text(Attr::PrivilegeGrantee));
        if let Some(position) = planner.ctx.old.find(Name::new(Kind::Privilege, &name)) {
            edges.before(view.drop(planner.of_old[position] as usize), view.create(at));
        }
    }
}
