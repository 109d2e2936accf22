//! Rules for sequences that columns own, and for positions that pass between a sequence and an identity.

use super::Edges;
use crate::schema::ddl;
use crate::schema::model::{Attr, Kind};
use crate::schema::plan::action::sequences::Transfer;
use crate::schema::plan::view::PlanView;

pub(super) fn a_sequence_is_purged_after_the_identity_has_its_position(
    view: &PlanView<'_, '_>,
    edges: &mut Edges,
) {
    for transfer in &view.transfers {
        if let Transfer::ToIdentity { sequence, column } = transfer {
            edges.before(view.create(*column), view.purge(*sequence));
        }
    }
}

pub(super) fn an_identity_is_altered_after_the_sequence_has_its_position(
    view: &PlanView<'_, '_>,
    edges: &mut Edges,
) {
    for transfer in &view.transfers {
        if let Transfer::FromIdentity { sequence, column } = transfer {
            let prepared = view.steps[*sequence].prepare;
            edges.before(prepared, view.create(*column));
            edges.before(prepared, view.create(*sequence));
        }
    }
}

/// A sequence and the table of its column must have one owner, so that of a table which was there before changes first.
pub(super) fn a_table_has_its_owner_before_a_column_gets_a_sequence(
    view: &PlanView<'_, '_>,
    edges: &mut Edges,
) {
    let planner = view.planner;
    for (at, new) in view.changing().filter(|(_, new)| new.key.kind == Kind::SequenceOwner) {
        let table = new.text(Attr::Table);
        if planner.ctx.old.object(Kind::Table, table).is_none() {
            continue;
        }
        let owner = ddl::table_owner(&planner.ctx, table).and_then(|owner| planner.ctx.new.find(owner.key));
        if let Some(owner) = owner {
            edges.before(view.create(view.new_item(owner)), view.create(at));
        }
    }
}
