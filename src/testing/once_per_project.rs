//! Values that are made once for each project and process.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::OnceCell;

use crate::{api::name::ProjectId, error::Result};

/// Made by the first caller; the others wait for it. A failure is returned to its caller, and the next one tries again.
pub(super) struct OncePerProject<T>(Mutex<Option<HashMap<ProjectId, Arc<OnceCell<T>>>>>);

impl<T: Clone> OncePerProject<T> {
    pub(super) const fn new() -> Self {
        Self(Mutex::new(None))
    }

    pub(super) async fn get_or_try_init(
        &self,
        project: &ProjectId,
        make: impl AsyncFnOnce() -> Result<T>,
    ) -> Result<T> {
        let cell = {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(all.get_or_insert_default().entry(project.clone()).or_default())
        };
        cell.get_or_try_init(|| make()).await.cloned()
    }
}
