//! Restoration of deleted branches.

use chrono::Utc;

use super::{Branches, create::check_count};
use crate::{
    api::{name::BranchName, wire::operation::Operation},
    local::control::{
        error_conversion::with_sources,
        error_response::ErrorResponse,
        failpoint,
        locks::Wanted,
        operations::{ResourceKind, Work, empty},
        state::{Branch, State},
    },
};

impl Branches {
    /// Restores the branch of this name that was deleted last, with its endpoint, roles and databases. It has no expiry
    /// then: the old one may be over.
    pub(crate) async fn undelete(&self, name: BranchName) -> Result<Operation, ErrorResponse> {
        self.operations.submit(self.clone().begin_undelete(name)).await
    }

    async fn begin_undelete(self, name: BranchName) -> Result<Work, ErrorResponse> {
        let wanted = Wanted::by("the undeletion of the branch").shared(name.project()).exclusive(&name);
        let held = self.locks.hold(wanted).await?;
        let restore = |state: &mut State| {
            let project = state.project(name.project())?.id.clone();
            let deleted = state.tombstones_of(&name).pop().cloned();
            match (deleted, state.branches.contains_key(&name)) {
                (Some(_), true) => Err(ErrorResponse::bad_request(format!(
                    "branch '{name}' exists: another branch was created under the id of the deleted one"
                ))),
                (None, true) => Err(ErrorResponse::bad_request(format!("branch '{name}' is not deleted"))),
                (None, false) => Err(ErrorResponse::not_found("branch id")),
                (Some(deleted), false) => {
                    check_count(state, &project, self.max_branches)?;
                    let now = Utc::now();
                    state.tombstones.remove(&deleted.uid);
                    state.put_branch(Branch {
                        deleted: None,
                        expires: None,
                        updated: now,
                        state_changed: now,
                        ..Branch::clone(&deleted)
                    });
                    Ok(())
                }
            }
        };
        self.state.commit(restore).await?;
        Ok(Work::new(ResourceKind::Branch, &name, async move {
            let _held = held;
            failpoint::reached("undelete-branch.row");
            let published = self.computes.publish_all().await;
            published.map_err(|error| ErrorResponse::internal(with_sources(&error)))?;
            Ok(empty())
        }))
    }
}
