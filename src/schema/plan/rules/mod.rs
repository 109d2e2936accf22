//! Ordering rules for the steps of a plan, each a function.

mod body;
mod dependency;
mod key;
mod name;
mod partition;
mod privilege;
mod recreate;
mod sequence;

use std::collections::HashSet;

use super::action::Action;
use super::order::Graph;
use super::view::{Ends, PlanView};
use crate::schema::statement::Phase;

type Rule = fn(&PlanView<'_, '_>, &mut Edges);

/// The ordering rules, in no particular order: together they form one graph.
const RULES: &[Rule] = &[
    dependency::an_object_is_dropped_before_its_replacement_is_created,
    dependency::an_object_is_created_before_its_remains_are_purged,
    dependency::dependents_are_dropped_before_what_they_need,
    dependency::dependents_are_altered_before_what_they_needed_is_dropped,
    dependency::dependents_are_dropped_before_what_they_need_is_altered,
    dependency::swapped_dependents_are_purged_before_what_they_needed_is_dropped,
    dependency::types_are_purged_after_the_types_made_of_them,
    dependency::needs_are_met_before_dependents_are_created,
    dependency::a_domain_has_its_constraints_before_it_is_used,
    dependency::a_function_leaves_before_its_name_is_overloaded,
    dependency::a_cast_is_created_before_it_is_used,
    partition::a_table_inherits_after_its_columns_and_parents_are_there,
    partition::a_typed_table_is_detached_before_its_parts_change,
    partition::a_table_leaves_its_parents_before_its_parts_are_dropped,
    partition::a_table_leaves_its_parents_before_they_lose_columns,
    partition::a_partition_is_attached_after_columns_above_are_not_null,
    partition::a_partition_is_attached_after_it_has_its_parts,
    partition::a_partition_is_attached_after_parts_above_are_dropped,
    partition::a_partition_is_detached_before_its_place_is_taken,
    partition::a_partition_is_detached_before_its_parts_change,
    partition::a_partition_returns_at_once,
    partition::a_partition_moves_with_the_names_of_its_not_null_constraints,
    partition::an_index_is_attached_after_its_table,
    partition::an_inherited_column_changes_after_the_one_above,
    partition::a_column_of_its_own_is_added_before_those_above,
    partition::a_column_of_its_own_is_dropped_after_those_above,
    partition::a_table_leaves_its_type_before_that_changes,
    key::conflicting_indexes_are_dropped_before_a_foreign_key_is_added,
    key::a_key_is_complete_before_it_is_referenced,
    key::a_logged_table_never_references_an_unlogged_one,
    name::a_name_is_free_before_it_is_taken,
    name::a_name_of_a_not_null_constraint_is_free_before_it_is_taken,
    privilege::a_privilege_on_a_table_is_revoked_before_one_on_a_column_is_granted,
    recreate::a_recreated_table_is_whole_before_it_is_filled,
    recreate::a_recreated_table_is_filled_before_its_rows_are_used,
    recreate::a_recreated_table_is_dropped_before_what_it_needs,
    sequence::a_sequence_is_purged_after_the_identity_has_its_position,
    sequence::an_identity_is_altered_after_the_sequence_has_its_position,
    sequence::a_table_has_its_owner_before_a_column_gets_a_sequence,
];

/// Pairs of nodes, the first of which runs before the second.
#[derive(Default)]
pub(super) struct Edges(Vec<(u32, u32)>);

impl Edges {
    /// Orders two steps, if both exist and are not the same one.
    fn before(&mut self, one: Ends, other: Ends) {
        if let Some(((_, tail), (head, _))) = one.zip(other).filter(|(one, other)| one != other) {
            self.0.push((tail, head));
        }
    }
}

/// Adds the edges of every rule to the graph.
///
/// `bodies`: includes the rules about names in function bodies, which are heuristic and may form a cycle.
pub(super) fn order(view: &PlanView<'_, '_>, graph: &mut Graph, bodies: bool) {
    delay_dependents_of_deferred_drops(view, graph);
    let mut edges = Edges::default();
    for rule in RULES {
        rule(view, &mut edges);
    }
    if bodies {
        body::what_a_body_mentions_comes_before_it_runs(view, &mut edges);
    }
    graph.edges.extend(edges.0);
}

/// Drops the dependents of a swapped index during the swap, not before its successor is built.
fn delay_dependents_of_deferred_drops(view: &PlanView<'_, '_>, graph: &mut Graph) {
    let planner = view.planner;
    let mut queue: Vec<usize> =
        planner.swapped.iter().chain(&planner.succession.deferred_drops).copied().collect();
    let mut seen: HashSet<usize> = queue.iter().copied().collect();
    while let Some(at) = queue.pop() {
        for dependent in view.dependents(at) {
            if view.item(dependent).action != Action::Replace || !seen.insert(dependent) {
                continue;
            }
            queue.push(dependent);
            for node in view.drop(dependent).into_iter().flat_map(|(first, last)| first..=last) {
                let node = &mut graph.nodes[node as usize];
                node.phase = node.phase.max(Phase::Finish);
            }
        }
    }
}
