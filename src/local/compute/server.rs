//! One running PostgreSQL.

use std::{
    fs::{self, OpenOptions},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    process::Child,
    sync::{mpsc, watch},
    time::{Instant, sleep, timeout},
};

use super::{
    Installation, Spawner,
    access::{hba, ident},
    configuration::{ComputeSettings, Durability, postgresql_conf},
    sockets::SOCKET_FILE,
    spawner::command,
};
use crate::local::{account::Account, fault::EngineError, storage};

/// The superuser of every cluster, for ourselves alone.
pub(in crate::local) const SUPERUSER: &str = "cloud_admin";

/// Replaying a long log takes a while; a server that needs longer is stuck.
const START_LIMIT: Duration = Duration::from_secs(300);
/// As fine as the timer goes: the start itself takes some 30 ms.
const READY_INTERVAL: Duration = Duration::from_millis(1);
const FAST_STOP_LIMIT: Duration = Duration::from_secs(5);
const IMMEDIATE_STOP_LIMIT: Duration = Duration::from_secs(2);
/// A log that has grown beyond this is put aside at the next start.
const LOG_LIMIT: u64 = 4 << 20;
const LOG_TAIL: u64 = 2000;

/// What a start needs to know.
pub(in crate::local) struct Launch<'a> {
    pub(in crate::local) installation: &'a Installation,
    pub(in crate::local) account: Option<&'a Account>,
    pub(in crate::local) data: &'a Path,
    pub(in crate::local) log: &'a Path,
    pub(in crate::local) socket_dir: &'a Path,
    pub(in crate::local) settings: &'a ComputeSettings,
    pub(in crate::local) durability: Durability,
}

/// A PostgreSQL process and the task that looks after it.
#[derive(Debug)]
pub(in crate::local) struct Server {
    socket: PathBuf,
    signals: mpsc::UnboundedSender<Signal>,
    ended: watch::Receiver<bool>,
}

impl Server {
    /// Starts PostgreSQL and returns when it accepts logins.
    pub(in crate::local) async fn start(spawner: &Spawner, launch: &Launch<'_>) -> Result<Self, EngineError> {
        let log = launch.prepare()?;
        let program = launch.installation.bin.join("postgres");
        let mut command = command(&program, launch.account, launch.data);
        let log_again = log.try_clone().map_err(EngineError::io("open", launch.log))?;
        command.arg("-D").arg(launch.data).stdin(Stdio::null()).stdout(log).stderr(log_again);
        let child = spawner.spawn(command).await.map_err(EngineError::io("start", &program))?;
        let pid = child.id();
        let server = Self::look_after(child, launch.socket_dir.join(SOCKET_FILE));
        match server.ready(&launch.data.join("postmaster.pid"), pid).await {
            Ok(()) => Ok(server),
            Err(what) => {
                server.stop(Signal::QUIT).await;
                Err(EngineError::ComputeFailed { what, log: storage::tail(launch.log, LOG_TAIL) })
            }
        }
    }

    fn look_after(mut child: Child, socket: PathBuf) -> Self {
        let (signals, mut incoming) = mpsc::unbounded_channel();
        let (end, ended) = watch::channel(false);
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    status = child.wait() => {
                        tracing::debug!(?status, "a PostgreSQL ended");
                        break;
                    }
                    Some(signal) = incoming.recv() => {
                        // Only we reap the child, so its number is still its own.
                        if let Some(pid) = child.id().and_then(|id| Pid::from_raw(id.cast_signed())) {
                            let _ = kill_process(pid, signal);
                        }
                    }
                }
            }
            let _ = end.send(true);
        });
        Self { socket, signals, ended }
    }

    /// Waits for the word that PostgreSQL writes to its own file once it lets users in. Asking by
    /// connecting would make it fork a refusal each time, just when it has better things to do.
    async fn ready(&self, pid_file: &Path, pid: Option<u32>) -> Result<(), String> {
        let started = Instant::now();
        while !says_ready(pid_file, pid) {
            if self.has_ended() {
                return Err("PostgreSQL ended while it started".to_owned());
            }
            if started.elapsed() > START_LIMIT {
                return Err(format!("PostgreSQL was not ready after {} s", START_LIMIT.as_secs()));
            }
            sleep(READY_INTERVAL).await;
        }
        Ok(())
    }

    /// The socket file, while the process lives.
    pub(in crate::local) fn socket(&self) -> Option<&Path> {
        (!self.has_ended()).then_some(self.socket.as_path())
    }

    pub(in crate::local) fn has_ended(&self) -> bool {
        *self.ended.borrow()
    }

    /// Ends the process by `first`, and by force if that takes too long.
    pub(in crate::local) async fn stop(&self, first: Signal) {
        let mut ended = self.ended.clone();
        for (signal, limit) in [
            (first, FAST_STOP_LIMIT),
            (Signal::QUIT, IMMEDIATE_STOP_LIMIT),
            (Signal::KILL, IMMEDIATE_STOP_LIMIT),
        ] {
            // Refused only when the process has ended.
            let _ = self.signals.send(signal);
            if timeout(limit, ended.wait_for(|ended| *ended)).await.is_ok() {
                return;
            }
            tracing::warn!(socket = %self.socket.display(), "PostgreSQL did not stop within {} s", limit.as_secs());
        }
    }
}

impl Launch<'_> {
    /// Writes the configuration and opens the log.
    fn prepare(&self) -> Result<fs::File, EngineError> {
        let conf =
            postgresql_conf(self.settings, self.installation.version, self.durability, self.socket_dir)?;
        let (hba, ident) = (hba(self.installation.version), ident());
        for (name, text) in [("postgresql.conf", &conf), ("pg_hba.conf", &hba), ("pg_ident.conf", &ident)] {
            let path = self.data.join(name);
            fs::write(&path, text).map_err(EngineError::io("write", &path))?;
        }
        if fs::metadata(self.log).is_ok_and(|meta| meta.len() > LOG_LIMIT) {
            fs::rename(self.log, self.log.with_extension("log.1"))
                .map_err(EngineError::io("put aside", self.log))?;
        }
        OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(self.log)
            .map_err(EngineError::io("open", self.log))
    }
}

/// The first line of `postmaster.pid` is the process, the eighth its state.
fn says_ready(pid_file: &Path, pid: Option<u32>) -> bool {
    let Ok(text) = fs::read_to_string(pid_file) else { return false };
    let mut lines = text.lines();
    let first = lines.next().and_then(|line| line.trim().parse().ok());
    first.is_some() && first == pid && lines.nth(6).is_some_and(|state| state.trim() == "ready")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_ready_when_its_own_file_says_so() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("postmaster.pid");
        assert!(!says_ready(&file, Some(7)));
        fs::write(&file, "7\n/data\n1700000000\n5432\n/run\n\n  1 2\nstarting\n").unwrap();
        assert!(!says_ready(&file, Some(7)));
        fs::write(&file, "7\n/data\n1700000000\n5432\n/run\n\n  1 2\nready   \n").unwrap();
        assert!(says_ready(&file, Some(7)));
        assert!(!says_ready(&file, Some(8)), "the file of a former server");
    }
}
