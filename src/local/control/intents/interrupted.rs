//! The end of changes that a crash, a full disk or a broken session interrupted.

use futures_util::future::join_all;

use super::{catalog_changes::CatalogChanges, execute::Attempt};
use crate::{
    api::name::BranchName,
    local::control::{error_response::ErrorResponse, locks::Held},
};

impl CatalogChanges {
    /// Finishes an interrupted change of a branch, unless an operation is working on it right now.
    pub(in crate::local::control) async fn ensure_finished(
        &self,
        branch: &BranchName,
    ) -> Result<(), ErrorResponse> {
        if self.is_interrupted(branch) {
            self.hold_branch(branch, "the end of an interrupted change").await.map(drop)
        } else {
            Ok(())
        }
    }

    /// Whether the branch has an unfinished change that no operation is working on.
    pub(in crate::local::control) fn is_interrupted(&self, name: &BranchName) -> bool {
        let state = self.state.snapshot();
        let branch = state.branch(name);
        branch.is_ok_and(|branch| branch.intent.is_some() && !self.in_flight.contains(&branch.uid))
    }

    /// Finishes every interrupted change. One that cannot be finished now is tried again when the branch is used.
    pub(in crate::local::control) async fn finish_all(&self) {
        let state = self.state.snapshot();
        let interrupted = state.branches.iter().filter(|(_, branch)| branch.intent.is_some());
        join_all(interrupted.map(|(name, _)| async move {
            tracing::info!(branch = %name, "finishing an interrupted change");
            if let Err(error) = self.ensure_finished(name).await {
                tracing::warn!(branch = %name, %error, "failed to finish an interrupted change; the next use retries");
            }
        }))
        .await;
    }

    /// Finishes the interrupted change of a branch that the caller has locked.
    pub(super) async fn finish_interrupted(
        &self,
        held: &Held,
        name: &BranchName,
    ) -> Result<(), ErrorResponse> {
        let state = self.state.snapshot();
        let Ok(branch) = state.branch(name) else { return Ok(()) };
        let Some(intent) = branch.intent.clone() else { return Ok(()) };
        match self.finish(held, branch, intent, Attempt::Again).await {
            // Still there: nothing may build on the branch as it is.
            Err(error) if self.is_interrupted(name) => Err(error),
            Err(error) => {
                tracing::warn!(branch = %name, %error, "PostgreSQL refused an interrupted change; it was removed");
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }
}
