//! Rules that follow from the dependencies between objects.

use std::collections::{BTreeMap, BTreeSet};

use super::Edges;
use crate::schema::model::Kind;
use crate::schema::plan::action::{Action, overload};
use crate::schema::plan::view::PlanView;

pub(super) fn an_object_is_dropped_before_its_replacement_is_created(
    view: &PlanView<'_, '_>,
    edges: &mut Edges,
) {
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
    for (at, old) in view.leaving() {
        let renamed = view.item(at).renamed_away && old.key.kind == Kind::Function;
        let gone = if renamed { view.purge(at) } else { view.drop(at) };
        for dependent in view.dependents(at) {
            edges.before(view.drop(dependent), gone);
        }
    }
}

/// Otherwise a call could match two functions.
pub(super) fn a_function_leaves_before_its_name_is_overloaded(view: &PlanView<'_, '_>, edges: &mut Edges) {
    for (at, conflicting) in overload::ambiguous(view.planner) {
        for other in conflicting {
            edges.before(view.drop(at), view.create(other));
        }
    }
}

/// An expression with a cast depends on the function or types of the cast, not on the cast itself.
pub(super) fn a_cast_is_created_before_it_is_used(view: &PlanView<'_, '_>, edges: &mut Edges) {
    let new_schema = view.planner.ctx.new;
    let mut casts: BTreeMap<u32, Vec<(usize, BTreeSet<u32>)>> = BTreeMap::new();
    for (at, cast) in view.arriving().filter(|(_, new)| new.key.kind == Kind::Cast) {
        let is_function = |need: &&u32| new_schema.objects.kind(**need as usize) == Kind::Function;
        let through = cast.needs.iter().find(is_function).map_or(cast.needs, std::slice::from_ref);
        let mut closure: BTreeSet<u32> = cast.needs.iter().copied().collect();
        let mut queue: Vec<u32> = cast.needs.to_vec();
        while let Some(next) = queue.pop() {
            queue.extend(new_schema.objects.needs(next as usize).iter().filter(|n| closure.insert(**n)));
        }
        for need in through {
            casts.entry(*need).or_default().push((at, closure.clone()));
        }
    }
    if casts.is_empty() {
        return;
    }
    for (at, new) in view.changing().filter(|(_, new)| new.key.kind != Kind::Cast) {
        let position = view.item(at).new.map(|position| position as u32);
        for (cast, closure) in new.needs.iter().filter_map(|need| casts.get(need)).flatten() {
            if !position.is_some_and(|position| closure.contains(&position)) {
                edges.before(view.create(*cast), view.create(at));
            }
        }
    }
}

/// A column that moves to the new version of its type needs the old one until that is purged.
pub(super) fn dependents_are_altered_before_what_they_needed_is_dropped(
    view: &PlanView<'_, '_>,
    edges: &mut Edges,
) {
    for (at, _) in view.leaving() {
        let altered = |dependent: &usize| {
            view.item(*dependent).action == Action::Alter && view.item(*dependent).detach.is_empty()
        };
        for dependent in view.dependents(at).filter(altered) {
            let function = view.planner.old_object(at).is_some_and(|old| old.key.kind == Kind::Function);
            let moves = view.item(at).renamed_away && (function || view.item(dependent).retyped);
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

pub(super) fn swapped_dependents_are_purged_before_what_they_needed_is_dropped(
    view: &PlanView<'_, '_>,
    edges: &mut Edges,
) {
    for (at, _) in view.leaving() {
        let gone = if view.item(at).renamed_away { view.purge(at) } else { view.drop(at) };
        for dependent in view.dependents(at).filter(|d| view.planner.swapped.contains(d)) {
            edges.before(view.purge(dependent), gone);
            edges.before(view.create(dependent), gone.filter(|_| view.item(at).renamed_away));
        }
    }
}

pub(super) fn types_are_purged_after_the_types_made_of_them(view: &PlanView<'_, '_>, edges: &mut Edges) {
    for (at, _) in view.leaving().filter(|(at, _)| view.item(*at).renamed_away) {
        for dependent in view.dependents(at).filter(|d| view.item(*d).renamed_away) {
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
        for domain in view.needs(&new).filter(|need| view.item(*need).renamed_away) {
            let Some(domain) = view.item(domain).new else { continue };
            for part in planner.ctx.new_parts.of(domain).iter().map(|part| *part as usize) {
                if is_constraint(part) {
                    edges.before(view.create(view.new_item(part)), view.create(at));
                }
            }
        }
    }
}
