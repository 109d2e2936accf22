//! Options of a local Lakebase.

mod start;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    LocalError, LocalLakebase,
    data_dir::{Lock, is_served},
    default_data_dir,
    record::Record,
};
use crate::local::{
    Durability,
    control::{DoneAfter, Limits},
    engine::{DEFAULT_MAJOR, Engine},
};

/// The time limit for another process that is starting on the same data directory.
const ATTACH_WITHIN: Duration = Duration::from_secs(30);
const ATTACH_PAUSE: Duration = Duration::from_millis(50);
/// A process that only looks whether the directory is served holds the lock for a moment.
const LOCK_ATTEMPTS: u32 = 5;
const LOCK_PAUSE: Duration = Duration::from_millis(10);
const STATE_FILE: &str = "lakebase.state";
const DEFAULT_USER: &str = "developer@lakebase.local";

/// Options of a local Lakebase; all have defaults.
///
/// # Examples
///
/// ```
/// use lakebase::local::{Durability, LocalLakebase};
///
/// let builder = LocalLakebase::builder().durability(Durability::Fast).user("jane@example.com");
/// # let _ = builder;
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing starts until start() or attach_or_start() is awaited"]
pub struct LocalLakebaseBuilder {
    data_dir: Option<PathBuf>,
    durability: Durability,
    listen: SocketAddr,
    pg_bin: Option<PathBuf>,
    pg_version: WantedVersion,
    pg_user: Option<String>,
    user: String,
    latency: DoneAfter,
    idle_time_scale: u32,
    credential_time_scale: u32,
    limits: Limits,
    history_budget: Option<u64>,
    spares: Option<usize>,
    spare_for_each_branch: bool,
}

/// The PostgreSQL of projects that ask for no version.
#[derive(Clone, Copy, Debug)]
enum WantedVersion {
    Preferred(u32),
    Only(u32),
}

impl Default for LocalLakebaseBuilder {
    fn default() -> Self {
        Self {
            data_dir: None,
            durability: Durability::default(),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            pg_bin: None,
            pg_version: WantedVersion::Preferred(DEFAULT_MAJOR),
            pg_user: None,
            user: DEFAULT_USER.to_owned(),
            latency: DoneAfter::default(),
            idle_time_scale: 1,
            credential_time_scale: 1,
            limits: Limits::default(),
            history_budget: None,
            spares: None,
            spare_for_each_branch: false,
        }
    }
}

