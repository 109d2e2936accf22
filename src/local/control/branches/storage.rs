//! The space that a branch takes on disk.

use chrono::Utc;

use super::Branches;
use crate::{
    api::{name::BranchName, wire::branch::BranchStorage},
    local::{
        control::{error_response::ErrorResponse, point_in_time},
        engine::BranchUsage,
    },
};

impl Branches {
    /// Measures a branch. A call of its own, as it looks at each file.
    pub(crate) async fn storage(&self, name: &BranchName) -> Result<BranchStorage, ErrorResponse> {
        let state = self.state.snapshot();
        let branch = state.created_branch(name)?;
        let BranchUsage { data, history, since } = self.computes.engine.branch_usage(&branch.key()).await?;
        let kept = point_in_time::window_start(&state, name.project(), Utc::now())?;
        let size = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
        Ok(BranchStorage {
            own_size_bytes: data.own().map(size),
            shared_size_bytes: data.shared.map(size),
            history_size_bytes: history.own().map(size),
            history_start_time: since.map(|since| since.max(kept)),
        })
    }
}
