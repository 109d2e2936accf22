//! Renders a three-way comparison as Markdown.

use std::collections::BTreeMap;
use std::fmt;

use super::block::{Block, Sides, blocks, visible};
use super::define::title;
use super::written;
use crate::schema::diff::Change;
use crate::schema::drift::Drift;
use crate::schema::model::Key;

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return writeln!(f, "no drift");
        }
        let [ours, theirs] =
            self.sides.each_ref().map(|(base, side)| Sides { old: base, new: side, all: false });
        let (of_ours, of_theirs) = (
            parts(ours, self.ours_only(), self.conflicts().iter().map(|c| &c.ours)),
            parts(theirs, self.theirs_only(), self.conflicts().iter().map(|c| &c.theirs)),
        );
        let mut first = true;
        for (name, sides, changes) in [
            ("only on the branch (ours)", ours, &of_ours.others),
            ("only on the source (theirs)", theirs, &of_theirs.others),
            ("the same on both", ours, &self.same().iter().collect()),
        ] {
            let blocks = blocks(sides, changes.iter().copied());
            if blocks.is_empty() {
                continue;
            }
            section(f, &mut first, name)?;
            blocks.iter().try_for_each(|block| print(f, block, "  "))?;
        }
        if !self.conflicts().is_empty() {
            section(f, &mut first, "conflicts")?;
        }
        self.conflicts().iter().try_for_each(|conflict| {
            writeln!(f, "  {}: {}", visible(&title(&conflict.key)), visible(&conflict.reason))?;
            side(f, "ours", ours, &conflict.ours, &of_ours)?;
            side(f, "theirs", theirs, &conflict.theirs, &of_theirs)
        })
    }
}

/// The changes of one side without a conflict; conflicting parts of added and removed objects are shown with the
/// conflict.
struct Parts<'a> {
    of_conflicts: BTreeMap<Key, Vec<&'a Change>>,
    others: Vec<&'a Change>,
}

fn parts<'a>(
    sides: Sides<'_>,
    changes: &'a [Change],
    conflicts: impl Iterator<Item = &'a Change>,
) -> Parts<'a> {
    let whole = conflicts.filter(|c| matches!(c, Change::Added { .. } | Change::Removed { .. }));
    let mut of_conflicts: BTreeMap<Key, Vec<&Change>> =
        whole.map(|c| (c.key().clone(), Vec::new())).collect();
    let mut others = Vec::new();
    for change in changes {
        // The default and comment of a column are shown with the column, all parts of a table with the table.
        let object = change.parent().filter(|p| of_conflicts.contains_key(p)).cloned();
        match of_conflicts.get_mut(&object.unwrap_or_else(|| sides.top(change.key()))) {
            Some(parts) => parts.push(change),
            None => others.push(change),
        }
    }
    Parts { of_conflicts, others }
}

fn section(f: &mut fmt::Formatter<'_>, first: &mut bool, name: &str) -> fmt::Result {
    if !std::mem::take(first) {
        writeln!(f)?;
    }
    writeln!(f, "{name}:")
}

fn print(f: &mut fmt::Formatter<'_>, block: &Block, indent: &str) -> fmt::Result {
    block.rows().try_for_each(|row| writeln!(f, "{}", format!("{indent}{}", written(row)).trim_end()))
}

fn side(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    sides: Sides<'_>,
    change: &Change,
    parts: &Parts<'_>,
) -> fmt::Result {
    writeln!(f, "    {name}:")?;
    let parts = parts.of_conflicts.get(change.key()).into_iter().flatten().copied();
    blocks(sides, [change].into_iter().chain(parts)).iter().try_for_each(|block| print(f, block, "      "))
}
