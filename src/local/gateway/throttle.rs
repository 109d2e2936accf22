//! Rate limit for password attempts.
//!
//! Attempts are counted for each role of an endpoint. All clients are on this machine, where any process may send
//! from any address of 127.0.0.0/8, so the address of a client says nothing about who it is and is not counted.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// Wrong passwords before delays begin.
const FREE_FAILURES: u32 = 5;
const FIRST_DELAY: Duration = Duration::from_millis(250);
const LONGEST_DELAY: Duration = Duration::from_secs(4);
/// An attempt that would have to wait longer is refused at once.
const LONGEST_WAIT: Duration = Duration::from_secs(8);
/// Failures are forgotten after this time without another one.
const FORGET_AFTER: Duration = Duration::from_secs(60);
/// Roles that are remembered; beyond it the one whose last failure is oldest is forgotten.
const MAX_ROLES: usize = 1024;

/// Failed logins of the roles of all endpoints. A cheap handle.
#[derive(Clone, Debug, Default)]
pub(super) struct Throttle(Arc<Mutex<HashMap<Key, Failures>>>);

/// A role of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    endpoint: Arc<str>,
    role: String,
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last: Instant,
    /// The earliest time of the next attempt.
    next: Instant,
}

/// The time after which another attempt makes sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooMany {
    pub(super) retry_after: Duration,
}

/// One attempt, which is a failure only when it is reported as one.
#[derive(Debug)]
pub(super) struct Attempt {
    throttle: Throttle,
    key: Key,
}

impl Throttle {
    /// Waits for the turn of this attempt.
    pub(super) async fn attempt(&self, endpoint: &Arc<str>, role: &str) -> Result<Attempt, TooMany> {
        let key = Key { endpoint: endpoint.clone(), role: role.to_owned() };
        let turn = self.turn(&key, Instant::now())?;
        tokio::time::sleep_until(turn).await;
        Ok(Attempt { throttle: self.clone(), key })
    }

    /// Reserves a time, so that attempts made at once wait behind each other.
    fn turn(&self, key: &Key, now: Instant) -> Result<Instant, TooMany> {
        let mut table = self.table();
        let Some(failures) = table.get_mut(key) else { return Ok(now) };
        if now.duration_since(failures.last) > FORGET_AFTER {
            table.remove(key);
            return Ok(now);
        }
        if failures.count < FREE_FAILURES {
            return Ok(now);
        }
        let turn = failures.next.max(now);
        let wait = turn.duration_since(now);
        if wait > LONGEST_WAIT {
            return Err(TooMany { retry_after: wait });
        }
        failures.next = turn + failures.delay();
        Ok(turn)
    }

    fn table(&self) -> MutexGuard<'_, HashMap<Key, Failures>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Failures {
    fn delay(&self) -> Duration {
        let doublings = self.count.saturating_sub(FREE_FAILURES).min(8);
        (FIRST_DELAY * 2u32.pow(doublings)).min(LONGEST_DELAY)
    }
}

impl Attempt {
    /// Counts a wrong password.
    pub(super) fn failed(self) {
        let now = Instant::now();
        let mut table = self.throttle.table();
        if table.len() >= MAX_ROLES && !table.contains_key(&self.key) {
            let oldest = table.iter().min_by_key(|(_, failures)| failures.last).map(|(key, _)| key.clone());
            oldest.and_then(|key| table.remove(&key));
        }
        let failures = table.entry(self.key).or_insert(Failures { count: 0, last: now, next: now });
        failures.count = failures.count.saturating_add(1);
        failures.last = now;
        failures.next = failures.next.max(now + failures.delay());
    }

    /// Resets the count while it is low. A high one stays: the owner's logins must not give a guesser new attempts.
    pub(super) fn succeeded(self) {
        let mut table = self.throttle.table();
        if table.get(&self.key).is_some_and(|failures| failures.count < FREE_FAILURES) {
            table.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn fail(throttle: &Throttle, role: &str) -> Result<(), TooMany> {
        throttle.attempt(&"ep".into(), role).await.map(Attempt::failed)
    }

    #[tokio::test(start_paused = true)]
    async fn a_few_mistakes_are_free_and_then_every_guess_takes_longer() {
        let throttle = Throttle::default();
        let began = Instant::now();
        for _ in 0..FREE_FAILURES {
            fail(&throttle, "jane").await.unwrap();
        }
        assert_eq!(began.elapsed(), Duration::ZERO);
        for _ in 0..20 {
            fail(&throttle, "jane").await.unwrap();
        }
        assert!(began.elapsed() > Duration::from_secs(60), "{:?}", began.elapsed());
        // Another role is not slowed.
        let other = Instant::now();
        fail(&throttle, "joe").await.unwrap();
        assert_eq!(other.elapsed(), Duration::ZERO);
        tokio::time::advance(FORGET_AFTER + Duration::from_secs(1)).await;
        let later = Instant::now();
        fail(&throttle, "jane").await.unwrap();
        assert_eq!(later.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn guesses_made_at_once_wait_behind_each_other_or_are_refused() {
        let throttle = Throttle::default();
        for _ in 0..FREE_FAILURES {
            fail(&throttle, "jane").await.unwrap();
        }
        let began = Instant::now();
        let attempts = (0..500).map(|_| fail(&throttle, "jane"));
        let outcomes = futures_util::future::join_all(attempts).await;
        let made = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        assert!((2..64).contains(&made), "{made}");
        assert!(began.elapsed() <= LONGEST_WAIT + LONGEST_DELAY, "{:?}", began.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_success_forgets_few_mistakes_and_not_many() {
        let throttle = Throttle::default();
        fail(&throttle, "jane").await.unwrap();
        throttle.attempt(&"ep".into(), "jane").await.unwrap().succeeded();
        assert!(throttle.table().is_empty());
        for _ in 0..FREE_FAILURES {
            fail(&throttle, "jane").await.unwrap();
        }
        throttle.attempt(&"ep".into(), "jane").await.unwrap().succeeded();
        assert_eq!(throttle.table().len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn the_table_is_bounded() {
        let throttle = Throttle::default();
        for number in 0..2 * MAX_ROLES {
            fail(&throttle, &number.to_string()).await.unwrap();
        }
        assert_eq!(throttle.table().len(), MAX_ROLES);
    }
}
