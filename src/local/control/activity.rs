//! Activity of computes, known only while this process lives: connections, idle time, and changes under way.

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

/// The activity of all computes, by the uid of their endpoint.
#[derive(Default)]
pub(super) struct ActivityTable(Mutex<HashMap<String, Arc<Activity>>>);

/// The activity of one endpoint's compute.
pub(super) struct Activity {
    /// Held while the compute is started or stopped: one login wakes it, and no compute is stopped while it wakes.
    pub(super) transition: tokio::sync::Mutex<()>,
    usage: Mutex<Usage>,
    /// Changes of its settings that are under way.
    changes: AtomicUsize,
}

struct Usage {
    connections: usize,
    idle_since: Instant,
    last_active: Option<DateTime<Utc>>,
}

impl ActivityTable {
    pub(super) fn of(&self, endpoint_uid: &str) -> Arc<Activity> {
        let fresh = || Usage { connections: 0, idle_since: Instant::now(), last_active: None };
        let make = || {
            Arc::new(Activity {
                transition: tokio::sync::Mutex::default(),
                usage: Mutex::new(fresh()),
                changes: AtomicUsize::new(0),
            })
        };
        Arc::clone(self.lock().entry(endpoint_uid.to_owned()).or_insert_with(make))
    }

    pub(super) fn last_active(&self, endpoint_uid: &str) -> Option<DateTime<Utc>> {
        self.lock().get(endpoint_uid).and_then(|activity| activity.lock().last_active)
    }

    /// Whether a change of its settings is under way.
    pub(super) fn is_changing(&self, endpoint_uid: &str) -> bool {
        self.lock().get(endpoint_uid).is_some_and(|activity| activity.changes.load(Ordering::Relaxed) > 0)
    }

    pub(super) fn forget(&self, endpoint_uid: &str) {
        self.lock().remove(endpoint_uid);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<Activity>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Activity {
    /// Counts a connection until the returned guard is dropped.
    pub(super) fn connect(self: &Arc<Self>) -> Presence {
        let mut usage = self.lock();
        usage.connections += 1;
        usage.last_active = Some(Utc::now());
        drop(usage);
        Presence(Arc::clone(self))
    }

    /// Marks a change as under way until the returned guard is dropped.
    pub(super) fn change(self: &Arc<Self>) -> Change {
        self.changes.fetch_add(1, Ordering::Relaxed);
        Change(Arc::clone(self))
    }

    /// Whether there was no connection for this long.
    pub(super) fn idle_for(&self, timeout: Duration) -> bool {
        let usage = self.lock();
        usage.connections == 0 && usage.idle_since.elapsed() >= timeout
    }

    fn lock(&self) -> MutexGuard<'_, Usage> {
        self.usage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A change of a compute's settings that is under way.
pub(super) struct Change(Arc<Activity>);

impl Drop for Change {
    fn drop(&mut self) {
        self.0.changes.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A connection to a compute; the idle time begins when the last one is dropped.
pub(super) struct Presence(Arc<Activity>);

impl Drop for Presence {
    fn drop(&mut self) {
        let mut usage = self.0.lock();
        usage.connections -= 1;
        usage.idle_since = Instant::now();
        usage.last_active = Some(Utc::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_compute_changes_until_the_last_change_is_over() {
        let table = ActivityTable::default();
        let (one, two) = (table.of("ep").change(), table.of("ep").change());
        drop(one);
        assert!(table.is_changing("ep") && !table.is_changing("other"));
        drop(two);
        assert!(!table.is_changing("ep"));
    }

    #[tokio::test(start_paused = true)]
    async fn idle_time_begins_when_the_last_connection_ends() {
        let table = ActivityTable::default();
        let activity = table.of("ep");
        let (one, two) = (activity.connect(), activity.connect());
        tokio::time::advance(Duration::from_secs(300)).await;
        drop(one);
        tokio::time::advance(Duration::from_secs(300)).await;
        assert!(!activity.idle_for(Duration::from_secs(60)));
        drop(two);
        assert!(!activity.idle_for(Duration::from_secs(60)));
        tokio::time::advance(Duration::from_secs(60)).await;
        assert!(activity.idle_for(Duration::from_secs(60)));
        assert!(table.last_active("ep").is_some());
    }
}
