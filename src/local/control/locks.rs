//! Which work on one branch may overlap: what changes it waits for its turn, what only copies it does not.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};

/// One lock for each resource name, made when it is first wanted.
#[derive(Default)]
pub(super) struct Locks(Mutex<HashMap<String, Arc<RwLock<()>>>>);

/// Held for the length of the work.
pub(super) enum Hold {
    Shared { _guard: OwnedRwLockReadGuard<()> },
    Alone { _guard: OwnedRwLockWriteGuard<()> },
}

/// What to hold, and how.
#[derive(Default)]
pub(super) struct Wanted(BTreeMap<String, bool>);

impl Wanted {
    pub(super) fn shared(mut self, name: String) -> Self {
        self.0.entry(name).or_insert(false);
        self
    }

    pub(super) fn alone(mut self, name: String) -> Self {
        self.0.insert(name, true);
        self
    }
}

impl Locks {
    /// Takes all of them, always in the order of their names: nobody waits in a circle.
    pub(super) async fn hold(&self, wanted: Wanted) -> Vec<Hold> {
        let mut held = Vec::with_capacity(wanted.0.len());
        for (name, alone) in wanted.0 {
            let lock = self.of(name);
            held.push(if alone {
                Hold::Alone { _guard: lock.write_owned().await }
            } else {
                Hold::Shared { _guard: lock.read_owned().await }
            });
        }
        held
    }

    fn of(&self, name: String) -> Arc<RwLock<()>> {
        let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if locks.len() > 1000 {
            locks.retain(|_, lock| Arc::strong_count(lock) > 1);
        }
        Arc::clone(locks.entry(name).or_default())
    }
}
