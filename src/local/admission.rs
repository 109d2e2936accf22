//! Limits on connections whose peers are not authenticated.
//!
//! Such a connection holds a file descriptor and costs its peer nothing. When all permits are taken, the oldest
//! connection that has sent nothing is closed, so that a new one is always accepted.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::{Notify, oneshot};

/// The time between two lines of the log about evicted connections.
const REPORT_EVERY: Duration = Duration::from_secs(10);

/// The number of permits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    pub(super) total: usize,
    /// For one address. Less than `total`, so that one peer cannot take every permit.
    pub(super) per_peer: usize,
}

impl Limits {
    /// At most `most` permits, and at most this part of the descriptors that the process may open.
    pub(super) fn within_descriptors(most: usize, share: u64) -> Limits {
        let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
        let share = limit.map_or(most, |limit| usize::try_from(limit / share).unwrap_or(most));
        let total = share.clamp(16, most.max(16));
        Limits { total, per_peer: total - total / 4 }
    }
}

/// The progress of a connection; the one with the least is closed first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Progress {
    /// Nothing that counts has arrived.
    Silent,
    /// On the way to a login.
    Handshake,
    /// Being served; never evicted.
    Busy,
}

/// The permits of one or more listeners. A cheap handle.
#[derive(Clone, Debug)]
pub(super) struct Admission(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    limits: Limits,
    table: Mutex<Table>,
    changed: Notify,
}

/// Permits by age: a lower number is older.
#[derive(Debug, Default)]
struct Table {
    next: u64,
    permits: BTreeMap<u64, Held>,
    evicted: u64,
    reported: Option<Instant>,
}

#[derive(Debug)]
struct Held {
    peer: IpAddr,
    progress: Progress,
    eviction: oneshot::Sender<()>,
}

/// The permit of one connection, given back when dropped.
#[derive(Debug)]
pub(super) struct Permit {
    admission: Admission,
    number: u64,
}

/// Resolves when the connection must give way to another.
pub(super) type EvictionNotice = oneshot::Receiver<()>;

impl Admission {
    pub(super) fn new(limits: Limits) -> Admission {
        let inner = Inner { limits, table: Mutex::default(), changed: Notify::new() };
        Admission(Arc::new(inner))
    }

    /// Waits until a connection could be admitted.
    pub(super) async fn wait_for_capacity(&self) {
        loop {
            let changed = self.0.changed.notified();
            if self.table().has_room(self.0.limits.total) {
                return;
            }
            changed.await;
        }
    }

    /// Takes a permit; if all are taken, the oldest of the connections with the least progress loses its own.
    /// `None` when every permit is held by a connection that is being served.
    pub(super) fn admit(&self, peer: IpAddr) -> Option<(Permit, EvictionNotice)> {
        let Limits { total, per_peer } = self.0.limits;
        let mut table = self.table();
        let of_peer = |held: &Held| held.peer == peer;
        if table.permits.values().filter(|&held| of_peer(held)).count() >= per_peer {
            table.evict(of_peer)?;
        } else if table.permits.len() >= total {
            table.evict(|_| true)?;
        }
        let (eviction, notice) = oneshot::channel();
        let number = table.insert(Held { peer, progress: Progress::Silent, eviction });
        Some((Permit { admission: self.clone(), number }, notice))
    }

    /// Closes the oldest of the connections with the least progress, if any.
    pub(super) fn evict_oldest(&self) -> bool {
        self.table().evict(|_| true).is_some()
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn insert(&mut self, held: Held) -> u64 {
        self.next += 1;
        self.permits.insert(self.next, held);
        self.next
    }

    fn has_room(&self, total: usize) -> bool {
        self.permits.len() < total || self.permits.values().any(|held| held.progress < Progress::Busy)
    }

    fn evict(&mut self, eligible: impl Fn(&Held) -> bool) -> Option<()> {
        let candidates =
            self.permits.iter().filter(|(_, held)| held.progress < Progress::Busy && eligible(held));
        let (&number, _) = candidates.min_by_key(|(number, held)| (held.progress, **number))?;
        let held = self.permits.remove(&number)?;
        // A connection that has just ended needs no notice.
        let _ = held.eviction.send(());
        self.report(held.peer);
        Some(())
    }

    /// A line now and then: one for each connection would let an attack fill the disk with the log.
    fn report(&mut self, peer: IpAddr) {
        self.evicted += 1;
        if self.reported.is_none_or(|last| last.elapsed() > REPORT_EVERY) {
            tracing::warn!(
                count = self.evicted, last_peer = %peer,
                "connections that had said nothing were closed to let others in"
            );
            (self.evicted, self.reported) = (0, Some(Instant::now()));
        }
    }
}

impl Permit {
    /// Records the progress of the connection. Its age counts from now on.
    pub(super) fn reached(&mut self, progress: Progress) {
        let mut table = self.admission.table();
        // A connection that was asked to give way holds no permit any more.
        if let Some(held) = table.permits.remove(&self.number) {
            self.number = table.insert(Held { progress, ..held });
        }
        drop(table);
        self.admission.0.changed.notify_waiters();
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.admission.table().permits.remove(&self.number);
        self.admission.0.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn other(last: u8) -> IpAddr {
        IpAddr::from([127, 0, 0, last])
    }

    #[test]
    fn the_oldest_silent_connection_gives_way_and_a_served_one_never() {
        let admission = Admission::new(Limits { total: 3, per_peer: 3 });
        let (mut first, mut first_notice) = admission.admit(PEER).unwrap();
        let (mut second, mut second_notice) = admission.admit(PEER).unwrap();
        let (_third, mut third_notice) = admission.admit(PEER).unwrap();
        first.reached(Progress::Busy);
        second.reached(Progress::Handshake);
        let (mut fourth, mut fourth_notice) = admission.admit(PEER).unwrap();
        assert_eq!(third_notice.try_recv(), Ok(()));
        fourth.reached(Progress::Busy);
        let (mut fifth, _) = admission.admit(PEER).unwrap();
        assert_eq!(second_notice.try_recv(), Ok(()));
        fifth.reached(Progress::Busy);
        assert!(admission.admit(PEER).is_none() && !admission.evict_oldest());
        assert!(first_notice.try_recv().is_err() && fourth_notice.try_recv().is_err());
        drop(first);
        assert!(admission.admit(PEER).is_some());
    }

    #[test]
    fn one_peer_leaves_places_to_others_and_gives_way_to_itself() {
        let admission = Admission::new(Limits { total: 4, per_peer: 2 });
        let (_first, mut notice) = admission.admit(PEER).unwrap();
        let _second = admission.admit(PEER).unwrap();
        let _other = admission.admit(other(2)).unwrap();
        let _third = admission.admit(PEER).unwrap();
        assert_eq!(notice.try_recv(), Ok(()));
        assert_eq!(admission.table().permits.len(), 3);
    }

    #[tokio::test]
    async fn waiting_for_room_ends_when_a_place_is_given_back_or_becomes_idle() {
        let admission = Admission::new(Limits { total: 1, per_peer: 1 });
        for give_back in [true, false] {
            admission.wait_for_capacity().await;
            let (mut permit, _told) = admission.admit(PEER).unwrap();
            permit.reached(Progress::Busy);
            let waiting = tokio::spawn({
                let admission = admission.clone();
                async move { admission.wait_for_capacity().await }
            });
            tokio::task::yield_now().await;
            assert!(!waiting.is_finished());
            if give_back {
                drop(permit)
            } else {
                permit.reached(Progress::Silent)
            }
            waiting.await.unwrap();
        }
    }
}
