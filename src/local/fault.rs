//! What can go wrong below the control plane.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

/// Why storage or a compute could not do what was asked.
///
/// Each variant is something that a caller answers differently; the text is for the person.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum EngineError {
    /// No usable PostgreSQL was found, nor could one be fetched.
    #[error("no PostgreSQL{} to be had; tried: {}; {remedy}", version_asked(*.wanted), .tried.join("; "))]
    NoPostgres {
        /// The major version that was asked for.
        wanted: Option<u32>,
        /// Where we looked and why that did not do, in order.
        tried: Vec<String>,
        /// The one thing to do about it.
        remedy: String,
    },
    /// The copy would not fit; nothing was written.
    #[error("not enough disk space: {} needed, {} free", Bytes(*.needed), Bytes(*.free))]
    DiskFull {
        /// Bytes that the copy takes, with a reserve.
        needed: u64,
        /// Bytes that are free.
        free: u64,
    },
    /// The account PostgreSQL runs as cannot get at a directory.
    #[error(
        "user {user} cannot enter {}; allow it with `chmod o+x {}`, or choose a directory that {user} can reach, \
         such as one in /var/lib or /tmp", .path.display(), .path.display()
    )]
    Unreachable {
        /// The component of the path that stops it.
        path: PathBuf,
        /// The system account.
        user: String,
    },
    /// The account asked for cannot run PostgreSQL.
    #[error("cannot run PostgreSQL as user {user}: {reason}")]
    Account {
        /// The system account.
        user: String,
        /// Why not.
        reason: String,
    },
    /// The directory holds something that is not ours.
    #[error("{} is not empty and not a Lakebase data directory; choose an empty or a new one", .path.display())]
    ForeignDirectory {
        /// The directory.
        path: PathBuf,
    },
    /// Others own the directory or can change it.
    #[error("{} cannot hold a Lakebase: {reason}; {remedy}", .path.display())]
    InsecureDirectory {
        /// The data directory.
        path: PathBuf,
        /// Owner or mode, and of what.
        reason: String,
        /// What to do about it.
        remedy: String,
    },
    /// The branches cannot be opened: the secret of their superuser is not there.
    #[error(
        "the branches in {} cannot be opened: {secret} is missing, because an earlier version made them or it was \
         removed, and their PostgreSQL does not let the server in without it; nothing was changed: choose another data \
         directory (LAKEBASE_LOCAL_DIR or --data-dir), or move this one away", .path.display()
    )]
    EarlierLayout {
        /// The data directory.
        path: PathBuf,
        /// The name of the file.
        secret: String,
    },
    /// PostgreSQL did not start or did not stop, or a program of it failed.
    #[error("{what}{}", log_tail(.log))]
    ComputeFailed {
        /// What was being done.
        what: String,
        /// The last lines it logged.
        log: String,
    },
    /// No such branch on disk, or its compute does not run.
    #[error("{what} not found")]
    NotFound {
        /// What was looked for.
        what: String,
    },
    /// The branch exists already.
    #[error("branch {what} is there already")]
    AlreadyExists {
        /// Its key.
        what: String,
    },
    /// The branch has no history at the point asked for.
    #[error("{reason}")]
    OutsideHistory {
        /// The point and the window in which it would have to lie.
        reason: String,
    },
    /// The data directory holds what we cannot branch.
    #[error("cannot branch: {reason}")]
    Unsupported {
        /// What and what to do.
        reason: String,
    },
    /// A key that is not safe as a file name.
    #[error("{what:?} cannot name a branch on disk: 1 to 64 of A-Z, a-z, 0-9, '-', '_' are")]
    BadKey {
        /// The key.
        what: String,
    },
    /// A setting that cannot be written to PostgreSQL's configuration.
    #[error("setting {name:?} cannot be applied: {reason}")]
    BadSetting {
        /// Its name.
        name: String,
        /// The rule.
        reason: &'static str,
    },
    /// PostgreSQL refused a statement of ours.
    #[error("{doing}")]
    Sql {
        /// What was being done.
        doing: String,
        /// PostgreSQL's answer.
        #[source]
        source: sqlx::Error,
    },
    /// PostgreSQL did not answer in time.
    #[error(
        "PostgreSQL did not answer within {} s to: {doing}; its process may be stopped or overloaded", .limit.as_secs()
    )]
    Unresponsive {
        /// What was being done.
        doing: String,
        /// How long it was waited for.
        limit: std::time::Duration,
    },
    /// The operating system refused something.
    #[error("{doing}")]
    Io {
        /// What was being done.
        doing: String,
        /// Its answer.
        #[source]
        source: io::Error,
    },
}

impl EngineError {
    /// Wraps the operating system's answer about one path.
    pub(super) fn io(verb: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let doing = format!("{verb} {}", path.display());
        move |source| Self::Io { doing, source }
    }

    pub(super) fn sql(doing: impl Into<String>) -> impl FnOnce(sqlx::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Sql { doing, source }
    }

    /// Whether it is for want of disk space.
    pub(super) fn is_full(&self) -> bool {
        match self {
            Self::DiskFull { .. } => true,
            Self::Io { source, .. } => source.kind() == io::ErrorKind::StorageFull,
            // As PostgreSQL logs what the system told it.
            Self::ComputeFailed { log, .. } => log.contains("No space left on device"),
            Self::Sql { source, .. } => has_sqlstate(source, "53100"),
            _ => false,
        }
    }

    /// Whether PostgreSQL does not accept logins for now: it starts, recovers or has just ended.
    pub(super) fn is_not_ready(&self) -> bool {
        match self {
            Self::Sql { source: sqlx::Error::Io(error), .. } => matches!(
                error.kind(),
                io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset | io::ErrorKind::NotFound
            ),
            Self::Sql { source, .. } => has_sqlstate(source, "57P03"),
            Self::NotFound { .. } => true,
            _ => false,
        }
    }

    pub(super) fn closing() -> Self {
        Self::failed("the engine is closing")
    }

    pub(super) fn failed(what: impl Into<String>) -> Self {
        Self::ComputeFailed { what: what.into(), log: String::new() }
    }
}

fn has_sqlstate(error: &sqlx::Error, sqlstate: &str) -> bool {
    error.as_database_error().and_then(|error| error.code()).is_some_and(|code| code == sqlstate)
}

fn version_asked(major: Option<u32>) -> String {
    major.map(|major| format!(" {major}")).unwrap_or_default()
}

fn log_tail(log: &str) -> String {
    if log.is_empty() { String::new() } else { format!("; its log ends with: {}", log.trim_end()) }
}

/// Prints bytes the way people read them.
struct Bytes(u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} MB", self.0.div_ceil(1_000_000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_postgres_names_what_was_tried_and_the_remedy() {
        let error = EngineError::NoPostgres {
            wanted: Some(17),
            tried: vec!["PATH: none".into(), "npm: not installed".into()],
            remedy: "install it".into(),
        };
        assert_eq!(
            error.to_string(),
            "no PostgreSQL 17 to be had; tried: PATH: none; npm: not installed; install it"
        );
    }
}
