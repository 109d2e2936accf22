//! Rules for partitions and inheritance: changes of parents recurse to their children.

use std::collections::BTreeMap;

use super::Edges;
use crate::schema::ddl;
use crate::schema::model::{Attr, Constraint, Kind, Name, Object};
use crate::schema::plan::action::containers::is_own;
use crate::schema::plan::action::{Action, Planner};
use crate::schema::plan::view::{Ends, PlanView};

pub(super) fn a_table_inherits_after_its_columns_and_parents_are_there(
    view: &PlanView<'_, '_>,
    edges: &mut Edges,
) {
    let tables =
        view.of_new(|item| item.action == Action::Alter).filter(|(_, new)| new.key.kind == Kind::Table);
    for (at, new) in tables.filter(|(at, _)| view.purge(*at).is_some()) {
        let Some(position) = view.item(at).new else { continue };
        if new.has(Attr::OfType) {
            for dropped in view.dependents(at).filter(|part| view.item(*part).drops()) {
                edges.before(view.drop(dropped), view.purge(at));
            }
        }
        let parts = view.planner.ctx.new_parts.of(position).iter();
        for needed in parts.chain(new.needs).map(|position| view.new_item(*position as usize)) {
            edges.before(view.create(needed), view.purge(at));
        }
    }
}

pub(super) fn a_typed_table_is_detached_before_its_parts_change(view: &PlanView<'_, '_>, edges: &mut Edges) {
    for (at, _) in view.of_new(|item| !item.detach.is_empty()).filter(|(_, new)| new.has(Attr::OfType)) {
        for part in view.dependents(at) {
            edges.before(view.drop(at), view.drop(part));
            edges.before(view.drop(at), view.create(part));
        }
        for part in view.item(at).new.map(|new| view.planner.ctx.new_parts.of(new)).unwrap_or_default() {
            edges.before(view.drop(at), view.create(view.new_item(*part as usize)));
        }
    }
}

pub(super) fn a_table_leaves_its_type_before_that_changes(view: &PlanView<'_, '_>, edges: &mut Edges) {
    let planner = view.planner;
    for (at, old) in view.of_old(|item| item.action == Action::Alter) {
        let of = old.get(Attr::OfType).filter(|_| old.key.kind == Kind::Table);
        let after = planner.new_object(at).and_then(|new| new.get(Attr::OfType));
        let composite = of
            .filter(|of| after != Some(of))
            .and_then(|of| planner.ctx.old.find(Name::new(Kind::Composite, of)));
        if let Some(composite) = composite.map(|position| planner.of_old[position] as usize) {
            edges.before(view.create(at), view.create(composite).filter(|_| !view.item(composite).drops()));
        }
    }
}

pub(super) fn a_table_leaves_its_parents_before_its_parts_are_dropped(
    view: &PlanView<'_, '_>,
    edges: &mut Edges,
) {
    let planner = view.planner;
    // Foreign keys are not inherited, and can be in the way of the table's change.
    for (at, old) in view.leaving().filter(|(_, old)| !old.has(Attr::References)) {
        let table = old.parent.filter(|parent| parent.kind == Kind::Table);
        let table = table.and_then(|table| planner.ctx.old.find(table));
        if let Some(table) = table.map(|position| planner.of_old[position] as usize)
            && view.item(table).action == Action::Alter
        {
            edges.before(view.create(table), view.drop(at));
        }
    }
}

/// Otherwise the table would lose them too, although the plan drops its own.
pub(super) fn a_table_leaves_its_parents_before_they_lose_columns(
    view: &PlanView<'_, '_>,
    edges: &mut Edges,
) {
    let planner = view.planner;
    let tables =
        view.of_old(|item| item.action == Action::Alter).filter(|(_, old)| old.key.kind == Kind::Table);
    for (at, old) in tables {
        let after = planner.new_object(at).and_then(|new| new.get(Attr::Inherits));
        let (before, after) = (ddl::lines(old.get(Attr::Inherits)), ddl::lines(after));
        for parent in before.into_iter().filter(|parent| !after.contains(parent)) {
            let columns =
                planner.ctx.old.object(Kind::Table, parent).map(|of| ddl::columns(planner.ctx.old, &of));
            let items = columns.into_iter().flatten().filter_map(|column| planner.ctx.old.find(column.key));
            for column in items.map(|position| planner.of_old[position] as usize) {
                edges.before(view.create(at), view.drop(column));
            }
        }
    }
}

