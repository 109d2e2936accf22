//! Errors of storage, computes and the engine.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use super::shell_word::ShellWord;

/// An error below the control plane. Callers match on the variant; the text is for users.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum EngineError {
    /// No usable PostgreSQL was found, nor could one be fetched.
    #[error("no usable PostgreSQL{} found; tried: {}; {remedy}", version_asked(*.wanted), .tried.join("; "))]
    NoPostgres {
        /// The major version that was asked for.
        wanted: Option<u32>,
        /// Places in the order of the search, each with the reason why it was not used.
        tried: Vec<String>,
        /// The remedy.
        remedy: String,
    },
    /// The copy would not fit; nothing was written.
    #[error("not enough disk space: {} needed, {} free", Bytes(*.needed), Bytes(*.free))]
    DiskFull {
        /// Bytes that the copy needs, including a reserve.
        needed: u64,
        /// Bytes that are free.
        free: u64,
    },
    /// The account that PostgreSQL runs as cannot reach a directory.
    #[error(
        "user {user} cannot enter {}; allow it with `chmod o+x {}`, or choose a directory that {user} can reach, \
         such as one in /var/lib or /tmp", .path.display(), ShellWord(.path)
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
        /// The reason.
        reason: String,
    },
    /// The directory holds something else.
    #[error("{} is not empty and not a Lakebase data directory; choose an empty or a new one", .path.display())]
    ForeignDirectory {
        /// The directory.
        path: PathBuf,
    },
    /// Another account owns the directory or can change it.
    #[error("{} cannot hold a Lakebase: {reason}; {remedy}", .path.display())]
    InsecureDirectory {
        /// The data directory.
        path: PathBuf,
        /// Owner or mode, and of what.
        reason: String,
        /// The remedy.
        remedy: String,
    },
    /// The branches cannot be opened: the secret of their superuser is missing.
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
    #[error("{what}{}{}", cause(.log), log_file(.file.as_deref()))]
    ComputeFailed {
        /// The action that failed.
        what: String,
        /// The last lines that it logged; the error shows the one that matters.
        log: String,
        /// The whole log.
        file: Option<PathBuf>,
    },
    /// No such branch on disk, or its compute does not run.
    #[error("{what} not found")]
    NotFound {
        /// The branch or compute.
        what: String,
    },
    /// The branch exists already.
    #[error("branch {what} already exists")]
    AlreadyExists {
        /// Its key.
        what: String,
    },
    /// The branch has no history at the point asked for.
    #[error("{reason}")]
    OutsideHistory {
        /// The point and the window that it is outside of.
        reason: String,
    },
    /// The data directory holds something that cannot be cloned.
    #[error("cannot branch: {reason}")]
    Unsupported {
        /// The reason with the remedy.
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
        /// The rule, or PostgreSQL's message.
        reason: String,
    },
    /// PostgreSQL refused a statement.
    #[error("{context}")]
    Sql {
        /// The action that failed.
        context: String,
        /// PostgreSQL's answer.
        #[source]
        source: sqlx::Error,
    },
    /// PostgreSQL did not answer in time.
    #[error(
        "PostgreSQL did not answer within {} s to: {context}; its process may be stopped or overloaded", .limit.as_secs()
    )]
    Unresponsive {
        /// The action that failed.
        context: String,
        /// The time limit.
        limit: std::time::Duration,
    },
    /// A call of the operating system failed.
    #[error("{context}")]
    Io {
        /// The action that failed.
        context: String,
        /// The error of the system.
        #[source]
        source: io::Error,
    },
}

impl EngineError {
    /// Wraps the operating system's answer about one path.
    pub(super) fn io(verb: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let context = format!("{verb} {}", path.display());
        move |source| Self::Io { context, source }
    }

    pub(super) fn sql(context: impl Into<String>) -> impl FnOnce(sqlx::Error) -> Self {
        let context = context.into();
        move |source| Self::Sql { context, source }
    }

    /// Whether the disk is full.
    pub(super) fn is_full(&self) -> bool {
        match self {
            Self::DiskFull { .. } => true,
            Self::Io { source, .. } => {
                matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
            }
            // PostgreSQL logs the system's text.
            Self::ComputeFailed { log, .. } => log.contains("No space left on device"),
            Self::Sql { source, .. } => has_sqlstate(source, "53100"),
            _ => false,
        }
    }

