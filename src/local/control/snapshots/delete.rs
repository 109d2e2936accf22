//! Deletion of snapshots, which is for good.

use std::sync::Arc;

use chrono::Utc;

use super::Snapshots;
use crate::{
    api::{name::SnapshotName, wire::operation::Operation},
    local::control::{
        error_response::ErrorResponse,
        failpoint,
        locks::Wanted,
        operations::{ResourceKind, Work, empty},
        state::State,
    },
};

/// The reason for which a snapshot is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::local::control) enum DeleteReason {
    Requested,
    Expired,
}

impl Snapshots {
    pub(crate) async fn delete(&self, name: SnapshotName) -> Result<Operation, ErrorResponse> {
        self.operations.submit(self.clone().begin_delete(name, DeleteReason::Requested)).await
    }

    /// Takes the row away; the files follow. Branches of the snapshot have files of their own.
    pub(in crate::local::control) async fn begin_delete(
        self,
        name: SnapshotName,
        reason: DeleteReason,
    ) -> Result<Work, ErrorResponse> {
        self.state.snapshot().snapshot(&name)?;
        let wanted = Wanted::by("the deletion of the snapshot").shared(name.project()).exclusive(&name);
        let held = self.locks.hold(wanted).await?;
        let remove = |state: &mut State| {
            let snapshot = Arc::clone(state.snapshot(&name)?);
            // While this waited, another snapshot may have been taken under its id.
            if reason == DeleteReason::Expired && !snapshot.has_expired(Utc::now()) {
                return Err(ErrorResponse::bad_request(format!("snapshot '{name}' has not expired")));
            }
            state.snapshots.remove(&name);
            Ok(snapshot)
        };
        let snapshot = self.state.commit(remove).await?;
        Ok(Work::new(ResourceKind::Snapshot, &name, async move {
            let _held = held;
            failpoint::reached("delete-snapshot.row");
            self.computes.remove_snapshot(&snapshot).await?;
            Ok(empty())
        }))
    }
}
