//! The template and the timelines of a branch's history: a small file beside its data.

use std::{
    io,
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::regular;
use crate::local::engine_error::EngineError;

const FILE: &str = "timelines.json";

/// The timelines between a template and a branch.
///
/// A point-in-time branch leaves its source's timeline at its point. A branch of the source's current state continues
/// on the same timeline, in a directory of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::local) struct TimelineHistory {
    /// The template that the first branch was cloned from.
    pub(in crate::local) template: String,
    /// The ends of earlier timelines, the oldest first.
    pub(in crate::local) switches: Vec<TimelineSwitch>,
}

/// The end of a timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::local) struct TimelineSwitch {
    /// The timeline that ended.
    pub(in crate::local) timeline: u32,
    /// The position at which it ended.
    pub(in crate::local) lsn: u64,
    /// When the last transaction before that was committed.
    pub(in crate::local) time: DateTime<Utc>,
}

impl TimelineHistory {
    pub(in crate::local) fn of_template(name: &str) -> Self {
        Self { template: name.to_owned(), switches: Vec::new() }
    }

    /// The timelines of a branch; `None` if a version without timelines created it.
    pub(in crate::local) fn read(branch: &Path) -> Result<Option<Self>, EngineError> {
        let path = path(branch);
        let text = match regular::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            text => text.map_err(EngineError::io("read", &path))?,
        };
        let timelines = serde_json::from_slice(&text).map_err(io::Error::from);
        timelines.map(Some).map_err(EngineError::io("understand", &path))
    }

    pub(in crate::local) fn write(&self, branch: &Path) -> Result<(), EngineError> {
        let path = path(branch);
        let text = serde_json::to_vec(self).map_err(io::Error::from);
        text.and_then(|text| regular::replace(&path, &text)).map_err(EngineError::io("write", &path))
    }

    /// The timeline on which the first record at or after a position lies.
    pub(in crate::local) fn timeline_at(&self, lsn: u64) -> u32 {
        self.timeline_before(|switch| lsn < switch.lsn)
    }

    /// The timeline on which the first commit after a time lies.
    pub(in crate::local) fn timeline_when(&self, time: DateTime<Utc>) -> u32 {
        self.timeline_before(|switch| time < switch.time)
    }

    fn timeline_before(&self, is_later: impl Fn(&TimelineSwitch) -> bool) -> u32 {
        let last = self.switches.last().map_or(1, |switch| switch.timeline + 1);
        self.switches.iter().find(|switch| is_later(switch)).map_or(last, |switch| switch.timeline)
    }

    /// The timelines of a branch that leaves this one.
    pub(in crate::local) fn with_switch(&self, switch: TimelineSwitch) -> Self {
        let before = self.switches.iter().filter(|known| known.timeline < switch.timeline);
        Self { template: self.template.clone(), switches: before.chain([&switch]).copied().collect() }
    }
}

fn path(branch: &Path) -> PathBuf {
    branch.join(FILE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn switch(timeline: u32, lsn: u64) -> TimelineSwitch {
        let time = DateTime::from_timestamp(i64::try_from(lsn).unwrap(), 0).unwrap();
        TimelineSwitch { timeline, lsn, time }
    }

    #[test]
    fn a_point_lies_on_the_timeline_that_had_not_been_left() {
        let timelines =
            TimelineHistory::of_template("15.1-1").with_switch(switch(1, 100)).with_switch(switch(2, 200));
        for (lsn, timeline) in [(0, 1), (99, 1), (100, 2), (199, 2), (200, 3), (1000, 3)] {
            assert_eq!(timelines.timeline_at(lsn), timeline, "{lsn}");
            assert_eq!(timelines.timeline_when(switch(0, lsn).time), timeline, "{lsn}");
        }
    }

    #[test]
    fn a_switch_at_an_earlier_point_drops_later_ones() {
        let timelines =
            TimelineHistory::of_template("15.1-1").with_switch(switch(1, 100)).with_switch(switch(2, 200));
        assert_eq!(timelines.with_switch(switch(1, 50)).switches, [switch(1, 50)]);
    }

    #[test]
    fn it_is_read_back_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(TimelineHistory::read(dir.path()).unwrap(), None);
        let timelines = TimelineHistory::of_template("15.1-1").with_switch(switch(1, 100));
        timelines.write(dir.path()).unwrap();
        assert_eq!(TimelineHistory::read(dir.path()).unwrap(), Some(timelines));
        std::fs::write(dir.path().join(FILE), "{").unwrap();
        assert!(TimelineHistory::read(dir.path()).is_err());
    }
}