/// While a column gets NOT NULL, its table has a temporary check constraint that the partition lacks.
pub(super) fn a_partition_is_attached_after_columns_above_are_not_null(
    view: &PlanView<'_, '_>,
    edges: &mut Edges,
) {
    for (at, new) in changing(view, Kind::Partition) {
        let above = Name::new(Kind::Table, new.text(Attr::ParentRelation));
        for (kind, part) in parts_of(view, Some(above)) {
            if kind == Kind::Column && view.item(part).action == Action::Alter {
                edges.before(view.create(part), view.create(at));
            }
        }
    }
}

pub(super) fn a_partition_is_attached_after_it_has_its_parts(view: &PlanView<'_, '_>, edges: &mut Edges) {
    for (at, new) in changing(view, Kind::Partition) {
        for (kind, part) in parts_of(view, new.parent) {
            let attached = || {
                let index = view.planner.new_object(part).map(|index| index.key.name);
                index.is_some_and(|index| view.planner.ctx.new.object(Kind::IndexAttach, index).is_some())
            };
            match kind {
                // PostgreSQL attaches the first matching index, which must not be one that stays unattached.
                Kind::Index if view.item(part).creates() && !attached() => {
                    edges.before(view.create(at), view.create(part));
                }
                Kind::Index | Kind::Constraint | Kind::Column | Kind::Default => {
                    edges.before(view.create(part), view.create(at));
                }
                _ => {}
            }
        }
    }
}

/// A new partition may lack the parts that the partitioned table loses.
pub(super) fn a_partition_is_attached_after_parts_above_are_dropped(
    view: &PlanView<'_, '_>,
    edges: &mut Edges,
) {
    let planner = view.planner;
    for (at, new) in changing(view, Kind::Partition) {
        let above = new.text(Attr::ParentRelation);
        for kind in [Kind::Column, Kind::Constraint] {
            let parts = planner.ctx.old.objects.since(Name::new(kind, above));
            let parts = parts.take_while(|(_, f)| f.key.kind == kind && f.key.name.starts_with(above));
            for (position, _) in parts.filter(|(_, part)| ddl::parent(part) == above) {
                let part = planner.of_old[position] as usize;
                if view.item(part).action == Action::Drop {
                    edges.before(view.drop(part), view.create(at));
                }
            }
        }
    }
}

pub(super) fn an_index_is_attached_after_its_table(view: &PlanView<'_, '_>, edges: &mut Edges) {
    let new_schema = view.planner.ctx.new;
    for (at, new) in changing(view, Kind::IndexAttach) {
        let table = new.parent.and_then(|index| new_schema.get(index)).and_then(|index| index.parent);
        let place = table.and_then(|table| new_schema.find(Name::new(Kind::Partition, table.name)));
        if let Some(place) = place.map(|position| view.new_item(position)) {
            edges.before(view.create(place), view.create(at));
        }
    }
}

pub(super) fn an_inherited_column_changes_after_the_one_above(view: &PlanView<'_, '_>, edges: &mut Edges) {
    let new_schema = view.planner.ctx.new;
    for (at, new) in changing(view, Kind::Column) {
        if new.has(Attr::HasParent) && view.item(at).action == Action::Alter {
            let above = ddl::parent_column(new_schema, &new).and_then(|above| new_schema.find(above.key));
            let above = above.and_then(|position| view.create(view.new_item(position)));
            edges.before(above, view.create(at));
        }
    }
}