impl LocalLakebaseBuilder {
    /// The data directory. Defaults to [`default_data_dir`]; created if it is missing. A directory with other contents
    /// is rejected.
    pub fn data_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.data_dir = Some(dir.into());
        self
    }

    /// Whether committed work survives a power cut. Defaults to [`Durability::Full`].
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// The address of the REST API. Defaults to a free port of 127.0.0.1; only loopback addresses are accepted.
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// The directory with PostgreSQL's programs. Defaults to `LAKEBASE_PG_BIN`; without both, PostgreSQL is found, and
    /// fetched only where there is none or where a version that is asked for is missing.
    pub fn pg_bin(mut self, dir: impl Into<PathBuf>) -> Self {
        self.pg_bin = Some(dir.into());
        self
    }

    /// The major version for projects that do not ask for one. Where it is not installed it is fetched; where that
    /// fails, the start fails. The default is [`prefer_pg_version(18)`](Self::prefer_pg_version).
    pub fn pg_version(mut self, major: u32) -> Self {
        self.pg_version = WantedVersion::Only(major);
        self
    }

    /// The major version for projects that do not ask for one, if it is installed or was fetched before; else the
    /// newest installed version. It is fetched only on a machine without PostgreSQL. The default is 18, as in the
    /// service; [`LocalLakebase::pg_version`] returns which one it is.
    pub fn prefer_pg_version(mut self, major: u32) -> Self {
        self.pg_version = WantedVersion::Preferred(major);
        self
    }

    /// The account that runs PostgreSQL if this process is root. Defaults to `lakebase`, which is created if it is
    /// missing.
    pub fn pg_user(mut self, user: impl Into<String>) -> Self {
        self.pg_user = Some(user.into());
        self
    }

    /// The caller: an e-mail address, or the application id of a service principal.
    pub fn user(mut self, user: impl Into<String>) -> Self {
        self.user = user.into();
        self
    }

    /// The most branches that a project can have; defaults to the 500 of the service.
    pub fn max_branches(mut self, branches: usize) -> Self {
        self.limits.max_branches = branches;
        self
    }

    /// Disk space, in megabytes, for the history of all branches, from which point-in-time branches are made; defaults
    /// to a tenth of what is free at the start. Beyond it, the oldest history is removed. With 0, none is kept.
    pub fn history_budget_mb(mut self, megabytes: u64) -> Self {
        self.history_budget = Some(megabytes.saturating_mul(1 << 20));
        self
    }

    /// The number of warm spares for each branch that was branched lately: clones that follow it, so that the next branch
    /// of it needs no copy and no start. They are given up after five minutes without a branch, and while memory or
    /// disk are short. Defaults to 1 with [`Durability::Fast`] and to 0, none, with [`Durability::Full`].
    ///
    /// # Examples
    ///
    /// ```
    /// let builder = lakebase::local::LocalLakebase::builder().spares(2);
    /// # let _ = builder;
    /// ```
    pub fn spares(mut self, spares: usize) -> Self {
        self.spares = Some(spares);
        self
    }

    /// Has every branch of the present of a running branch wait for a warm spare, for tests of them.
    #[doc(hidden)]
    pub fn spare_for_each_branch(mut self) -> Self {
        self.spare_for_each_branch = true;
        self
    }

    /// Lets the idle time of computes pass this many times faster than the clock, for tests of their suspension:
    /// the shortest timeout that an endpoint may have is a minute.
    #[doc(hidden)]
    pub fn idle_time_scale(mut self, times: u32) -> Self {
        self.idle_time_scale = times.max(1);
        self
    }

    /// Lets credentials expire this many times earlier than they say in requests, for tests of their renewal.
    #[doc(hidden)]
    pub fn credential_time_scale(mut self, times: u32) -> Self {
        self.credential_time_scale = times.max(1);
        self
    }

    #[cfg(test)]
    pub(crate) fn latency(mut self, latency: DoneAfter) -> Self {
        self.latency = latency;
        self
    }

    /// Starts it in this process.
    ///
    /// # Errors
    ///
    /// [`LocalError`]: the data directory is in use, owned by another user or unreachable; the address is taken or not
    /// loopback; no PostgreSQL is available.
    pub async fn start(self) -> Result<LocalLakebase, LocalError> {
        let dir = self.dir()?;
        claim(&dir).await?;
        let mut attempts = LOCK_ATTEMPTS;
        loop {
            if let Some(lock) = Lock::take(&dir).await? {
                return self.start_with(dir, lock).await;
            }
            attempts -= 1;
            if attempts == 0 {
                return Err(LocalError::InUse { pid: Record::pid(&dir).await, data_dir: dir });
            }
            tokio::time::sleep(LOCK_PAUSE).await;
        }
    }

    /// Attaches to the server that another process runs on this data directory, or starts one here.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start); [`LocalError::Unresponsive`] when the other process does not answer within ten
    /// seconds, [`LocalError::InUse`] when it is not ready within thirty.
    pub async fn attach_or_start(self) -> Result<LocalLakebase, LocalError> {
        let dir = self.dir()?;
        claim(&dir).await?;
        let deadline = tokio::time::Instant::now() + ATTACH_WITHIN;
        loop {
            if let Some(lock) = Lock::take(&dir).await? {
                return self.start_with(dir, lock).await;
            }
            if let Some(record) = Record::read(&dir).await?
                && record.is_proven(&dir).await?
            {
                return Ok(LocalLakebase { record, data_dir: dir, running: None });
            }
            if tokio::time::Instant::now() > deadline {
                return Err(LocalError::InUse { pid: Record::pid(&dir).await, data_dir: dir });
            }
            tokio::time::sleep(ATTACH_PAUSE).await;
        }
    }

    /// Attaches to the server that another process runs on this data directory; starts none.
    ///
    /// # Errors
    ///
    /// [`LocalError::NotRunning`] when there is none; [`LocalError::Unresponsive`] when it does not answer within ten
    /// seconds; [`LocalError::Unproven`] when another process listens at its address.
    pub async fn attach(self) -> Result<LocalLakebase, LocalError> {
        let dir = self.dir()?;
        if !is_served(&dir).await? {
            return Err(LocalError::NotRunning { data_dir: dir });
        }
        match Record::read(&dir).await? {
            Some(record) if record.is_proven(&dir).await? => {
                Ok(LocalLakebase { record, data_dir: dir, running: None })
            }
            Some(record) => Err(LocalError::Unproven { data_dir: dir, host: record.host }),
            None => Err(LocalError::NotRunning { data_dir: dir }),
        }
    }

    /// Validates the options and returns the data directory.
    pub(super) fn dir(&self) -> Result<PathBuf, LocalError> {
        // The user becomes a PostgreSQL role, whose name has at most 63 bytes.
        if !(1..=63).contains(&self.user.len()) || self.user.chars().any(char::is_control) {
            return Err(LocalError::BadUser { user: self.user.clone() });
        }
        if !self.listen.ip().is_loopback() {
            return Err(LocalError::NotLoopback { address: self.listen });
        }
        let dir = self.data_dir.clone().map_or_else(default_data_dir, Ok)?;
        std::path::absolute(&dir).map_err(|source| LocalError::DataDir {
            action: "resolve",
            path: dir,
            source,
        })
    }
}

async fn claim(dir: &Path) -> Result<(), LocalError> {
    Ok(Engine::claim(dir).await?)
}
