//! The steps of a plan: what is dropped, made, altered, and cleared away at the end.

use std::collections::{HashMap, HashSet};

use super::{Fate, Planner};
use crate::schema::ddl;
use crate::schema::model::{Fact, Kind};
use crate::schema::plan::order::Graph;
use crate::schema::statement::{Stage, Statement};

/// The first and the last node of a step.
pub(super) type Ends = Option<(u32, u32)>;

impl Planner<'_> {
    pub(super) fn graph(&mut self) -> Graph {
        let mut graph = Graph::default();
        let count = self.items.len();
        let (mut drops, mut creates, mut purges): (Vec<Ends>, Vec<Ends>, Vec<Ends>) =
            (vec![None; count], vec![None; count], vec![None; count]);
        let identities: HashMap<&str, usize> = (0..count)
            .filter(|at| self.items[*at].fate == Fate::Alter)
            .filter_map(|at| self.new_fact(at).and_then(|f| f.get("identity_sequence")).map(|s| (s, at)))
            .collect();
        let mut handed: Vec<(usize, usize)> = Vec::new();
        let hosts: Vec<Option<usize>> = (0..count).map(|at| self.drop_host(at)).collect();
        for at in 0..count {
            let rank = self.old_fact(at).or(self.new_fact(at)).map(|f| f.key.kind as u32).unwrap_or_default();
            if self.swapped.contains(&at) {
                let swap = self.swap(at);
                let name = || self.new_fact(at).map(|f| format!("exchange {}", f.key)).unwrap_or_default();
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
                && let Some(old) = self.old_fact(at)
            {
                let mut statements = ddl::drop(&self.ctx, old);
                if let Some(column) =
                    identities.get(old.key.name.as_str()).filter(|_| old.key.kind == Kind::Sequence)
                {
                    let (away, hand) = hand_over(old);
                    statements = away;
                    purges[at] =
                        Some(graph.chain(hand, (2, rank, at as u32), || format!("drop {}", old.key)));
                    handed.push((at, *column));
                } else if self.items[at].moved {
                    let aside = aside(old);
                    statements =
                        vec![Statement::new(format!("ALTER {} RENAME TO {aside}", ddl::phrase(old)))];
                    let schema = old.text("schema");
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
        for at in 0..count {
            if self.items[at].drops() {
                let mut host = at;
                while let Some(above) = hosts[host] {
                    host = above;
                }
                drops[at] = drops[host];
            }
        }
        for at in 0..count {
            let Some(new) = self.new_fact(at) else { continue };
            let rank = (1, new.key.kind as u32, at as u32);
            if self.items[at].creates() {
                if self.swapped.contains(&at) || self.create_host(at).is_some() {
                    continue;
                }
                let statements = self.creation(new);
                creates[at] = Some(graph.chain(statements, rank, || format!("create {}", new.key)));
            } else if self.items[at].fate == Fate::Alter {
                let statements = std::mem::take(&mut self.items[at].alter);
                creates[at] = Some(graph.chain(statements, rank, || format!("alter {}", new.key)));
                if let Some(old) = self.old_fact(at).filter(|_| new.key.kind == Kind::Table) {
                    let inherit = ddl::inherit(old, new);
                    if !inherit.is_empty() {
                        purges[at] = Some(
                            graph.chain(inherit, (2, rank.1, rank.2), || format!("inherit {}", new.key)),
                        );
                    }
                }
            }
        }
        for at in 0..count {
            if self.items[at].creates() && creates[at].is_none() {
                let mut host = at;
                while let Some(above) = self.create_host(host) {
                    host = above;
                }
                creates[at] = creates[host];
            }
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
        let mut queue: Vec<usize> = self.swapped.iter().copied().collect();
        let mut seen: HashSet<usize> = queue.iter().copied().collect();
        while let Some(at) = queue.pop() {
            let Some(old) = self.items[at].old else { continue };
            for dependent in &self.old_dependents[old] {
                let dependent = self.of_old[*dependent as usize] as usize;
                if self.items[dependent].fate != Fate::Replace || !seen.insert(dependent) {
                    continue;
                }
                queue.push(dependent);
                for node in drops[dependent].into_iter().flat_map(|(first, last)| first..=last) {
                    let node = &mut graph.nodes[node as usize];
                    node.stage = node.stage.max(Stage::Finish);
                }
            }
        }
    }

    fn creation(&self, new: &Fact) -> Vec<Statement> {
        if new.key.kind == Kind::Privilege {
            let object = new
                .parent
                .as_ref()
                .and_then(|p| self.ctx.new.find(p))
                .map(|at| (at, &self.ctx.new.facts[at]));
            if let Some((at, object)) = object
                && self.items[self.of_new[at] as usize].creates()
            {
                // What default privileges gave it is settled where the object is created.
                if ddl::born_with(self.ctx.old, object).iter().any(|born| born.key == new.key) {
                    return Vec::new();
                }
            }
        }
        let mut statements = ddl::create(&self.ctx, new);
        for born in ddl::born_with(self.ctx.old, new) {
            let wanted = self.ctx.new.find(&born.key).map(|at| &self.ctx.new.facts[at]);
            statements.extend(ddl::shift_privileges(&self.ctx, &born, wanted));
        }
        statements
    }
}

/// A sequence that becomes the column's identity: it makes way, gives its position to the new one, and goes.
fn hand_over(sequence: &Fact) -> (Vec<Statement>, Vec<Statement>) {
    let (name, aside) = (&sequence.key.name, aside(sequence));
    let old = format!("{}.{aside}", sequence.text("schema"));
    let position = format!(
        "DO $$ BEGIN PERFORM pg_catalog.setval('{}', last_value, is_called) FROM {old}; END $$",
        name.replace('\'', "''")
    );
    let away = vec![
        Statement::new(format!("ALTER SEQUENCE {name} OWNED BY NONE")).exclusive(name),
        Statement::new(format!("ALTER SEQUENCE {name} RENAME TO {aside}")).exclusive(name),
    ];
    (away, vec![Statement::new(position), Statement::new(format!("DROP SEQUENCE {old}"))])
}

/// The name an old type goes by while its columns move to the new one.
fn aside(fact: &Fact) -> String {
    let plain: String =
        fact.text("name").chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(45).collect();
    format!("lakebase_old_{}", plain.to_lowercase())
}
