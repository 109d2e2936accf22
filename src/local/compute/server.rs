//! One running PostgreSQL.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use rustix::{
    io::Errno,
    process::{Pid, Signal, kill_process},
};
use tokio::{
    process::Child,
    sync::{mpsc, watch},
    time::timeout,
};

use super::{
    Installation, Spawner,
    access::{hba, ident},
    configuration::{ComputeSettings, Durability, postgresql_conf, wal_kept},
    sandbox::Sandbox,
    socket::ComputeSocket,
    sockets::SOCKET_FILE,
    spawner::command,
};
use crate::local::{account::FileWorkers, engine_error::EngineError, storage};

/// Replaying a long log takes a while; a server that needs longer is stuck.
const START_LIMIT: Duration = Duration::from_secs(300);
/// As fine as the timer goes: the start itself takes some 30 ms.
const READY_INTERVAL: Duration = Duration::from_millis(1);
/// The time limits of a stop, which ends within five seconds. A checkpoint that takes longer is left to the recovery at
/// the next start.
const FAST_STOP_LIMIT: Duration = Duration::from_millis(3500);
const IMMEDIATE_STOP_LIMIT: Duration = Duration::from_millis(500);
/// A log that has grown beyond this is put aside at the next start.
const LOG_LIMIT: u64 = 4 << 20;
const LOG_TAIL: u64 = 2000;

/// The parameters of a start.
#[derive(Clone)]
pub(in crate::local) struct Launch {
    pub(in crate::local) installation: Installation,
    pub(in crate::local) data: PathBuf,
    pub(in crate::local) log: PathBuf,
    pub(in crate::local) socket_dir: PathBuf,
    pub(in crate::local) settings: ComputeSettings,
    pub(in crate::local) durability: Durability,
    /// Whether WAL stays until the history has it.
    pub(in crate::local) keeps_history: bool,
    /// Ends the start when it becomes true.
    pub(in crate::local) closing: Arc<AtomicBool>,
}

