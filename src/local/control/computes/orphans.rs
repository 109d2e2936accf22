//! Removal of orphans: directories of branches and snapshots without a row in the state.

use std::collections::HashSet;

use super::Computes;
use crate::local::control::ControlError;

impl Computes {
    /// Removes directories without a row: branches and snapshots that were being created or removed when the last
    /// process ended.
    pub(in crate::local::control) async fn remove_orphans(&self) -> Result<(), ControlError> {
        let state = self.state.snapshot();
        let branches = state.branches.values().chain(state.tombstones.values()).map(|branch| branch.key());
        let snapshots = state.snapshots.values().map(|snapshot| snapshot.key());
        let known: HashSet<_> = branches.chain(snapshots).collect();
        for key in self.engine.branches().await? {
            if !known.contains(&key) {
                tracing::info!(branch = %key, "removing an unfinished or half removed branch or snapshot");
                self.engine.remove(&key).await?;
            }
        }
        Ok(())
    }
}
