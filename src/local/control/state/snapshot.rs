//! Rows of snapshots and of the schedules that take them.

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, Utc, Weekday};
use serde::{Deserialize, Serialize};

use super::{Database, Role};
use crate::{
    api::name::{BranchId, BranchName, DatabaseId, ProjectId, ProjectName, RoleId, SnapshotId, SnapshotName},
    local::engine::BranchKey,
};

/// A branch as it was at one moment. Its files lie beside those of branches, under its own uid.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::local::control) struct Snapshot {
    pub(in crate::local::control) project: ProjectId,
    pub(in crate::local::control) project_uid: String,
    pub(in crate::local::control) id: SnapshotId,
    pub(in crate::local::control) uid: String,
    pub(in crate::local::control) created: DateTime<Utc>,
    pub(in crate::local::control) expires: Option<DateTime<Utc>>,
    /// Whether a schedule took it, so that it does not count among those that callers may take.
    pub(in crate::local::control) scheduled: bool,
    /// The id of the source branch, which may be gone or name another branch by now.
    pub(in crate::local::control) source: BranchId,
    /// Whether the source was protected: branches of the snapshot then get new passwords.
    pub(in crate::local::control) source_protected: bool,
    pub(in crate::local::control) lsn: String,
    pub(in crate::local::control) time: DateTime<Utc>,
    /// Whether it is of a point before its creation: roles and databases may be younger than its data.
    pub(in crate::local::control) of_the_past: bool,
    pub(in crate::local::control) logical_size: i64,
    pub(in crate::local::control) roles: BTreeMap<RoleId, Role>,
    pub(in crate::local::control) databases: BTreeMap<DatabaseId, Database>,
    /// Being taken: only in memory, so a stop in the middle leaves no trace of it.
    #[serde(skip)]
    pub(in crate::local::control) init: bool,
}

impl Snapshot {
    pub(in crate::local::control) fn name(&self) -> SnapshotName {
        self.project_name().snapshot(self.id.clone())
    }

    pub(in crate::local::control) fn project_name(&self) -> ProjectName {
        ProjectName::new(self.project.clone())
    }

    pub(in crate::local::control) fn source_name(&self) -> BranchName {
        self.project_name().branch(self.source.clone())
    }

    pub(in crate::local::control) fn key(&self) -> BranchKey {
        BranchKey { project: self.project_uid.clone(), branch: self.uid.clone() }
    }

    pub(in crate::local::control) fn has_expired(&self, now: DateTime<Utc>) -> bool {
        self.expires.is_some_and(|at| at <= now)
    }
}

/// The automatic snapshots of a branch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::local::control) struct Schedule {
    pub(in crate::local::control) rules: Vec<ScheduleRule>,
    /// Times up to this one are dealt with.
    pub(in crate::local::control) done_until: DateTime<Utc>,
}

/// A line of a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::local::control) struct ScheduleRule {
    pub(in crate::local::control) cadence: Cadence,
    /// How long a snapshot is kept after it was taken.
    pub(in crate::local::control) retention: Duration,
}

/// How often a snapshot is taken, at a full hour of UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::local::control) enum Cadence {
    Daily {
        hour: u32,
    },
    Weekly {
        day: Weekday,
        hour: u32,
    },
    /// A day that the month does not have is its last one.
    Monthly {
        day: u32,
        hour: u32,
    },
}
