//! Rules for the keys that foreign keys reference.

use std::collections::BTreeMap;

use super::Edges;
use crate::schema::ddl;
use crate::schema::model::{Attr, Constraint, Kind, Object};
use crate::schema::plan::action::Action;
use crate::schema::plan::view::PlanView;
use crate::sql::{clause, mentions};

/// PostgreSQL chooses the oldest matching unique index, so one to be dropped must be dropped before.
pub(super) fn conflicting_indexes_are_dropped_before_a_foreign_key_is_added(
    view: &PlanView<'_, '_>,
    edges: &mut Edges,
) {
    let mut leaving: BTreeMap<&str, Vec<(usize, Object<'_>)>> = BTreeMap::new();
    for (at, old) in view.leaving() {
        let unique = match old.key.kind {
            Kind::Index => old.has(Attr::Unique) && clause(old.text(Attr::Definition), "WHERE").is_none(),
            _ => Constraint::of(old).is_some_and(|constraint| constraint.is_unique_key()),
        };
        if unique {
            leaving.entry(ddl::parent(&old)).or_default().push((at, old));
        }
    }
    if leaving.is_empty() {
        return;
    }
    for (at, new) in view.arriving().filter(|(_, new)| new.key.kind == Kind::Constraint) {
        let columns = ddl::lines(new.get(Attr::ForeignColumns));
        for (conflicting, old) in leaving.get(new.text(Attr::References)).into_iter().flatten() {
            if columns.iter().all(|column| mentions(old.text(Attr::Definition), column)) {
                edges.before(view.drop(*conflicting), view.create(at));
            }
        }
    }
}

/// A key of a partitioned table can be referenced once the indexes of all partitions are attached to it.
pub(super) fn a_key_is_complete_before_it_is_referenced(view: &PlanView<'_, '_>, edges: &mut Edges) {
    let mut parts: BTreeMap<&str, Vec<(usize, &str)>> = BTreeMap::new();
    for (at, new) in view.arriving().filter(|(_, new)| new.key.kind == Kind::IndexAttach) {
        parts.entry(new.text(Attr::ParentRelation)).or_default().push((at, new.key.name));
    }
    if parts.is_empty() {
        return;
    }
    let objects = &view.planner.ctx.new.objects;
    for (at, new) in view.arriving() {
        if !Constraint::of(new).is_some_and(|constraint| constraint.is_foreign_key()) {
            continue;
        }
        let needs = new.needs.iter().map(|need| objects.at(*need as usize));
        let keys = needs.filter(|need| matches!(need.key.kind, Kind::Constraint | Kind::Index));
        let mut indexes: Vec<String> = keys.map(|key| key.qualified()).collect();
        while let Some(index) = indexes.pop() {
            for (part, name) in parts.get(index.as_str()).into_iter().flatten() {
                edges.before(view.create(*part), view.create(at));
                indexes.push((*name).to_owned());
            }
        }
    }
}

pub(super) fn a_logged_table_never_references_an_unlogged_one(view: &PlanView<'_, '_>, edges: &mut Edges) {
    let mut changes: BTreeMap<&str, (usize, bool)> = BTreeMap::new();
    for (at, new) in view.of_new(|item| item.action == Action::Alter) {
        let unlogged = |table: &Object<'_>| table.has(Attr::Persistence);
        if new.key.kind == Kind::Table
            && view.planner.old_object(at).as_ref().map(unlogged) != Some(unlogged(&new))
        {
            changes.insert(new.key.name, (at, unlogged(&new)));
        }
    }
    if changes.is_empty() {
        return;
    }
    for (at, old) in view.leaving().filter(|(_, old)| old.key.kind == Kind::Constraint) {
        let ends = [Some(ddl::parent(&old)), old.get(Attr::References)];
        for (table, _) in ends.into_iter().flatten().filter_map(|table| changes.get(table)) {
            edges.before(view.drop(at).filter(|_| old.has(Attr::References)), view.create(*table));
        }
    }
    for (at, new) in view.arriving().filter(|(_, new)| new.key.kind == Kind::Constraint) {
        let ends = [Some(ddl::parent(&new)), new.get(Attr::References)];
        for (table, _) in ends.into_iter().flatten().filter_map(|table| changes.get(table)) {
            edges.before(view.create(*table), view.create(at).filter(|_| new.has(Attr::References)));
        }
    }
    for key in view.planner.ctx.new.objects.of_kind(Kind::Constraint) {
        let Some(referenced) = key.get(Attr::References).filter(|table| *table != ddl::parent(&key)) else {
            continue;
        };
        match (changes.get(ddl::parent(&key)), changes.get(referenced)) {
            (Some((from, true)), Some((to, true))) => edges.before(view.create(*from), view.create(*to)),
            (Some((from, false)), Some((to, false))) => edges.before(view.create(*to), view.create(*from)),
            _ => {}
        }
    }
}
