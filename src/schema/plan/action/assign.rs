//! The actions that follow from an object's own difference.

use std::collections::BTreeSet;

use super::{Action, Planner};
use crate::schema::ddl::{self, AlterStrategy};
use crate::schema::model::{Attr, Kind, Name, Object};
use crate::schema::plan::Tactics;

pub(super) fn assign(planner: &mut Planner<'_>, tactics: Tactics) {
    alter_or_replace(planner);
    if !tactics.alter_views {
        replace_views(planner);
    }
    keep_not_null(planner);
    rename_not_null_of_attached(planner);
}

fn alter_or_replace(planner: &mut Planner<'_>) {
    for at in 0..planner.items.len() {
        if planner.items[at].action != Action::Alter {
            continue;
        }
        let (Some(old), Some(new)) = (planner.old_object(at), planner.new_object(at)) else { continue };
        match ddl::change(&planner.ctx, &old, &new) {
            AlterStrategy::Alter(statements) => planner.items[at].alter = statements,
            AlterStrategy::Retype(statements) => {
                planner.items[at].alter = statements;
                planner.items[at].retyped = true;
            }
            AlterStrategy::Replace => replace(planner, at),
            AlterStrategy::Refuse(reason) => planner.refuse(&new, reason),
        }
    }
}

fn replace_views(planner: &mut Planner<'_>) {
    for at in planner.touched() {
        let view = planner.new_object(at).is_some_and(|f| f.key.kind == Kind::View);
        if view && planner.items[at].action == Action::Alter {
            replace(planner, at);
        }
    }
}

/// Replaces each domain that gets a constraint and moves its columns where arrays, composite types or ranges contain
/// it, as PostgreSQL cannot add a constraint then. Returns the replaced ones.
pub(super) fn replace_domains(planner: &mut Planner<'_>) -> Vec<usize> {
    let mut replaced = Vec::new();
    for at in planner.touched() {
        let new = planner.new_object(at).filter(|_| planner.items[at].creates());
        let Some(new) = new.filter(|f| f.key.kind == Kind::DomainConstraint) else { continue };
        let Some(domain) = new.parent.and_then(|parent| planner.ctx.old.find(parent)) else { continue };
        let item = planner.of_old[domain] as usize;
        if !planner.items[item].drops() && is_contained(planner, domain) {
            replace(planner, item);
            replaced.push(item);
        }
    }
    replaced
}

/// Whether a domain, or a domain over it, is part of another type.
fn is_contained(planner: &Planner<'_>, domain: usize) -> bool {
    let objects = &planner.ctx.old.objects;
    let mut queue = vec![domain];
    let mut seen: BTreeSet<usize> = queue.iter().copied().collect();
    while let Some(domain) = queue.pop() {
        let name = objects.at(domain).key.name;
        for dependent in planner.old_dependents.of(domain).iter().map(|at| *at as usize) {
            let user = objects.at(dependent);
            let is_base = user.text(Attr::Type) == name;
            match user.key.kind {
                Kind::Composite | Kind::Range => return true,
                Kind::Column if !is_base && !user.is_generated() => return true,
                Kind::Column if is_base && user.parent.is_some_and(|of| is_stored_row(planner, of)) => {
                    return true;
                }
                Kind::Domain if is_base && seen.insert(dependent) => queue.push(dependent),
                Kind::Domain if user.text(Attr::Type).trim_end_matches("[]") == name => return true,
                _ => {}
            }
        }
    }
    false
}

/// Whether columns of other tables, or other types, consist of the rows of a table.
fn is_stored_row(planner: &Planner<'_>, table: Name<'_>) -> bool {
    let objects = &planner.ctx.old.objects;
    let dependents = planner.ctx.old.find(table).map(|at| planner.old_dependents.of(at)).unwrap_or_default();
    dependents.iter().map(|at| objects.at(*at as usize)).any(|user| match user.key.kind {
        Kind::Column => user.parent != Some(table),
        kind => matches!(kind, Kind::Composite | Kind::Domain | Kind::Range),
    })
}

