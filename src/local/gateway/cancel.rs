//! Cancel requests and the computes they are for.

use std::{
    collections::HashMap,
    io,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::io::AsyncWriteExt as _;

use super::message::CancelKey;
use crate::local::compute::ComputeSocket;

/// The keys of an endpoint's sessions. A cancel request comes on a connection of its own, so they are kept here.
#[derive(Clone, Debug, Default)]
pub(super) struct CancelKeys(Arc<Mutex<HashMap<CancelKey, ComputeSocket>>>);

impl CancelKeys {
    /// Remembers a session's key for as long as the answer lives.
    pub(super) fn remember(&self, key: CancelKey, socket: &ComputeSocket) -> Remembered {
        self.lock().insert(key.clone(), socket.clone());
        Remembered { keys: self.clone(), key }
    }

    /// Passes the request on to the compute that gave the key. Like PostgreSQL, says nothing about unknown keys.
    ///
    /// Returns when the compute has taken it, because clients take the end of their connection as that.
    pub(super) async fn cancel(&self, key: &CancelKey) -> io::Result<()> {
        let socket = self.lock().get(key).cloned();
        let Some(socket) = socket else {
            tracing::debug!("a cancel request with an unknown key");
            return Ok(());
        };
        let mut compute = socket.connect().await?;
        compute.write_all(&key.request()).await?;
        // The compute answers nothing; it closes.
        tokio::io::copy(&mut compute, &mut tokio::io::sink()).await?;
        Ok(())
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<CancelKey, ComputeSocket>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets the key when dropped.
#[derive(Debug)]
pub(super) struct Remembered {
    keys: CancelKeys,
    key: CancelKey,
}

impl Drop for Remembered {
    fn drop(&mut self) {
        self.keys.lock().remove(&self.key);
    }
}
