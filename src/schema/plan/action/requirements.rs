//! Refuses objects and features that the old side's server does not support.

use std::collections::BTreeSet;

use super::{Action, Planner, versions};
use crate::schema::ddl;
use crate::schema::model::{Attr, Kind, Name, Object};
use crate::sql::split_list;

/// Refuses features that the old side's server does not support and, with `strict`, objects not compared in detail.
pub(super) fn check(planner: &mut Planner<'_>, strict: bool) {
    let concerned = if strict { (0..planner.items.len()).collect() } else { planner.touched() };
    for at in concerned {
        let changed = planner.items[at].action != Action::Keep;
        let Some(object) = planner.new_object(at).or(planner.old_object(at)) else { continue };
        if object.key.kind == Kind::Uncompared && (strict || changed) {
            let reason = "objects of its kind are not compared in detail, so nothing can be planned for it";
            planner.refuse(&object, reason);
        }
        if changed && is_part_of_half_detached(planner, &object) {
            planner.refuse(&object, ddl::HALF_DETACHED);
        }
        let Some(new) = planner.new_object(at).filter(|_| changed) else { continue };
        check_roles(planner, &new);
        check_version(planner, &new);
        if new.key.kind == Kind::Index && new.has(Attr::Invalid) && planner.items[at].action == Action::Create
        {
            planner.refuse(&new, ddl::INVALID_INDEX);
        }
        if new.key.kind == Kind::Partition && new.has(Attr::DetachPending) {
            planner.refuse(&new, ddl::PENDING_DETACH);
        }
        if new.key.kind == Kind::Extension && planner.items[at].creates() {
            check_extension(planner, &new);
        }
        check_row_type(planner, at, &new);
    }
    check_attached_indexes(planner);
    check_local_indexes(planner);
}

/// Whether `ALTER TABLE` would have to change a partition whose detach was interrupted and stays so.
fn is_part_of_half_detached(planner: &Planner<'_>, object: &Object<'_>) -> bool {
    let table = match object.key.kind {
        Kind::Table => Some(object.key.name),
        Kind::Default => Some(object.text(Attr::Table)),
        Kind::Column | Kind::Constraint | Kind::Owner => object.parent.map(|table| table.name),
        Kind::IndexAttach => {
            let side =
                if planner.ctx.new.find(object.key).is_some() { planner.ctx.new } else { planner.ctx.old };
            object.parent.and_then(|index| side.get(index)?.parent).map(|table| table.name)
        }
        _ => None,
    };
    let place = table.and_then(|table| planner.ctx.old.find(Name::new(Kind::Partition, table)));
    place.is_some_and(|place| {
        planner.ctx.old.objects.at(place).has(Attr::DetachPending)
            && planner.items[planner.of_old[place] as usize].action == Action::Keep
    })
}

/// Refuses to attach a table where PostgreSQL would attach another of its indexes than the new side has attached: it
/// takes the oldest that fits.
fn check_local_indexes(planner: &mut Planner<'_>) {
    let new_schema = planner.ctx.new;
    for at in planner.touched() {
        let place = planner.new_object(at).filter(|f| f.key.kind == Kind::Partition);
        let Some(place) = place.filter(|_| planner.items[at].creates()) else { continue };
        let table = place.parent.and_then(|table| new_schema.get(table));
        let Some(table) = table.filter(|table| !planner.ctx.is_fresh(table.key.name)) else { continue };
        let indexes = planner.ctx.parts(&table).filter(|(_, part)| part.key.kind == Kind::Index);
        let (attached, local): (Vec<_>, Vec<_>) =
            indexes.partition(|(_, index)| new_schema.object(Kind::IndexAttach, index.key.name).is_some());
        let item = |position: usize| &planner.items[planner.of_new[position] as usize];
        let age = |position: usize| item(position).old.map(|old| planner.ctx.old.objects.at(old).address.1);
        let taken =
            local.iter().filter(|(position, _)| !item(*position).creates()).find_map(|(position, index)| {
                let mut wanted = attached.iter().filter(|(_, other)| form(index) == form(other));
                let other =
                    wanted.find(|(other, _)| item(*other).creates() || age(*position) < age(*other))?.1;
                Some(format!("PostgreSQL would attach {}, which is like {} and older", index.key, other.key))
            });
        if let Some(reason) = taken {
            planner.refuse(&place, reason);
        }
    }
}

/// The definition of an index without its name.
fn form<'a>(index: &Object<'a>) -> (bool, &'a str) {
    let definition = index.text(Attr::Definition);
    let name = format!(" INDEX {} ", index.text(Attr::Name));
    (index.has(Attr::Unique), definition.split_once(&name).map_or(definition, |(_, form)| form))
}

