//! Failures to start a local Lakebase or to attach to one.

use std::{io, net::SocketAddr, path::PathBuf};

use url::Url;

use crate::{
    error::{Error, ErrorKind},
    local::{engine::EngineError, shell_word::ShellWord},
};

/// The reason that a local Lakebase does not start, or cannot be attached to; the text names the remedy.
///
/// # Examples
///
/// ```
/// use lakebase::local::{LocalError, LocalLakebase};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let error = LocalLakebase::builder().listen(([0, 0, 0, 0], 0).into()).start().await.unwrap_err();
/// assert!(matches!(error, LocalError::NotLoopback { .. }));
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LocalError {
    /// Another process serves this data directory.
    #[error(
        "{} is served by another process{}; use that one (attach_or_start(), or `lakebase-local env --data-dir {}`), \
         stop it, or choose another data directory",
        .data_dir.display(), .pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default(), ShellWord(.data_dir)
    )]
    #[non_exhaustive]
    InUse {
        /// The data directory.
        data_dir: PathBuf,
        /// The pid of the other process, if it is known.
        pid: Option<u32>,
    },
    /// The process that serves this data directory accepts connections but does not answer.
    #[error(
        "{} is served by a process (pid {pid}) that does not answer, perhaps because it is stopped; let it go on \
         (kill -CONT {pid}), end it (kill -KILL {pid}), or choose another data directory",
        .data_dir.display()
    )]
    #[non_exhaustive]
    Unresponsive {
        /// The data directory.
        data_dir: PathBuf,
        /// The process.
        pid: u32,
    },
    /// A process listens at the address of this data directory's server and does not prove that it is that server.
    #[error(
        "the process at {host} does not prove that it serves {}, so it was not sent the token; if the server is just \
         starting, try again, else stop that process or the server that holds the data directory",
        .data_dir.display()
    )]
    #[non_exhaustive]
    Unproven {
        /// The data directory.
        data_dir: PathBuf,
        /// The address that its server had.
        host: Url,
    },
    /// The caller's name cannot be that of a PostgreSQL role.
    #[error(
        "{user:?} cannot be the user; choose a name of 1 to 63 bytes without control characters, such as an e-mail \
         address"
    )]
    #[non_exhaustive]
    BadUser {
        /// The invalid name.
        user: String,
    },
    /// No process serves this data directory.
    #[error(
        "no local Lakebase runs on {}; start one with `lakebase-local serve --data-dir {}`",
        .data_dir.display(), ShellWord(.data_dir)
    )]
    #[non_exhaustive]
    NotRunning {
        /// The data directory.
        data_dir: PathBuf,
    },
    /// The data directory holds something that is not a Lakebase.
    #[error("{} is not empty and not a Lakebase data directory; choose an empty or a new one", .data_dir.display())]
    #[non_exhaustive]
    ForeignDirectory {
        /// The directory.
        data_dir: PathBuf,
    },
    /// The account that runs PostgreSQL cannot enter the data directory.
    #[error("{message}")]
    #[non_exhaustive]
    Unreachable {
        /// Which directory, which account, and what to do.
        message: String,
    },
    /// Another user owns the data directory or can change it or its contents.
    #[error("{message}")]
    #[non_exhaustive]
    InsecureDirectory {
        /// Which directory, its owner or mode, and what to do.
        message: String,
    },
    /// An earlier version created the branches of the data directory, or the secret of their superuser was removed.
    #[error("{message}")]
    #[non_exhaustive]
    EarlierLayout {
        /// Which directory, what is missing, and what to do.
        message: String,
    },
    /// No PostgreSQL is installed and none could be fetched.
    #[error("{message}")]
    #[non_exhaustive]
    NoPostgres {
        /// The attempts and the remedy.
        message: String,
    },
    /// The address is not a loopback address, and the local Lakebase serves this machine only.
    #[error(
        "{address} is not a loopback address; the local Lakebase serves only this machine, use 127.0.0.1"
    )]
    #[non_exhaustive]
    NotLoopback {
        /// The address asked for.
        address: SocketAddr,
    },
    /// The address of the REST API cannot be bound.
    #[error("cannot listen on {address}; {}", other_address(.free))]
    #[non_exhaustive]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// An address that was free at that moment.
        free: Option<SocketAddr>,
        /// The system's answer.
        source: io::Error,
    },
    /// The user has no home directory to keep data in.
    #[error("there is no home directory to keep data in; set LAKEBASE_LOCAL_DIR or name a data directory")]
    NoHome,
    /// A file of the data directory cannot be used.
    #[error("cannot {action} {}", .path.display())]
    #[non_exhaustive]
    DataDir {
        /// The action that failed.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// Anything else that stopped the start.
    #[error("cannot {action}")]
    #[non_exhaustive]
    Start {
        /// The action that failed.
        action: &'static str,
        /// The cause.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

fn other_address(free: &Option<SocketAddr>) -> String {
    let another = free.map(|free| format!("; {free} is free now (--listen {free})")).unwrap_or_default();
    format!("stop what listens there or choose another address{another}")
}

impl LocalError {
    pub(super) fn start(
        action: &'static str,
        source: impl std::error::Error + Send + Sync + 'static,
    ) -> Self {
        Self::Start { action, source: Box::new(source) }
    }
}

impl From<EngineError> for LocalError {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::ForeignDirectory { path } => Self::ForeignDirectory { data_dir: path },
            EngineError::Unreachable { .. } => Self::Unreachable { message: error.to_string() },
            EngineError::InsecureDirectory { .. } => Self::InsecureDirectory { message: error.to_string() },
            EngineError::EarlierLayout { .. } => Self::EarlierLayout { message: error.to_string() },
            EngineError::NoPostgres { .. } => Self::NoPostgres { message: error.to_string() },
            account @ EngineError::Account { .. } => Self::start("choose the account of PostgreSQL", account),
            other => Self::start("open the data directory", other),
        }
    }
}

impl From<LocalError> for Error {
    fn from(error: LocalError) -> Self {
        let kind = match &error {
            LocalError::InUse { .. } => ErrorKind::Busy,
            LocalError::Unresponsive { .. } | LocalError::Unproven { .. } => ErrorKind::Unavailable,
            LocalError::BadUser { .. } | LocalError::NotLoopback { .. } => ErrorKind::Invalid,
            _ => ErrorKind::Config,
        };
        Self::wrap(kind, error)
    }
}
