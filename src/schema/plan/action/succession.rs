//! Keys that go while others come in their place, and what keeps the time between them short.

use std::collections::{BTreeMap, BTreeSet};

use super::{Action, Planner};
use crate::schema::ddl;
use crate::schema::model::{Attr, Kind, Object, Schema};

/// Who follows whom.
#[derive(Default)]
pub(super) struct Succession {
    /// A unique index that goes, by the constraint that takes it over as it is.
    pub(super) adopted: BTreeMap<usize, usize>,
    /// Primary keys and unique constraints that stay until what comes instead is built.
    pub(super) late: BTreeSet<usize>,
    /// Unique indexes whose name is taken until then.
    pub(super) aside: BTreeSet<usize>,
}

impl Planner<'_> {
    pub(super) fn succession(&self) -> Succession {
        let mut succession = Succession::default();
        if !self.ctx.online {
            return succession;
        }
        let mut coming: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for at in self.touched().into_iter().filter(|at| self.items[*at].action == Action::Add) {
            let Some(new) = self.new_object(at).filter(is_unique) else { continue };
            let table = self.ctx.new.object(Kind::Table, ddl::parent(&new));
            if !self.ctx.is_fresh(ddl::parent(&new)) && table.is_some_and(|t| !t.has(Attr::PartitionKey)) {
                coming.entry(ddl::parent(&new)).or_default().push(at);
            }
        }
        if coming.is_empty() {
            return succession;
        }
        for at in self.touched().into_iter().filter(|at| self.items[*at].action == Action::Remove) {
            let Some(old) = self.old_object(at).filter(is_unique) else { continue };
            let Some(heirs) = coming.get(ddl::parent(&old)).filter(|_| self.drop_host(at).is_none()) else {
                continue;
            };
            if old.key.kind == Kind::Constraint {
                succession.late.insert(at);
                let name = ddl::qualified(&old);
                let named = |heir: &&usize| {
                    self.new_object(**heir).is_some_and(|f| f.key.kind == Kind::Index && f.key.name == name)
                };
                succession.aside.extend(heirs.iter().find(named));
            } else if let Some(heir) = heirs.iter().find(|heir| self.adopts(**heir, &old)) {
                succession.adopted.insert(*heir, at);
            }
        }
        succession
    }

    fn adopts(&self, heir: usize, old: &Object) -> bool {
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
            let item = &self.items[self.of_old[*need as usize] as usize];
            !item.drops() && !item.retyped
        });
        // The index takes its comment along.
        let said =
            |schema: &Schema, index: &str| schema.object(Kind::Comment, &format!("index {index}")).is_some();
        let silent = !said(self.ctx.old, old.key.name);
        self.new_object(heir).is_some_and(|new| {
            let name = ddl::qualified(&new);
            (silent || said(self.ctx.new, &name))
                && new.key.kind == Kind::Constraint
                && stays
                && plain(old)
                && plain(&new)
                && self.ctx.old.object(Kind::IndexAttach, old.key.name).is_none()
                && ddl::same_index(old, &new)
        })
    }
}

fn is_unique(object: &Object) -> bool {
    match object.key.kind {
        Kind::Index => object.has(Attr::Unique) && !object.has(Attr::Partitioned),
        Kind::Constraint => matches!(object.text(Attr::Type), "primary key" | "unique"),
        _ => false,
    }
}
