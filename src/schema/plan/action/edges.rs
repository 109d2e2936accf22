//! Which step goes before which.

use std::collections::BTreeMap;

use super::steps::Ends;
use super::{Action, Planner};
use crate::schema::ddl;
use crate::schema::model::{Attr, Kind, Object};
use crate::schema::plan::order::Graph;

impl Planner<'_> {
    pub(super) fn edges(&self, graph: &mut Graph, drops: &[Ends], creates: &[Ends], purges: &[Ends]) {
        let mut edges = Vec::new();
        let mut before = |one: Ends, other: Ends| {
            if let Some(((_, tail), (head, _))) = one.zip(other) {
                edges.push((tail, head));
            }
        };
        for at in self.touched() {
            let item = &self.items[at];
            let arrives = self.arrives(at, creates);
            before(drops[at].filter(|_| item.creates() && drops[at] != arrives), arrives);
            before(creates[at], purges[at]);
            if let Some(new) = item.new.filter(|_| purges[at].is_some())
                && self.ctx.new.objects.kind(new) == Kind::Table
            {
                for part in self.ctx.new_parts.of(new) {
                    before(creates[self.of_new[*part as usize] as usize], purges[at]);
                }
                for need in self.ctx.new.objects.needs(new) {
                    before(creates[self.of_new[*need as usize] as usize], purges[at]);
                }
            }
            // A table leaves its parents before its columns go.
            if let Some(parent) = self
                .old_object(at)
                .filter(|_| item.drops())
                .and_then(|f| f.parent)
                .filter(|p| p.kind == Kind::Table)
            {
                let table = self.ctx.old.find(parent).map(|p| self.of_old[p] as usize);
                before(
                    table.and_then(|t| creates[t].filter(|_| self.items[t].action == Action::Alter)),
                    drops[at],
                );
            }
            if let Some(old) = item.old {
                let sensitive = self.old_object(at).is_some_and(|f| {
                    matches!(
                        f.key.kind,
                        Kind::Column | Kind::Composite | Kind::Domain | Kind::Partition | Kind::Privilege
                    )
                });
                for dependent in self.old_dependents.of(old) {
                    let dependent = self.of_old[*dependent as usize] as usize;
                    if item.drops() {
                        before(drops[dependent].filter(|d| Some(*d) != drops[at]), drops[at]);
                        before(
                            purges[dependent].filter(|_| item.moved && self.items[dependent].moved),
                            purges[at],
                        );
                        before(purges[dependent].filter(|_| self.swapped.contains(&dependent)), drops[at]);
                        if self.items[dependent].action == Action::Alter {
                            let moved = item.moved && self.items[dependent].retyped;
                            before(creates[dependent], if moved { purges[at] } else { drops[at] });
                        }
                    } else if item.action == Action::Alter && sensitive {
                        before(drops[dependent], creates[at]);
                    }
                }
            }
            if let Some(new) = item.new.filter(|_| item.creates() || item.action == Action::Alter) {
                for need in self.ctx.new.objects.needs(new) {
                    let need = self.of_new[*need as usize] as usize;
                    before(creates[need].filter(|c| Some(*c) != creates[at]), creates[at]);
                    // A domain that is made anew gets its constraints before a column uses it.
                    let own = self.ctx.new.objects.kind(new) == Kind::DomainConstraint;
                    if let Some(domain) = self.items[need].new.filter(|_| self.items[need].moved && !own) {
                        let parts = self.ctx.new_parts.of(domain).iter().map(|p| {
                            (self.of_new[*p as usize] as usize, self.ctx.new.objects.at(*p as usize))
                        });
                        for (part, _) in
                            parts.filter(|(part, f)| f.key.kind == Kind::DomainConstraint && *part != at)
                        {
                            before(creates[part], creates[at]);
                        }
                    }
                }
                self.partition_edges(at, &self.ctx.new.objects.at(new), drops, creates, &mut before);
                self.comes_down(at, &self.ctx.new.objects.at(new), creates, &mut before);
            }
        }
        self.leaving(drops, creates, &mut before);
        self.rivals(drops, creates, &mut before);
        self.whole_keys(creates, &mut before);
        self.logged(creates, &mut before);
        self.names(drops, creates, purges, &mut before);
        graph.edges.extend(edges);
    }

    /// Where something takes the place of what was there before.
    pub(super) fn arrives(&self, at: usize, creates: &[Ends]) -> Ends {
        creates[at].map(|(first, last)| {
            let late = self.swapped.contains(&at) || self.succession.aside.contains(&at);
            (if late { last } else { first }, last)
        })
    }

    /// No logged table refers to an unlogged one, at no time.
    fn logged(&self, creates: &[Ends], before: &mut impl FnMut(Ends, Ends)) {
        let mut changes: BTreeMap<&str, (usize, bool)> = BTreeMap::new();
        for at in self.touched().into_iter().filter(|at| self.items[*at].action == Action::Alter) {
            let (Some(old), Some(new)) = (self.old_object(at), self.new_object(at)) else { continue };
            if new.key.kind == Kind::Table && old.has(Attr::Persistence) != new.has(Attr::Persistence) {
                changes.insert(new.key.name, (at, new.has(Attr::Persistence)));
            }
        }
        if changes.is_empty() {
            return;
        }
        let changes = |table: &str| changes.get(table).copied();
        let keys = self.ctx.new.objects.of_kind(Kind::Constraint);
        for key in keys.filter(|f| f.has(Attr::References) && f.text(Attr::References) != ddl::parent(f)) {
            match (changes(ddl::parent(&key)), changes(key.text(Attr::References))) {
                (Some((from, true)), Some((to, true))) => before(creates[from], creates[to]),
                (Some((from, false)), Some((to, false))) => before(creates[to], creates[from]),
                _ => {}
            }
        }
    }

    /// A foreign key takes the oldest unique index that fits: one that goes is out of the way before.
    fn rivals(&self, drops: &[Ends], creates: &[Ends], before: &mut impl FnMut(Ends, Ends)) {
        let mut going: BTreeMap<&str, Vec<(usize, Object<'_>)>> = BTreeMap::new();
        for at in self.touched().into_iter().filter(|at| self.items[*at].drops()) {
            let Some(old) = self.old_object(at) else { continue };
            let unique = match old.key.kind {
                Kind::Index => old.has(Attr::Unique) && !old.text(Attr::Definition).contains(" WHERE "),
                Kind::Constraint => matches!(old.text(Attr::Type), "primary key" | "unique"),
                _ => false,
            };
            if unique {
                going.entry(ddl::parent(&old)).or_default().push((at, old));
            }
        }
        if going.is_empty() {
            return;
        }
        for at in (0..self.items.len()).filter(|at| self.items[*at].creates()) {
            let Some(new) = self.new_object(at).filter(|f| f.key.kind == Kind::Constraint) else { continue };
            let columns = ddl::lines(new.get(Attr::ForeignColumns));
            for (rival, old) in going.get(new.text(Attr::References)).into_iter().flatten() {
                let fits = columns.iter().all(|column| old.text(Attr::Definition).contains(column));
                before(drops[*rival].filter(|drop| fits && Some(*drop) != creates[at]), creates[at]);
            }
        }
    }
}