/// Restores NOT NULL where a partition or child keeps it although `DROP NOT NULL` on its parent drops it too: since 18
/// where it was only inherited, before always. Before 18 inheritance children need no statement, because the parent's
/// can be dropped alone.
fn keep_not_null(planner: &mut Planner<'_>) {
    let named = planner.ctx.old.server_version() >= 180_000;
    let dropped = |at: usize| {
        let column = planner.new_object(at).filter(|f| f.key.kind == Kind::Column && !f.has(Attr::NotNull));
        column.is_some() && planner.old_object(at).is_some_and(|f| f.has(Attr::NotNull))
    };
    if !planner.touched().into_iter().any(dropped) {
        return;
    }
    for at in 0..planner.items.len() {
        let (Some(old), Some(new)) = (planner.old_object(at), planner.new_object(at)) else { continue };
        let kept = new.key.kind == Kind::Column && old.has(Attr::NotNull) && new.has(Attr::NotNull);
        if !kept || !named && planner.ctx.new.object(Kind::Partition, ddl::parent(&new)).is_none() {
            continue;
        }
        let above = ddl::parent_column(planner.ctx.old, &old).zip(ddl::parent_column(planner.ctx.new, &new));
        if above.is_some_and(|(old, new)| old.has(Attr::NotNull) && !new.has(Attr::NotNull)) {
            let keep = ddl::keep_not_null(&planner.ctx, &old, &new);
            planner.items[at].action = Action::Alter;
            planner.items[at].alter.extend(keep);
        }
    }
}

/// Renames the not-null constraints of a table that becomes a partition to the names that they have there, which is
/// impossible once they are inherited.
fn rename_not_null_of_attached(planner: &mut Planner<'_>) {
    if planner.ctx.old.server_version() < 180_000 {
        return;
    }
    let mut attached: BTreeSet<&str> = BTreeSet::new();
    for at in planner.touched() {
        let place = planner.new_object(at).filter(|f| f.key.kind == Kind::Partition);
        attached.extend(place.filter(|_| planner.items[at].creates()).map(|place| place.key.name));
    }
    if attached.is_empty() {
        return;
    }
    for at in 0..planner.items.len() {
        let (Some(old), Some(new)) = (planner.old_object(at), planner.new_object(at)) else { continue };
        let kept = planner.items[at].action == Action::Keep && new.key.kind == Kind::Column;
        if !kept || !attached.contains(ddl::parent(&new)) || !new.has(Attr::NotNull) {
            continue;
        }
        match ddl::change_not_null(&planner.ctx, &old, &new) {
            Ok(statements) if statements.is_empty() => {}
            Ok(statements) => {
                planner.items[at].action = Action::Alter;
                planner.items[at].alter = statements;
            }
            Err(reason) => planner.refuse(&new, reason),
        }
    }
}

/// Drops and creates an object; refuses where that would lose its rows or values.
pub(super) fn replace(planner: &mut Planner<'_>, at: usize) {
    let Some(new) = planner.new_object(at) else { return };
    let is_foreign = |table: Object<'_>| table.has(Attr::Foreign);
    match new.key.kind {
        // A foreign table holds no rows of its own.
        Kind::Table if is_foreign(new) && planner.old_object(at).is_some_and(is_foreign) => {
            planner.ctx.fresh.insert(new.key.name);
        }
        Kind::Domain => {
            planner.ctx.fresh.insert(new.key.name);
        }
        Kind::Table => {
            return planner.refuse(&new, "it would have to be dropped and made anew, with all its rows");
        }
        Kind::Extension => {
            return planner.refuse(&new, "the extension would have to be dropped and made anew");
        }
        Kind::Schema => return planner.refuse(&new, "the schema would have to be dropped and made anew"),
        _ => {}
    }
    planner.items[at].action = Action::Replace;
    planner.items[at].alter.clear();
    planner.items[at].detach.clear();
}
