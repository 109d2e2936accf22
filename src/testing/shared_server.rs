//! One local Lakebase for all processes of a test runner that runs a process for each test.
//!
//! The first process starts the server: its own program again, with the same arguments, so that the same test asks for
//! a branch and finds in the environment that it serves instead. The server stays while any process uses it and two
//! seconds longer, for the next one; then it removes everything. The kernel releases the locks of a killed process, and
//! where the server is killed the next process starts another one on a new directory.

use std::{
    env,
    fs::{self, File, OpenOptions},
    io,
    os::unix::{
        fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _},
        process::CommandExt as _,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use sha2::{Digest as _, Sha256};
use tokio::runtime::Builder;

use super::{
    SPARES, kept,
    lock_file::{LockFile, after_last_user},
    unavailable,
};
use crate::{
    api::backoff::Backoff,
    error::{Error, Result},
    local::{Durability, LocalLakebase},
};

/// The environment variable that has a process serve this directory.
const SERVES: &str = "LAKEBASE_TEST_SERVES";
/// The time for the server to start, which may include fetching PostgreSQL.
const START_LIMIT: Duration = Duration::from_secs(300);

/// Whether a runner with a process for each test started this one.
pub(super) fn is_wanted() -> bool {
    env::var_os("NEXTEST_EXECUTION_MODE").is_some_and(|mode| mode == "process-per-test")
}

/// The directory of a server, with the lock files by which the processes find each other.
struct Directory(PathBuf);

impl Directory {
    /// One for all test binaries of a build directory and user; where failures are kept, one for each run.
    fn find() -> io::Result<Self> {
        let build = env::current_exe()?;
        let mut key = Sha256::new();
        key.update(build.parent().unwrap_or(&build).as_os_str().as_encoded_bytes());
        key.update(rustix::process::geteuid().as_raw().to_le_bytes());
        if kept::is_asked_for() {
            key.update(env::var_os("NEXTEST_RUN_ID").unwrap_or_default().as_encoded_bytes());
        }
        let key: String = key.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Ok(Self(env::temp_dir().join(format!("lakebase-test-{key}"))))
    }

    /// Waits until no other process starts or stops a server.
    fn enter(&self) -> io::Result<LockFile> {
        loop {
            match fs::DirBuilder::new().mode(0o711).create(&self.0) {
                // The account of PostgreSQL must be able to traverse it, whatever the umask is.
                Ok(()) => fs::set_permissions(&self.0, fs::Permissions::from_mode(0o711))?,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
            let found = fs::symlink_metadata(&self.0)?;
            if !found.is_dir() || found.uid() != rustix::process::geteuid().as_raw() {
                return Err(io::Error::other("it belongs to another user; remove it"));
            }
            match LockFile::take(&self.0.join("starting")) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                lock => return lock,
            }
        }
    }

    fn data(&self) -> PathBuf {
        self.0.join("data")
    }

    /// Locked for reading by each process that uses the server.
    fn users(&self) -> io::Result<File> {
        OpenOptions::new().write(true).create(true).truncate(false).open(self.0.join("users"))
    }

    /// Locked by the server.
    fn serving(&self) -> io::Result<File> {
        OpenOptions::new().write(true).create(true).truncate(false).open(self.0.join("serving"))
    }

    /// Whether it is one of the lock files.
    fn is_lock_file(&self, file: &Path) -> bool {
        ["starting", "users", "serving"].iter().any(|name| file == self.0.join(name))
    }

    /// The file with the reason why the server did not start.
    fn reason(&self) -> PathBuf {
        self.0.join("reason")
    }
}

/// The server that all processes share, started where there is none, and the lock that keeps it running.
pub(super) async fn join() -> Result<(LocalLakebase, File)> {
    let entered = tokio::task::spawn_blocking(enter).await;
    let (directory, lock, users, server) = entered
        .map_err(|e| unavailable("waiting for the other test processes").with_source(e))?
        .map_err(|e| unavailable("no directory for the tests of several processes").with_source(e))?;
    let local = attach(&directory, server).await?;
    drop(lock);
    Ok((local, users))
}

fn enter() -> io::Result<(Directory, LockFile, File, Option<Child>)> {
    let directory = Directory::find()?;
    let about = |e: io::Error| io::Error::new(e.kind(), format!("'{}': {e}", directory.0.display()));
    let lock = directory.enter().map_err(about)?;
    let users = directory.users().map_err(about)?;
    users.lock_shared()?;
    let is_served = directory.serving().map_err(about)?.try_lock().is_err();
    let server = if is_served { None } else { Some(start(&directory)?) };
    Ok((directory, lock, users, server))
}

/// Removes the remains of a killed server and starts a new one.
fn start(directory: &Directory) -> io::Result<Child> {
    for left in fs::read_dir(&directory.0)?.flatten().filter(|left| !directory.is_lock_file(&left.path())) {
        match left.file_type()?.is_dir() {
            true => remove_all(&left.path())?,
            false => fs::remove_file(left.path())?,
        }
    }
    let mut command = Command::new(env::current_exe()?);
    command.args(env::args_os().skip(1)).env(SERVES, &directory.0);
    // Neither a signal to the process group of the tests nor an open pipe may reach the server.
    command.process_group(0).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn()
}

async fn attach(directory: &Directory, mut server: Option<Child>) -> Result<LocalLakebase> {
    let started = Instant::now();
    let mut backoff = Backoff::new(Duration::from_millis(5), Duration::from_millis(100));
    loop {
        let attached = LocalLakebase::builder().data_dir(directory.data()).attach().await;
        let Err(error) = attached else { return attached.map_err(|_| unavailable("attached")) };
        if let Some(status) = server.as_mut().and_then(|server| server.try_wait().ok().flatten()) {
            let reason = fs::read_to_string(directory.reason()).unwrap_or_else(|_| {
                format!("its process ended with {status} before it came to lakebase::testing::branch")
            });
            return Err(unavailable(format!("no local Lakebase for the tests: {reason}")));
        }
        if started.elapsed() > START_LIMIT {
            return Err(Error::from(error).with_context("no local Lakebase for the tests"));
        }
        backoff.sleep().await;
    }
}

/// Serves if the environment requests it; the process then ends here.
pub(super) fn serve_if_requested() {
    let Some(directory) = env::var_os(SERVES).filter(|directory| !directory.is_empty()) else { return };
    let directory = Directory(directory.into());
    // Not on the runtime of the test, whose clock may be paused.
    let served = thread::scope(|scope| scope.spawn(|| serve(&directory)).join());
    let code = match served {
        Ok(Ok(())) => 0,
        Ok(Err(reason)) => {
            let _ = fs::write(directory.reason(), reason);
            1
        }
        Err(_) => 1,
    };
    #[expect(clippy::exit, reason = "the test itself runs in another process")]
    std::process::exit(code)
}

fn serve(directory: &Directory) -> std::result::Result<(), String> {
    let serving = directory.serving().map_err(|e| e.to_string())?;
    serving.try_lock().map_err(|_| "another server runs there".to_owned())?;
    let runtime = Builder::new_multi_thread().enable_all().build().map_err(|e| e.to_string())?;
    let builder = LocalLakebase::builder().data_dir(directory.data());
    let builder = builder.durability(Durability::Fast).spares(SPARES);
    let local = runtime.block_on(builder.start()).map_err(|e| e.to_string())?;
    // Held to the end of the process, so that no other process enters meanwhile.
    let last = after_last_user(|| directory.users(), || directory.enter());
    runtime.block_on(local.shutdown());
    if !kept::is_marked(&directory.0) {
        remove(&directory.0);
    }
    std::mem::forget(last);
    Ok(())
}

/// Renames the directory first, so that the next process finds none and makes its own.
fn remove(directory: &Path) {
    let away = directory.with_extension(std::process::id().to_string());
    let gone = fs::rename(directory, &away).and_then(|()| remove_all(&away));
    if let Err(error) = gone {
        tracing::warn!(directory = %directory.display(), %error, "cannot remove the directory of the tests");
    }
}

/// Repeated because computes that are ending may still write.
fn remove_all(directory: &Path) -> io::Result<()> {
    for _ in 0..50 {
        match fs::remove_dir_all(directory) {
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => {
                thread::sleep(Duration::from_millis(100));
            }
            done => return done,
        }
    }
    fs::remove_dir_all(directory)
}
