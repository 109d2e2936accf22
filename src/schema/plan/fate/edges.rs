//! Which step goes before which.

use std::collections::BTreeMap;

use super::steps::Ends;
use super::{Fate, Planner};
use crate::schema::ddl;
use crate::schema::model::{Fact, Key, Kind};
use crate::schema::plan::order::Graph;

impl Planner<'_> {
    pub(super) fn edges(&self, graph: &mut Graph, drops: &[Ends], creates: &[Ends], purges: &[Ends]) {
        let mut edges = Vec::new();
        let mut before = |one: Ends, other: Ends| {
            if let Some(((_, tail), (head, _))) = one.zip(other) {
                edges.push((tail, head));
            }
        };
        for at in 0..self.items.len() {
            let item = &self.items[at];
            let arrives = self.arrives(at, creates);
            before(drops[at].filter(|_| item.creates() && drops[at] != arrives), arrives);
            before(creates[at], purges[at]);
            if let Some(new) = item.new.filter(|_| purges[at].is_some())
                && self.ctx.new.facts[new].key.kind == Kind::Table
            {
                for part in &self.ctx.new_parts[new] {
                    before(creates[self.of_new[*part as usize] as usize], purges[at]);
                }
                for need in &self.ctx.new.facts[new].needs {
                    before(creates[self.of_new[*need as usize] as usize], purges[at]);
                }
            }
            // A table leaves its parents before its columns go.
            if let Some(parent) = self
                .old_fact(at)
                .filter(|_| item.drops())
                .and_then(|f| f.parent.as_ref())
                .filter(|p| p.kind == Kind::Table)
            {
                let table = self.ctx.old.find(parent).map(|p| self.of_old[p] as usize);
                before(
                    table.and_then(|t| creates[t].filter(|_| self.items[t].fate == Fate::Alter)),
                    drops[at],
                );
            }
            if let Some(old) = item.old {
                let sensitive = self.old_fact(at).is_some_and(|f| {
                    matches!(f.key.kind, Kind::Column | Kind::Composite | Kind::Domain | Kind::Partition)
                });
                for dependent in &self.old_dependents[old] {
                    let dependent = self.of_old[*dependent as usize] as usize;
                    if item.drops() {
                        before(drops[dependent].filter(|d| Some(*d) != drops[at]), drops[at]);
                        before(
                            purges[dependent].filter(|_| item.moved && self.items[dependent].moved),
                            purges[at],
                        );
                        before(purges[dependent].filter(|_| self.swapped.contains(&dependent)), drops[at]);
                        if self.items[dependent].fate == Fate::Alter {
                            let moved = item.moved && self.items[dependent].retyped;
                            before(creates[dependent], if moved { purges[at] } else { drops[at] });
                        }
                    } else if item.fate == Fate::Alter && sensitive {
                        before(drops[dependent], creates[at]);
                    }
                }
            }
            if let Some(new) = item.new.filter(|_| item.creates() || item.fate == Fate::Alter) {
                for need in &self.ctx.new.facts[new].needs {
                    let need = self.of_new[*need as usize] as usize;
                    before(creates[need].filter(|c| Some(*c) != creates[at]), creates[at]);
                    // A domain that is made anew gets its constraints before a column uses it.
                    let own = self.ctx.new.facts[new].key.kind == Kind::DomainConstraint;
                    if let Some(domain) = self.items[need].new.filter(|_| self.items[need].moved && !own) {
                        let parts = self.ctx.new_parts[domain]
                            .iter()
                            .map(|p| (self.of_new[*p as usize] as usize, &self.ctx.new.facts[*p as usize]));
                        for (part, _) in
                            parts.filter(|(part, f)| f.key.kind == Kind::DomainConstraint && *part != at)
                        {
                            before(creates[part], creates[at]);
                        }
                    }
                }
                self.partition_edges(at, &self.ctx.new.facts[new], creates, &mut before);
            }
        }
        self.leaving(drops, creates, &mut before);
        self.rivals(drops, creates, &mut before);
        self.names(drops, creates, purges, &mut before);
        graph.edges.extend(edges);
    }

    /// Where something takes the place of what was there before.
    pub(super) fn arrives(&self, at: usize, creates: &[Ends]) -> Ends {
        creates[at].map(|(first, last)| (if self.swapped.contains(&at) { last } else { first }, last))
    }

    /// A table stops being a partition before its inherited parts change and before another one takes its place.
    fn leaving(&self, drops: &[Ends], creates: &[Ends], before: &mut impl FnMut(Ends, Ends)) {
        let mut left: BTreeMap<&str, Vec<Ends>> = BTreeMap::new();
        let mut own: BTreeMap<&Key, Ends> = BTreeMap::new();
        for (at, (item, drop)) in self.items.iter().zip(drops).enumerate() {
            let Some(old) = self.old_fact(at).filter(|f| f.key.kind == Kind::Partition) else { continue };
            if item.fate == Fate::Remove {
                left.entry(old.text("of")).or_default().push(*drop);
                own.extend(old.parent.as_ref().map(|table| (table, *drop)));
            }
        }
        if left.is_empty() {
            return;
        }
        for at in 0..self.items.len() {
            let Some(fact) = self.old_fact(at).or(self.new_fact(at)) else { continue };
            if fact.key.kind == Kind::Partition {
                let places = self.new_fact(at).filter(|_| self.items[at].creates()).map(|f| f.text("of"));
                for gone in places.and_then(|of| left.get(of)).into_iter().flatten() {
                    before(gone.filter(|g| Some(*g) != creates[at]), creates[at]);
                }
                continue;
            }
            let Some(table) = fact.parent.as_ref() else { continue };
            if matches!(fact.key.kind, Kind::Index | Kind::Constraint) && self.items[at].drops() {
                for gone in left.get(table.name.as_str()).into_iter().flatten() {
                    before(*gone, drops[at]);
                }
            }
            if let Some(gone) = own.get(table) {
                for step in [drops[at], creates[at]] {
                    before(gone.filter(|g| Some(*g) != step), step);
                }
            }
        }
    }

    /// A foreign key takes the oldest unique index that fits: one that goes is out of the way before.
    fn rivals(&self, drops: &[Ends], creates: &[Ends], before: &mut impl FnMut(Ends, Ends)) {
        let mut going: BTreeMap<&str, Vec<(usize, &Fact)>> = BTreeMap::new();
        for at in (0..self.items.len()).filter(|at| self.items[*at].fate == Fate::Remove) {
            let Some(old) = self.old_fact(at) else { continue };
            let unique = match old.key.kind {
                Kind::Index => old.has("unique") && !old.text("definition").contains(" WHERE "),
                Kind::Constraint => matches!(old.text("type"), "primary key" | "unique"),
                _ => false,
            };
            if unique {
                going.entry(ddl::parent(old)).or_default().push((at, old));
            }
        }
        if going.is_empty() {
            return;
        }
        for at in (0..self.items.len()).filter(|at| self.items[*at].creates()) {
            let Some(new) = self.new_fact(at).filter(|f| f.key.kind == Kind::Constraint) else { continue };
            let columns = ddl::lines(new.get("foreign_columns"));
            for (rival, old) in going.get(new.text("references")).into_iter().flatten() {
                let fits = columns.iter().all(|column| old.text("definition").contains(column));
                before(drops[*rival].filter(|drop| fits && Some(*drop) != creates[at]), creates[at]);
            }
        }
    }

    fn partition_edges(&self, at: usize, fact: &Fact, creates: &[Ends], before: &mut impl FnMut(Ends, Ends)) {
        match fact.key.kind {
            Kind::Partition => {
                let table = fact.parent.as_ref().and_then(|p| self.ctx.new.find(p));
                for part in table.into_iter().flat_map(|t| &self.ctx.new_parts[t]) {
                    let kind = self.ctx.new.facts[*part as usize].key.kind;
                    if matches!(kind, Kind::Index | Kind::Constraint | Kind::Column | Kind::Default) {
                        before(creates[self.of_new[*part as usize] as usize], creates[at]);
                    }
                }
            }
            Kind::IndexAttach => {
                let host = fact
                    .parent
                    .as_ref()
                    .and_then(|p| self.ctx.new.find(p))
                    .and_then(|at| self.ctx.new.facts[at].parent.clone());
                let place = host.and_then(|table| self.ctx.new.find(&ddl::key(Kind::Partition, &table.name)));
                before(place.and_then(|p| creates[self.of_new[p] as usize]), creates[at]);
            }
            _ => {}
        }
    }
}
