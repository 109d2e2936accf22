//! The template and the timelines of a branch's history: a small file beside its data.

use std::{
    io,
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::regular;
use crate::local::engine_error::EngineError;

const FILE: &str = "lineage.json";

/// The timelines between a template and a branch.
///
/// A point-in-time branch leaves its source's timeline at its point. A branch of the source's current state continues
/// on the same timeline, in a directory of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::local) struct Lineage {
    /// The template that the first branch was cloned from.
    pub(in crate::local) template: String,
    /// The ends of earlier timelines, the oldest first.
    pub(in crate::local) turns: Vec<Turn>,
}

/// The end of a timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::local) struct Turn {
    /// The timeline that ended.
    pub(in crate::local) timeline: u32,
    /// The position at which it ended.
    pub(in crate::local) lsn: u64,
    /// When the last transaction before that was committed.
    pub(in crate::local) time: DateTime<Utc>,
}

impl Lineage {
    pub(in crate::local) fn of_template(name: &str) -> Self {
        Self { template: name.to_owned(), turns: Vec::new() }
    }

    /// The lineage of a branch; `None` if a version without lineages created it.
    pub(in crate::local) fn read(branch: &Path) -> Result<Option<Self>, EngineError> {
        let path = path(branch);
        let text = match regular::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            text => text.map_err(EngineError::io("read", &path))?,
        };
        let lineage = serde_json::from_slice(&text).map_err(io::Error::from);
        lineage.map(Some).map_err(EngineError::io("understand", &path))
    }

    pub(in crate::local) fn write(&self, branch: &Path) -> Result<(), EngineError> {
        let path = path(branch);
        let text = serde_json::to_vec(self).map_err(io::Error::from);
        text.and_then(|text| regular::replace(&path, &text)).map_err(EngineError::io("write", &path))
    }

    /// The timeline on which the first record at or after a position lies.
    pub(in crate::local) fn timeline_at(&self, lsn: u64) -> u32 {
        self.timeline_before(|turn| lsn < turn.lsn)
    }

    /// The timeline on which the first commit after a time lies.
    pub(in crate::local) fn timeline_when(&self, time: DateTime<Utc>) -> u32 {
        self.timeline_before(|turn| time < turn.time)
    }

    fn timeline_before(&self, left_later: impl Fn(&Turn) -> bool) -> u32 {
        let last = self.turns.last().map_or(1, |turn| turn.timeline + 1);
        self.turns.iter().find(|turn| left_later(turn)).map_or(last, |turn| turn.timeline)
    }

    /// The lineage of a branch that leaves this one.
    pub(in crate::local) fn turning(&self, turn: Turn) -> Self {
        let before = self.turns.iter().filter(|known| known.timeline < turn.timeline);
        Self { template: self.template.clone(), turns: before.chain([&turn]).copied().collect() }
    }
}

fn path(branch: &Path) -> PathBuf {
    branch.join(FILE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(timeline: u32, lsn: u64) -> Turn {
        let time = DateTime::from_timestamp(i64::try_from(lsn).unwrap(), 0).unwrap();
        Turn { timeline, lsn, time }
    }

    #[test]
    fn a_point_lies_on_the_timeline_that_had_not_been_left() {
        let lineage = Lineage::of_template("15.1-1").turning(turn(1, 100)).turning(turn(2, 200));
        for (lsn, timeline) in [(0, 1), (99, 1), (100, 2), (199, 2), (200, 3), (1000, 3)] {
            assert_eq!(lineage.timeline_at(lsn), timeline, "{lsn}");
            assert_eq!(lineage.timeline_when(turn(0, lsn).time), timeline, "{lsn}");
        }
    }

    #[test]
    fn who_turns_off_earlier_knows_nothing_of_later_turns() {
        let lineage = Lineage::of_template("15.1-1").turning(turn(1, 100)).turning(turn(2, 200));
        assert_eq!(lineage.turning(turn(1, 50)).turns, [turn(1, 50)]);
    }

    #[test]
    fn a_lineage_outlives_the_process() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Lineage::read(dir.path()).unwrap(), None);
        let lineage = Lineage::of_template("15.1-1").turning(turn(1, 100));
        lineage.write(dir.path()).unwrap();
        assert_eq!(Lineage::read(dir.path()).unwrap(), Some(lineage));
        std::fs::write(dir.path().join(FILE), "{").unwrap();
        assert!(Lineage::read(dir.path()).is_err());
    }
}
