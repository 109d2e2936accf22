//! Objects that are created or dropped as part of another object.

use std::collections::BTreeSet;

use super::{Action, Planner};
use crate::schema::ddl;
use crate::schema::model::{Attr, Constraint, ConstraintKind, Kind, Name, Object, Schema};

/// The item whose drop also drops this one.
pub(in crate::schema::plan) fn drop_host(planner: &Planner<'_>, at: usize) -> Option<usize> {
    if planner.separate_drops.contains(&at) {
        return None;
    }
    if let Some(recreation) = planner.recreation(at) {
        return Some(recreation.root).filter(|root| *root != at);
    }
    let old = planner.items[at].drops().then(|| planner.old_object(at))??;
    let dropped = |key: Name<'_>| planner.dropped_item(key);
    let parent = old.parent.and_then(dropped);
    let by = |kind: Kind, name: &str| dropped(Name::new(kind, name)).filter(|host| *host != at);
    match old.key.kind {
        Kind::UserMapping => None,
        // The renamed domain must not depend on an object that is gone.
        Kind::DomainConstraint if parent.is_some_and(|domain| planner.items[domain].renamed_away) => {
            let is_gone = |need: &u32| {
                let need = planner.of_old[*need as usize] as usize;
                Some(need) != parent && planner.items[need].drops()
            };
            parent.filter(|_| !old.needs.iter().any(is_gone))
        }
        Kind::Trigger if old.has(Attr::ParentTriggers) && parent.is_none() => {
            let mut above = ddl::lines(old.get(Attr::ParentTriggers)).into_iter();
            above.find_map(|name| by(Kind::Trigger, name)).or_else(|| by(Kind::Partition, ddl::parent(&old)))
        }
        Kind::Constraint if old.constraint_kind() == Some(ConstraintKind::ForeignKey) => {
            parent.filter(|_| {
                old.text(Attr::References) == ddl::parent(&old)
                    || by(Kind::Table, old.text(Attr::References)).is_none()
            })
        }
        Kind::Sequence if planner.items[at].action == Action::Drop => {
            let owner = planner.ctx.old.object(Kind::SequenceOwner, old.key.name)?;
            by(Kind::Column, owner.text(Attr::Column))
        }
        Kind::Column if old.has(Attr::Inherited) && parent.is_none() => {
            let above = ddl::parent_column(planner.ctx.old, &old)?;
            by(Kind::Column, above.key.name).filter(|_| is_below(planner.ctx.new, &old, &above))
        }
        Kind::Constraint
            if Constraint::of(old).is_some_and(Constraint::is_inherited_check)
                && parent.is_none()
                && !is_detached(planner, &old) =>
        {
            parent_constraint(planner.ctx.old, &old).and_then(|above| by(Kind::Constraint, above))
        }
        Kind::Index | Kind::Constraint if parent.is_none() && !is_detached(planner, &old) => {
            attached_to(planner, &old).and_then(|(kind, name)| by(kind, &name))
        }
        _ => parent,
    }
}

/// The dropped parts of tables and views that depend on other dropped objects, which may depend on the table in turn.
pub(in crate::schema::plan) fn parts_that_need_others(planner: &Planner<'_>) -> BTreeSet<usize> {
    let needs_another = |at: &usize| {
        let Some(old) = planner.old_object(*at).filter(|_| planner.items[*at].drops()) else { return false };
        let part = match old.key.kind {
            Kind::Policy | Kind::Default | Kind::Constraint | Kind::Index | Kind::Trigger | Kind::Rule => {
                true
            }
            Kind::Column => old.is_generated(),
            _ => false,
        };
        let table = match old.parent.filter(|_| part) {
            Some(column) if column.kind == Kind::Column => planner.ctx.old.get(column).and_then(|c| c.parent),
            parent => parent,
        };
        let Some(table) = table else { return false };
        old.needs.iter().any(|need| {
            let other = planner.ctx.old.objects.at(*need as usize);
            let own = other.key == table || other.parent == Some(table);
            !own && planner.items[planner.of_old[*need as usize] as usize].drops()
        })
    };
    planner.touched().into_iter().filter(needs_another).collect()
}