/// A PostgreSQL process and the task that supervises it.
#[derive(Debug)]
pub(in crate::local) struct Server {
    path: PathBuf,
    /// Pinned when PostgreSQL is ready.
    socket: Option<ComputeSocket>,
    signals: mpsc::UnboundedSender<Signal>,
    ended: watch::Receiver<bool>,
    times: [(&'static str, Duration); 4],
}

impl Server {
    /// Starts PostgreSQL and returns when it accepts logins. No other server works in the data directory.
    pub(in crate::local) async fn start(
        files: &FileWorkers,
        spawner: &Spawner,
        launch: Launch,
    ) -> Result<Self, EngineError> {
        let mut parts = Parts::begin();
        let program = launch.installation.bin.join("postgres");
        let (version, prepared) = (launch.installation.version, launch.clone());
        // Logins come from the account of this process, which is not that of the files.
        let access =
            FileWorkers::privileged().run(move || Ok::<_, EngineError>((hba(version), ident()))).await?;
        let (log, log_again, sandbox) = files.run(move || prepared.prepare(&access)).await?;
        parts.end(0);
        let mut command = command(&program, &launch.data, sandbox);
        command.arg("-D").arg(&launch.data).stdin(Stdio::null()).stdout(log).stderr(log_again);
        let child = spawner.spawn(command).await.map_err(EngineError::io("start", &program))?;
        parts.end(1);
        let pid = child.id();
        let mut server = Self::supervise(child, launch.socket_dir.join(SOCKET_FILE));
        let (started, ended) = (launch.clone(), server.ended.clone());
        let ready = files.run(move || started.await_ready(pid, &ended)).await;
        parts.end(2);
        let ready = match ready {
            Ok(listener) => server.pin(listener).await,
            Err(error) => Err(error),
        };
        match ready {
            Ok(()) => {
                parts.end(3);
                server.times = parts.times;
                Ok(server)
            }
            Err(error) => {
                let closing = launch.closing.load(Ordering::SeqCst);
                server.stop(if closing { Signal::KILL } else { Signal::QUIT }).await;
                let what = described(&error);
                Err(files.run(move || Ok(failed(what, &launch.log))).await.unwrap_or_else(|error| error))
            }
        }
    }

    fn supervise(mut child: Child, path: PathBuf) -> Self {
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
        Self { path, socket: None, signals, ended, times: PARTS.map(|part| (part, Duration::ZERO)) }
    }

    /// The parts of the start, and how long each took.
    pub(in crate::local) fn start_times(&self) -> [(&'static str, Duration); 4] {
        self.times
    }

    /// Fixes where sessions connect to, while the process is known by its number.
    async fn pin(&mut self, listener: u32) -> Result<(), EngineError> {
        let pinned = ComputeSocket::pin(&self.path, listener).await;
        self.socket = Some(pinned.map_err(EngineError::io("connect to", &self.path))?);
        if self.has_ended() {
            return Err(EngineError::failed("PostgreSQL ended right after its start"));
        }
        Ok(())
    }

    /// The socket, while the process lives.
    pub(in crate::local) fn socket(&self) -> Option<&ComputeSocket> {
        self.socket.as_ref().filter(|_| !self.has_ended())
    }

    pub(in crate::local) fn has_ended(&self) -> bool {
        *self.ended.borrow()
    }

    /// Sends a signal, unless the process has ended.
    pub(in crate::local) fn signal(&self, signal: Signal) {
        let _ = self.signals.send(signal);
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
            tracing::warn!(
                socket = %self.path.display(), signal = ?signal,
                "PostgreSQL did not stop within {} s", limit.as_secs_f32()
            );
        }
    }
}

/// The parts of a start, in their order.
const PARTS: [&str; 4] = ["start: files", "start: process", "start: recovery until ready", "start: socket"];

/// The times of the parts of a start.
struct Parts {
    last: Instant,
    times: [(&'static str, Duration); 4],
}

impl Parts {
    fn begin() -> Self {
        Self { last: Instant::now(), times: PARTS.map(|part| (part, Duration::ZERO)) }
    }

    fn end(&mut self, part: usize) {
        let now = Instant::now();
        if let Some((_, took)) = self.times.get_mut(part) {
            *took = now.duration_since(self.last);
        }
        self.last = now;
    }
}

impl Launch {
    /// Writes the configuration, opens the log, twice, and the directories that are this compute's.
    fn prepare(&self, access: &(String, String)) -> Result<(fs::File, fs::File, Sandbox), EngineError> {
        let conf =
            postgresql_conf(&self.settings, self.installation.version, self.durability, &self.socket_dir)?
                + wal_kept(self.keeps_history);
        let (hba, ident) = access;
        for (name, text) in [("postgresql.conf", &conf), ("pg_hba.conf", hba), ("pg_ident.conf", ident)] {
            let path = self.data.join(name);
            storage::replace(&path, text.as_bytes()).map_err(EngineError::io("write", &path))?;
        }
        let sandbox = Sandbox::prepare(&self.installation, &[&self.data, &self.socket_dir])?;
        let (log, log_again) = self.open_log().map_err(EngineError::io("open", &self.log))?;
        Ok((log, log_again, sandbox))
    }

    /// Opens the log anew where it is long, or where nothing can be written to what is in its place.
    fn open_log(&self) -> io::Result<(fs::File, fs::File)> {
        let put_aside = || {
            let old = self.log.with_extension("log.1");
            // What cannot be removed cannot be replaced, which is then the error.
            let _ = fs::remove_file(&old).or_else(|_| fs::remove_dir_all(&old));
            fs::rename(&self.log, old)
        };
        let mut log = match storage::append(&self.log) {
            Ok(log) => log,
            Err(error) if put_aside().is_ok() => {
                tracing::warn!(log = %self.log.display(), %error, "the log of a compute was put aside");
                storage::append(&self.log)?
            }
            Err(error) => return Err(error),
        };
        if log.metadata()?.len() > LOG_LIMIT {
            put_aside()?;
            log = storage::append(&self.log)?;
        }
        let again = log.try_clone()?;
        Ok((log, again))
    }

    /// Waits for the state that PostgreSQL writes to `postmaster.pid` once it accepts logins, and returns its pid.
    /// Polling by connecting would make it fork a process for each rejected attempt during its start.
    fn await_ready(&self, pid: Option<u32>, ended: &watch::Receiver<bool>) -> Result<u32, EngineError> {
        let (pid_file, started) = (self.data.join("postmaster.pid"), Instant::now());
        loop {
            if let Some(pid) = pid.filter(|pid| says_ready(&pid_file, *pid)) {
                return Ok(pid);
            }
            if *ended.borrow() {
                return Err(EngineError::failed("PostgreSQL ended while it started"));
            }
            if self.closing.load(Ordering::SeqCst) {
                return Err(EngineError::closing());
            }
            if started.elapsed() > START_LIMIT {
                let limit = START_LIMIT.as_secs();
                return Err(EngineError::failed(format!("PostgreSQL was not ready after {limit} s")));
            }
            thread::sleep(READY_INTERVAL);
        }
    }
}

/// An error and its sources, on one line.
fn described(error: &EngineError) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

/// On a full disk the log ends somewhere in the line that says so.
fn failed(what: String, log: &Path) -> EngineError {
    let is_full = rustix::fs::statvfs(log).is_ok_and(|disk| disk.f_bavail == 0);
    let what = if is_full { format!("{what} ({})", io::Error::from(Errno::NOSPC)) } else { what };
    EngineError::ComputeFailed { what, log: storage::tail(log, LOG_TAIL), file: Some(log.to_owned()) }
}

/// The first line of `postmaster.pid` is the process, the eighth its state.
fn says_ready(pid_file: &Path, pid: u32) -> bool {
    let Ok(text) = storage::read_to_string(pid_file) else { return false };
    let mut lines = text.lines();
    let first = lines.next().and_then(|line| line.trim().parse().ok());
    first == Some(pid) && lines.nth(6).is_some_and(|state| state.trim() == "ready")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_ready_when_its_own_file_says_so() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("postmaster.pid");
        assert!(!says_ready(&file, 7));
        fs::write(&file, "7\n/data\n1700000000\n5432\n/run\n\n  1 2\nstarting\n").unwrap();
        assert!(!says_ready(&file, 7));
        fs::write(&file, "7\n/data\n1700000000\n5432\n/run\n\n  1 2\nready   \n").unwrap();
        assert!(says_ready(&file, 7));
        assert!(!says_ready(&file, 8), "the file of a former server");
    }
}