    /// Whether the system had no process or memory left.
    pub(super) fn is_out_of_processes(&self) -> bool {
        match self {
            Self::Io { source, .. } => {
                matches!(source.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::OutOfMemory)
            }
            Self::ComputeFailed { log, .. } => EXHAUSTED.iter().any(|text| log.contains(text)),
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
        Self::ComputeFailed { what: what.into(), log: String::new(), file: None }
    }
}

fn has_sqlstate(error: &sqlx::Error, sqlstate: &str) -> bool {
    error.as_database_error().and_then(|error| error.code()).is_some_and(|code| code == sqlstate)
}

fn version_asked(major: Option<u32>) -> String {
    major.map(|major| format!(" {major}")).unwrap_or_default()
}

fn cause(log: &str) -> String {
    relevant_line(log).map(|line| format!(": {line}")).unwrap_or_default()
}

fn log_file(file: Option<&Path>) -> String {
    file.map(|file| format!(" (the log is {})", file.display())).unwrap_or_default()
}

/// The line of a log that names the cause: the last one of the highest severity, without its time and process.
fn relevant_line(log: &str) -> Option<String> {
    let lines = || log.lines().map(str::trim).filter(|line| !line.is_empty()).rev();
    let of = |severity: &str| {
        lines().find_map(|line| line.split_once(severity)).map(|(_, message)| message.trim())
    };
    // A bad configuration is one FATAL line about the file, after a LOG line about the setting.
    let fatal = of("FATAL:").filter(|message| !message.contains("contains errors"));
    // PostgreSQL ends in order where it cannot start a process, and says why in a line of the severity LOG.
    let exhausted = || {
        let line = lines().find(|line| EXHAUSTED.iter().any(|text| line.contains(text)))?;
        Some(line.split_once("LOG:").map_or(line, |(_, message)| message.trim()))
    };
    let message = of("PANIC:").or(fatal).or_else(exhausted);
    let message = message.or_else(|| of("LOG:").filter(|_| log.contains("contains errors")));
    let message = message.or_else(|| of("FATAL:")).or_else(|| of("ERROR:")).or_else(|| of("error:"));
    let message = message.or_else(|| lines().next())?;
    Some(message.chars().take(LONGEST_LINE).collect())
}

/// The system's texts for a lack of processes and of memory.
const EXHAUSTED: [&str; 2] = ["Resource temporarily unavailable", "Cannot allocate memory"];

/// The longest line of a log that an error shows, in characters.
const LONGEST_LINE: usize = 400;

/// Prints bytes as megabytes.
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
    fn an_error_shows_the_line_of_the_log_that_matters_and_where_the_rest_is() {
        let shown = |log: &str| {
            let file = Some(PathBuf::from("/data/log"));
            EngineError::ComputeFailed { what: "PostgreSQL ended".into(), log: log.into(), file }.to_string()
        };
        let log = "ng up\n2026-01-01 00:00:00.1 UTC [7] LOG:  starting PostgreSQL 17\n\
                   2026-01-01 00:00:00.2 UTC [7] FATAL:  could not create shared memory segment\n\
                   2026-01-01 00:00:00.2 UTC [7] DETAIL:  Failed system call was shmget\n\
                   2026-01-01 00:00:00.3 UTC [7] LOG:  database system is shut down\n";
        assert_eq!(
            shown(log),
            "PostgreSQL ended: could not create shared memory segment (the log is /data/log)"
        );
        let log = "2026 UTC [7] LOG:  invalid value for parameter \"work_mem\": \"plenty\"\n\
                   2026 UTC [7] HINT:  Valid units are B, kB\n\
                   2026 UTC [7] FATAL:  configuration file \"/data/postgresql.conf\" contains errors\n";
        assert!(
            shown(log)
                .starts_with("PostgreSQL ended: invalid value for parameter \"work_mem\": \"plenty\" (")
        );
        let log = "2026 UTC [7] LOG:  could not fork startup process: Resource temporarily unavailable\n\
                   2026 UTC [7] LOG:  database system is shut down\n";
        assert!(shown(log).contains(": could not fork startup process: Resource temporarily unavailable ("));
        assert_eq!(shown("initdb: error: no space\n"), "PostgreSQL ended: no space (the log is /data/log)");
        assert_eq!(shown(""), "PostgreSQL ended (the log is /data/log)");
    }

    #[test]
    fn a_missing_postgres_names_what_was_tried_and_the_remedy() {
        let error = EngineError::NoPostgres {
            wanted: Some(17),
            tried: vec!["PATH: none".into(), "npm: not installed".into()],
            remedy: "install it".into(),
        };
        assert_eq!(
            error.to_string(),
            "no usable PostgreSQL 17 found; tried: PATH: none; npm: not installed; install it"
        );
    }
}
