//! What a second process reads to attach: address, token and pid of the server, for the owner's eyes only.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use url::Url;

use super::{BranchCopies, LocalError};

const FILE: &str = "server.json";
/// A server that is alive answers sooner, however busy the machine is.
const LONGEST_SILENCE: Duration = Duration::from_secs(10);

/// What clients need to know of a running server.
pub(super) struct Record {
    pub(super) host: Url,
    pub(super) token: SecretString,
    pub(super) user: String,
    pub(super) ca_cert: PathBuf,
    pub(super) pid: u32,
    /// Of projects that ask for no version.
    pub(super) pg_version: String,
    pub(super) copies: BranchCopies,
}

/// The same in the file.
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
    /// Writes the file in one step: whoever reads it reads all of it.
    pub(super) fn write(&self, dir: &Path) -> Result<(), LocalError> {
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
        let write = || -> io::Result<()> {
            // Such a file is created for its owner alone.
            let mut file = tempfile::NamedTempFile::new_in(dir)?;
            serde_json::to_writer(&mut file, &written)?;
            file.flush()?;
            file.persist(&path).map_err(|error| error.error).map(|_| ())
        };
        write().map_err(|source| LocalError::DataDir { doing: "write", path: path.clone(), source })
    }

    /// `None` when no server has written one, or one of another version.
    pub(super) fn read(dir: &Path) -> Result<Option<Self>, LocalError> {
        let path = dir.join(FILE);
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
            Err(source) => Err(LocalError::DataDir { doing: "read", path, source }),
        }
    }

    /// The process that serves the directory, as far as it can be known.
    pub(super) fn pid(dir: &Path) -> Option<u32> {
        Self::read(dir).ok().flatten().map(|record| record.pid)
    }

    pub(super) fn remove(dir: &Path) {
        let _ = fs::remove_file(dir.join(FILE));
    }

    /// Whether the server is there; an error when it takes connections and says nothing, as the system does for a
    /// process that is stopped.
    pub(super) async fn answers(&self, dir: &Path) -> Result<bool, LocalError> {
        match tokio::time::timeout(LONGEST_SILENCE, self.ask()).await {
            Ok(answer) => Ok(answer.unwrap_or(false)),
            Err(_) => Err(LocalError::Unresponsive { data_dir: dir.to_owned(), pid: self.pid }),
        }
    }

    /// Asks for what is told without a token.
    async fn ask(&self) -> io::Result<bool> {
        let addresses = self.host.socket_addrs(|| None)?;
        let mut stream = TcpStream::connect(addresses.as_slice()).await?;
        let request =
            "GET /.well-known/databricks-config HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).await?;
        let mut first = [0; 12];
        stream.read_exact(&mut first).await?;
        Ok(&first == b"HTTP/1.1 200")
    }
}