/// Refuses to detach an index from that of the partitioned table, which only happens with the table or the indexes.
fn check_attached_indexes(planner: &mut Planner<'_>) {
    let old_schema = planner.ctx.old;
    let goes = |planner: &Planner<'_>, key: Name<'_>| {
        old_schema.find(key).is_none_or(|at| planner.items[planner.of_old[at] as usize].drops())
    };
    for at in planner.touched() {
        let attach = planner.old_object(at).filter(|f| f.key.kind == Kind::IndexAttach);
        let Some(attach) = attach.filter(|_| planner.items[at].drops()) else { continue };
        let Some(index) = attach.parent else { continue };
        let above = match attach.get(Attr::OfConstraint) {
            Some(constraint) => Name::new(Kind::Constraint, constraint),
            None => Name::new(Kind::Index, attach.text(Attr::ParentRelation)),
        };
        let table = old_schema.get(index).and_then(|index| index.parent);
        let place = table.map(|table| Name::new(Kind::Partition, table.name));
        // PostgreSQL drops no attached index alone.
        let stays = planner.items[at].action == Action::Drop || !goes(planner, index);
        if stays && !goes(planner, above) && place.is_some_and(|place| !goes(planner, place)) {
            let reason =
                format!("PostgreSQL cannot detach {index} from {above} while the table is a partition");
            planner.refuse(&attach, reason);
        }
    }
}

fn check_roles(planner: &mut Planner<'_>, new: &Object<'_>) {
    let mut named: Vec<&str> = match new.key.kind {
        Kind::Policy => split_list(new.text(Attr::Roles)),
        Kind::Owner => new.get(Attr::Role).into_iter().collect(),
        Kind::Privilege => {
            new.get(Attr::PrivilegeGrantee).filter(|role| *role != "OWNER").into_iter().collect()
        }
        Kind::DefaultPrivileges => new.get(Attr::Grantee).into_iter().chain(new.get(Attr::Role)).collect(),
        _ => Vec::new(),
    };
    named.extend(new.get(Attr::Grantor));
    for role in named.into_iter().filter(|role| *role != "PUBLIC") {
        if !planner.ctx.old.origin.roles.contains(role) {
            planner.refuse(new, format!("role {role} does not exist on the old side's server"));
        }
    }
}

fn check_version(planner: &mut Planner<'_>, new: &Object<'_>) {
    let server = planner.ctx.old.server_version();
    if server >= planner.ctx.new.server_version() / 10_000 * 10_000 {
        return;
    }
    if let Some(feature) = versions::unknown_feature(planner.ctx.new, new, server) {
        planner.refuse(new, format!("the old side's server does not know {feature}"));
    }
}

fn check_extension(planner: &mut Planner<'_>, new: &Object<'_>) {
    // The version of an extension is not compared between two major versions.
    let Some(version) = new.get(Attr::Version) else { return };
    if !planner.ctx.old.origin.available_extensions.contains(&format!("{} {version}", new.key.name)) {
        planner.refuse(new, format!("version {version} is not available on the old side's server"));
    }
}

/// Refuses the rewrite of a table whose row type is the type of a column, which PostgreSQL does not support.
fn check_row_type(planner: &mut Planner<'_>, at: usize, new: &Object<'_>) {
    let Some(table) = rewritten(planner, at, new).and_then(|table| planner.ctx.old.find(table)) else {
        return;
    };
    let objects = &planner.ctx.old.objects;
    let table_key = objects.key(table);
    let mut queue = vec![table];
    let mut seen: BTreeSet<usize> = queue.iter().copied().collect();
    while let Some(type_at) = queue.pop() {
        for dependent in planner.old_dependents.of(type_at).iter().map(|at| *at as usize) {
            let user = objects.at(dependent);
            match user.key.kind {
                Kind::Column if user.parent != Some(table_key) => {
                    let reason =
                        format!("PostgreSQL cannot rewrite {table_key} while {} uses its row type", user.key);
                    return planner.refuse(new, reason);
                }
                Kind::Composite | Kind::Domain | Kind::Range if seen.insert(dependent) => {
                    queue.push(dependent)
                }
                _ => {}
            }
        }
    }
}

/// The table that PostgreSQL rewrites for a change of the object, because its rows get a value.
fn rewritten<'a>(planner: &Planner<'a>, at: usize, new: &Object<'a>) -> Option<Name<'a>> {
    let item = &planner.items[at];
    match new.key.kind {
        Kind::Table if item.action == Action::Alter => {
            let old = planner.old_object(at)?;
            let differs = |attr: &Attr| old.get(*attr) != new.get(*attr);
            [Attr::Persistence, Attr::AccessMethod].iter().any(differs).then_some(new.key)
        }
        Kind::Column if item.creates() => {
            let default = planner.ctx.parts(new).any(|(_, part)| part.key.kind == Kind::Default);
            let filled = default || new.has(Attr::Generated) || new.has(Attr::Identity);
            new.parent.filter(|_| filled)
        }
        Kind::Column if item.action == Action::Alter && item.retyped => new.parent,
        _ => None,
    }
}
