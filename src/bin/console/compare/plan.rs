//! The migration plan of a comparison: statements with their locks and hazards.

use std::collections::BTreeMap;

use lakebase::schema::{Hazard, HazardKind, LockMode, PlanError, SchemaDiff, Statement};

/// A plan, or the reasons why there is none.
pub(super) struct PlanView {
    pub(super) groups: Vec<GroupView>,
    pub(super) refusals: Vec<(String, String)>,
    /// Kinds of hazards with their numbers, the worst first.
    pub(super) hazards: Vec<(String, &'static str, usize)>,
    pub(super) statements: usize,
}

/// Statements of one transaction, or one outside of any.
pub(super) struct GroupView {
    pub(super) is_transaction: bool,
    pub(super) statements: Vec<StatementView>,
}

pub(super) struct StatementView {
    pub(super) number: usize,
    pub(super) sql: String,
    pub(super) locks: Vec<LockView>,
    pub(super) hazards: Vec<HazardView>,
}

pub(super) struct LockView {
    pub(super) mode: String,
    pub(super) relation: String,
    pub(super) effect: &'static str,
    pub(super) class: &'static str,
}

pub(super) struct HazardView {
    pub(super) kind: String,
    pub(super) class: &'static str,
    pub(super) relation: String,
    pub(super) reason: String,
}

impl PlanView {
    pub(super) fn of(diff: &SchemaDiff) -> Self {
        match diff.migration() {
            Ok(plan) => {
                let mut number = 0;
                let groups = plan.groups().map(|group| GroupView {
                    is_transaction: group.transactional,
                    statements: group
                        .statements
                        .iter()
                        .map(|statement| view(statement, &mut number))
                        .collect(),
                });
                let groups = groups.collect();
                Self { groups, refusals: Vec::new(), hazards: hazards(plan.statements()), statements: number }
            }
            Err(error) => {
                Self { groups: Vec::new(), refusals: refusals(error), hazards: Vec::new(), statements: 0 }
            }
        }
    }
}

fn refusals(error: PlanError) -> Vec<(String, String)> {
    match error {
        PlanError::Refused(all) => all.into_iter().map(|refusal| (refusal.object, refusal.reason)).collect(),
        other => vec![("plan".to_owned(), other.to_string())],
    }
}

fn view(statement: &Statement, number: &mut usize) -> StatementView {
    *number += 1;
    StatementView {
        number: *number,
        sql: format!("{};", statement.sql),
        locks: statement.locks.iter().map(|lock| LockView::of(lock.mode, &lock.relation)).collect(),
        hazards: statement.hazards.iter().map(hazard).collect(),
    }
}

impl LockView {
    pub(super) fn of(mode: LockMode, relation: &str) -> Self {
        let (effect, class) = effect(mode);
        Self { mode: mode.to_string(), relation: relation.to_owned(), effect, class }
    }
}

/// Which sessions wait for a lock.
fn effect(mode: LockMode) -> (&'static str, &'static str) {
    match mode {
        LockMode::AccessExclusive => ("reads and writes wait", "bad"),
        LockMode::Share | LockMode::ShareRowExclusive | LockMode::Exclusive => ("writes wait", "warn"),
        _ => ("reads and writes go on", "calm"),
    }
}

fn class(kind: HazardKind) -> &'static str {
    match kind {
        HazardKind::DataLoss => "bad",
        HazardKind::NotTransactional => "calm",
        _ => "warn",
    }
}

pub(super) fn hazard(hazard: &Hazard) -> HazardView {
    HazardView {
        kind: hazard.kind.to_string(),
        class: class(hazard.kind),
        relation: hazard.relation.clone(),
        reason: hazard.reason.clone(),
    }
}

fn hazards(statements: &[Statement]) -> Vec<(String, &'static str, usize)> {
    let mut counts: BTreeMap<HazardKind, usize> = BTreeMap::new();
    for hazard in statements.iter().flat_map(|statement| &statement.hazards) {
        *counts.entry(hazard.kind).or_default() += 1;
    }
    counts.into_iter().map(|(kind, count)| (kind.to_string(), class(kind), count)).collect()
}
