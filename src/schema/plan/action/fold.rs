//! Objects that are created as a part of their table or column.

use std::collections::BTreeSet;

use super::Planner;
use crate::schema::ddl;
use crate::schema::model::{Attr, Kind, Object};

impl Planner<'_> {
    /// Finds the objects that are created as a part of their table or column.
    pub(super) fn fold_creations(&mut self) {
        let mut inline = BTreeSet::new();
        for at in 0..self.items.len() {
            let Some(new) = self.items[at].new.filter(|_| self.items[at].creates()) else { continue };
            let object = self.ctx.new.objects.at(new);
            let Some(parent) = object.parent.as_ref().and_then(|p| self.ctx.new.find(p)) else { continue };
            if !self.items[self.of_new[parent] as usize].creates() {
                continue;
            }
            let folds = match object.key.kind {
                Kind::Column => true,
                Kind::Default => {
                    self.ctx.new.objects.at(parent).key.kind == Kind::Column
                        && !self.ctx.new.objects.at(parent).has(Attr::Inherited)
                        && self.stands_alone(&object)
                        || self.ctx.new.objects.at(parent).has(Attr::Inherited)
                            && self
                                .ctx
                                .new
                                .object(Kind::Table, object.text(Attr::Table))
                                .is_some_and(|t| !t.has(Attr::Inherits))
                            && self.stands_alone(&object)
                }
                Kind::Constraint => {
                    let kind = object.text(Attr::Type);
                    let simple =
                        ![Attr::IndexOptions, Attr::Tablespace, Attr::Clustered, Attr::ReplicaIdentity]
                            .iter()
                            .any(|a| object.has(*a));
                    let foreign = self
                        .ctx
                        .new
                        .object(Kind::Table, ddl::parent(&object))
                        .is_some_and(|t| t.has(Attr::Inherits) && object.has(Attr::Inherited));
                    !foreign
                        && matches!(kind, "check" | "primary key" | "unique")
                        && simple
                        && self.stands_alone(&object)
                        && !object.text(Attr::Definition).ends_with("NOT VALID")
                }
                _ => false,
            };
            if folds {
                inline.insert(new);
            }
        }
        self.ctx.inline = inline;
    }

    /// Whether an object needs no relation but its own, not even through a function.
    fn stands_alone(&self, object: &Object) -> bool {
        let own = object.key.name;
        let relation = |f: &Object| {
            matches!(
                f.key.kind,
                Kind::Table
                    | Kind::View
                    | Kind::MaterializedView
                    | Kind::Column
                    | Kind::Function
                    | Kind::Aggregate
            )
        };
        object.needs.iter().map(|n| self.ctx.new.objects.at(*n as usize)).all(|need| match need.key.kind {
            Kind::Table | Kind::Column => {
                own.starts_with(need.key.name)
                    || need.parent.as_ref().is_some_and(|p| own.starts_with(&format!("{}.", p.name)))
            }
            Kind::View | Kind::MaterializedView | Kind::Constraint | Kind::Index => false,
            Kind::Function => !need.needs.iter().any(|n| relation(&self.ctx.new.objects.at(*n as usize))),
            _ => true,
        })
    }
}