/// The columns above merge with it.
pub(super) fn a_column_of_its_own_is_added_before_those_above(view: &PlanView<'_, '_>, edges: &mut Edges) {
    let planner = view.planner;
    for (at, new) in view.arriving().filter(|(_, new)| new.key.kind == Kind::Column) {
        let table = new.parent.and_then(|table| planner.ctx.old.get(table));
        let Some(table) = table.filter(|_| is_own(planner, &new)) else { continue };
        for parent in ddl::lines(table.get(Attr::Inherits)) {
            let above = format!("{parent}.{}", new.text(Attr::Name));
            let above = planner.ctx.new.find(Name::new(Kind::Column, &above));
            let above = above.map(|position| view.new_item(position)).filter(|at| view.item(*at).creates());
            edges.before(view.create(at), above.and_then(|above| view.create(above)));
        }
    }
}

/// An inherited column cannot be dropped, even if the table has it of its own too.
pub(super) fn a_column_of_its_own_is_dropped_after_those_above(view: &PlanView<'_, '_>, edges: &mut Edges) {
    let planner = view.planner;
    let own = |old: &Object<'_>| {
        old.key.kind == Kind::Column && old.has(Attr::HasParent) && !old.has(Attr::Inherited)
    };
    for (at, old) in view.leaving().filter(|(_, old)| own(old)) {
        let Some(table) = old.parent.and_then(|table| planner.ctx.old.get(table)) else { continue };
        for parent in ddl::lines(table.get(Attr::Inherits)) {
            let above = format!("{parent}.{}", old.text(Attr::Name));
            let above = planner.ctx.old.find(Name::new(Kind::Column, &above));
            let above = above.and_then(|position| view.drop(planner.of_old[position] as usize));
            edges.before(above, view.drop(at));
        }
    }
}

pub(super) fn a_partition_is_detached_before_its_place_is_taken(view: &PlanView<'_, '_>, edges: &mut Edges) {
    let mut detached: BTreeMap<&str, Vec<Ends>> = BTreeMap::new();
    for (at, old) in view.leaving().filter(|(_, old)| old.key.kind == Kind::Partition) {
        for above in tables_above(view.planner, &old) {
            detached.entry(above).or_default().push(view.drop(at));
        }
    }
    if detached.is_empty() {
        return;
    }
    for (at, new) in view.arriving().filter(|(_, new)| new.key.kind == Kind::Partition) {
        for gone in detached.get(new.text(Attr::ParentRelation)).into_iter().flatten() {
            edges.before(*gone, view.create(at));
        }
    }
}

/// Indexes above are dropped after every detachment; columns and constraints above change after the detachment of a
/// table that stays, which would otherwise change too.
pub(super) fn a_partition_is_detached_before_its_parts_change(view: &PlanView<'_, '_>, edges: &mut Edges) {
    let planner = view.planner;
    let mut below: BTreeMap<&str, Vec<(Ends, bool)>> = BTreeMap::new();
    let mut own: BTreeMap<Name<'_>, Ends> = BTreeMap::new();
    for (at, old) in detached_partitions(view) {
        let stays = old.parent.is_some_and(|table| planner.ctx.new.find(table).is_some());
        for above in tables_above(planner, &old) {
            below.entry(above).or_default().push((view.drop(at), stays));
        }
        own.extend(old.parent.filter(|_| stays).map(|table| (table, view.drop(at))));
    }
    if below.is_empty() {
        return;
    }
    for at in view.touched.iter().copied() {
        let Some(object) = planner.old_object(at).or(planner.new_object(at)) else { continue };
        let Some(table) = object.parent.filter(|_| object.key.kind != Kind::Partition) else { continue };
        let inheritable = matches!(object.key.kind, Kind::Column | Kind::Constraint);
        let index = view.item(at).drops()
            && (object.key.kind == Kind::Index
                || Constraint::of(object).is_some_and(|constraint| !constraint.is_foreign_key()));
        for (gone, stays) in below.get(table.name).into_iter().flatten() {
            edges.before(*gone, view.drop(at).filter(|_| index || inheritable && *stays));
            edges.before(*gone, view.create(at).filter(|_| inheritable && *stays));
        }
        if let Some(gone) = own.get(&table) {
            edges.before(*gone, view.drop(at));
            edges.before(*gone, view.create(at));
        }
    }
}

