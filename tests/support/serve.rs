//! The program `lakebase-local serve` as a child process.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use lakebase::{Lakebase, auth::Env, builder::RetryPolicy};
use rustix::process::Signal;
use serde_json::Value;

use super::{
    child::{self, LIMIT, lakebase_local},
    fixture::{USER, wanted_version},
    postgres::programs,
};

/// A running `lakebase-local serve`, killed when dropped.
pub(crate) struct Serve {
    pub(crate) child: Child,
    /// The line that the program prints when it is ready.
    pub(crate) line: Value,
}

impl Serve {
    /// Starts it on a data directory and waits until it is ready.
    pub(crate) fn start(data: &Path) -> Self {
        Self::ready(&mut Self::command(data)).expect("the server starts")
    }

    /// The command that starts it, for tests that change something about it.
    pub(crate) fn command(data: &Path) -> Command {
        let mut command = lakebase_local();
        command.args(["serve", "--durability", "fast", "--user", USER, "--listen", "127.0.0.1:0"]);
        command.args(["--spares", "0"]);
        command.arg("--data-dir").arg(data);
        // The tools that check what a crash left have to be of the same version.
        let installed = || programs::major_version(&programs::server().join("postgres"));
        command.args(["--pg-version", &wanted_version().unwrap_or_else(installed).to_string()]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        command
    }

    /// Waits until the server is ready; none where it ends instead.
    pub(crate) fn ready(command: &mut Command) -> Option<Self> {
        let mut child = command.spawn().unwrap();
        let line = child::line(child.stdout.take().unwrap(), |_| true);
        let Some(line) = line else {
            child::ended(&mut child, LIMIT);
            return None;
        };
        Some(Self { child, line: serde_json::from_str(&line).unwrap() })
    }

    /// Starts it with its log in a file.
    pub(crate) fn start_logging(data: &Path, log: &Path) -> Self {
        let log = fs::File::create(log).unwrap();
        Self::ready(Self::command(data).stderr(log)).expect("the server starts")
    }

    /// Starts it under limits that a shell sets before.
    pub(crate) fn start_limited(data: &Path, limits: &str) -> Self {
        let program = Self::command(data);
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", &format!("{limits}; exec \"$0\" \"$@\"")]);
        shell.arg(program.get_program()).args(program.get_args());
        shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        Self::ready(&mut shell).expect("the server starts under the limits")
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn text(&self, key: &str) -> &str {
        self.line[key].as_str().unwrap()
    }

    pub(crate) async fn client(&self) -> Lakebase {
        self.client_with(RetryPolicy::default().deadline(Duration::from_secs(60))).await
    }

    pub(crate) async fn client_with(&self, retry: RetryPolicy) -> Lakebase {
        let builder = Lakebase::builder().env(Env::empty()).host(self.text("host"));
        builder.token(self.text("token")).retry(retry).build().await.unwrap()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        child::signal(&self.child, signal);
    }

    /// Stops it; returns once every thread of it stands still, which takes a moment on a busy machine.
    pub(crate) fn freeze(&self) {
        self.signal(Signal::STOP);
        let tasks = PathBuf::from(format!("/proc/{}/task", self.child.id()));
        let stands = |task: fs::DirEntry| {
            let stat = fs::read_to_string(task.path().join("stat")).unwrap_or_default();
            stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('T'))
        };
        let deadline = Instant::now() + LIMIT;
        while !fs::read_dir(&tasks).unwrap().flatten().all(stands) {
            assert!(Instant::now() < deadline, "the server does not stand still");
            thread::sleep(Duration::from_millis(5));
        }
    }

    pub(crate) fn ended(&mut self) -> ExitStatus {
        child::ended(&mut self.child, Duration::from_secs(20))
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The command lines of the PostgreSQL processes that work in a directory.
pub(crate) fn processes_in(data: &Path) -> Vec<String> {
    let data = data.to_str().unwrap();
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let lines = processes.filter_map(|entry| {
        let line = fs::read(entry.path().join("cmdline")).ok()?;
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        (line.contains("postgres") && line.contains(data)).then_some(line)
    });
    lines.collect()
}

/// The PostgreSQL data directories of all branches.
pub(crate) fn clusters(data: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![data.join("branches")];
    while let Some(dir) = open.pop() {
        if dir.join("PG_VERSION").exists() {
            found.push(dir);
            continue;
        }
        let entries = fs::read_dir(&dir).into_iter().flatten().flatten();
        open.extend(entries.map(|entry| entry.path()).filter(|path| path.is_dir()));
    }
    found
}
