//! Wire format of branches.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::format::{Seconds, lenient_int, open_enum};

open_enum! {
    /// The state of a branch.
    ///
    /// ```
    /// use lakebase::model::BranchState;
    ///
    /// assert_eq!(BranchState::from("READY"), BranchState::Ready);
    /// assert_eq!(BranchState::from("SOMETHING_NEW").as_str(), "SOMETHING_NEW");
    /// ```
    pub enum BranchState {
        /// Being created.
        Init => "INIT",
        /// Ready for use.
        Ready => "READY",
        /// Being reset from its parent.
        Resetting => "RESETTING",
        /// Data is being imported.
        Importing => "IMPORTING",
        /// In cold storage; wakes on use.
        Archived => "ARCHIVED",
        /// Soft-deleted.
        Deleted => "DELETED",
    }
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Branch {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) branch_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) parent: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) uid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) create_time: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) update_time: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) delete_time: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) purge_time: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) spec: Option<BranchSpec>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<BranchStatus>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct BranchSpec {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) source_branch: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) source_branch_lsn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) source_branch_time: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) source_snapshot: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) is_protected: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expire_time: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ttl: Option<Seconds>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) no_expiry: Option<bool>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct BranchStatus {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) branch_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) current_state: Option<BranchState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pending_state: Option<BranchState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) state_change_time: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) default: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) is_protected: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient_int")]
    pub(crate) logical_size_bytes: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expire_time: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) delete_time: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) purge_time: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) source_branch: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) source_branch_lsn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) source_branch_time: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) source_snapshot: Option<String>,
    /// The cost of the copy; sent by the local Lakebase only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) copy: Option<CopyCost>,
    /// Whether the data was masked at the creation; sent by the local Lakebase only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) masked: Option<bool>,
}

open_enum! {
    /// The method that copied the data of a branch from its source.
    ///
    /// ```
    /// use lakebase::model::CopyMethod;
    ///
    /// assert_eq!(CopyMethod::from("REFLINK"), CopyMethod::Reflink);
    /// assert_eq!(CopyMethod::Copy.as_str(), "COPY");
    /// ```
    pub enum CopyMethod {
        /// Files share their blocks until one of them changes.
        Reflink => "REFLINK",
        /// Every file was copied in full.
        Copy => "COPY",
    }
}

/// The cost of creating a branch, as the local Lakebase reports it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct CopyCost {
    /// `REFLINK` or `COPY`.
    pub(crate) method: String,
    pub(crate) bytes_added: i64,
}

/// The space that a branch takes on disk and the beginning of its history, as the local Lakebase alone reports them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct BranchStorage {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) own_size_bytes: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) shared_size_bytes: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) history_size_bytes: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) history_start_time: Option<DateTime<Utc>>,
}
