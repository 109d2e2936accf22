//! Locks on projects and branches: changes of a resource are serial, copies of it may overlap.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock, watch},
    time::{Instant, timeout_at},
};

use super::error_response::{Code, ErrorResponse};

/// How long an operation waits for the ones before it; below the request timeouts of clients.
const LONGEST_WAIT: Duration = Duration::from_secs(25);

/// One lock for each resource name, created on first use.
#[derive(Default)]
pub(super) struct Locks(Mutex<HashMap<String, Arc<Entry>>>);

#[derive(Default)]
struct Entry {
    lock: Arc<RwLock<()>>,
    /// The number of deletes that wait for the resource; interruptible work ends when there is one.
    deletes: watch::Sender<usize>,
    /// Descriptions of the operations that hold the lock, for the errors of those that wait.
    holders: Mutex<Vec<&'static str>>,
}

/// Locks on all resources of one operation, released when dropped.
pub(super) struct Held(Vec<Hold>);

struct Hold {
    name: String,
    entry: Arc<Entry>,
    operation: &'static str,
    _guard: Guard,
}

enum Guard {
    Shared { _guard: OwnedRwLockReadGuard<()> },
    Exclusive { _guard: OwnedRwLockWriteGuard<()> },
}

/// The resources that an operation needs, each shared or exclusively.
pub(super) struct Wanted {
    operation: &'static str,
    resources: BTreeMap<String, bool>,
}

/// A delete that waits for a resource: work on it that can be interrupted ends.
pub(super) struct Deleting(Arc<Entry>);

impl Wanted {
    /// `operation` completes the sentence "... is under way".
    pub(super) fn by(operation: &'static str) -> Self {
        Self { operation, resources: BTreeMap::new() }
    }

    pub(super) fn shared(mut self, name: &impl fmt::Display) -> Self {
        self.resources.entry(name.to_string()).or_insert(false);
        self
    }

    pub(super) fn exclusive(mut self, name: &impl fmt::Display) -> Self {
        self.resources.insert(name.to_string(), true);
        self
    }
}

impl Locks {
    /// Acquires all locks in the order of their names, which rules out a deadlock; `ABORTED` when that takes too long.
    pub(super) async fn hold(&self, wanted: Wanted) -> Result<Held, ErrorResponse> {
        let deadline = Instant::now() + LONGEST_WAIT;
        let mut held = Vec::with_capacity(wanted.resources.len());
        for (name, exclusive) in wanted.resources {
            let entry = self.entry(&name);
            let lock = Arc::clone(&entry.lock);
            let acquired = timeout_at(deadline, async {
                if exclusive {
                    Guard::Exclusive { _guard: lock.write_owned().await }
                } else {
                    Guard::Shared { _guard: lock.read_owned().await }
                }
            });
            let Ok(guard) = acquired.await else { return Err(entry.busy(&name)) };
            entry.holders().push(wanted.operation);
            held.push(Hold { name, entry, operation: wanted.operation, _guard: guard });
        }
        Ok(Held(held))
    }

    /// Announces a delete of a resource until the returned guard is dropped.
    pub(super) fn announce_delete(&self, name: &impl fmt::Display) -> Deleting {
        let entry = self.entry(&name.to_string());
        entry.deletes.send_modify(|count| *count += 1);
        Deleting(entry)
    }

    fn entry(&self, name: &str) -> Arc<Entry> {
        let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if locks.len() > 1000 {
            locks.retain(|_, entry| Arc::strong_count(entry) > 1);
        }
        Arc::clone(locks.entry(name.to_owned()).or_default())
    }
}

impl Entry {
    fn holders(&self) -> std::sync::MutexGuard<'_, Vec<&'static str>> {
        self.holders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn busy(&self, name: &str) -> ErrorResponse {
        let holder = self.holders().first().copied().unwrap_or("another operation");
        let seconds = LONGEST_WAIT.as_secs();
        let text =
            format!("'{name}' is busy: {holder} is under way and did not end within {seconds} s. Try again.");
        ErrorResponse::new(Code::Aborted, text)
    }
}

impl Held {
    /// Lets go of one resource before the others.
    pub(super) fn release(&mut self, name: &impl fmt::Display) {
        let name = name.to_string();
        self.0.retain(|hold| hold.name != name);
    }

    /// Runs work that is aborted once a delete of one of the resources waits.
    pub(super) async fn unless_deleted<T>(
        &self,
        work: impl Future<Output = Result<T, ErrorResponse>>,
    ) -> Result<T, ErrorResponse> {
        tokio::select! {
            biased;
            deleted = self.until_deleted() => Err(deleted),
            done = work => done,
        }
    }

    /// Waits until a delete of one of the resources waits, and gives the error of work that it aborts.
    pub(super) async fn until_deleted(&self) -> ErrorResponse {
        let mut waits: Vec<_> = self.0.iter().map(|hold| hold.entry.deletes.subscribe()).collect();
        let waits = waits.iter_mut().map(|deletes| Box::pin(deletes.wait_for(|count| *count > 0)));
        // The senders live as long as the entries that `self` holds.
        let _ = futures_util::future::select_all(waits).await;
        ErrorResponse::new(Code::Aborted, "aborted because the branch is being deleted")
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut holders = self.entry.holders();
        if let Some(at) = holders.iter().position(|operation| *operation == self.operation) {
            holders.swap_remove(at);
        }
    }
}

impl Drop for Deleting {
    fn drop(&mut self) {
        self.0.deletes.send_modify(|count| *count = count.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change() -> Wanted {
        Wanted::by("a change").shared(&"projects/p").exclusive(&"projects/p/branches/b")
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_is_bounded_and_says_what_it_waited_for() {
        let locks = Locks::default();
        let held = locks.hold(change()).await.unwrap();
        let error = locks.hold(change()).await.err().unwrap();
        assert_eq!(error.code, Code::Aborted);
        assert!(
            error.message.starts_with("'projects/p/branches/b' is busy: a change is under way"),
            "{error}"
        );
        drop(held);
        locks.hold(change()).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_delete_ends_the_work_before_it_and_the_work_that_waited_before_it() {
        let locks = Arc::new(Locks::default());
        let work = |locks: Arc<Locks>| async move {
            let held = locks.hold(change()).await?;
            held.unless_deleted(std::future::pending::<Result<(), ErrorResponse>>()).await
        };
        let (first, second) =
            (tokio::spawn(work(Arc::clone(&locks))), tokio::spawn(work(Arc::clone(&locks))));
        tokio::task::yield_now().await;
        let deleting = locks.announce_delete(&"projects/p/branches/b");
        locks.hold(change()).await.unwrap();
        for work in [first, second] {
            assert_eq!(work.await.unwrap().unwrap_err().code, Code::Aborted);
        }
        drop(deleting);
        let held = locks.hold(change()).await.unwrap();
        held.unless_deleted(std::future::ready(Ok(()))).await.unwrap();
    }
}
