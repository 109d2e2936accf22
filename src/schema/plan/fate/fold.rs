//! Facts that are created as a part of their table or column.

use std::collections::BTreeSet;

use super::Planner;
use crate::schema::ddl;
use crate::schema::model::{Attr, Fact, Kind};

impl Planner<'_> {
    /// Finds the facts that are created as a part of their table or column.
    pub(super) fn fold_creations(&mut self) {
        let mut inline = BTreeSet::new();
        for at in 0..self.items.len() {
            let Some(new) = self.items[at].new.filter(|_| self.items[at].creates()) else { continue };
            let fact = self.ctx.new.facts.at(new);
            let Some(parent) = fact.parent.as_ref().and_then(|p| self.ctx.new.find(p)) else { continue };
            if !self.items[self.of_new[parent] as usize].creates() {
                continue;
            }
            let folds = match fact.key.kind {
                Kind::Column => true,
                Kind::Default => {
                    self.ctx.new.facts.at(parent).key.kind == Kind::Column
                        && !self.ctx.new.facts.at(parent).has(Attr::Inherited)
                        && self.stands_alone(&fact)
                        || self.ctx.new.facts.at(parent).has(Attr::Inherited)
                            && self
                                .ctx
                                .new
                                .fact(Kind::Table, fact.text(Attr::Table))
                                .is_some_and(|t| !t.has(Attr::Inherits))
                            && self.stands_alone(&fact)
                }
                Kind::Constraint => {
                    let kind = fact.text(Attr::Type);
                    let simple =
                        ![Attr::IndexOptions, Attr::Tablespace, Attr::Clustered, Attr::ReplicaIdentity]
                            .iter()
                            .any(|a| fact.has(*a));
                    let foreign = self
                        .ctx
                        .new
                        .fact(Kind::Table, ddl::parent(&fact))
                        .is_some_and(|t| t.has(Attr::Inherits) && fact.has(Attr::Inherited));
                    !foreign
                        && matches!(kind, "check" | "primary key" | "unique")
                        && simple
                        && self.stands_alone(&fact)
                        && !fact.text(Attr::Definition).ends_with("NOT VALID")
                }
                _ => false,
            };
            if folds {
                inline.insert(new);
            }
        }
        self.ctx.inline = inline;
    }

    /// Whether a fact needs no relation but its own, not even through a function.
    fn stands_alone(&self, fact: &Fact) -> bool {
        let own = fact.key.name;
        let relation = |f: &Fact| {
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
        fact.needs.iter().map(|n| self.ctx.new.facts.at(*n as usize)).all(|need| match need.key.kind {
            Kind::Table | Kind::Column => {
                own.starts_with(need.key.name)
                    || need.parent.as_ref().is_some_and(|p| own.starts_with(&format!("{}.", p.name)))
            }
            Kind::View | Kind::MaterializedView | Kind::Constraint | Kind::Index => false,
            Kind::Function => !need.needs.iter().any(|n| relation(&self.ctx.new.facts.at(*n as usize))),
            _ => true,
        })
    }
}
