//! The space that a branch takes on disk, and the beginning of its history.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{Branch, BranchInfo};
use crate::{
    api::{
        resource::{count, forward},
        wire,
    },
    error::Result,
    http::Request,
};

/// The space that a branch takes on disk, and how far its history goes: [`Branch::storage`].
///
/// ```no_run
/// # async fn example(branch: lakebase::Branch) -> lakebase::Result<()> {
/// if let Some(storage) = branch.storage().await? {
///     println!("{:?} bytes of its own, points in time since {:?}", storage.own_size_bytes, storage.history_start_time);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct BranchStorage {
    /// Bytes of its data that no other file has: its deletion gives back these and those of the history at least.
    /// `None` where the file system shares blocks and does not say which.
    pub own_size_bytes: Option<u64>,
    /// Bytes of its data that are shared with other branches, with snapshots, or with its own history.
    pub shared_size_bytes: Option<u64>,
    /// Bytes of its history (WAL, and bases from which it is replayed) that no other file has.
    pub history_size_bytes: Option<u64>,
    /// The first time at which a branch of it can begin; `None` while it has no history.
    pub history_start_time: Option<DateTime<Utc>>,
}

impl Branch {
    /// The space that the branch takes on disk, and how far its history goes; `None` where the service does not report
    /// them, which the local Lakebase alone does.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound) when the branch does not exist. Also the errors of
    /// [any call](crate::builder::RawRequest#errors).
    pub async fn storage(&self) -> Result<Option<BranchStorage>> {
        let path = format!("{}/storage", self.name);
        let request = Request::get(&path, format!("reading the storage of branch {}", self.name));
        let answer: wire::branch::BranchStorage = match self.client.send(request).await {
            // A missing branch has a code of its own.
            Err(error) if error.is_not_found() && error.code() != Some("NOT_FOUND") => return Ok(None),
            answer => answer?,
        };
        Ok(Some(BranchStorage {
            own_size_bytes: count(answer.own_size_bytes),
            shared_size_bytes: count(answer.shared_size_bytes),
            history_size_bytes: count(answer.history_size_bytes),
            history_start_time: answer.history_start_time,
        }))
    }
}

impl BranchInfo {
    forward! {
        Branch:
        async fn storage(&self) -> Result<Option<BranchStorage>>;
    }
}
