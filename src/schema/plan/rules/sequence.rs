//! Rules for positions that pass between a sequence and the identity of a column.

use super::Edges;
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
