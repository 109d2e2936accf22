//! Changed indexes and keys that are built beside the old ones and exchanged, so that they are never absent.

use std::collections::{BTreeSet, HashSet};

use super::{Action, Planner};
use crate::schema::ddl::{self, Place, Swap};
use crate::schema::model::{Attr, Kind};

impl Planner<'_> {
    /// The items that are exchanged. Those of a partitioned table are exchanged all or none.
    pub(super) fn swapped(&self) -> BTreeSet<usize> {
        if !self.ctx.online {
            return BTreeSet::new();
        }
        let replaced: Vec<(usize, Option<usize>)> = (0..self.items.len())
            .filter(|at| self.items[*at].action == Action::Replace)
            .filter(|at| {
                self.new_object(*at).is_some_and(|f| matches!(f.key.kind, Kind::Index | Kind::Constraint))
            })
            .map(|at| (at, self.drop_host(at)))
            .collect();
        let mut swapped: BTreeSet<usize> =
            replaced.iter().map(|(at, _)| *at).filter(|at| self.can_swap(*at)).collect();
        loop {
            let torn = |(at, host): &(usize, Option<usize>)| match host {
                Some(host) if swapped.contains(at) != swapped.contains(host) => Some([*at, *host]),
                _ => None,
            };
            let torn: HashSet<usize> = replaced.iter().filter_map(torn).flatten().collect();
            let before = swapped.len();
            swapped.retain(|at| !torn.contains(at));
            if swapped.len() == before {
                return swapped;
            }
        }
    }

    fn can_swap(&self, at: usize) -> bool {
        let (Some(old), Some(new)) = (self.old_object(at), self.new_object(at)) else { return false };
        let Some(table) = new.parent.as_ref().filter(|p| old.parent.as_ref() == Some(*p)) else {
            return false;
        };
        let stays = self.ctx.new.find(table).is_some_and(|t| !self.items[self.of_new[t] as usize].creates());
        let same_shape = old.has(Attr::Partitioned) == new.has(Attr::Partitioned);
        // What has to go or be rewritten before takes the old index along.
        let free = old.needs.iter().map(|need| &self.items[self.of_old[*need as usize] as usize]);
        let free =
            free.into_iter().all(|need| need.action != Action::Replace && !need.retyped && !need.moved);
        let alone = self.attached_to(&old).is_none() || self.drop_host(at).is_some();
        stays && same_shape && free && alone && self.swap(at).is_some()
    }

    pub(super) fn swap(&self, at: usize) -> Option<Swap> {
        let (old, new) = (self.old_object(at)?, self.new_object(at)?);
        let dependents: Vec<_> = self
            .old_dependents
            .of(self.items[at].old?)
            .iter()
            .map(|d| self.ctx.old.objects.at(*d as usize))
            .collect();
        let parts = dependents
            .iter()
            .filter(|f| f.key.kind == Kind::IndexAttach && f.parent.as_ref() != Some(&old.key))
            .filter_map(|f| f.parent.as_ref())
            .filter_map(|p| self.ctx.old.find(p));
        let place = Place {
            hosted: self.drop_host(at).is_some(),
            referenced: dependents.iter().any(|f| f.key.kind == Kind::Constraint),
            partitions: parts.map(|at| ddl::parent(&self.ctx.old.objects.at(at))).collect(),
        };
        ddl::swap(&self.ctx, &old, &new, &place)
    }
}
