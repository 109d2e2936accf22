//! Sorts the steps of a plan topologically.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::schema::error::PlanError;
use crate::schema::model::Kind;
use crate::schema::statement::{Phase, Statement};

/// The tie-breaking order of steps: drops, then creations, then purges; by kind, dependents first among drops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank(u8, u32, u32);

impl Rank {
    pub(super) fn drop(kind: Kind, item: usize) -> Self {
        Self(0, u32::MAX - kind as u32, item as u32)
    }

    pub(super) fn create(kind: Kind, item: usize) -> Self {
        Self(1, kind as u32, item as u32)
    }

    pub(super) fn purge(kind: Kind, item: usize) -> Self {
        Self(2, kind as u32, item as u32)
    }
}

/// A step: statements of one phase that are not interleaved with others.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) statements: Vec<Statement>,
    pub(super) phase: Phase,
    /// Breaks ties between nodes that no edge orders.
    pub(super) rank: Rank,
    pub(super) name: String,
}

/// Nodes, and edges from each node to those that run after it.
#[derive(Debug, Default)]
pub(super) struct Graph {
    pub(super) nodes: Vec<Node>,
    pub(super) edges: Vec<(u32, u32)>,
}

impl Graph {
    /// Adds a chain of nodes, one for each run of statements of one phase; returns the first and the last.
    pub(super) fn chain(
        &mut self,
        statements: Vec<Statement>,
        rank: Rank,
        name: impl Fn() -> String,
    ) -> (u32, u32) {
        let first = self.nodes.len() as u32;
        let mut run: Vec<Statement> = Vec::new();
        for statement in statements {
            if run.last().is_some_and(|s| s.phase != statement.phase) {
                self.push(std::mem::take(&mut run), rank, name());
            }
            run.push(statement);
        }
        self.push(run, rank, name());
        let last = self.nodes.len() as u32 - 1;
        self.edges.extend((first..last).map(|n| (n, n + 1)));
        (first, last)
    }

    fn push(&mut self, statements: Vec<Statement>, rank: Rank, name: String) {
        let phase = statements.first().map(|s| s.phase).unwrap_or_default();
        self.nodes.push(Node { statements, phase, rank, name });
    }
}

/// The statements in an order that respects every edge.
pub(super) fn sorted(mut graph: Graph) -> Result<Vec<Statement>, PlanError> {
    let count = graph.nodes.len();
    graph.edges.sort_unstable();
    graph.edges.dedup();
    let mut waits = vec![0u32; count];
    let mut next = vec![Vec::new(); count];
    for (before, after) in graph.edges.iter().filter(|(b, a)| b != a) {
        waits[*after as usize] += 1;
        next[*before as usize].push(*after);
    }
    let priority =
        |graph: &Graph, at: u32| Reverse((graph.nodes[at as usize].phase, graph.nodes[at as usize].rank, at));
    let ready = (0..count as u32).filter(|at| waits[*at as usize] == 0);
    let mut heap: BinaryHeap<_> = ready.map(|at| priority(&graph, at)).collect();
    let mut statements = Vec::new();
    let mut done = 0;
    let mut finishing = false;
    while let Some(Reverse((phase, _, at))) = heap.pop() {
        done += 1;
        finishing |= phase >= Phase::Finish;
        statements.append(&mut graph.nodes[at as usize].statements);
        for after in &next[at as usize] {
            waits[*after as usize] -= 1;
            if waits[*after as usize] == 0 {
                let node = &mut graph.nodes[*after as usize];
                // A slow step must not run in the middle of a swap.
                if finishing && matches!(node.phase, Phase::Concurrent | Phase::Validate) {
                    (node.phase, node.rank.0) = (Phase::Finish, 3);
                }
                heap.push(priority(&graph, *after));
            }
        }
    }
    if done == count { Ok(statements) } else { Err(PlanError::Cycle(circle(&graph, &waits, &next))) }
}

