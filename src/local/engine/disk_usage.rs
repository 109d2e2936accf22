//! Disk space of an engine and of its branches.

use chrono::{DateTime, Utc};

use super::{BranchKey, Engine, EngineError, Inner};
use crate::local::storage::{Blocks, DiskUsage, Storage};

/// The files of one branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BranchUsage {
    /// Of its data, without WAL.
    pub(crate) data: Blocks,
    /// Of its WAL and bases.
    pub(crate) history: Blocks,
    /// The first time of its history; 1970 where that is the beginning of the project, `None` where it has none.
    pub(crate) since: Option<DateTime<Utc>>,
}

impl Engine {
    /// Disk space that WAL takes, and that is left.
    pub(crate) async fn disk_usage(&self) -> Result<DiskUsage, EngineError> {
        self.inner.on_disk(Storage::usage).await
    }

    /// Disk space that a branch takes, and how far its history goes. Looks at each of its files.
    pub(crate) async fn branch_usage(&self, key: &BranchKey) -> Result<BranchUsage, EngineError> {
        let key = key.clone();
        self.detached(move |inner| async move { inner.branch_usage(&key).await }).await
    }
}

impl Inner {
    async fn branch_usage(&self, key: &BranchKey) -> Result<BranchUsage, EngineError> {
        let _kept = self.history.read().await;
        let chain = self.read_chain(self.existing(key).await?).await?;
        let since = chain.oldest().filter(|_| self.keeps_history()).map(|mark| mark.time);
        let key = key.clone();
        let blocks = self.on_disk(move |storage| storage.blocks(&key)).await?;
        Ok(BranchUsage { data: blocks.data, history: blocks.history, since })
    }
}
