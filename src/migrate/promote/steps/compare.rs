//! Step 'compare': compares the rehearsed schema with that of the branch.

use std::collections::BTreeSet;

use super::super::context::{Context, StopCause};
use crate::{
    migrate::text_table::count,
    schema::{self, Change, SchemaDiff},
};

/// Checks that the rehearsal led to the schema of the branch, except for what only the target changed.
pub(super) fn run(context: &Context) -> Result<String, StopCause> {
    let (Some(wanted), Some(rehearsal)) = (&context.wanted, &context.report.rehearsal) else {
        return Ok(String::new());
    };
    let diff = schema::compare(wanted, &rehearsal.after);
    if let Some(unexpected) = unexpected(context, &diff) {
        return Err(StopCause::Check(format!(
            "the rehearsal did not lead to the schema of {}: {unexpected}; the migrations and changes on the branch \
             are not the same",
            context.request.branch.id()
        )));
    }
    let beyond: Vec<String> = match context.no_base {
        Some(_) => diff.changes().iter().map(|change| change.key().to_string()).collect(),
        None => Vec::new(),
    };
    match beyond.first() {
        Some(first) if context.request.stop_on_drift => Err(StopCause::Check(format!(
            "the target changed since the branch was made: {}, the first: {first}",
            count(beyond.len(), "change")
        ))),
        Some(_) => Ok(format!("as the branch, and what the target has beyond it: {}", beyond.join(", "))),
        None => Ok("the rehearsal led to the schema of the branch".to_owned()),
    }
}

/// Differences that the target's own drift does not explain: their number, and the first.
pub(super) fn unexpected(context: &Context, diff: &SchemaDiff) -> Option<String> {
    let theirs = context.report.drift.iter().flat_map(|drift| drift.theirs_only());
    let theirs: BTreeSet<_> = theirs.flat_map(keys).collect();
    let is_theirs = |change: &Change| keys(change).iter().any(|key| theirs.contains(key));
    let unexplained =
        diff.changes().iter().filter(|change| !is_theirs(change) && !is_beyond(context, change));
    let others: Vec<&Change> = unexplained.collect();
    others.first().map(|first| differences(others.len(), first))
}

/// `1 difference: table t`, `3 differences, the first: table t`.
pub(super) fn differences(number: usize, first: &Change) -> String {
    match number {
        1 => format!("1 difference: {}", first.key()),
        _ => format!("{number} differences, the first: {}", first.key()),
    }
}

/// Whether a difference is an addition on the target that the migrations did not make; used without a base.
fn is_beyond(context: &Context, change: &Change) -> bool {
    let rehearsal = context.report.rehearsal.iter();
    let mut ours = rehearsal.flat_map(|rehearsal| rehearsal.diff.changes()).flat_map(keys);
    context.no_base.is_some() && matches!(change, Change::Added { key, .. } if !ours.any(|our| our == *key))
}

/// The present name of a changed object, and the one it had before.
fn keys(change: &Change) -> Vec<schema::Key> {
    let mut keys = vec![change.key().clone()];
    if let Change::Renamed { before, .. } = change {
        keys.push(before.clone());
    }
    keys
}