/// A not-null constraint is renamed while the table has no parent.
pub(super) fn a_partition_moves_with_the_names_of_its_not_null_constraints(
    view: &PlanView<'_, '_>,
    edges: &mut Edges,
) {
    for (at, new) in changing(view, Kind::Partition) {
        let old = view.planner.old_object(at).filter(|_| view.item(at).action == Action::Replace);
        if old.is_none_or(|old| old.get(Attr::ParentRelation) == new.get(Attr::ParentRelation)) {
            continue;
        }
        for (kind, part) in parts_of(view, new.parent) {
            if kind == Kind::Column && view.item(part).action == Action::Alter {
                edges.before(view.drop(at), view.create(part));
            }
        }
    }
}

fn changing<'a>(view: &PlanView<'_, 'a>, kind: Kind) -> impl Iterator<Item = (usize, Object<'a>)> {
    view.changing().filter(move |(_, new)| new.key.kind == kind)
}

/// The kinds and items of the parts of a new table.
fn parts_of(view: &PlanView<'_, '_>, table: Option<Name<'_>>) -> impl Iterator<Item = (Kind, usize)> {
    let planner = view.planner;
    let table = table.and_then(|table| planner.ctx.new.find(table));
    let parts = table.map(|table| planner.ctx.new_parts.of(table)).unwrap_or_default();
    parts.iter().map(|part| (planner.ctx.new.objects.kind(*part as usize), view.new_item(*part as usize)))
}

/// The partitions that leave their parent for good.
fn detached_partitions<'a>(view: &PlanView<'_, 'a>) -> impl Iterator<Item = (usize, Object<'a>)> {
    view.leaving().filter(|(at, old)| old.key.kind == Kind::Partition && !returns(view, *at, old))
}

/// Whether a partition is attached to the parent that it is detached from, with another bound.
fn returns(view: &PlanView<'_, '_>, at: usize, old: &Object<'_>) -> bool {
    let new = view.planner.new_object(at).filter(|_| view.item(at).action == Action::Replace);
    new.is_some_and(|new| new.get(Attr::ParentRelation) == old.get(Attr::ParentRelation))
}

/// A partition with another bound is detached and attached at once, when it has the changes of the tables above and its
/// own: otherwise the former would not reach it, and its rows would be invisible meanwhile.
pub(super) fn a_partition_returns_at_once(view: &PlanView<'_, '_>, edges: &mut Edges) {
    let planner = view.planner;
    let mut above: BTreeMap<&str, Vec<(Ends, bool)>> = BTreeMap::new();
    for (at, old) in view.leaving().filter(|(_, old)| old.key.kind == Kind::Partition) {
        if returns(view, at, &old) && planner.recreations.is_empty() {
            above.entry(old.key.name).or_default().push((view.drop(at), true));
            for table in tables_above(planner, &old) {
                above.entry(table).or_default().push((view.drop(at), false));
            }
        }
    }
    if above.is_empty() {
        return;
    }
    let attached = |index: Name<'_>| planner.ctx.new.object(Kind::IndexAttach, index.name).is_some();
    for at in view.touched.iter().copied() {
        let Some(object) = planner.new_object(at).or(planner.old_object(at)) else { continue };
        let table = object.parent.and_then(|table| above.get(table.name));
        for (gone, own) in table.into_iter().flatten() {
            match object.key.kind {
                Kind::Column | Kind::Constraint => {
                    edges.before(view.drop(at), *gone);
                    edges.before(view.create(at), *gone);
                }
                Kind::Index => {
                    edges.before(view.drop(at), *gone);
                    edges.before(view.create(at).filter(|_| *own && attached(object.key)), *gone);
                }
                _ => {}
            }
        }
    }
}

/// The tables that a partition was part of, from the nearest on.
fn tables_above<'a>(planner: &Planner<'a>, partition: &Object<'a>) -> Vec<&'a str> {
    let mut tables = vec![partition.text(Attr::ParentRelation)];
    while let Some(next) = tables.last().and_then(|of| planner.ctx.old.object(Kind::Partition, of)) {
        tables.push(next.text(Attr::ParentRelation));
    }
    tables
}
