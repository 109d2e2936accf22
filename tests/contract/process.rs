//! The `lakebase-local` program.

use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use lakebase::{
    Expiry, Lakebase,
    auth::Env,
    local::{LocalError, LocalLakebase},
};
use secrecy::ExposeSecret as _;
use serde_json::Value;
use tempfile::TempDir;

use super::place::{USER, local_only, number, run, skipped, wanted_version};

/// A directory that PostgreSQL's account can pass.
pub(super) fn directory() -> TempDir {
    let directory = tempfile::Builder::new().prefix("lakebase-contract-").tempdir().unwrap();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o711)).unwrap();
    directory
}

pub(super) fn program() -> Option<Command> {
    if !local_only() {
        return None;
    }
    match option_env!("CARGO_BIN_EXE_lakebase-local") {
        Some(program) => Some(Command::new(program)),
        None => {
            skipped("lakebase-local is built with `--features local` only");
            None
        }
    }
}

/// A running `lakebase-local serve`.
pub(super) struct Serve {
    child: Child,
    line: Value,
}

impl Serve {
    pub(super) fn start(data: &Path) -> Option<Self> {
        Self::start_as(data, |program| program)
    }

    pub(super) fn start_as(data: &Path, wrap: impl FnOnce(Command) -> Command) -> Option<Self> {
        Self::spawn(data, wrap, Stdio::null())
    }

    /// Writes the log to a file.
    pub(super) fn start_logging(data: &Path, log: &Path) -> Option<Self> {
        Self::spawn(data, |program| program, fs::File::create(log).unwrap().into())
    }

