//! Directories in which a branch is made.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::local::{
    engine::{EngineError, Inner},
    storage::Storage,
};

/// A staged directory that is discarded unless it is published.
pub(in crate::local::engine) struct Staged {
    inner: Arc<Inner>,
    dir: PathBuf,
    published: bool,
}

impl Staged {
    pub(in crate::local::engine) async fn new(inner: &Arc<Inner>) -> Result<Self, EngineError> {
        let dir = inner.on_disk(Storage::create_staging_dir).await?;
        Ok(Self { inner: Arc::clone(inner), dir, published: false })
    }

    pub(in crate::local::engine) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(super) fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    /// Leaves the directory to where it was moved.
    pub(in crate::local::engine) fn forget(mut self) {
        self.published = true;
    }

    pub(in crate::local::engine) async fn publish(mut self, target: PathBuf) -> Result<(), EngineError> {
        let staged = self.dir.clone();
        self.inner.on_disk(move |storage| storage.publish(&staged, &target)).await?;
        self.published = true;
        Ok(())
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if self.published {
            return;
        }
        let (storage, dir) = (Arc::clone(&self.inner.storage), std::mem::take(&mut self.dir));
        self.inner.files.detach(move || {
            if let Err(error) = storage.discard(&dir) {
                tracing::debug!(%error, "leaving a half-made directory to the next start");
            }
        });
    }
}
