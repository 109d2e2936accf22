//! The one thread that starts processes.
//!
//! Linux tells a child of its parent's death when the *thread* that made it ends. A thread that lives
//! as long as the engine turns that into what we want: PostgreSQL ends with us, whatever ends us.

use std::{io, path::Path, sync::mpsc, thread};

use tokio::{
    process::{Child, Command},
    runtime::Handle,
    sync::oneshot,
};

use crate::local::account::Account;

type Order = (Command, oneshot::Sender<io::Result<Child>>);

/// Starts processes that end when this is dropped or our process dies.
#[derive(Debug)]
pub(in crate::local) struct Spawner {
    orders: mpsc::Sender<Order>,
}

impl Spawner {
    pub(in crate::local) fn start() -> io::Result<Self> {
        let (orders, incoming) = mpsc::channel::<Order>();
        let runtime = Handle::current();
        thread::Builder::new().name("lakebase-spawner".to_owned()).spawn(move || {
            let _entered = runtime.enter();
            for (mut command, answer) in incoming {
                // Whoever asked may be gone; the child then ends with its handle.
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

/// A command that runs as `account`, with a small environment, in `directory`.
pub(super) fn command(program: &Path, account: Option<&Account>, directory: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(directory).env_clear().env("LC_ALL", "C").env("TZ", "UTC");
    for kept in ["PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"] {
        if let Some(value) = std::env::var_os(kept) {
            command.env(kept, value);
        }
    }
    if let Some(account) = account {
        command.uid(account.uid).gid(account.gid);
    }
    die_with_parent(&mut command);
    command
}

#[cfg(target_os = "linux")]
fn die_with_parent(command: &mut Command) {
    use rustix::process::{Signal, getpid, getppid, set_parent_process_death_signal};

    let parent = getpid();
    let arm = move || {
        // Immediate shutdown: PostgreSQL takes its children along and leaves no shared memory.
        set_parent_process_death_signal(Some(Signal::QUIT))?;
        if getppid() == Some(parent) {
            Ok(())
        } else {
            Err(io::Error::from_raw_os_error(rustix::io::Errno::SRCH.raw_os_error()))
        }
    };
    // The standard library changes the user before it runs this, which matters: changing it clears the signal.
    #[expect(unsafe_code, reason = "runs between fork and exec; makes two system calls and nothing else")]
    unsafe {
        command.pre_exec(arm);
    }
}

/// Other systems have no such signal: the runtime kills what is left, and the next start what outlived that.
#[cfg(not(target_os = "linux"))]
fn die_with_parent(command: &mut Command) {
    command.kill_on_drop(true);
}
