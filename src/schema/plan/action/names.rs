//! A name is free only once what had it is gone.

use std::collections::BTreeMap;

use super::steps::Ends;
use super::{Action, Planner};
use crate::schema::ddl;
use crate::schema::model::{Attr, Kind, Object};

impl Planner<'_> {
    /// A name is free only once what had it is gone.
    pub(super) fn names(
        &self,
        drops: &[Ends],
        creates: &[Ends],
        purges: &[Ends],
        before: &mut impl FnMut(Ends, Ends),
    ) {
        let mut freed: BTreeMap<(u8, String), Vec<Ends>> = BTreeMap::new();
        for at in self.touched() {
            let item = &self.items[at];
            let Some(old) = self.old_object(at) else { continue };
            if item.drops() {
                let gone = drops[at];
                let _ = purges;
                occupied(&old).into_iter().for_each(|name| freed.entry(name).or_default().push(gone));
            } else if item.action == Action::Alter
                && old.has(Attr::Identity)
                && !self.new_object(at).is_some_and(|n| n.has(Attr::Identity))
            {
                occupied(&old).into_iter().for_each(|name| freed.entry(name).or_default().push(creates[at]));
            }
        }
        if freed.is_empty() {
            return;
        }
        for at in self.touched() {
            let create = self.arrives(at, creates);
            let item = &self.items[at];
            let Some(new) = self.new_object(at).filter(|_| item.creates() || item.action == Action::Alter)
            else {
                continue;
            };
            for name in occupied(&new) {
                for gone in freed.get(&name).into_iter().flatten() {
                    before(gone.filter(|g| Some(*g) != create), create);
                }
            }
        }
    }
}

/// The names an object takes, in the namespaces of relations, types and functions.
pub(in crate::schema) fn occupied(object: &Object) -> Vec<(u8, String)> {
    let name = object.key.name.to_owned();
    match object.key.kind {
        Kind::Table | Kind::View | Kind::MaterializedView | Kind::Composite => {
            vec![(0, name.clone()), (1, name)]
        }
        Kind::Index | Kind::Sequence => vec![(0, name)],
        Kind::Constraint if matches!(object.text(Attr::Type), "primary key" | "unique" | "exclusion") => {
            vec![(0, ddl::qualified(object))]
        }
        Kind::Enum | Kind::Domain => vec![(1, name)],
        Kind::Range => vec![(1, name), (1, object.text(Attr::Multirange).to_owned())],
        Kind::Function | Kind::Aggregate => vec![(2, name)],
        Kind::Column => object.get(Attr::IdentitySequence).map(|s| (0, s.to_owned())).into_iter().collect(),
        _ => Vec::new(),
    }
}
