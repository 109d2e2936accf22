//! The snapshot schedule of a branch, which is always empty: there are no snapshots.

use super::Branches;
use crate::{
    api::{
        name::BranchName,
        wire::{operation::Operation, snapshot::SnapshotSchedule},
    },
    local::control::{
        error_response::ErrorResponse,
        operations::{ResourceKind, Work},
        to_wire::json,
    },
};

impl Branches {
    pub(crate) fn snapshot_schedule(&self, branch: &BranchName) -> Result<SnapshotSchedule, ErrorResponse> {
        self.state.snapshot().branch(branch)?;
        Ok(SnapshotSchedule { name: Some(schedule_of(branch)), schedule: Vec::new() })
    }

    /// Accepts an empty schedule and refuses any other.
    pub(crate) async fn set_snapshot_schedule(
        &self,
        branch: BranchName,
        mask: String,
        body: SnapshotSchedule,
    ) -> Result<Operation, ErrorResponse> {
        let after = self.snapshot_schedule(&branch)?;
        match mask.as_str() {
            "" => return Err(ErrorResponse::required("update_mask")),
            "schedule" | "*" => {}
            other => {
                let text = format!("Unknown field path in update_mask: '{other}'");
                return Err(ErrorResponse::invalid(text));
            }
        }
        if !body.schedule.is_empty() {
            return Err(ErrorResponse::no_snapshots());
        }
        let work = Work::done(ResourceKind::SnapshotSchedule, schedule_of(&branch), json(&after));
        self.operations.submit(std::future::ready(Ok(work))).await
    }
}

fn schedule_of(branch: &BranchName) -> String {
    format!("{branch}/snapshot-schedule")
}
