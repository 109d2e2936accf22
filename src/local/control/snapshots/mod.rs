//! Snapshots: branches as they were at one moment, kept by name.

mod create;
mod delete;
mod scheduled;

use std::sync::Arc;

pub(super) use self::{create::ScheduledTime, delete::DeleteReason, scheduled::Failures};
use super::{
    computes::Computes,
    error_response::ErrorResponse,
    intents::CatalogChanges,
    listing::{PageRequest, page},
    locks::Locks,
    operations::Operations,
    shared_state::SharedState,
    to_wire,
};
use crate::api::{
    name::{ProjectName, SnapshotName},
    wire,
};

/// Calls on snapshots.
#[derive(Clone)]
pub(crate) struct Snapshots {
    pub(super) state: Arc<SharedState>,
    pub(super) operations: Arc<Operations>,
    pub(super) computes: Arc<Computes>,
    pub(super) locks: Arc<Locks>,
    pub(super) changes: Arc<CatalogChanges>,
    pub(super) failures: Arc<Failures>,
}

impl Snapshots {
    pub(crate) fn get(&self, name: &SnapshotName) -> Result<wire::snapshot::Snapshot, ErrorResponse> {
        let state = self.state.snapshot();
        // One that is being taken is not there yet: the service's snapshots have no state.
        let snapshot = state.snapshot(name)?;
        if snapshot.init {
            Err(ErrorResponse::not_found("snapshot id"))
        } else {
            Ok(to_wire::snapshot(snapshot))
        }
    }

    pub(crate) fn list(
        &self,
        project: &ProjectName,
        request: &PageRequest,
    ) -> Result<wire::Snapshots, ErrorResponse> {
        let state = self.state.snapshot();
        let project = state.project(project)?;
        let taken = state.snapshots_of(&project.id).filter(|snapshot| !snapshot.init);
        let items = taken.map(|s| (s.created, s.id.to_string(), to_wire::snapshot(s))).collect();
        let (items, next_page_token) = page(items, request, 0)?;
        Ok(wire::Snapshots { items, next_page_token })
    }
}
