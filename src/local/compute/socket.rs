//! The socket of a running compute, pinned to the process that listens on it.
//!
//! The directory of a socket belongs to PostgreSQL's account. A program of that account can put another socket, or a
//! link to one elsewhere, in the place of the file at any moment, and a check before each connection would come too
//! early. A descriptor of the file itself cannot be exchanged, and a socket file belongs to one socket for good.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio::net::UnixStream;

#[cfg(not(target_os = "linux"))]
use other as system;

/// A Unix socket on which a known process listens. A cheap handle.
#[derive(Clone, Debug)]
pub(in crate::local) struct ComputeSocket(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    pinned: system::Pinned,
}

impl ComputeSocket {
    /// Pins the socket file at `path`.
    ///
    /// # Errors
    ///
    /// If it is no socket, takes no connection, or another process than `listener` listens on it.
    pub(super) async fn pin(path: &Path, listener: u32) -> io::Result<Self> {
        let socket = Self(Arc::new(Inner { path: path.to_owned(), pinned: system::pin(path)? }));
        // The kernel notes who listens when it begins; nothing has been sent.
        let found = socket.connect().await?.peer_cred()?.pid();
        if found.and_then(|pid| u32::try_from(pid).ok()) == Some(listener) {
            return Ok(socket);
        }
        let found = found.map_or_else(|| "an unknown process".to_owned(), |pid| format!("process {pid}"));
        Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            format!(
                "{found} listens on it, and not the PostgreSQL that was started, process {listener}; end that process"
            ),
        ))
    }

    /// Connects to the process that listens, whatever lies at the path by now.
    pub(in crate::local) async fn connect(&self) -> io::Result<UnixStream> {
        UnixStream::connect(self.address()).await
    }

    /// The path at which the file was found, for messages.
    pub(in crate::local) fn path(&self) -> &Path {
        &self.0.path
    }

    /// A path to the pinned file, good while this value lives.
    pub(super) fn address(&self) -> PathBuf {
        system::address(&self.0.pinned, &self.0.path)
    }

    /// Pins the socket of any process.
    #[cfg(test)]
    pub(in crate::local) fn of_any_process(path: &Path) -> io::Result<Self> {
        let pinned = system::pin(&path.canonicalize()?)?;
        Ok(Self(Arc::new(Inner { path: path.to_owned(), pinned })))
    }
}

#[cfg(target_os = "linux")]
mod system {
    use std::{
        io,
        os::fd::{AsRawFd as _, OwnedFd},
        path::{Path, PathBuf},
    };

    use rustix::fs::{CWD, FileType, Mode, OFlags, fstat, openat};

    pub(super) type Pinned = OwnedFd;

    pub(super) fn pin(path: &Path) -> io::Result<Pinned> {
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = openat(CWD, path, flags, Mode::empty())?;
        if FileType::from_raw_mode(fstat(&file)?.st_mode) == FileType::Socket {
            return Ok(file);
        }
        Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a socket"))
    }

    /// Leads to the open file itself, not to its name.
    pub(super) fn address(pinned: &Pinned, _path: &Path) -> PathBuf {
        PathBuf::from(format!("/proc/self/fd/{}", pinned.as_raw_fd()))
    }
}

/// Elsewhere a server is never root: the account of the directory is its own.
#[cfg(not(target_os = "linux"))]
mod other {
    use std::{
        io,
        path::{Path, PathBuf},
    };

    pub(super) type Pinned = ();

    pub(super) fn pin(_path: &Path) -> io::Result<Pinned> {
        Ok(())
    }

    pub(super) fn address(_pinned: &Pinned, path: &Path) -> PathBuf {
        path.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use tokio::net::UnixListener;

    use super::*;

    #[tokio::test]
    async fn only_the_expected_process_is_connected_to() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("socket");
        let _listener = UnixListener::bind(&path).unwrap();
        ComputeSocket::pin(&path, std::process::id()).await.unwrap();
        let error = ComputeSocket::pin(&path, 1).await.unwrap_err();
        assert!(error.to_string().contains(&format!("process {} listens", std::process::id())), "{error}");
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_link_is_no_socket_and_an_exchanged_file_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let (path, link) = (dir.path().join("socket"), dir.path().join("link"));
        let listener = UnixListener::bind(&path).unwrap();
        symlink(&path, &link).unwrap();
        assert!(ComputeSocket::pin(&link, std::process::id()).await.is_err());
        let socket = ComputeSocket::pin(&path, std::process::id()).await.unwrap();
        listener.accept().await.unwrap();
        fs::remove_file(&path).unwrap();
        let planted = UnixListener::bind(&path).unwrap();
        let _connected = socket.connect().await.unwrap();
        tokio::select! {
            biased;
            reached = listener.accept() => drop(reached.unwrap()),
            _ = planted.accept() => panic!("the planted socket was connected to"),
        }
    }
}
