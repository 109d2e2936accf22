//! The steps of a plan: what is dropped, made, altered, and cleared away at the end.

use std::collections::HashSet;

use super::{Action, Planner, handover};
use crate::schema::ddl;
use crate::schema::model::{Attr, Kind, Object};
use crate::schema::plan::order::Graph;
use crate::schema::statement::{Phase, Statement};

/// The first and the last node of a step.
pub(super) type Ends = Option<(u32, u32)>;

impl Planner<'_> {
    pub(super) fn graph(&mut self) -> Graph {
        let mut graph = Graph::default();
        let count = self.items.len();
        let (mut drops, mut creates, mut purges): (Vec<Ends>, Vec<Ends>, Vec<Ends>) =
            (vec![None; count], vec![None; count], vec![None; count]);
        let heirs = self.heirs();
        let mut handed: Vec<(usize, usize)> = Vec::new();
        let mut taken: Vec<(Ends, usize)> = Vec::new();
        let hosts: Vec<Option<usize>> = (0..count).map(|at| self.drop_host(at)).collect();
        for at in self.touched() {
            let rank =
                self.old_object(at).or(self.new_object(at)).map(|f| f.key.kind as u32).unwrap_or_default();
            if self.swapped.contains(&at) {
                let swap = self.swap(at);
                let name = || self.new_object(at).map(|f| format!("exchange {}", f.key)).unwrap_or_default();
                let (ahead, purge) =
                    swap.map(|s| ([s.ahead, s.exchange].concat(), s.purge)).unwrap_or_default();
                let (first, last) = graph.chain(ahead, (1, rank, at as u32), name);
                creates[at] = Some((first, last));
                drops[at] = Some((last, last)).filter(|_| hosts[at].is_none());
                if !purge.is_empty() {
                    purges[at] = Some(graph.chain(purge, (2, rank, at as u32), name));
                }
            } else if self.items[at].drops()
                && hosts[at].is_none()
                && let Some(old) = self.old_object(at)
            {
                let both = self.items[at].old.zip(self.items[at].new);
                let moves = both.is_some_and(|(a, b)| super::moves((self.ctx.old, a), (self.ctx.new, b)));
                let adopted = self.succession.adopted.values().any(|index| *index == at);
                let mut statements = if moves || adopted { Vec::new() } else { ddl::drop(&self.ctx, &old) };
                if self.succession.late.contains(&at) {
                    statements = statements.into_iter().map(|s| s.at(Phase::Finish)).collect();
                }
                if let Some((column, identity)) = self.handed_to(&heirs, &old) {
                    let (away, hand) = handover::hand_over(&old, identity);
                    statements = away;
                    purges[at] =
                        Some(graph.chain(hand, (2, rank, at as u32), || format!("drop {}", old.key)));
                    handed.push((at, column));
                } else if self.items[at].moved {
                    let aside = aside(&old);
                    statements =
                        vec![Statement::new(format!("ALTER {} RENAME TO {aside}", ddl::phrase(&old)))];
                    let schema = old.text(Attr::Schema);
                    let word = match old.key.kind {
                        Kind::Domain => "DOMAIN",
                        Kind::Collation => "COLLATION",
                        _ => "TYPE",
                    };
                    let purge = vec![Statement::new(format!("DROP {word} {schema}.{aside}"))];
                    purges[at] =
                        Some(graph.chain(purge, (2, rank, at as u32), || format!("drop {}", old.key)));
                }
                drops[at] = Some(
                    graph.chain(statements, (0, u32::MAX - rank, at as u32), || format!("drop {}", old.key)),
                );
            }
        }
        for at in self.touched() {
            if self.items[at].drops() {
                let mut host = at;
                while let Some(above) = hosts[host] {
                    host = above;
                }
                drops[at] = drops[host];
            }
        }
        for at in self.touched() {
            let Some(new) = self.new_object(at) else { continue };
            let rank = (1, new.key.kind as u32, at as u32);
            if self.items[at].creates() {
                if self.swapped.contains(&at) || self.create_host(at).is_some() {
                    continue;
                }
                let mut statements = match self.succession.adopted.get(&at).and_then(|i| self.old_object(*i))
                {
                    Some(index) => ddl::adopt(&new, &index),
                    None if self.succession.aside.contains(&at) => ddl::build_aside(&new),
                    None => self.creation(&new),
                };
                if let Some((column, identity)) = self.taken_from(&heirs, &new) {
                    let (ahead, after) = handover::take_over(statements, &new, identity);
                    statements = after;
                    let name = || format!("create {}", new.key);
                    let (head, tail) = graph.chain(ahead, rank, name);
                    taken.push((Some((head, tail)), column));
                    taken.push((Some((head, tail)), at));
                }
                creates[at] = Some(graph.chain(statements, rank, || format!("create {}", new.key)));
            } else if self.items[at].action == Action::Alter {
                let mut statements = std::mem::take(&mut self.items[at].alter);
                if self.gets_identity(at) {
                    statements.extend(self.settled(&new));
                }
                creates[at] = Some(graph.chain(statements, rank, || format!("alter {}", new.key)));
                if let Some(old) = self.old_object(at).filter(|_| new.key.kind == Kind::Table) {
                    let inherit = ddl::inherit(&old, &new);
                    if !inherit.is_empty() {
                        purges[at] = Some(
                            graph.chain(inherit, (2, rank.1, rank.2), || format!("inherit {}", new.key)),
                        );
                    }
                }
            }
        }
        for at in self.touched() {
            if self.items[at].creates() && creates[at].is_none() {
                let mut host = at;
                while let Some(above) = self.create_host(host) {
                    host = above;
                }
                creates[at] = creates[host];
            }
        }
        for (ahead, column) in taken {
            if let Some(((_, tail), (head, _))) = ahead.zip(creates[column]) {
                graph.edges.push((tail, head));
            }
        }
        for (constraint, index) in &self.succession.adopted {
            drops[*index] = creates[*constraint];
        }
        for (sequence, column) in handed {
            if let Some(((_, tail), (head, _))) = creates[column].zip(purges[sequence]) {
                graph.edges.push((tail, head));
            }
        }
        self.put_off(&mut graph, &drops);
        self.edges(&mut graph, &drops, &creates, &purges);
        graph
    }

    /// What needs an exchanged index goes only when that is exchanged, not before it is built.
    fn put_off(&self, graph: &mut Graph, drops: &[Ends]) {
        let mut queue: Vec<usize> = self.swapped.iter().chain(&self.succession.late).copied().collect();
        let mut seen: HashSet<usize> = queue.iter().copied().collect();
        while let Some(at) = queue.pop() {
            let Some(old) = self.items[at].old else { continue };
            for dependent in self.old_dependents.of(old) {
                let dependent = self.of_old[*dependent as usize] as usize;
                if self.items[dependent].action != Action::Replace || !seen.insert(dependent) {
                    continue;
                }
                queue.push(dependent);
                for node in drops[dependent].into_iter().flat_map(|(first, last)| first..=last) {
                    let node = &mut graph.nodes[node as usize];
                    node.phase = node.phase.max(Phase::Finish);
                }
            }
        }
    }

    fn creation(&self, new: &Object) -> Vec<Statement> {
        if new.key.kind == Kind::Privilege && self.is_settled(new) {
            return Vec::new();
        }
        let mut statements = ddl::create(&self.ctx, new);
        statements.extend(self.settled(new));
        if new.key.kind == Kind::Table {
            let columns = self.ctx.parts(new).map(|(_, part)| part).filter(|f| f.key.kind == Kind::Column);
            statements.extend(columns.flat_map(|column| self.settled(&column)));
        }
        statements
    }

    /// What default privileges give a new object, made what it shall have.
    fn settled(&self, new: &Object) -> Vec<Statement> {
        let born = ddl::born_with(&self.ctx, new);
        let shift =
            |born: Object<'_>| ddl::shift_privileges(&self.ctx, &born, self.ctx.new.get(born.key).as_ref());
        born.iter().flat_map(shift).collect()
    }

    /// Whether a privilege is settled where its object is created.
    fn is_settled(&self, privilege: &Object) -> bool {
        let object = privilege.parent.as_ref().and_then(|p| self.ctx.new.find(p));
        let Some((at, object)) = object.map(|at| (at, self.ctx.new.objects.at(at))) else { return false };
        let item = self.of_new[at] as usize;
        (self.items[item].creates() || self.gets_identity(item))
            && ddl::born_with(&self.ctx, &object).iter().any(|born| born.key == privilege.key)
    }

    fn gets_identity(&self, at: usize) -> bool {
        let has = |object: Option<Object<'_>>| object.is_some_and(|f| f.has(Attr::Identity));
        self.items[at].action == Action::Alter && has(self.new_object(at)) && !has(self.old_object(at))
    }
}

/// The name an old type goes by while its columns move to the new one.
fn aside(object: &Object) -> String {
    let plain: String =
        object.text(Attr::Name).chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(45).collect();
    format!("lakebase_old_{}", plain.to_lowercase())
}
