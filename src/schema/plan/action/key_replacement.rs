//! Replaces keys with as little time without a constraint as possible.

use std::collections::{BTreeMap, BTreeSet};

use super::containers::drop_host;
use super::{Action, Planner};
use crate::schema::ddl;
use crate::schema::model::{Attr, Constraint, Kind, Object, Schema};

/// Keys and unique indexes that are replaced by ones of another name.
#[derive(Default)]
pub(in crate::schema::plan) struct Succession {
    /// Dropped unique indexes, by the constraint that takes the index over.
    pub(in crate::schema::plan) adopted: BTreeMap<usize, usize>,
    /// Primary keys and unique constraints that are dropped only after their replacement is built.
    pub(in crate::schema::plan) deferred_drops: BTreeSet<usize>,
    /// Unique indexes built under a temporary name, as such a constraint still has their name.
    pub(in crate::schema::plan) temporarily_named: BTreeSet<usize>,
}

pub(super) fn succession(planner: &Planner<'_>) -> Succession {
    let mut succession = Succession::default();
    if !planner.ctx.online {
        return succession;
    }
    let mut coming: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for at in planner.touched().into_iter().filter(|at| planner.items[*at].action == Action::Create) {
        let Some(new) = planner.new_object(at).filter(is_unique) else { continue };
        let table = planner.ctx.new.object(Kind::Table, ddl::parent(&new));
        if !planner.ctx.is_fresh(ddl::parent(&new)) && table.is_some_and(|t| !t.has(Attr::PartitionKey)) {
            coming.entry(ddl::parent(&new)).or_default().push(at);
        }
    }
    if coming.is_empty() {
        return succession;
    }
    for at in planner.touched().into_iter().filter(|at| planner.items[*at].action == Action::Drop) {
        let Some(old) = planner.old_object(at).filter(is_unique) else { continue };
        let Some(successors) = coming.get(ddl::parent(&old)).filter(|_| drop_host(planner, at).is_none())
        else {
            continue;
        };
        if old.key.kind == Kind::Constraint {
            succession.deferred_drops.insert(at);
            let name = old.qualified();
            let named = |successor: &&usize| {
                planner
                    .new_object(**successor)
                    .is_some_and(|f| f.key.kind == Kind::Index && f.key.name == name)
            };
            succession.temporarily_named.extend(successors.iter().find(named));
        } else if let Some(successor) = successors.iter().find(|successor| adopts(planner, **successor, &old))
        {
            succession.adopted.insert(*successor, at);
        }
    }
    succession
}

fn adopts(planner: &Planner<'_>, successor: usize, old: &Object) -> bool {
    let marked = [
        Attr::Clustered,
        Attr::ReplicaIdentity,
        Attr::Invalid,
        Attr::Partitioned,
        Attr::Tablespace,
        Attr::Options,
    ];
    let plain =
        |object: &Object| !marked.iter().any(|attr| object.has(*attr)) && !object.has(Attr::IndexOptions);
    let stays = old.needs.iter().all(|need| {
        let item = &planner.items[planner.of_old[*need as usize] as usize];
        !item.drops() && !item.retyped
    });
    // The constraint inherits the comment of the index.
    let commented =
        |schema: &Schema, index: &str| schema.object(Kind::Comment, &format!("index {index}")).is_some();
    let uncommented = !commented(planner.ctx.old, old.key.name);
    planner.new_object(successor).is_some_and(|new| {
        let name = new.qualified();
        (uncommented || commented(planner.ctx.new, &name))
            && new.key.kind == Kind::Constraint
            && stays
            && plain(old)
            && plain(&new)
            && planner.ctx.old.object(Kind::IndexAttach, old.key.name).is_none()
            && ddl::same_index(old, &new)
    })
}

fn is_unique(object: &Object) -> bool {
    match object.key.kind {
        Kind::Index => object.has(Attr::Unique) && !object.has(Attr::Partitioned),
        _ => Constraint::of(*object).is_some_and(Constraint::is_unique_key),
    }
}
