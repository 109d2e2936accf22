//! Removal of orphans: branch directories without a row in the state.

use std::collections::HashSet;

use super::Computes;
use crate::local::control::ControlError;

impl Computes {
    /// Removes branch directories without a row: they were being created or removed when the last process ended.
    pub(in crate::local::control) async fn remove_orphans(&self) -> Result<(), ControlError> {
        let state = self.state.snapshot();
        let known: HashSet<_> =
            state.branches.values().chain(state.tombstones.values()).map(|branch| branch.key()).collect();
        for key in self.engine.branches().await? {
            if !known.contains(&key) {
                tracing::info!(branch = %key, "removing an unfinished or half removed branch");
                self.engine.remove(&key).await?;
            }
        }
        Ok(())
    }
}
