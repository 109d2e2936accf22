//! Paths to pinned sockets for a driver that connects by itself.
//!
//! sqlx takes a directory and connects to `.s.PGSQL.PORT` in it. On Linux a link in a directory that no other account
//! can enter leads it to the pinned file.

#[cfg(target_os = "linux")]
pub(super) use linux::SocketLinks;
#[cfg(not(target_os = "linux"))]
pub(super) use other::SocketLinks;

#[cfg(target_os = "linux")]
mod linux {
    use std::{
        fs, io,
        os::{
            fd::{AsRawFd as _, OwnedFd},
            unix::fs::{DirBuilderExt as _, symlink},
        },
        path::{Path, PathBuf},
        sync::{
            Arc,
            atomic::{AtomicU16, Ordering},
        },
    };

    use rustix::fs::{CWD, Mode, OFlags, openat};

    use crate::local::{account::FileWorkers, compute::ComputeSocket, engine_error::EngineError};

    /// A directory of links, one for each login. They differ by their ports: a directory for each would need a block
    /// of a disk that may be full.
    #[derive(Clone, Debug)]
    pub(in super::super) struct SocketLinks(Arc<Inner>);

    #[derive(Debug)]
    struct Inner {
        /// Keeps paths short: that of the data directory may be too long for a socket.
        directory: OwnedFd,
        next: AtomicU16,
    }

    /// A link, which is removed when this is dropped.
    #[derive(Debug)]
    pub(in super::super) struct Link {
        port: u16,
        /// Its path is good while these are open.
        links: SocketLinks,
        _socket: ComputeSocket,
    }

    impl SocketLinks {
        /// Creates the directory, or removes the links that a killed server left in it.
        pub(in super::super) fn open(directory: &Path) -> Result<Self, EngineError> {
            let open = || {
                match fs::DirBuilder::new().mode(0o700).create(directory) {
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                    made => made?,
                }
                for left in fs::read_dir(directory)? {
                    fs::remove_file(left?.path())?;
                }
                let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::DIRECTORY | OFlags::CLOEXEC;
                Ok(openat(CWD, directory, flags, Mode::empty())?)
            };
            let directory = open().map_err(EngineError::io("prepare", directory))?;
            Ok(Self(Arc::new(Inner { directory, next: AtomicU16::default() })))
        }

        pub(in super::super) async fn link(&self, socket: &ComputeSocket) -> Result<Link, EngineError> {
            let (links, socket) = (self.clone(), socket.clone());
            let path = socket.path().to_owned();
            let link = move || links.link_here(socket).map_err(EngineError::io("link to", &path));
            FileWorkers::privileged().run(link).await
        }

        fn link_here(self, socket: ComputeSocket) -> io::Result<Link> {
            for _ in 0..=u16::MAX {
                let port = self.0.next.fetch_add(1, Ordering::Relaxed);
                match symlink(socket.address(), self.file(port)) {
                    // In use by a session whose login is slow.
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                    made => return made.map(|()| Link { port, links: self, _socket: socket }),
                }
            }
            Err(io::Error::other("65536 sessions of the platform log in already"))
        }

        fn directory(&self) -> PathBuf {
            PathBuf::from(format!("/proc/self/fd/{}", self.0.directory.as_raw_fd()))
        }

        fn file(&self, port: u16) -> PathBuf {
            self.directory().join(format!(".s.PGSQL.{port}"))
        }
    }

    impl Link {
        /// The directory and the port by which a driver finds the link.
        pub(in super::super) fn target(&self) -> (PathBuf, u16) {
            (self.links.directory(), self.port)
        }
    }

    impl Drop for Link {
        fn drop(&mut self) {
            let (links, port) = (self.links.clone(), self.port);
            // If the removal fails, the next start removes it.
            FileWorkers::privileged().detach(move || {
                let _ = fs::remove_file(links.file(port));
            });
        }
    }
}

/// Elsewhere a server is never root: the account of the sockets is its own.
#[cfg(not(target_os = "linux"))]
mod other {
    use std::path::{Path, PathBuf};

    use crate::local::{compute::ComputeSocket, engine_error::EngineError};

    #[derive(Clone, Debug)]
    pub(in super::super) struct SocketLinks;

    #[derive(Debug)]
    pub(in super::super) struct Link(PathBuf);

    impl SocketLinks {
        #[expect(clippy::unnecessary_wraps, reason = "the same as on Linux")]
        pub(in super::super) fn open(_directory: &Path) -> Result<Self, EngineError> {
            Ok(Self)
        }

        #[expect(clippy::unused_async, reason = "the same as on Linux")]
        pub(in super::super) async fn link(&self, socket: &ComputeSocket) -> Result<Link, EngineError> {
            Ok(Link(socket.path().parent().unwrap_or(socket.path()).to_owned()))
        }
    }

    impl Link {
        pub(in super::super) fn target(&self) -> (PathBuf, u16) {
            (self.0.clone(), 5432)
        }
    }
}
