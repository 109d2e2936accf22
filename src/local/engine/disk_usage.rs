//! Disk space of an engine.

use super::{Engine, EngineError};
use crate::local::storage::{DiskUsage, Storage};

impl Engine {
    /// Disk space that WAL takes, and that is left.
    pub(crate) async fn disk_usage(&self) -> Result<DiskUsage, EngineError> {
        self.inner.on_disk(Storage::usage).await
    }
}