    fn spawn(data: &Path, wrap: impl FnOnce(Command) -> Command, log: Stdio) -> Option<Self> {
        let mut command = program()?;
        command.arg("serve").arg("--data-dir").arg(data).args([
            "--durability",
            "fast",
            "--user",
            USER,
            "--listen",
            "127.0.0.1:0",
        ]);
        if let Some(major) = wanted_version() {
            command.args(["--pg-version", &major.to_string()]);
        }
        let mut child = wrap(command).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Some(Self { child, line: serde_json::from_str(&line).unwrap() })
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(super) fn text(&self, key: &str) -> &str {
        self.line[key].as_str().unwrap()
    }

    pub(super) async fn client(&self) -> Lakebase {
        let builder = Lakebase::builder().env(Env::empty()).host(self.text("host"));
        builder.token(self.text("token")).retry_budget(Duration::from_secs(60)).build().await.unwrap()
    }

    pub(super) fn signal(&self, signal: &str) {
        assert!(
            Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap().success()
        );
    }

    /// Stops it; returns once every thread of it stands still, which takes a moment on a busy machine.
    fn freeze(&self) {
        self.signal("-STOP");
        let tasks = PathBuf::from(format!("/proc/{}/task", self.child.id()));
        let stands = |task: fs::DirEntry| {
            let stat = fs::read_to_string(task.path().join("stat")).unwrap_or_default();
            stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('T'))
        };
        while !fs::read_dir(&tasks).unwrap().flatten().all(stands) {
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub(super) fn ended(&mut self) -> ExitStatus {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "the server does not end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The processes that work in a directory.
pub(super) fn processes_in(data: &Path) -> Vec<String> {
    let data = data.to_str().unwrap();
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let lines = processes.filter_map(|entry| {
        let line = fs::read(entry.path().join("cmdline")).ok()?;
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        (line.contains("postgres") && line.contains(data)).then_some(line)
    });
    lines.collect()
}

/// Every PostgreSQL data directory of a branch.
pub(super) fn clusters(data: &Path) -> Vec<PathBuf> {
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

#[tokio::test(flavor = "multi_thread")]
async fn serve_says_where_it_is_and_stops_when_asked_leaving_nothing() {
    for signal in ["-TERM", "-INT"] {
        let directory = directory();
        let data = directory.path().join("data");
        let Some(mut serve) = Serve::start(&data) else { return };
        let keys: Vec<_> = serve.line.as_object().unwrap().keys().cloned().collect();
        let expected =
            BTreeSet::from(["host", "token", "user", "data_dir", "ca_cert", "pid"].map(String::from));
        assert!(expected.is_subset(&keys.into_iter().collect()), "{}", serve.line);
        assert!(serve.text("host").starts_with("http://127.0.0.1:"));
        assert_eq!((serve.text("user"), serve.text("data_dir")), (USER, data.to_str().unwrap()));
        assert_eq!(serve.line["pid"], serve.child.id());
        assert!(fs::read_to_string(serve.text("ca_cert")).unwrap().contains("BEGIN CERTIFICATE"));
        let lakebase = serve.client().await;
        let project = lakebase.create_project("shop").await.unwrap();
        let main = project.default_branch().await.unwrap();
        let _session = main.connect().await.unwrap();
        let asked = Instant::now();
        serve.signal(signal);
        let status = serve.ended();
        assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
        assert!(status.success(), "{status}");
        assert_eq!(processes_in(&data), [] as [String; 0]);
        assert!(!data.join("server.json").exists());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn env_prints_what_a_shell_evaluates() {
    let directory = directory();
    let data = directory.path().join("data");
    let Some(serve) = Serve::start(&data) else { return };
    let env = || program().unwrap().arg("env").arg("--data-dir").arg(&data).output().unwrap();
    let output = env();
    assert!(output.status.success());
    let wanted = format!(
        "export DATABRICKS_HOST={}\nexport DATABRICKS_TOKEN={}\n",
        serve.text("host"),
        serve.text("token")
    );
    assert_eq!(String::from_utf8(output.stdout).unwrap(), wanted);
    drop(serve);
    let output = env();
    assert!(!output.status.success() && output.stdout.is_empty());
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert!(complaint.contains("lakebase-local serve"), "{complaint}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_server_is_refused_with_the_pid_of_the_first_and_a_program_attaches() {
    let directory = directory();
    let data = directory.path().join("data");
    let Some(serve) = Serve::start(&data) else { return };
    let output = program()
        .unwrap()
        .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(&data)
        .output()
        .unwrap();
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(complaint.contains(&format!("pid {}", serve.child.id())), "{complaint}");

    let attached = LocalLakebase::builder().data_dir(&data).attach_or_start().await.unwrap();
    assert!(attached.is_attached());
    assert_eq!(attached.token().expose_secret(), serve.text("token"));
    assert!(attached.pg_version().split('.').all(|part| part.parse::<u32>().is_ok()), "{attached:?}");
    assert!(attached.copies().to_string().contains("cop"));
    let project = attached.client().await.unwrap().create_project("shop").await.unwrap();
    attached.shutdown().await;
    let main = serve.client().await.project("shop").unwrap().default_branch().await.unwrap();
    assert_eq!(project.default_branch.as_ref(), Some(&main.name));
    assert_eq!(number(&main, "SELECT 1::bigint").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_answer_is_named_and_not_waited_for() {
    let directory = directory();
    let data = directory.path().join("data");
    let Some(serve) = Serve::start(&data) else { return };
    let pid = serve.child.id();
    serve.freeze();
    let asked = Instant::now();
    let mut env = program().unwrap();
    env.arg("env").arg("--data-dir").arg(&data);
    let env = tokio::task::spawn_blocking(move || env.output().unwrap());
    let error = LocalLakebase::builder().data_dir(&data).attach_or_start().await.unwrap_err();
    assert!(matches!(error, LocalError::Unresponsive { pid: named, .. } if named == pid), "{error:?}");
    let output = env.await.unwrap();
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && output.stdout.is_empty());
    assert!(complaint.contains(&format!("kill -CONT {pid}")), "{complaint}");
    let mut second = program().unwrap();
    second.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(&data);
    let output = second.output().unwrap();
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && complaint.contains(&format!("pid {pid}")), "{complaint}");
    assert!(asked.elapsed() < Duration::from_secs(25), "{:?}", asked.elapsed());
    serve.signal("-CONT");
    let attached = LocalLakebase::builder().data_dir(&data).attach_or_start().await.unwrap();
    assert!(attached.is_attached());
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_arguments_are_refused_with_what_would_be_right() {
    let directory = directory();
    let data = directory.path().join("data");
    for (arguments, told) in [
        (&["serve", "--listen", "0.0.0.0:0"][..], "not a loopback address"),
        (&["serve", "--listen", "here"], "invalid socket address"),
        (&["serve", "--user", ""], "such as an e-mail address"),
        (&["serve", "--durability", "some"], "possible values: full, fast"),
        (&["env"], "lakebase-local serve"),
        (&["serve", "--data-directory", "x"], "--data-dir"),
    ] {
        let Some(mut command) = program() else { return };
        command.args(arguments);
        if !arguments.contains(&"--data-directory") {
            command.arg("--data-dir").arg(&data);
        }
        let output = command.output().unwrap();
        let complaint = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && output.stdout.is_empty(), "{arguments:?}");
        assert!(complaint.contains(told), "{arguments:?}: {complaint}");
        assert!(!complaint.contains('\u{1b}'), "colours for nobody: {complaint}");
    }
    assert!(!data.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_outlives_a_kill_and_what_was_half_made_does_not() {
    let directory = directory();
    let data = directory.path().join("data");
    let Some(mut serve) = Serve::start(&data) else { return };
    let lakebase = serve.client().await;
    let project = lakebase.create_project("shop").await.unwrap();
    let main = project.default_branch().await.unwrap();
    run(&main, "CREATE TABLE item AS SELECT generate_series(1, 500) AS id").await;
    let acknowledged = Arc::new(Mutex::new(BTreeSet::from(["production".to_owned()])));
    let tasks: Vec<_> = (0..24)
        .map(|n| {
            let (main, acknowledged) = (main.clone(), Arc::clone(&acknowledged));
            tokio::spawn(async move {
                let id = format!("b{n}");
                if main.create_branch(id.as_str(), Expiry::Never).await.is_ok() {
                    acknowledged.lock().unwrap().insert(id);
                }
            })
        })
        .collect();
    while acknowledged.lock().unwrap().len() < 5 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    serve.signal("-KILL");
    serve.ended();
    for task in tasks {
        task.abort();
        let _ = task.await;
    }
    let acknowledged = acknowledged.lock().unwrap().clone();

    let again = Serve::start(&data).unwrap();
    assert_eq!(processes_in(&data), [] as [String; 0], "of the server that was killed");
    let project = again.client().await.project("shop").unwrap();
    let there = project.branches().await.unwrap();
    let ids: BTreeSet<_> = there.iter().map(|branch| branch.id().to_string()).collect();
    assert!(acknowledged.is_subset(&ids), "{acknowledged:?} of {ids:?}");
    assert_eq!(clusters(&data).len(), there.len(), "files without a branch: {:?}", clusters(&data));
    for branch in &there {
        assert_eq!(number(branch, "SELECT count(*) FROM item").await, 500, "{}", branch.name);
    }
    let next = project.create_branch("next", Expiry::Never).await.unwrap();
    assert_eq!(number(&next, "SELECT count(*) FROM item").await, 500);
}

/// Sends bytes as they are and gives the answer's first line and its body.
pub(super) fn raw(host: &str, request: &[u8]) -> (String, String) {
    let address = host.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    // The server may refuse before it has read all.
    let _ = stream.write_all(request);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let first = answer.lines().next().unwrap_or_default().to_owned();
    (first, answer.split("\r\n\r\n").nth(1).unwrap_or_default().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_are_none_are_refused_and_the_server_goes_on() {
    let directory = directory();
    let Some(serve) = Serve::start(&directory.path().join("data")) else { return };
    let (host, token) = (serve.text("host"), serve.text("token"));
    let post = |body: &[u8], token: &str| {
        let mut request = format!(
            "POST /api/2.0/postgres/projects?project_id=p HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Authorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        )
        .into_bytes();
        request.extend(body);
        raw(host, &request)
    };
    let deep = "[".repeat(100_000);
    for body in [&b"{"[..], b"{\"spec\":", b"\xff\xfe", b"{\"a\":1}}", b"nul", deep.as_bytes()] {
        let (first, told) = post(body, token);
        assert!(first.contains(" 400 "), "{first}: {told}");
        assert!(told.contains("MALFORMED_REQUEST"), "{told}");
    }
    let (first, _) = post(&vec![b' '; 3 << 20], token);
    assert!(first.contains(" 413 "), "{first}");
    let (first, told) = post(b"{}", "");
    assert!(first.contains(" 401 ") && told.contains("UNAUTHENTICATED"), "{first}: {told}");
    for junk in [&b"\x16\x03\x01"[..], b"GET\r\n\r\n", b"\0\0\0\x08\x04\xd2\x16\x2f\r\n\r\n"] {
        raw(host, junk);
    }
    assert_eq!(serve.client().await.projects().await.unwrap().len(), 0);
}
