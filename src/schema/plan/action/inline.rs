//! Objects that are created within the statement of their table or column.

use std::collections::BTreeSet;

use super::Planner;
use super::containers::create_host;
use crate::schema::ddl;
use crate::schema::model::{Attr, ConstraintKind, Kind, Object};

/// Finds the objects that are created as a part of their table or column.
pub(super) fn fold_creations(planner: &mut Planner<'_>) {
    let mut inline = BTreeSet::new();
    for at in 0..planner.items.len() {
        let Some(new) = planner.items[at].new.filter(|_| planner.items[at].creates()) else { continue };
        let object = planner.ctx.new.objects.at(new);
        let Some(parent) = object.parent.as_ref().and_then(|p| planner.ctx.new.find(p)) else { continue };
        if !planner.items[planner.of_new[parent] as usize].creates() {
            continue;
        }
        let folds = match object.key.kind {
            Kind::Column => !object.is_generated() || !calls_for_its_table(planner, &object),
            Kind::Default => folds_default(planner, &object, &planner.ctx.new.objects.at(parent)),
            Kind::Constraint => folds_constraint(planner, object),
            _ => false,
        };
        if folds {
            inline.insert(new);
        }
    }
    planner.ctx.inline = inline;
}

/// Whether a generated column calls a function that reads the table of the column.
fn calls_for_its_table(planner: &Planner<'_>, column: &Object<'_>) -> bool {
    let objects = &planner.ctx.new.objects;
    let is_read = |at: u32| {
        matches!(
            objects.kind(at as usize),
            Kind::Function | Kind::Aggregate | Kind::View | Kind::MaterializedView
        )
    };
    let mut queue: Vec<u32> = column.needs.iter().copied().filter(|need| is_read(*need)).collect();
    let mut seen: BTreeSet<u32> = queue.iter().copied().collect();
    while let Some(at) = queue.pop() {
        for need in objects.needs(at as usize).iter().copied() {
            let read = objects.at(need as usize);
            if Some(read.key) == column.parent
                || read.key.kind == Kind::Column && read.parent == column.parent
            {
                return true;
            }
            queue.extend(Some(need).filter(|need| is_read(*need) && seen.insert(*need)));
        }
    }
    false
}

/// Whether a default is part of the column's definition. That of an inherited column needs a statement of its own,
/// unless the table is created as a partition with its own columns, or adds the column before it gets a parent.
fn folds_default(planner: &Planner<'_>, default: &Object<'_>, parent: &Object<'_>) -> bool {
    let table = planner.ctx.new.object(Kind::Table, default.text(Attr::Table));
    let folds = match parent.has(Attr::Inherited) {
        true if table.is_some_and(|table| planner.created_item(table.key).is_some()) => {
            table.is_some_and(|table| !table.has(Attr::Inherits))
        }
        true => {
            let item = planner.ctx.new.find(parent.key).map(|at| planner.of_new[at] as usize);
            item.is_some_and(|item| create_host(planner, item).is_none())
        }
        false => parent.key.kind == Kind::Column,
    };
    folds && stands_alone(planner, default)
}

fn folds_constraint(planner: &Planner<'_>, object: Object<'_>) -> bool {
    let separate = [Attr::IndexOptions, Attr::Tablespace, Attr::Clustered, Attr::ReplicaIdentity];
    let table = planner.ctx.new.object(Kind::Table, ddl::parent(&object));
    let from_parent = object.has(Attr::Inherited) && table.is_some_and(|table| table.has(Attr::Inherits));
    matches!(
        object.constraint_kind(),
        Some(ConstraintKind::Check | ConstraintKind::PrimaryKey | ConstraintKind::Unique)
    ) && !from_parent
        && !separate.iter().any(|attr| object.has(*attr))
        && !object.text(Attr::Definition).ends_with("NOT VALID")
        && stands_alone(planner, &object)
}

/// Whether an object depends on no relation but its own, not even through a function.
fn stands_alone(planner: &Planner<'_>, object: &Object) -> bool {
    let own = object.key.name;
    let relation = |f: &Object| {
        matches!(
            f.key.kind,
            Kind::Table
                | Kind::View
                | Kind::MaterializedView
                | Kind::Column
                | Kind::Function
                | Kind::Aggregate
        )
    };
    object.needs.iter().map(|n| planner.ctx.new.objects.at(*n as usize)).all(|need| match need.key.kind {
        Kind::Table | Kind::Column => {
            own.starts_with(need.key.name)
                || need.parent.as_ref().is_some_and(|p| own.starts_with(&format!("{}.", p.name)))
        }
        Kind::View | Kind::MaterializedView | Kind::Constraint | Kind::Index => false,
        Kind::Function => !need.needs.iter().any(|n| relation(&planner.ctx.new.objects.at(*n as usize))),
        _ => true,
    })
}
