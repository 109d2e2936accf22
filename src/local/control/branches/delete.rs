//! Deletion of branches, so that they can be restored or for good.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::Branches;
use crate::{
    api::{name::BranchName, wire::operation::Operation},
    local::control::{
        error_response::{Code, ErrorResponse},
        failpoint,
        locks::Wanted,
        operations::{ResourceKind, Work, empty},
        rules::deletion,
        state::{Branch, State},
        to_wire::PURGE_AFTER,
    },
};

/// The reason for which a branch is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::local::control) enum DeleteReason {
    /// A request: with `purge` for good, without it so that the branch can be restored.
    Requested { purge: bool },
    /// Its expiry, which is for good: branches that expire are made by the hundred, and their space is wanted back.
    Expired,
}

impl DeleteReason {
    fn keeps_the_data(self) -> bool {
        self == Self::Requested { purge: false }
    }
}

/// Deleted branches past their purge time.
pub(in crate::local::control) fn purgeable(state: &State, now: DateTime<Utc>) -> Vec<Arc<Branch>> {
    let over = |branch: &&Arc<Branch>| branch.deleted.is_some_and(|at| at + PURGE_AFTER <= now);
    state.tombstones.values().filter(over).cloned().collect()
}

impl Branches {
    pub(crate) async fn delete(
        &self,
        name: BranchName,
        purge: bool,
        allow_missing: bool,
    ) -> Result<Operation, ErrorResponse> {
        let this = self.clone();
        self.operations
            .submit(async move {
                match this.begin_delete(name.clone(), DeleteReason::Requested { purge }).await {
                    Err(error) if allow_missing && error.code == Code::NotFound => {
                        Ok(Work::done(ResourceKind::Branch, &name, empty()))
                    }
                    answer => answer,
                }
            })
            .await
    }

    /// Checks the guards and takes the row away; the files of a branch that is not kept follow.
    pub(in crate::local::control) async fn begin_delete(
        self,
        name: BranchName,
        reason: DeleteReason,
    ) -> Result<Work, ErrorResponse> {
        if let DeleteReason::Requested { purge } = reason {
            let state = self.state.snapshot();
            let project = state.project(name.project())?;
            if purge && !state.branches.contains_key(&name) {
                return self.begin_purge(name, |_| true).await;
            }
            let branch = state.branch(&name)?;
            deletion::check_branch(&state, project, branch)?;
            self.computes.check_reconciled(branch)?;
        }
        // The creation that this aborts removes the branch.
        let in_creation = self.state.snapshot().branches.get(&name).is_some_and(|branch| branch.init);
        let _deleting = self.locks.announce_delete(&name);
        let wanted = Wanted::by("the deletion of the branch").shared(name.project()).exclusive(&name);
        let held = self.locks.hold(wanted).await?;
        let remove = |state: &mut State| {
            if in_creation && !state.branches.contains_key(&name) {
                return Ok(None);
            }
            let (branch, now) = (Arc::clone(state.branch(&name)?), Utc::now());
            // While this waited, its expiry may have been changed or another branch created under its id.
            if reason == DeleteReason::Expired && !branch.has_expired(now) {
                return Err(ErrorResponse::bad_request(format!("branch '{name}' has not expired")));
            }
            deletion::check_branch(state, state.project(name.project())?, &branch)?;
            state.branches.remove(&name);
            if reason.keeps_the_data() {
                state.put_branch(Branch { deleted: Some(now), state_changed: now, ..Branch::clone(&branch) });
            }
            Ok(Some(branch))
        };
        let Some(branch) = self.state.commit(remove).await? else {
            return Ok(Work::done(ResourceKind::Branch, &name, empty()));
        };
        Ok(Work::new(ResourceKind::Branch, &name, async move {
            let _held = held;
            failpoint::reached("delete-branch.row");
            if reason.keeps_the_data() {
                self.computes.withdraw(&branch).await?;
            } else {
                self.computes.remove(&branch).await?;
            }
            Ok(empty())
        }))
    }

    /// Removes the chosen ones of the deleted branches of a name for good.
    pub(in crate::local::control) async fn begin_purge(
        self,
        name: BranchName,
        chosen: impl Fn(&Branch) -> bool + Send,
    ) -> Result<Work, ErrorResponse> {
        let wanted = Wanted::by("the purge of the branch").shared(name.project()).exclusive(&name);
        let held = self.locks.hold(wanted).await?;
        let remove = |state: &mut State| {
            let mut found: Vec<_> = state.tombstones_of(&name).into_iter().cloned().collect();
            found.retain(|branch| chosen(branch));
            if found.is_empty() {
                return Err(ErrorResponse::not_found("branch id"));
            }
            found.iter().for_each(|branch| drop(state.tombstones.remove(&branch.uid)));
            Ok(found)
        };
        let branches = self.state.commit(remove).await?;
        Ok(Work::new(ResourceKind::Branch, &name, async move {
            let _held = held;
            failpoint::reached("purge-branch.row");
            for branch in branches {
                self.computes.remove(&branch).await?;
            }
            Ok(empty())
        }))
    }
}
