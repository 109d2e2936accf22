//! Swaps changed indexes and keys: the new one is built beside the old one, so that it is never absent.

use std::collections::{BTreeSet, HashSet};

use super::containers::{attached_to, drop_host};
use super::{Action, Planner};
use crate::schema::ddl::{self, IndexUse, Swap};
use crate::schema::model::{Attr, Kind};

/// The items that are swapped. Those of a partitioned table are swapped all or none.
pub(in crate::schema::plan) fn swapped(planner: &Planner<'_>) -> BTreeSet<usize> {
    if !planner.ctx.online {
        return BTreeSet::new();
    }
    let replaced: Vec<(usize, Option<usize>)> = (0..planner.items.len())
        .filter(|at| planner.items[*at].action == Action::Replace)
        .filter(|at| {
            planner.new_object(*at).is_some_and(|f| matches!(f.key.kind, Kind::Index | Kind::Constraint))
        })
        .map(|at| (at, drop_host(planner, at)))
        .collect();
    let mut swapped: BTreeSet<usize> =
        replaced.iter().map(|(at, _)| *at).filter(|at| can_swap(planner, *at)).collect();
    loop {
        let divided = |(at, host): &(usize, Option<usize>)| match host {
            Some(host) if swapped.contains(at) != swapped.contains(host) => Some([*at, *host]),
            _ => None,
        };
        let divided: HashSet<usize> = replaced.iter().filter_map(divided).flatten().collect();
        let before = swapped.len();
        swapped.retain(|at| !divided.contains(at));
        if swapped.len() == before {
            return swapped;
        }
    }
}

fn can_swap(planner: &Planner<'_>, at: usize) -> bool {
    let (Some(old), Some(new)) = (planner.old_object(at), planner.new_object(at)) else { return false };
    let Some(table) = new.parent.as_ref().filter(|p| old.parent.as_ref() == Some(*p)) else {
        return false;
    };
    let stays =
        planner.ctx.new.find(table).is_some_and(|t| !planner.items[planner.of_new[t] as usize].creates());
    let same_shape = old.has(Attr::Partitioned) == new.has(Attr::Partitioned);
    // Dropping or rewriting a dependency of the old index drops the index.
    let free = old.needs.iter().map(|need| &planner.items[planner.of_old[*need as usize] as usize]);
    let free =
        free.into_iter().all(|need| need.action != Action::Replace && !need.retyped && !need.renamed_away);
    let alone = attached_to(planner, &old).is_none() || drop_host(planner, at).is_some();
    stays && same_shape && free && alone && swap(planner, at).is_some()
}

pub(in crate::schema::plan) fn swap(planner: &Planner<'_>, at: usize) -> Option<Swap> {
    let (old, new) = (planner.old_object(at)?, planner.new_object(at)?);
    let dependents: Vec<_> = planner
        .old_dependents
        .of(planner.items[at].old?)
        .iter()
        .map(|d| planner.ctx.old.objects.at(*d as usize))
        .collect();
    let parts = dependents
        .iter()
        .filter(|f| f.key.kind == Kind::IndexAttach && f.parent.as_ref() != Some(&old.key))
        .filter_map(|f| f.parent.as_ref())
        .filter_map(|p| planner.ctx.old.find(p));
    let usage = IndexUse {
        dropped_with_parent: drop_host(planner, at).is_some(),
        referenced: dependents.iter().any(|f| f.key.kind == Kind::Constraint),
        partitions: parts.map(|at| ddl::parent(&planner.ctx.old.objects.at(at))).collect(),
    };
    ddl::swap(&planner.ctx, &old, &new, &usage)
}
