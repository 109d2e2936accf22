//! Processes of a server, and their sudden end.

use std::{
    fs,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{child::LIMIT, serve::Serve};

/// The target of a SIGKILL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Victim {
    Server,
    Postmaster,
    /// A process of a postmaster: a backend, the checkpointer, the WAL writer.
    Backend,
    /// The server and every PostgreSQL process.
    All,
}

/// A PostgreSQL process whose working directory is a branch of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Process {
    pub(super) pid: i32,
    parent: i32,
    title: String,
}

/// The PostgreSQL processes that work under `data`.
pub(super) fn processes(data: &Path) -> Vec<Process> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let found = entries.filter_map(|entry| {
        let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
        fs::read_link(entry.path().join("cwd")).ok()?.starts_with(data).then_some(())?;
        let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
        let parent = stat.rsplit(')').next()?.split_whitespace().nth(1)?.parse().ok()?;
        let title = fs::read(entry.path().join("cmdline")).ok()?;
        let title = String::from_utf8_lossy(&title).replace('\0', " ").trim().to_owned();
        title.contains("postgres").then_some(Process { pid, parent, title })
    });
    found.collect()
}

fn kill(pid: i32) {
    // It may have ended by itself.
    let _ = kill_process(Pid::from_raw(pid).expect("a pid"), Signal::KILL);
}

impl Victim {
    /// Kills, and returns whether the server is gone.
    pub(super) fn strike(self, serve: &Serve, data: &Path) -> bool {
        let processes = processes(data);
        let postmasters: Vec<i32> = processes
            .iter()
            .filter(|process| !processes.iter().any(|other| other.pid == process.parent))
            .map(|process| process.pid)
            .collect();
        match self {
            Self::Server => serve.signal(Signal::KILL),
            Self::Postmaster => fastrand::choice(&postmasters).into_iter().for_each(|pid| kill(*pid)),
            Self::Backend => {
                let backends = processes.iter().filter(|process| postmasters.contains(&process.parent));
                let backends: Vec<i32> = backends.map(|process| process.pid).collect();
                fastrand::choice(&backends).into_iter().for_each(|pid| kill(*pid));
            }
            Self::All => {
                serve.signal(Signal::KILL);
                processes.iter().for_each(|process| kill(process.pid));
            }
        }
        matches!(self, Self::Server | Self::All)
    }
}

/// Waits until no PostgreSQL works under `data` any more.
pub(super) fn none_left(data: &Path) {
    let deadline = Instant::now() + LIMIT / 4;
    loop {
        let left = processes(data);
        if left.is_empty() {
            return;
        }
        assert!(Instant::now() < deadline, "left running: {left:?}");
        thread::sleep(Duration::from_millis(10));
    }
}
