//! What is known of computes only while this process lives: who is connected, since when nobody is, and whether one
//! is being changed.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};
use tokio::time::Instant;

/// All computes, by the uid of their endpoint.
#[derive(Default)]
pub(super) struct Computes(Mutex<HashMap<String, Arc<Compute>>>);

/// One endpoint's compute.
pub(super) struct Compute {
    /// Held while the compute is started or stopped, so that one login wakes it and nobody stops what wakes.
    pub(super) gate: tokio::sync::Mutex<()>,
    use_: Mutex<Use>,
    /// Changes that are being brought to it.
    changes: AtomicUsize,
}

struct Use {
    connections: usize,
    idle_since: Instant,
    last_active: Option<DateTime<Utc>>,
}

impl Computes {
    pub(super) fn of(&self, endpoint_uid: &str) -> Arc<Compute> {
        let fresh = || Use { connections: 0, idle_since: Instant::now(), last_active: None };
        let make = || {
            Arc::new(Compute {
                gate: tokio::sync::Mutex::default(),
                use_: Mutex::new(fresh()),
                changes: AtomicUsize::new(0),
            })
        };
        Arc::clone(self.lock().entry(endpoint_uid.to_owned()).or_insert_with(make))
    }

    pub(super) fn last_active(&self, endpoint_uid: &str) -> Option<DateTime<Utc>> {
        self.lock().get(endpoint_uid).and_then(|compute| compute.lock().last_active)
    }

    /// Whether a change is being brought to it.
    pub(super) fn is_changing(&self, endpoint_uid: &str) -> bool {
        self.lock().get(endpoint_uid).is_some_and(|compute| compute.changes.load(Ordering::Relaxed) > 0)
    }

    pub(super) fn forget(&self, endpoint_uid: &str) {
        self.lock().remove(endpoint_uid);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<Compute>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Compute {
    /// Counts a connection until the answer is dropped.
    pub(super) fn enter(self: &Arc<Self>) -> Presence {
        let mut use_ = self.lock();
        use_.connections += 1;
        use_.last_active = Some(Utc::now());
        drop(use_);
        Presence(Arc::clone(self))
    }

    /// A change begins, and is over when the answer is dropped.
    pub(super) fn change(self: &Arc<Self>) -> Change {
        self.changes.fetch_add(1, Ordering::Relaxed);
        Change(Arc::clone(self))
    }

    /// Whether nobody has been connected for this long.
    pub(super) fn idle_for(&self, timeout: Duration) -> bool {
        let use_ = self.lock();
        use_.connections == 0 && use_.idle_since.elapsed() >= timeout
    }

    fn lock(&self) -> MutexGuard<'_, Use> {
        self.use_.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A change that is being brought to a compute.
pub(super) struct Change(Arc<Compute>);

impl Drop for Change {
    fn drop(&mut self) {
        self.0.changes.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A connection to a compute; the idle time begins when the last one is dropped.
pub(super) struct Presence(Arc<Compute>);

impl Drop for Presence {
    fn drop(&mut self) {
        let mut use_ = self.0.lock();
        use_.connections -= 1;
        use_.idle_since = Instant::now();
        use_.last_active = Some(Utc::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_compute_changes_until_the_last_change_is_over() {
        let computes = Computes::default();
        let (one, two) = (computes.of("ep").change(), computes.of("ep").change());
        drop(one);
        assert!(computes.is_changing("ep") && !computes.is_changing("other"));
        drop(two);
        assert!(!computes.is_changing("ep"));
    }

    #[tokio::test(start_paused = true)]
    async fn idle_time_begins_when_the_last_connection_ends() {
        let computes = Computes::default();
        let compute = computes.of("ep");
        let (one, two) = (compute.enter(), compute.enter());
        tokio::time::advance(Duration::from_secs(300)).await;
        drop(one);
        tokio::time::advance(Duration::from_secs(300)).await;
        assert!(!compute.idle_for(Duration::from_secs(60)));
        drop(two);
        assert!(!compute.idle_for(Duration::from_secs(60)));
        tokio::time::advance(Duration::from_secs(60)).await;
        assert!(compute.idle_for(Duration::from_secs(60)));
        assert!(computes.last_active("ep").is_some());
    }
}