/// The names along one cycle.
fn circle(graph: &Graph, waits: &[u32], next: &[Vec<u32>]) -> Vec<String> {
    let stuck = |at: &u32| waits[*at as usize] > 0;
    let mut before = vec![None; graph.nodes.len()];
    for (from, afters) in next.iter().enumerate().filter(|(from, _)| waits[*from] > 0) {
        for after in afters.iter().filter(|a| stuck(a)) {
            before[*after as usize] = Some(from);
        }
    }
    let Some(mut at) = before.iter().position(Option::is_some) else { return Vec::new() };
    let mut seen = Vec::new();
    while !seen.contains(&at) {
        seen.push(at);
        let Some(above) = before[at] else { break };
        at = above;
    }
    let start = seen.iter().position(|s| *s == at).unwrap_or_default();
    seen[start..].iter().rev().map(|n| graph.nodes[*n].name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(nodes: &[(&str, Phase)], edges: &[(u32, u32)]) -> Graph {
        let mut graph = Graph::default();
        for (at, (sql, phase)) in nodes.iter().enumerate() {
            graph.chain(vec![Statement::new(*sql).at(*phase)], Rank(1, 0, at as u32), || (*sql).to_owned());
        }
        graph.edges = edges.to_vec();
        graph
    }

    fn order(graph: Graph) -> String {
        let sql: Vec<String> =
            sorted(graph).expect("no circle").into_iter().map(|statement| statement.sql).collect();
        sql.join(" ")
    }

    #[test]
    fn what_nothing_orders_keeps_its_rank() {
        let nodes = [("a", Phase::Main), ("b", Phase::Main), ("c", Phase::Main)];
        assert_eq!(order(graph(&nodes, &[])), "a b c");
    }

    #[test]
    fn an_edge_goes_before_rank() {
        let nodes = [("a", Phase::Main), ("b", Phase::Main), ("c", Phase::Main)];
        assert_eq!(order(graph(&nodes, &[(2, 0)])), "b c a");
    }

    #[test]
    fn phases_follow_each_other() {
        let nodes = [
            ("drop", Phase::Cleanup),
            ("finish", Phase::Finish),
            ("validate", Phase::Validate),
            ("build", Phase::Concurrent),
            ("main", Phase::Main),
            ("early", Phase::Early),
        ];
        assert_eq!(order(graph(&nodes, &[])), "early main build validate finish drop");
    }

    #[test]
    fn an_edge_goes_before_a_phase() {
        let nodes = [("main", Phase::Main), ("build", Phase::Concurrent), ("finish", Phase::Finish)];
        assert_eq!(order(graph(&nodes, &[(1, 0), (2, 0)])), "build finish main");
    }

    #[test]
    fn what_takes_long_does_not_part_a_swap() {
        let nodes = [("drop", Phase::Finish), ("add", Phase::Finish), ("check", Phase::Validate)];
        assert_eq!(order(graph(&nodes, &[(0, 2)])), "drop add check");
    }

    #[test]
    fn a_chain_stays_in_order_across_its_phases() {
        let mut graph = Graph::default();
        let steps = [("rename", Phase::Finish), ("drop", Phase::Cleanup), ("more", Phase::Cleanup)];
        let statements = steps.iter().map(|(sql, phase)| Statement::new(*sql).at(*phase)).collect();
        let (first, last) = graph.chain(statements, Rank(1, 0, 0), || "swap".to_owned());
        assert_eq!((first, last), (0, 1), "one node a phase");
        assert_eq!(order(graph), "rename drop more");
    }

    #[test]
    fn a_circle_is_named_without_what_only_waits_for_it() {
        let nodes = [("a", Phase::Main), ("b", Phase::Main), ("c", Phase::Main), ("d", Phase::Main)];
        let circle = sorted(graph(&nodes, &[(0, 1), (1, 2), (2, 0), (2, 3)]));
        let Err(PlanError::Cycle(mut names)) = circle else { panic!("no circle is seen") };
        names.sort();
        assert_eq!(names, ["a", "b", "c"]);
    }

    #[test]
    fn edges_that_are_said_twice_or_lead_back_count_once_or_not() {
        let nodes = [("a", Phase::Main), ("b", Phase::Main)];
        assert_eq!(order(graph(&nodes, &[(1, 0), (1, 0), (0, 0)])), "b a");
    }
}
