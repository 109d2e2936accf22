//! What two sides did since they parted, for readers.

use std::fmt;

use super::block::{Block, Sides, blocks, visible};
use super::define::title;
use super::written;
use crate::schema::diff::Change;
use crate::schema::drift::{Conflict, Drift};

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return writeln!(f, "no drift");
        }
        let [ours, theirs] = &self.sides;
        let (ours, theirs) = (Sides { old: &ours.0, new: &ours.1 }, Sides { old: &theirs.0, new: &theirs.1 });
        let mut first = true;
        for (name, sides, changes) in [
            ("only on the branch (ours)", ours, self.ours_only()),
            ("only on the source (theirs)", theirs, self.theirs_only()),
            ("the same on both", ours, self.same()),
        ] {
            let blocks = blocks(sides, changes);
            if blocks.is_empty() {
                continue;
            }
            section(f, &mut first, name)?;
            blocks.iter().try_for_each(|block| print(f, block, "  "))?;
        }
        if !self.conflicts().is_empty() {
            section(f, &mut first, "conflicts")?;
        }
        self.conflicts().iter().try_for_each(|c| conflict(f, c, ours, theirs))
    }
}

fn section(f: &mut fmt::Formatter<'_>, first: &mut bool, name: &str) -> fmt::Result {
    if !std::mem::take(first) {
        writeln!(f)?;
    }
    writeln!(f, "{name}:")
}

fn print(f: &mut fmt::Formatter<'_>, block: &Block, indent: &str) -> fmt::Result {
    block.rows.iter().try_for_each(|row| writeln!(f, "{}", format!("{indent}{}", written(row)).trim_end()))
}

fn conflict(
    f: &mut fmt::Formatter<'_>,
    conflict: &Conflict,
    ours: Sides<'_>,
    theirs: Sides<'_>,
) -> fmt::Result {
    writeln!(f, "  {}: {}", visible(&title(&conflict.key)), visible(&conflict.reason))?;
    let side = |f: &mut fmt::Formatter<'_>, name: &str, sides: Sides<'_>, change: &Change| {
        writeln!(f, "    {name}:")?;
        blocks(sides, [change]).iter().try_for_each(|block| print(f, block, "      "))
    };
    side(f, "ours", ours, &conflict.ours)?;
    side(f, "theirs", theirs, &conflict.theirs)
}
