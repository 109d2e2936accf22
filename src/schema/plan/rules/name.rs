//! Rules that keep names unique in their namespace throughout a plan.

use std::collections::BTreeMap;

use super::Edges;
use crate::schema::ddl;
use crate::schema::model::{Attr, Kind, Namespace, Object, Schema, occupied};
use crate::schema::plan::action::Action;
use crate::schema::plan::view::{Ends, PlanView};

pub(super) fn a_name_is_free_before_it_is_taken(view: &PlanView<'_, '_>, edges: &mut Edges) {
    let mut freed: BTreeMap<(Namespace, String), Vec<Ends>> = BTreeMap::new();
    for (at, old) in view.of_old(|_| true) {
        let identity_ends = || !view.planner.new_object(at).is_some_and(|new| new.has(Attr::Identity));
        let step = if view.item(at).drops() {
            view.drop(at)
        } else if view.item(at).action == Action::Alter && old.has(Attr::Identity) && identity_ends() {
            view.create(at)
        } else {
            continue;
        };
        for name in occupied(&old) {
            freed.entry(name).or_default().push(step);
        }
    }
    if freed.is_empty() {
        return;
    }
    for (at, new) in view.changing() {
        for gone in occupied(&new).iter().filter_map(|name| freed.get(name)).flatten() {
            edges.before(*gone, view.arrival(at));
        }
    }
}

/// Since 18 not-null constraints have names.
pub(super) fn a_name_of_a_not_null_constraint_is_free_before_it_is_taken(
    view: &PlanView<'_, '_>,
    edges: &mut Edges,
) {
    let (before, after) = (view.planner.ctx.old, view.planner.ctx.new);
    if before.server_version() < 180_000 || after.server_version() < 180_000 {
        return;
    }
    let named = |schema: &Schema, column: &Object<'_>| {
        let wanted = column.key.kind == Kind::Column && column.has(Attr::NotNull);
        wanted.then(|| (ddl::parent(column).to_owned(), ddl::not_null_name(schema, column)))
    };
    let mut freed: BTreeMap<(String, String), Ends> = BTreeMap::new();
    for (at, old) in view.of_old(|item| item.drops() || item.action == Action::Alter) {
        let Some(name) = named(before, &old) else { continue };
        let kept = view.planner.new_object(at).and_then(|new| named(after, &new)).as_ref() == Some(&name);
        if !kept {
            freed.insert(name, if view.item(at).drops() { view.drop(at) } else { view.create(at) });
        }
    }
    for (at, new) in view.changing().filter(|_| !freed.is_empty()) {
        if let Some(gone) = named(after, &new).and_then(|name| freed.get(&name)) {
            edges.before(*gone, view.create(at));
        }
    }
}
