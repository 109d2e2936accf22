//! The state in memory and on disk: snapshots for readers, one change at a time.

use std::{
    path::Path,
    sync::{Arc, PoisonError, RwLock},
};

use super::{
    error_response::ErrorResponse,
    state::State,
    store::{Store, StoreError},
};

/// The state that all services share.
pub(super) struct SharedState {
    store: Store,
    current: RwLock<Arc<State>>,
    /// One change at a time.
    writer: tokio::sync::Mutex<()>,
}

impl SharedState {
    /// Opens the state file, or creates it. `sync`: whether an acknowledged change must survive a power cut.
    pub(super) fn open(path: &Path, sync: bool) -> Result<Self, StoreError> {
        let (store, state) = Store::open(path, sync)?;
        Ok(Self { store, current: RwLock::new(Arc::new(state)), writer: tokio::sync::Mutex::default() })
    }

    /// The secret of this name, made by `make` the first time; it lives as long as the data directory.
    pub(super) fn secret(
        &self,
        name: &str,
        make: impl FnOnce() -> std::io::Result<Vec<u8>>,
    ) -> Result<Vec<u8>, StoreError> {
        self.store.secret(name, make)
    }

    pub(super) fn snapshot(&self) -> Arc<State> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the state: all or nothing, on disk before a reader sees it.
    pub(super) async fn commit<T>(
        &self,
        change: impl FnOnce(&mut State) -> Result<T, ErrorResponse>,
    ) -> Result<T, ErrorResponse> {
        let _writer = self.writer.lock().await;
        let before = self.snapshot();
        let mut after = State::clone(&before);
        let value = change(&mut after)?;
        let after = Arc::new(after);
        self.store.write(before, Arc::clone(&after)).await?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = after;
        Ok(value)
    }
}
