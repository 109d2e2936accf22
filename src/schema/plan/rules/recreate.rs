//! Rules for tables that are made anew with their rows.

use std::collections::BTreeSet;

use super::Edges;
use crate::schema::ddl;
use crate::schema::model::{Attr, ConstraintKind, Kind, Name, Object};
use crate::schema::plan::action::Recreation;
use crate::schema::plan::view::PlanView;

/// The rows are copied once the new table has its columns and partitions.
pub(super) fn a_recreated_table_is_whole_before_it_is_filled(view: &PlanView<'_, '_>, edges: &mut Edges) {
    for recreation in &view.planner.recreations {
        let names = names(view, recreation);
        for (at, new) in view.changing() {
            let part = match new.key.kind {
                Kind::Table => names.contains(new.key.name),
                Kind::Partition => {
                    names.contains(new.key.name) || names.contains(new.text(Attr::ParentRelation))
                }
                Kind::Column => names.contains(ddl::parent(&new)),
                Kind::Default => names.contains(new.text(Attr::Table)),
                Kind::Sequence => {
                    let owner = view.planner.ctx.new.object(Kind::SequenceOwner, new.key.name);
                    owner.is_some_and(|owner| names.contains(owner.text(Attr::Table)))
                }
                _ => false,
            };
            if part && at != recreation.root {
                edges.before(view.create(at), view.purge(recreation.root));
            }
        }
    }
}

/// Triggers, rules and foreign keys would fire for each copied row; other objects read the rows.
pub(super) fn a_recreated_table_is_filled_before_its_rows_are_used(
    view: &PlanView<'_, '_>,
    edges: &mut Edges,
) {
    for recreation in &view.planner.recreations {
        let names = names(view, recreation);
        for (at, new) in view.arriving() {
            let later = match new.key.kind {
                Kind::Trigger | Kind::Rule => names.contains(ddl::parent(&new)),
                Kind::PublicationTable => names.contains(new.text(Attr::Table)),
                Kind::Index => names.contains(ddl::parent(&new)) && stands_alone(view, ddl::parent(&new)),
                Kind::Constraint if new.constraint_kind() == Some(ConstraintKind::ForeignKey) => {
                    names.contains(ddl::parent(&new)) || names.contains(new.text(Attr::References))
                }
                Kind::MaterializedView => reads(view, &new, &names),
                _ => false,
            };
            if later {
                edges.before(view.purge(recreation.root), view.create(at));
            }
        }
    }
}

/// The old table holds on to the functions, types and sequences that it uses.
pub(super) fn a_recreated_table_is_dropped_before_what_it_needs(view: &PlanView<'_, '_>, edges: &mut Edges) {
    for recreation in &view.planner.recreations {
        let (away, purge) = (view.drop(recreation.root), view.purge(recreation.root));
        for (at, old) in view.leaving().filter(|(at, _)| view.drop(*at) == away) {
            for need in old.needs.iter().map(|need| view.planner.of_old[*need as usize] as usize) {
                if need == at || !view.item(need).drops() || view.drop(need) == away {
                    continue;
                }
                let renamed = view.item(need).renamed_away;
                edges.before(purge, if renamed { view.purge(need) } else { view.drop(need) });
            }
        }
    }
}

fn names<'a>(view: &PlanView<'_, 'a>, recreation: &Recreation) -> BTreeSet<&'a str> {
    recreation
        .arriving
        .iter()
        .filter_map(|at| view.planner.new_object(*at))
        .map(|table| table.key.name)
        .collect()
}

/// Whether a table is neither partitioned nor a partition.
fn stands_alone(view: &PlanView<'_, '_>, table: &str) -> bool {
    let schema = view.planner.ctx.new;
    let partitioned = schema.object(Kind::Table, table).is_some_and(|table| table.has(Attr::PartitionKey));
    !partitioned && schema.object(Kind::Partition, table).is_none()
}

/// Whether a view reads one of the tables, directly or through others.
fn reads(view: &PlanView<'_, '_>, object: &Object<'_>, tables: &BTreeSet<&str>) -> bool {
    let objects = &view.planner.ctx.new.objects;
    let mut queue: Vec<u32> = object.needs.to_vec();
    let mut seen: BTreeSet<u32> = queue.iter().copied().collect();
    while let Some(at) = queue.pop() {
        let Name { kind, name } = objects.key(at as usize);
        if kind == Kind::Table && tables.contains(name) {
            return true;
        }
        queue.extend(objects.needs(at as usize).iter().copied().filter(|need| seen.insert(*need)));
    }
    false
}
