//! Options of applying migrations, and those shared by all requests on branches.

use std::time::Duration;

use crate::schema;

/// Time limits for locks and for other callers, and the number of attempts.
///
/// Every later request for a table queues behind a statement that waits for a lock on it. The wait is therefore short,
/// and is repeated after a pause in which the queue drains.
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
    /// The time that a statement waits for a lock; 3 s by default, at least 1 ms.
    #[must_use]
    pub fn lock_timeout(mut self, timeout: Duration) -> Self {
        self.lock_timeout = timeout;
        self
    }

    /// The number of attempts for a transaction that times out on a lock or is a deadlock victim; 5 by default.
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// The time that `CREATE INDEX CONCURRENTLY`, `REINDEX CONCURRENTLY` and `DROP INDEX CONCURRENTLY` wait for older
    /// transactions; 20 minutes by default. They block no other session meanwhile, and a timeout leaves an invalid
    /// index.
    #[must_use]
    pub fn concurrent_lock_timeout(mut self, timeout: Duration) -> Self {
        self.concurrent_lock_timeout = timeout;
        self
    }

    /// The time to wait while another session applies migrations to the same database; one minute by default, zero
    /// refuses at once.
    #[must_use]
    pub fn wait_for_others(mut self, limit: Duration) -> Self {
        self.wait_for_others = limit;
        self
    }

    /// Continues after the last committed statement of a migration that stopped half-way, rather than refusing it.
    /// Read its failure first: the failed statement may have left partial results, such as an invalid index.
    #[must_use]
    pub fn resume(mut self, resume: bool) -> Self {
        self.resume = resume;
        self
    }
}

/// The options of requests that apply migrations and compare schemas.
#[derive(Debug, Clone, Default)]
pub(super) struct RequestOptions {
    pub(super) apply: ApplyOptions,
    pub(super) schema: schema::Options,
}

/// The methods of a request that set its [`RequestOptions`].
macro_rules! request_options {
    ($request:ty) => {
        impl $request {
            /// Time limits and attempts.
            pub fn apply_options(mut self, options: $crate::migrate::ApplyOptions) -> Self {
                self.options.apply = options;
                self
            }

            /// Options of reading the schemas that are compared.
            pub fn schema_options(mut self, options: $crate::schema::Options) -> Self {
                self.options.schema = options;
                self
            }
        }
    };
}
pub(super) use request_options;
