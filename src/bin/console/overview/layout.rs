//! The rows of the picture: a branch under its source, the youngest first.
//!
//! The line of a branch begins where it left its source. As the youngest comes first, the lines that lead down to older
//! branches pass on the left of it, and none crosses another.

use std::collections::{BTreeMap, BTreeSet};

use lakebase::{
    model::{BranchInfo, BranchState},
    name::BranchName,
};

use super::{
    axis::{Axis, percent},
    text,
};

/// The height of a row, as in the style sheet, in pixels.
const HEIGHT: usize = 52;
/// Deeper branches are not moved further to the right.
const DEEPEST: usize = 8;
/// Colors of branches.
const COLORS: usize = 6;
const SOON_HOURS: i64 = 1;

/// A branch in the picture. Places are in percent of the width, heights in pixels.
pub(super) struct Row {
    pub(super) id: String,
    pub(super) depth: usize,
    pub(super) is_default: bool,
    pub(super) is_protected: bool,
    pub(super) is_masked: bool,
    pub(super) state: String,
    /// The class of the state: `ready`, `busy`, `resting`.
    pub(super) state_class: &'static str,
    pub(super) size: String,
    pub(super) expiry: String,
    pub(super) is_soon: bool,
    pub(super) color: usize,
    pub(super) y: usize,
    pub(super) line: Line,
}

/// The line of a row in the picture.
pub(super) struct Line {
    /// Where it leaves its source, and the height of that.
    pub(super) leaves: Option<(String, usize)>,
    /// From its point in the source to its creation, where that was later.
    pub(super) before: Option<(String, String)>,
    pub(super) begin: String,
    /// Whether it began to the left of the picture.
    pub(super) is_older: bool,
    /// Where it expires, if that is in the picture; `None` where it does not expire.
    pub(super) end: Option<End>,
}

pub(super) struct End {
    pub(super) x: String,
    /// Whether it expires to the right of the picture.
    pub(super) is_later: bool,
}

/// All branches whose id contains `query`, with the branches that they come from.
pub(super) fn rows(branches: &[BranchInfo], axis: &Axis, query: &str) -> Vec<Row> {
    let shown = matching(branches, query);
    let known: BTreeSet<&BranchName> = branches.iter().map(|branch| &branch.name).collect();
    let mut children: BTreeMap<Option<&BranchName>, Vec<&BranchInfo>> = BTreeMap::new();
    for branch in branches.iter().filter(|branch| shown.contains(&branch.name)) {
        let source = branch.source_branch.as_ref();
        let source = source.filter(|source| known.contains(source) && **source != branch.name);
        children.entry(source).or_default().push(branch);
    }
    for siblings in children.values_mut() {
        // Taken from the end: the default one first, then the youngest.
        siblings.sort_by_key(|branch| (branch.is_default, left_at(branch), std::cmp::Reverse(&branch.name)));
    }
    let mut rows: Vec<Row> = Vec::with_capacity(branches.len());
    let mut open: Vec<(&BranchInfo, usize, Option<usize>)> = Vec::new();
    // Those without a source come first. What is left after them forms a circle, and is shown all the same.
    while let Some((_, roots)) = children.pop_first() {
        open.extend(roots.into_iter().map(|branch| (branch, 0, None)));
        while let Some((branch, depth, source)) = open.pop() {
            let y = rows.len() * HEIGHT + HEIGHT / 2;
            rows.push(row(branch, depth, source, y, axis));
            let below = children.remove(&Some(&branch.name)).unwrap_or_default();
            open.extend(below.into_iter().map(|child| (child, depth + 1, Some(y))));
        }
    }
    rows
}

fn left_at(branch: &BranchInfo) -> Option<chrono::DateTime<chrono::Utc>> {
    branch.source_branch_time.or(branch.create_time)
}

/// The branches with this text in their id, and their sources.
fn matching<'a>(branches: &'a [BranchInfo], query: &str) -> BTreeSet<&'a BranchName> {
    let query = query.trim().to_lowercase();
    let by_name: BTreeMap<&BranchName, &BranchInfo> =
        branches.iter().map(|branch| (&branch.name, branch)).collect();
    let mut shown = BTreeSet::new();
    for branch in branches.iter().filter(|branch| branch.id().as_str().contains(&query)) {
        let mut next = Some(branch);
        // A branch that is shown already has its sources shown.
        while let Some(branch) = next.filter(|branch| shown.insert(&branch.name)) {
            next = branch.source_branch.as_ref().and_then(|source| by_name.get(source).copied());
        }
    }
    shown
}

fn row(branch: &BranchInfo, depth: usize, source: Option<usize>, y: usize, axis: &Axis) -> Row {
    let id = branch.id().to_string();
    let expires = branch.expire_time;
    Row {
        depth: depth.min(DEEPEST),
        is_default: branch.is_default,
        is_protected: branch.is_protected,
        is_masked: branch.is_masked,
        state: branch.state.to_string(),
        state_class: state_class(&branch.state),
        size: text::size(branch.logical_size_bytes),
        expiry: text::expiry(expires, axis.now),
        is_soon: expires.is_some_and(|time| (time - axis.now).num_hours() < SOON_HOURS),
        color: if branch.is_default { 0 } else { 1 + color(&id) % (COLORS - 1) },
        line: line(branch, source, axis),
        id,
        y,
    }
}

/// The class of a state.
pub(in crate::console) fn state_class(state: &BranchState) -> &'static str {
    match state {
        BranchState::Ready => "ready",
        BranchState::Init | BranchState::Resetting | BranchState::Importing => "busy",
        _ => "resting",
    }
}

/// A color that stays with the id.
fn color(id: &str) -> usize {
    id.bytes().fold(7_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()))
}

fn line(branch: &BranchInfo, source: Option<usize>, axis: &Axis) -> Line {
    let created = branch.create_time.unwrap_or(axis.now);
    let left = left_at(branch).unwrap_or(created);
    let (begin, point) = (axis.place(created.max(left)).min(axis.place(axis.now)), axis.place(left));
    let end = branch.expire_time.map(|time| {
        let x = axis.place(time);
        End { x: percent(x.clamp(axis.place(axis.now), 99.0)), is_later: x > 99.0 }
    });
    Line {
        leaves: source.map(|y| (percent(point.max(0.0)), y)),
        before: (begin - point > 0.5 && source.is_some())
            .then(|| (percent(point.max(0.0)), percent(begin.max(0.0)))),
        begin: percent(begin.max(0.0)),
        is_older: begin < 0.0,
        end,
    }
}
