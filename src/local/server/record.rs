//! The record from which a second process attaches: address, token and pid of the server, readable for its owner.

use std::{
    convert::Infallible,
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::oneshot,
};
use url::Url;

use super::{BranchCopies, LocalError, data_dir::Lock};
use crate::local::{
    account::FileWorkers,
    proof::{Challenge, PATH},
};

const FILE: &str = "server.json";
/// A server that is alive answers sooner, however busy the machine is.
const LONGEST_SILENCE: Duration = Duration::from_secs(10);
/// Far above the answer to a challenge, in bytes.
const LARGEST_ANSWER: u64 = 16 * 1024;

/// The data that clients need of a running server.
pub(super) struct Record {
    pub(super) host: Url,
    pub(super) token: SecretString,
    pub(super) user: String,
    pub(super) ca_cert: PathBuf,
    pub(super) pid: u32,
    /// The version of projects that request none.
    pub(super) pg_version: String,
    pub(super) copies: BranchCopies,
}

/// The form of the record in the file.
#[derive(Serialize, Deserialize)]
struct Written {
    host: Url,
    token: String,
    user: String,
    ca_cert: PathBuf,
    pid: u32,
    pg_version: String,
    copies: BranchCopies,
}

impl Record {
    /// Writes the file in one step: a reader gets all of it.
    pub(super) async fn write(&self, dir: &Path) -> Result<(), LocalError> {
        let path = dir.join(FILE);
        let written = Written {
            host: self.host.clone(),
            token: self.token.expose_secret().to_owned(),
            user: self.user.clone(),
            ca_cert: self.ca_cert.clone(),
            pid: self.pid,
            pg_version: self.pg_version.clone(),
            copies: self.copies,
        };
        let dir = dir.to_owned();
        let write = move || {
            let write = || -> io::Result<()> {
                // Such a file is created for its owner alone.
                let mut file = tempfile::NamedTempFile::new_in(&dir)?;
                serde_json::to_writer(&mut file, &written)?;
                file.flush()?;
                file.persist(&path).map_err(|error| error.error).map(|_| ())
            };
            write().map_err(|source| LocalError::DataDir { action: "write", path: path.clone(), source })
        };
        FileWorkers::privileged().run(write).await
    }

    /// `None` when no server has written one, or one of another version.
    pub(super) async fn read(dir: &Path) -> Result<Option<Self>, LocalError> {
        let path = dir.join(FILE);
        FileWorkers::privileged().run(move || Self::read_here(path)).await
    }

    fn read_here(path: PathBuf) -> Result<Option<Self>, LocalError> {
        match fs::read(&path) {
            Ok(bytes) => Ok(serde_json::from_slice::<Written>(&bytes).ok().map(|written| Self {
                host: written.host,
                token: written.token.into(),
                user: written.user,
                ca_cert: written.ca_cert,
                pid: written.pid,
                pg_version: written.pg_version,
                copies: written.copies,
            })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(LocalError::DataDir { action: "read", path, source }),
        }
    }

    /// The process that serves the directory, as far as it can be known.
    pub(super) async fn pid(dir: &Path) -> Option<u32> {
        Self::read(dir).await.ok().flatten().map(|record| record.pid)
    }

    /// Removes the file on a thread for file work; the receiver ends when that is done. The lock is held until then: a
    /// late removal must not hit the record of the next server.
    pub(super) fn remove(dir: &Path, lock: Arc<Lock>) -> oneshot::Receiver<Infallible> {
        let (done, removed) = oneshot::channel();
        let path = dir.join(FILE);
        FileWorkers::privileged().detach(move || {
            let _ = fs::remove_file(path);
            drop((lock, done));
        });
        removed
    }

    /// Whether the server at the address of the record holds its token. The token is not sent.
    ///
    /// # Errors
    ///
    /// [`LocalError::Unresponsive`] when a process accepts connections and does not answer, as the system does for
    /// one that is stopped.
    pub(super) async fn is_proven(&self, dir: &Path) -> Result<bool, LocalError> {
        match tokio::time::timeout(LONGEST_SILENCE, self.prove()).await {
            Ok(proven) => Ok(proven.unwrap_or(false)),
            Err(_) => Err(LocalError::Unresponsive { data_dir: dir.to_owned(), pid: self.pid }),
        }
    }

    async fn prove(&self) -> io::Result<bool> {
        #[derive(Deserialize)]
        struct Answer {
            proof: String,
        }
        let challenge = Challenge::generate()?;
        let addresses = self.host.socket_addrs(|| None)?;
        let mut stream = TcpStream::connect(addresses.as_slice()).await?;
        let request = format!(
            "GET {PATH}?challenge={} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
            challenge.as_str()
        );
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.take(LARGEST_ANSWER).read_to_end(&mut answer).await?;
        let body = answer.windows(4).position(|window| window == b"\r\n\r\n").map(|end| &answer[end + 4..]);
        let answer = body.and_then(|body| serde_json::from_slice::<Answer>(body).ok());
        Ok(answer.is_some_and(|answer| challenge.accepts(&answer.proof, &self.token, &self.host)))
    }
}
