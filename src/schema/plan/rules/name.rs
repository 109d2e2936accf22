//! Rules that keep names unique in their namespace throughout a plan.

use std::collections::BTreeMap;

use super::Edges;
use crate::schema::model::{Attr, Namespace, occupied};
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
