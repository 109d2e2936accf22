//! How patient applying is.

use std::time::Duration;

/// How long applying waits for locks and for others, and how often it tries again.
///
/// A statement that waits for a lock makes everybody queue up behind it. So the wait is short, and is taken up again
/// after a pause in which the queue drains.
///
/// ```
/// use std::time::Duration;
/// use lakebase::migrate::ApplyOptions;
///
/// let options = ApplyOptions::default().lock_timeout(Duration::from_secs(1)).attempts(10);
/// # let _ = options;
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApplyOptions {
    pub(super) lock_timeout: Duration,
    pub(super) attempts: u32,
    pub(super) concurrent_lock_timeout: Duration,
    pub(super) wait_for_others: Duration,
    pub(super) resume: bool,
}

impl Default for ApplyOptions {
    fn default() -> Self {
        Self {
            lock_timeout: Duration::from_secs(3),
            attempts: 5,
            concurrent_lock_timeout: Duration::from_secs(20 * 60),
            wait_for_others: Duration::from_secs(60),
            resume: false,
        }
    }
}

impl ApplyOptions {
    /// How long a statement waits for a lock before it gives way; 3 s by default, at least 1 ms.
    #[must_use]
    pub fn lock_timeout(mut self, timeout: Duration) -> Self {
        self.lock_timeout = timeout;
        self
    }

    /// How often a transaction is tried that could not get a lock, or lost a deadlock; 5 by default.
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// How long `CREATE INDEX CONCURRENTLY` and its like wait for older transactions; 20 minutes by default.
    /// They block nobody meanwhile, and one that gives up leaves an invalid index behind.
    #[must_use]
    pub fn concurrent_lock_timeout(mut self, timeout: Duration) -> Self {
        self.concurrent_lock_timeout = timeout;
        self
    }

    /// How long to wait while somebody else applies migrations to the same database; a minute by default, zero
    /// refuses at once.
    #[must_use]
    pub fn wait_for_others(mut self, patience: Duration) -> Self {
        self.wait_for_others = patience;
        self
    }

    /// Goes on after the last committed statement of a migration that stopped half-way, rather than refusing it.
    /// Look at what its failure said first: the statement that failed may have left something behind.
    #[must_use]
    pub fn resume(mut self, resume: bool) -> Self {
        self.resume = resume;
        self
    }
}
