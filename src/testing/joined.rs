//! One local Lakebase for all processes of a test runner that has a process for each test.
//!
//! The first process starts the server: itself once more, with the same arguments, so that the same test asks for a
//! branch and finds in the environment that it is to serve instead. The server stays while any process uses it and a
//! moment longer, for the next one; then it removes everything. A process that is killed leaves the kernel to say so,
//! and where the server is killed the next process starts another one on a fresh directory.

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

use super::{claim::Claim, kept, unavailable};
use crate::{
    api::backoff::Backoff,
    error::{Error, Result},
    local::{Durability, LocalLakebase},
};

/// Says to a process that it is the server, and of which directory.
const SERVES: &str = "LAKEBASE_TEST_SERVES";
/// How long a server without users waits for the next one.
const LINGER: Duration = Duration::from_secs(2);
/// PostgreSQL may have to be fetched first.
const PATIENCE: Duration = Duration::from_secs(300);

/// Whether a runner that has a process for each test runs this one.
pub(super) fn is_wanted() -> bool {
    env::var_os("NEXTEST_EXECUTION_MODE").is_some_and(|mode| mode == "process-per-test")
}

/// The files of a server and of those who use it.
struct Place(PathBuf);

impl Place {
    /// The same one for all test binaries of a build directory and user; where failures are kept, one for each run.
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

    /// Waits until no other process starts a server or stops one.
    fn enter(&self) -> io::Result<Claim> {
        loop {
            match fs::DirBuilder::new().mode(0o711).create(&self.0) {
                // The account of PostgreSQL has to get through, whatever the mask says.
                Ok(()) => fs::set_permissions(&self.0, fs::Permissions::from_mode(0o711))?,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
            let found = fs::symlink_metadata(&self.0)?;
            if !found.is_dir() || found.uid() != rustix::process::geteuid().as_raw() {
                return Err(io::Error::other("it belongs to somebody else; remove it"));
            }
            match Claim::take(&self.0.join("starting")) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                claim => return claim,
            }
        }
    }

    fn data(&self) -> PathBuf {
        self.0.join("data")
    }

    /// Open and locked for reading by each process that uses the server.
    fn users(&self) -> io::Result<File> {
        OpenOptions::new().write(true).create(true).truncate(false).open(self.0.join("users"))
    }

    /// Open and locked by the server.
    fn serving(&self) -> io::Result<File> {
        OpenOptions::new().write(true).create(true).truncate(false).open(self.0.join("serving"))
    }

    /// Whether it is one of the files by which processes find each other.
    fn is_in_use(&self, file: &Path) -> bool {
        ["starting", "users", "serving"].iter().any(|name| file == self.0.join(name))
    }

    /// Why the server did not start.
    fn reason(&self) -> PathBuf {
        self.0.join("reason")
    }
}

/// The server that all processes share; started where there is none. What is returned beside it is to be kept as long
/// as the server is used.
pub(super) async fn join() -> Result<(LocalLakebase, File)> {
    let entered = tokio::task::spawn_blocking(enter).await;
    let (place, claim, users, server) = entered
        .map_err(|e| unavailable("waiting for the other test processes").with_source(e))?
        .map_err(|e| unavailable("no directory for the tests of several processes").with_source(e))?;
    let local = attach(&place, server).await?;
    drop(claim);
    Ok((local, users))
}

fn enter() -> io::Result<(Place, Claim, File, Option<Child>)> {
    let place = Place::find()?;
    let about = |e: io::Error| io::Error::new(e.kind(), format!("'{}': {e}", place.0.display()));
    let claim = place.enter().map_err(about)?;
    let users = place.users().map_err(about)?;
    users.lock_shared()?;
    let is_served = place.serving().map_err(about)?.try_lock().is_err();
    let server = if is_served { None } else { Some(start(&place)?) };
    Ok((place, claim, users, server))
}

/// On what a killed server left.
fn start(place: &Place) -> io::Result<Child> {
    for left in fs::read_dir(&place.0)?.flatten().filter(|left| !place.is_in_use(&left.path())) {
        match left.file_type()?.is_dir() {
            true => remove_all(&left.path())?,
            false => fs::remove_file(left.path())?,
        }
    }
    let mut command = Command::new(env::current_exe()?);
    command.args(env::args_os().skip(1)).env(SERVES, &place.0);
    // Neither a signal for the group of the tests nor an open pipe may tie the two together.
    command.process_group(0).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn()
}

async fn attach(place: &Place, mut server: Option<Child>) -> Result<LocalLakebase> {
    let started = Instant::now();
    let mut backoff = Backoff::new(Duration::from_millis(5), Duration::from_millis(100));
    loop {
        let attached = LocalLakebase::builder().data_dir(place.data()).attach().await;
        let Err(error) = attached else { return attached.map_err(|_| unavailable("attached")) };
        if let Some(status) = server.as_mut().and_then(|server| server.try_wait().ok().flatten()) {
            let reason = fs::read_to_string(place.reason()).unwrap_or_else(|_| {
                format!("its process ended with {status} before it came to lakebase::testing::branch")
            });
            return Err(unavailable(format!("no local Lakebase for the tests: {reason}")));
        }
        if started.elapsed() > PATIENCE {
            return Err(Error::from(error).with_context("no local Lakebase for the tests"));
        }
        backoff.sleep().await;
    }
}

/// Serves where this process is to; it ends here then.
pub(super) fn serve_if_told() {
    let Some(directory) = env::var_os(SERVES).filter(|directory| !directory.is_empty()) else { return };
    let place = Place(directory.into());
    // Not on the runtime of the test, whose clock may stand still.
    let served = thread::scope(|scope| scope.spawn(|| serve(&place)).join());
    let code = match served {
        Ok(Ok(())) => 0,
        Ok(Err(reason)) => {
            let _ = fs::write(place.reason(), reason);
            1
        }
        Err(_) => 1,
    };
    #[expect(clippy::exit, reason = "the test that goes on belongs to another process")]
    std::process::exit(code)
}

fn serve(place: &Place) -> std::result::Result<(), String> {
    let serving = place.serving().map_err(|e| e.to_string())?;
    serving.try_lock().map_err(|_| "another server runs there".to_owned())?;
    let runtime = Builder::new_multi_thread().enable_all().build().map_err(|e| e.to_string())?;
    let builder = LocalLakebase::builder().data_dir(place.data()).durability(Durability::Fast);
    let local = runtime.block_on(builder.start()).map_err(|e| e.to_string())?;
    // Held to the end of the process, so that nobody comes while it goes.
    let last = wait_for_the_last(place);
    runtime.block_on(local.shutdown());
    if !kept::is_marked(&place.0) {
        remove(&place.0);
    }
    std::mem::forget(last);
    Ok(())
}

fn wait_for_the_last(place: &Place) -> io::Result<Claim> {
    loop {
        // Granted when no process uses the server any more.
        let users = place.users()?;
        users.lock()?;
        drop(users);
        thread::sleep(LINGER);
        let claim = place.enter()?;
        if place.users()?.try_lock().is_ok() {
            return Ok(claim);
        }
    }
}

/// Out of the way in one step: whoever comes now finds nothing and makes a directory anew.
fn remove(directory: &Path) {
    let away = directory.with_extension(std::process::id().to_string());
    let gone = fs::rename(directory, &away).and_then(|()| remove_all(&away));
    if let Err(error) = gone {
        tracing::warn!(directory = %directory.display(), %error, "the directory of the tests stays");
    }
}

/// Computes that are just ending write to their last moment.
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
