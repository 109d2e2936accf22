//! The first process of a container.
//!
//! The kernel gives it every process whose parent has ended, such as the backends of a PostgreSQL that was killed, and
//! they stay as zombies until it waits for them. A server that did so itself could take the exit status of a child
//! that another part of it waits for. So the server runs as a child of a process that does nothing else.

use std::{
    env, io,
    os::unix::process::{CommandExt as _, ExitStatusExt as _},
    process::{Command, ExitCode, ExitStatus},
};

use rustix::process::{Pid, Signal, WaitOptions, kill_process, wait};
use tokio::signal::unix::{SignalKind, signal};

pub(crate) fn is_first_process() -> bool {
    std::process::id() == 1
}

/// Runs this program again with the same arguments, passes signals on to it and reaps orphans until it ends.
pub(crate) fn supervise() -> io::Result<ExitCode> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(run())
}

async fn run() -> io::Result<ExitCode> {
    // Registered before there is a child, so that no signal is lost.
    let mut ended = signal(SignalKind::child())?;
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    // In a group of its own, or a Ctrl-C at the terminal would reach it twice.
    let server = Command::new(env::current_exe()?).args(env::args_os().skip(1)).process_group(0).spawn()?;
    let server = Pid::from_child(&server);
    loop {
        while let Some((pid, status)) = wait(WaitOptions::NOHANG)? {
            if pid == server {
                return Ok(code(ExitStatus::from_raw(status.as_raw())));
            }
        }
        let signal = tokio::select! {
            _ = ended.recv() => continue,
            _ = terminate.recv() => Signal::TERM,
            _ = interrupt.recv() => Signal::INT,
        };
        // It is not reaped yet, so its number is still its own.
        kill_process(server, signal)?;
    }
}

/// The exit status as a shell reports it.
fn code(status: ExitStatus) -> ExitCode {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    ExitCode::from(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX))
}