/// Whether the table of an index or constraint is detached, so that dropping the parent's does not drop this one.
pub(in crate::schema::plan) fn is_detached(planner: &Planner<'_>, old: &Object) -> bool {
    let place = planner.ctx.old.find(&ddl::key(Kind::Partition, ddl::parent(old)));
    let table = old.parent.as_ref().and_then(|t| planner.ctx.new.find(t));
    let leaves = |place: usize| {
        let item = planner.of_old[place] as usize;
        planner.items[item].drops() && leaves_parent(planner, item)
    };
    place.is_some_and(leaves) && table.is_some()
}

/// Whether a partition has another parent on the other side, or none.
fn leaves_parent(planner: &Planner<'_>, partition: usize) -> bool {
    let of = |place: Option<Object<'_>>| place.map(|place| place.text(Attr::ParentRelation).to_owned());
    of(planner.old_object(partition)) != of(planner.new_object(partition))
}

pub(in crate::schema::plan) fn attached_to(planner: &Planner<'_>, old: &Object) -> Option<(Kind, String)> {
    let name = match old.key.kind {
        Kind::Index => old.key.name.to_owned(),
        _ => old.qualified(),
    };
    let attach = planner.ctx.old.object(Kind::IndexAttach, &name)?;
    Some(match attach.get(Attr::OfConstraint) {
        Some(constraint) => (Kind::Constraint, constraint.to_owned()),
        None => (Kind::Index, attach.text(Attr::ParentRelation).to_owned()),
    })
}

fn parent_constraint<'s>(schema: &'s Schema, object: &Object) -> Option<&'s str> {
    let table = ddl::parent(object);
    let partition = schema.object(Kind::Partition, table).map(|p| p.text(Attr::ParentRelation));
    let parents = schema.object(Kind::Table, table).and_then(|t| t.get(Attr::Inherits));
    let mut above = partition.into_iter().chain(ddl::lines(parents));
    above
        .find_map(|name| schema.object(Kind::Constraint, &format!("{name}.{}", object.text(Attr::Name))))
        .map(|f| f.key.name)
}

/// Whether a schema has the table of a column above as a parent of the table of a column.
fn is_below(schema: &Schema, column: &Object, above: &Object) -> bool {
    let (table, of) = (ddl::parent(column), ddl::parent(above));
    let place = schema.object(Kind::Partition, table).map(|place| place.text(Attr::ParentRelation));
    let parents = schema.object(Kind::Table, table).and_then(|table| table.get(Attr::Inherits));
    place == Some(of) || ddl::lines(parents).contains(&of)
}

/// Whether an inheritance child has a column of its own besides that of its parent.
pub(in crate::schema::plan) fn is_own(planner: &Planner<'_>, column: &Object<'_>) -> bool {
    let place = Name::new(Kind::Partition, ddl::parent(column));
    column.has(Attr::HasParent) && !column.has(Attr::Inherited) && planner.ctx.new.find(place).is_none()
}

/// The item whose creation also creates this one.
pub(in crate::schema::plan) fn create_host(planner: &Planner<'_>, at: usize) -> Option<usize> {
    let new = planner.items[at].new.filter(|_| planner.items[at].creates())?;
    let object = planner.ctx.new.objects.at(new);
    let created = |key: Name<'_>| planner.created_item(key);
    let parent = object.parent.and_then(created);
    if planner.ctx.inline.contains(&new) {
        return parent;
    }
    match object.key.kind {
        // A column of the child's own merges with the one above, which comes later.
        Kind::Column if object.has(Attr::HasParent) && parent.is_none() && !is_own(planner, &object) => {
            let above = ddl::parent_column(planner.ctx.new, &object)?;
            created(above.key).filter(|_| is_below(planner.ctx.old, &object, &above))
        }
        Kind::Constraint if Constraint::of(object).is_some_and(Constraint::is_inherited_check) => {
            let place = planner.ctx.new.find(Name::new(Kind::Partition, ddl::parent(&object)));
            // The check must exist before the table is attached, unless that is only detached and attached at once.
            let arrives = |item: usize| {
                planner.items[item].creates()
                    && (leaves_parent(planner, item) || !planner.recreations.is_empty())
            };
            if place.is_some_and(|at| arrives(planner.of_new[at] as usize)) {
                return None;
            }
            let above = parent_constraint(planner.ctx.new, &object)?;
            created(Name::new(Kind::Constraint, above)).or(parent)
        }
        _ => None,
    }
}
