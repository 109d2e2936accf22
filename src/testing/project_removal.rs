//! Removes the project of a set-up from a server that outlives the tests, once no test process uses it.
//!
//! The branch of a killed test ends in one of three ways: it expires; a server of these tests alone
//! (`server`, `shared_server`) goes with its whole directory; on a server that stays, the project is removed here.
//!
//! The wait for the end of the test processes needs a process of its own: the program of the tests again, with the test
//! that asked for the branch, which finds in the environment that it removes the project instead.

use std::{
    env,
    fs::{self, File, OpenOptions},
    io,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
};

use tokio::runtime::Builder;

use super::lock_file::{LockFile, after_last_user};
use crate::{
    api::name::ProjectId,
    error::{Error, Result},
    local::LocalLakebase,
};

/// The environment variables that have a process remove this project from the server on this data directory.
const PROJECT: &str = "LAKEBASE_TEST_REMOVES";
const DATA_DIR: &str = "LAKEBASE_TEST_REMOVES_FROM";

/// The lock files of a set-up, in the data directory of the server.
pub(super) struct SetUpFiles<'a> {
    pub(super) data_dir: &'a Path,
    pub(super) project: &'a ProjectId,
}

impl SetUpFiles<'_> {
    fn path(&self, purpose: &str) -> PathBuf {
        self.data_dir.join(format!("{}.{purpose}", self.project))
    }

    /// Waits until no other process sets the project up or removes it. Blocks.
    pub(super) fn lock(&self) -> io::Result<LockFile> {
        LockFile::take(&self.path("set-up"))
    }

    /// Opened by each process that uses the project, and locked for reading.
    fn users(&self) -> io::Result<File> {
        OpenOptions::new().write(true).create(true).truncate(false).open(self.path("users"))
    }

    /// Keeps the project until the file is closed. The caller holds the lock.
    pub(super) fn register(&self) -> io::Result<File> {
        let users = self.users()?;
        users.lock_shared()?;
        Ok(users)
    }

    /// Starts the process that removes the project.
    pub(super) fn remove_after_last_user(&self) -> io::Result<()> {
        let mut command = Command::new(env::current_exe()?);
        match thread::current().name() {
            // The test harness names the thread of a test after it.
            Some(test) if test != "main" && !test.starts_with("tokio-") => {
                command.args(["--exact", test, "--include-ignored", "--nocapture"])
            }
            _ => command.args(env::args_os().skip(1)),
        };
        command.env(PROJECT, self.project.as_str()).env(DATA_DIR, self.data_dir);
        // Neither a signal to the process group of the tests nor an open pipe may reach it.
        command.process_group(0).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().map(drop)
    }

    fn remove(&self) -> Result<()> {
        let failed =
            |error: io::Error| super::unavailable("waiting for the test processes").with_source(error);
        let _lock = after_last_user(|| self.users(), || self.lock()).map_err(failed)?;
        let runtime = Builder::new_current_thread().enable_all().build().map_err(failed)?;
        runtime.block_on(async {
            let local =
                LocalLakebase::builder().data_dir(self.data_dir).attach().await.map_err(Error::from)?;
            local.client().await?.project(self.project)?.delete().purge().allow_missing().await
        })?;
        fs::remove_file(self.path("users")).map_err(failed)
    }
}

/// Removes a project if the environment requests it; the process then ends here.
pub(super) fn remove_if_requested() {
    let Some(project) = env::var(PROJECT).ok().and_then(|id| ProjectId::new(id).ok()) else { return };
    let Some(data_dir) = env::var_os(DATA_DIR).map(PathBuf::from) else { return };
    let files = SetUpFiles { data_dir: &data_dir, project: &project };
    // Not on the runtime of the test, whose clock may be paused.
    let removed = thread::scope(|scope| scope.spawn(|| files.remove()).join());
    #[expect(clippy::exit, reason = "the test itself runs in another process")]
    std::process::exit(i32::from(!matches!(removed, Ok(Ok(())))))
}
