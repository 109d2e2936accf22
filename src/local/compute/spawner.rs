//! The thread that starts processes.
//!
//! Linux tells a child of its parent's death when the *thread* that made it ends. A thread that lives
//! as long as the engine ties PostgreSQL to the server, however that ends. The thread runs as the account, and so do
//! its children.

use std::{io, path::Path, sync::mpsc, thread};

use rustix::process::Pid;
use tokio::{
    process::{Child, Command},
    runtime::Handle,
    sync::oneshot,
};

use super::sandbox::Sandbox;
use crate::local::{account::FileWorkers, engine_error::EngineError};

type Order = (Command, oneshot::Sender<io::Result<Child>>);

/// Starts processes that end when this is dropped or this process dies.
#[derive(Debug)]
pub(in crate::local) struct Spawner {
    orders: mpsc::Sender<Order>,
}

impl Spawner {
    /// Starts the thread with the credentials of the workers: a thread begins with those of its creator.
    pub(in crate::local) async fn start(files: &FileWorkers) -> Result<Self, EngineError> {
        let runtime = Handle::current();
        files
            .run(move || {
                Self::start_here(runtime).map_err(|source| EngineError::Io {
                    context: "start the thread that starts processes".to_owned(),
                    source,
                })
            })
            .await
    }

    fn start_here(runtime: Handle) -> io::Result<Self> {
        let (orders, incoming) = mpsc::channel::<Order>();
        thread::Builder::new().name("lakebase-spawner".to_owned()).spawn(move || {
            let _entered = runtime.enter();
            for (mut command, answer) in incoming {
                // The caller may be gone; the child then ends with its handle.
                if let Err(Ok(mut orphan)) = answer.send(command.spawn()) {
                    let _ = orphan.start_kill();
                }
            }
        })?;
        Ok(Self { orders })
    }

    pub(super) async fn spawn(&self, command: Command) -> io::Result<Child> {
        let (answer, spawned) = oneshot::channel();
        let gone = |()| io::Error::other("the thread that starts processes has ended");
        self.orders.send((command, answer)).map_err(|_| gone(()))?;
        spawned.await.map_err(|_| gone(()))?
    }
}

/// A command for [`Spawner::spawn`], with a small environment, in `directory` and in its sandbox.
pub(super) fn command(program: &Path, directory: &Path, sandbox: Sandbox) -> Command {
    let mut command = Command::new(program);
    command.current_dir(directory).env_clear().env("LC_ALL", "C").env("TZ", "UTC");
    for kept in ["PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"] {
        if let Some(value) = std::env::var_os(kept) {
            command.env(kept, value);
        }
    }
    let (parent, mut sandbox) = (rustix::process::getpid(), Some(sandbox));
    let arm = move || {
        die_with(parent)?;
        close_inherited();
        sandbox.take().map_or(Ok(()), Sandbox::enter)
    };
    // A change of user would clear the death signal; the spawner's thread has changed already.
    #[expect(unsafe_code, reason = "runs between fork and exec; makes system calls and allocates nothing")]
    unsafe {
        command.pre_exec(arm);
    }
    // Other systems have no death signal: the runtime kills the children, and the next start those that outlived it.
    #[cfg(not(target_os = "linux"))]
    command.kill_on_drop(true);
    command
}

/// Has the kernel end this process with the thread that made it.
#[cfg(target_os = "linux")]
fn die_with(parent: Pid) -> io::Result<()> {
    use rustix::process::{Signal, getppid, set_parent_process_death_signal};

    // Ignored, as a shell has it for a background process, the signal would be lost until PostgreSQL expects it.
    #[expect(unsafe_code, reason = "sets a signal back to its default, which runs no code of ours")]
    unsafe {
        libc::signal(libc::SIGQUIT, libc::SIG_DFL);
    }
    // Immediate shutdown: PostgreSQL takes its children along and leaves no shared memory.
    set_parent_process_death_signal(Some(Signal::QUIT))?;
    if getppid() == Some(parent) {
        Ok(())
    } else {
        Err(io::Error::from_raw_os_error(rustix::io::Errno::SRCH.raw_os_error()))
    }
}

#[cfg(not(target_os = "linux"))]
#[expect(clippy::unnecessary_wraps, reason = "the same as on Linux")]
fn die_with(_parent: Pid) -> io::Result<()> {
    Ok(())
}

/// Keeps files from PostgreSQL that this process inherited open from its own parent.
#[cfg(target_os = "linux")]
fn close_inherited() {
    const FIRST: libc::c_uint = 3;
    // An old kernel refuses it; this process's own files are closed at exec anyway.
    #[expect(unsafe_code, reason = "marks descriptors to be closed at exec, and closes none before")]
    unsafe {
        libc::syscall(libc::SYS_close_range, FIRST, libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC);
    }
}

#[cfg(not(target_os = "linux"))]
fn close_inherited() {}
