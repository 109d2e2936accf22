//! `LocalLakebase`: a data directory, its server, and the address for clients.

mod builder;
mod client;
mod copies;
mod data_dir;
mod descriptors;
mod error;
mod inspect;
mod record;
#[cfg(test)]
pub(crate) mod tests;

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use secrecy::SecretString;
use tokio::{sync::oneshot, task::JoinHandle};
use url::Url;

pub use self::{
    builder::LocalLakebaseBuilder, copies::BranchCopies, data_dir::default_data_dir, error::LocalError,
    inspect::LocalInspection,
};
use self::{data_dir::Lock, record::Record};
use super::control::Control;

/// The time limit for requests in progress.
const LAST_ANSWERS: Duration = Duration::from_millis(300);
/// The time limit for computes to stop. The engine kills them after five seconds; this limit also covers work that
/// hangs after that, such as file operations.
const COMPUTES_STOP: Duration = Duration::from_secs(7);

/// A Lakebase on this machine, started by this process or attached to.
///
/// Dropping the handle that started it stops it at once; [`shutdown`](Self::shutdown) does so cleanly.
///
/// # Examples
///
/// ```no_run
/// use lakebase::local::{Durability, LocalLakebase};
///
/// # async fn example() -> Result<(), lakebase::local::LocalError> {
/// let local = LocalLakebase::builder().data_dir("/tmp/shop").durability(Durability::Fast).start().await?;
/// println!("DATABRICKS_HOST={}", local.host());
/// local.shutdown().await;
/// # Ok(())
/// # }
/// ```
pub struct LocalLakebase {
    record: Record,
    data_dir: PathBuf,
    /// `None`: another process runs it.
    running: Option<Running>,
}

/// The parts that this process runs and has to stop.
struct Running {
    control: Arc<Control>,
    server: JoinHandle<()>,
    stop: Option<oneshot::Sender<()>>,
    runtime: tokio::runtime::Handle,
    lock: Arc<Lock>,
}

impl LocalLakebase {
    /// A builder with the options of a local Lakebase.
    pub fn builder() -> LocalLakebaseBuilder {
        LocalLakebaseBuilder::default()
    }

    /// The address of the REST API, for `DATABRICKS_HOST`.
    pub fn host(&self) -> &Url {
        &self.record.host
    }

    /// The token of the REST API, for `DATABRICKS_TOKEN`. It stays the same for a data directory.
    pub fn token(&self) -> &SecretString {
        &self.record.token
    }

    /// The caller's name: the owner of projects and the user name of logins.
    pub fn user(&self) -> &str {
        &self.record.user
    }

    /// The certificate authority that signs the endpoints' certificates, for `sslrootcert`.
    pub fn ca_cert(&self) -> &Path {
        &self.record.ca_cert
    }

    /// The process that serves it: this one, or the one that was attached to.
    pub fn pid(&self) -> u32 {
        self.record.pid
    }

    /// Whether a process holds the data directory: from before a server is ready until its last compute has stopped.
    ///
    /// # Errors
    ///
    /// [`LocalError::DataDir`] when the lock cannot be examined.
    pub async fn is_served(&self) -> Result<bool, LocalError> {
        data_dir::is_served(&self.data_dir).await
    }

    /// The data directory.
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// The PostgreSQL of new projects that ask for no version, such as `17.10`.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # fn example(local: lakebase::local::LocalLakebase) {
    /// println!("PostgreSQL {}, branches are {}", local.pg_version(), local.copies());
    /// # }
    /// ```
    pub fn pg_version(&self) -> String {
        self.record.pg_version.clone()
    }

    /// The clone method on the file system of the data directory.
    pub fn copies(&self) -> BranchCopies {
        self.record.copies
    }

    /// Names the console that shows it, so that [`ProjectInfo::console_url`](crate::model::ProjectInfo::console_url) of
    /// its projects leads there: the address of the first page, with a slash at its end.
    ///
    /// For programs that serve one, as `lakebase-local serve` does. Does nothing if the server belongs to another process.
    ///
    /// ```no_run
    /// # fn example(local: lakebase::local::LocalLakebase) -> Result<(), url::ParseError> {
    /// local.set_console_url("http://127.0.0.1:8433/".parse()?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_console_url(&self, url: Url) {
        if let Some(running) = &self.running {
            running.control.projects.set_console(url);
        }
    }

    /// Whether another process runs it; [`shutdown`](Self::shutdown) does not stop it then.
    pub fn is_attached(&self) -> bool {
        self.running.is_none()
    }

    /// Stops taking requests, closes connections and stops every compute cleanly, within five seconds; where a
    /// compute or a disk hangs, it returns after eight at the latest.
    ///
    /// Does nothing if the server belongs to another process.
    pub async fn shutdown(mut self) {
        if let Some(mut running) = self.running.take() {
            running.stop.take();
            let removed = Record::remove(&self.data_dir, Arc::clone(&running.lock));
            if tokio::time::timeout(LAST_ANSWERS, &mut running.server).await.is_err() {
                running.server.abort();
            }
            if tokio::time::timeout(COMPUTES_STOP, running.control.shutdown()).await.is_err() {
                tracing::warn!(
                    "not every compute stopped within {} s; what is left ends with this process",
                    COMPUTES_STOP.as_secs_f32()
                );
            }
            // Fails only when a disk hangs; the record of a server that has ended is not trusted.
            let _ = tokio::time::timeout(LAST_ANSWERS, removed).await;
        }
    }
}

impl Drop for LocalLakebase {
    fn drop(&mut self) {
        if let Some(mut running) = self.running.take() {
            running.stop.take();
            drop(Record::remove(&self.data_dir, Arc::clone(&running.lock)));
            running.server.abort();
            // If the runtime ends as well, this is dropped unfinished, and the computes end with the engine.
            let control = Arc::clone(&running.control);
            running.runtime.spawn(async move { control.shutdown().await });
        }
    }
}

impl fmt::Debug for LocalLakebase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { record, data_dir, running } = self;
        f.debug_struct("LocalLakebase")
            .field("host", &record.host.as_str())
            .field("user", &record.user)
            .field("data_dir", data_dir)
            .field("attached", &running.is_none())
            .finish_non_exhaustive()
    }
}
