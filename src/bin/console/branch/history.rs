//! The history of a branch: the window of time that it can be restored to.

use chrono::{DateTime, TimeDelta, Utc};
use lakebase::model::{BranchInfo, ProjectInfo};

use super::{retention, text};

/// The window, as the page shows it.
pub(super) struct History {
    /// Whether there is a moment to go back to.
    pub(super) is_open: bool,
    /// The form of the field that picks a time.
    pub(super) first: String,
    pub(super) last: String,
    /// Seconds since 1970, for the slider.
    pub(super) first_second: i64,
    pub(super) last_second: i64,
    pub(super) length: String,
    pub(super) kept: String,
}

impl History {
    /// A branch has the history of its source up to where it left it, as long as the project keeps it. What is offered
    /// here begins with its own creation, as an earlier moment would undo the branch itself.
    pub(super) fn of(project: &ProjectInfo, branch: &BranchInfo, now: DateTime<Utc>) -> Self {
        let kept = retention(project);
        let oldest = now - kept;
        let first = branch.create_time.map_or(oldest, |created| created.max(oldest));
        // Whole seconds within the window.
        let first = first + TimeDelta::milliseconds(999 - i64::from(first.timestamp_subsec_millis()));
        Self {
            is_open: kept > TimeDelta::zero() && now - first >= TimeDelta::seconds(2),
            first: text::field(first),
            last: text::field(now),
            first_second: first.timestamp(),
            last_second: now.timestamp(),
            length: text::length(now - first),
            kept: text::length(kept),
        }
    }
}
