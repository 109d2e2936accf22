//! Rules that follow from the dependencies between objects.

use super::Edges;
use crate::schema::model::Kind;
use crate::schema::plan::action::Action;
use crate::schema::plan::view::PlanView;

pub(super) fn an_object_leaves_before_its_successor_arrives(view: &PlanView<'_, '_>, edges: &mut Edges) {
    for (at, _) in view.arriving() {
        edges.before(view.drop(at), view.arrival(at));
    }
}

pub(super) fn an_object_is_created_before_its_remains_are_purged(view: &PlanView<'_, '_>, edges: &mut Edges) {
    for at in view.touched.iter().copied() {
        edges.before(view.create(at), view.purge(at));
    }
}

pub(super) fn dependents_are_dropped_before_what_they_need(view: &PlanView<'_, '_>, edges: &mut Edges) {
    for (at, _) in view.leaving() {
        for dependent in view.dependents(at) {
            edges.before(view.drop(dependent), view.drop(at));
        }
    }
}

/// A column that moves to the new version of its type needs the old one until that is purged.
pub(super) fn dependents_are_altered_before_what_they_needed_is_dropped(
    view: &PlanView<'_, '_>,
    edges: &mut Edges,
) {
    for (at, _) in view.leaving() {
        for dependent in view.dependents(at).filter(|d| view.item(*d).action == Action::Alter) {
            let moves = view.item(at).moved && view.item(dependent).retyped;
            edges.before(view.create(dependent), if moves { view.purge(at) } else { view.drop(at) });
        }
    }
}

pub(super) fn dependents_are_dropped_before_what_they_need_is_altered(
    view: &PlanView<'_, '_>,
    edges: &mut Edges,
) {
    for (at, old) in view.of_old(|item| item.action == Action::Alter) {
        let in_the_way = matches!(
            old.key.kind,
            Kind::Column | Kind::Composite | Kind::Domain | Kind::Partition | Kind::Privilege
        );
        for dependent in view.dependents(at).filter(|_| in_the_way) {
            edges.before(view.drop(dependent), view.create(at));
        }
    }
}

pub(super) fn exchanged_dependents_are_purged_before_what_they_needed_is_dropped(
    view: &PlanView<'_, '_>,
    edges: &mut Edges,
) {
    for (at, _) in view.leaving() {
        for dependent in view.dependents(at).filter(|d| view.planner.swapped.contains(d)) {
            edges.before(view.purge(dependent), view.drop(at));
        }
    }
}

pub(super) fn types_are_purged_after_the_types_made_of_them(view: &PlanView<'_, '_>, edges: &mut Edges) {
    for (at, _) in view.leaving().filter(|(at, _)| view.item(*at).moved) {
        for dependent in view.dependents(at).filter(|d| view.item(*d).moved) {
            edges.before(view.purge(dependent), view.purge(at));
        }
    }
}

pub(super) fn needs_are_met_before_dependents_are_created(view: &PlanView<'_, '_>, edges: &mut Edges) {
    for (at, new) in view.changing() {
        for need in view.needs(&new) {
            edges.before(view.create(need), view.create(at));
        }
    }
}

/// A column that uses a replaced domain needs the constraints of the domain too.
pub(super) fn a_domain_has_its_constraints_before_it_is_used(view: &PlanView<'_, '_>, edges: &mut Edges) {
    let planner = view.planner;
    let is_constraint = |position: usize| planner.ctx.new.objects.kind(position) == Kind::DomainConstraint;
    for (at, new) in view.changing().filter(|(_, new)| new.key.kind != Kind::DomainConstraint) {
        for domain in view.needs(&new).filter(|need| view.item(*need).moved) {
            let Some(domain) = view.item(domain).new else { continue };
            for part in planner.ctx.new_parts.of(domain).iter().map(|part| *part as usize) {
                if is_constraint(part) {
                    edges.before(view.create(view.new_item(part)), view.create(at));
                }
            }
        }
    }
}
