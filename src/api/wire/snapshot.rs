//! Snapshots and snapshot schedules.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::format::{Seconds, lenient_int};

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Snapshot {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) snapshot_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) uid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) create_time: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) spec: Option<SnapshotSpec>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<SnapshotStatus>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct SnapshotSpec {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) source_branch: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) source_branch_lsn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) source_branch_time: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expire_time: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ttl: Option<Seconds>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) no_expiry: Option<bool>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct SnapshotStatus {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) source_branch: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expire_time: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) no_expiry: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient_int")]
    pub(crate) full_size_bytes: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient_int")]
    pub(crate) diff_size_bytes: Option<i64>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct SnapshotSchedule {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    pub(crate) schedule: Vec<ScheduleRule>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct ScheduleRule {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) retention: Option<Seconds>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) daily_schedule: Option<Cadence>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) weekly_schedule: Option<Cadence>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) monthly_schedule: Option<Cadence>,
}

/// When a schedule fires, UTC: `hour` always, `day_of_week` of a weekly and `day` of a monthly one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Cadence {
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient_int")]
    pub(crate) hour: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) day_of_week: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient_int")]
    pub(crate) day: Option<i64>,
}
