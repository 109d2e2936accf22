//! The snapshot schedule of a branch.

use chrono::Utc;

use super::Branches;
use crate::{
    api::{
        name::BranchName,
        wire::{operation::Operation, snapshot::SnapshotSchedule},
    },
    local::control::{
        error_response::ErrorResponse,
        operations::{ResourceKind, Work},
        rules::schedule,
        state::{Branch, Schedule},
        to_wire::json,
    },
};

impl Branches {
    /// The schedule; an empty one where none is set.
    pub(crate) fn snapshot_schedule(&self, name: &BranchName) -> Result<SnapshotSchedule, ErrorResponse> {
        Ok(to_wire(self.state.snapshot().branch(name)?))
    }

    /// Replaces the schedule; an empty one switches it off. Only times after this one count.
    pub(crate) async fn set_snapshot_schedule(
        &self,
        name: BranchName,
        mask: String,
        body: SnapshotSchedule,
    ) -> Result<Operation, ErrorResponse> {
        let state = std::sync::Arc::clone(&self.state);
        self.operations
            .submit(async move {
                state.snapshot().branch(&name)?;
                check_mask(&mask)?;
                let rules = body.schedule.iter().map(schedule::read).collect::<Result<Vec<_>, _>>()?;
                let set = |branch: &mut Branch| {
                    let wanted = (!rules.is_empty()).then(|| Schedule { rules, done_until: Utc::now() });
                    branch.schedule = wanted;
                    Ok(json(&to_wire(branch)))
                };
                let response = state.commit(|state| {
                    state.created_branch(&name)?;
                    state.change_branch(&name, set)
                });
                let response = response.await?;
                Ok(Work::done(ResourceKind::SnapshotSchedule, schedule_of(&name), response))
            })
            .await
    }
}

fn check_mask(mask: &str) -> Result<(), ErrorResponse> {
    match mask {
        "" => Err(ErrorResponse::required("update_mask")),
        "schedule" | "*" => Ok(()),
        other => Err(ErrorResponse::invalid(format!("Unknown field path in update_mask: '{other}'"))),
    }
}

fn to_wire(branch: &Branch) -> SnapshotSchedule {
    let rules = branch.schedule.iter().flat_map(|schedule| &schedule.rules);
    SnapshotSchedule {
        name: Some(schedule_of(&branch.name())),
        schedule: rules.map(schedule::to_wire).collect(),
    }
}

fn schedule_of(branch: &BranchName) -> String {
    format!("{branch}/snapshot-schedule")
}
