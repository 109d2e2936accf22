//! The `lakebase-local` program.

use std::{
    collections::BTreeSet,
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    process::Stdio,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use lakebase::{
    Expiry,
    local::{LocalError, LocalLakebase},
};
use rustix::process::Signal;
use secrecy::ExposeSecret as _;

use crate::support::{
    child::{LIMIT, lakebase_local, output},
    directory::directory,
    fixture::{USER, number, run},
    serve::{Serve, clusters, processes_in},
};

#[tokio::test(flavor = "multi_thread")]
async fn serve_says_where_it_is_and_stops_when_asked_leaving_nothing() {
    for signal in [Signal::TERM, Signal::INT] {
        let directory = directory();
        let data = directory.path().join("data");
        let mut serve = Serve::start(&data);
        let keys: Vec<_> = serve.line.as_object().unwrap().keys().cloned().collect();
        let expected = BTreeSet::from(
            ["host", "token", "user", "data_dir", "ca_cert", "pid", "console"].map(String::from),
        );
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

/// Writes until the server is gone; returns the rows that were acknowledged.
async fn write_until_the_end(branch: lakebase::Branch) -> i64 {
    let mut session = branch.connect().await.unwrap();
    let mut rows = 0;
    let insert = "INSERT INTO item SELECT n, repeat('x', 500) FROM generate_series(1, 200) n";
    while sqlx::query(insert).execute(&mut session).await.is_ok() {
        rows += 200;
    }
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn serve_stops_in_time_while_every_branch_is_written_to_and_keeps_what_was_acknowledged() {
    let directory = directory();
    let data = directory.path().join("data");
    let mut serve = Serve::start(&data);
    let project = serve.client().await.create_project("shop").await.unwrap();
    let main = project.default_branch().await.unwrap();
    run(&main, "CREATE TABLE item (n int, text text)").await;
    let ids = ["production", "b0", "b1", "b2"];
    for id in &ids[1..] {
        project.create_branch(*id, Expiry::Never).await.unwrap();
    }
    let branches = ids.into_iter().flat_map(|id| [id, id]).map(|id| project.branch(id).unwrap());
    let writers: Vec<_> = branches.map(|branch| tokio::spawn(write_until_the_end(branch))).collect();
    tokio::time::sleep(Duration::from_secs(3)).await;
    let asked = Instant::now();
    serve.signal(Signal::TERM);
    assert!(serve.ended().success());
    // Five seconds for the servers, and a moment for the process itself.
    assert!(asked.elapsed() < Duration::from_millis(5500), "{:?}", asked.elapsed());
    assert_eq!(processes_in(&data), [] as [String; 0]);
    let mut acknowledged = Vec::new();
    for writer in writers {
        acknowledged.push(writer.await.unwrap());
    }
    let serve = Serve::start(&data);
    let project = serve.client().await.project("shop").unwrap();
    for (id, rows) in ids.iter().zip(acknowledged.chunks(2)) {
        let found = number(project.branch(*id).unwrap(), "SELECT count(*) FROM item").await;
        let wanted = rows.iter().sum::<i64>();
        assert!(wanted > 0 && (wanted..=wanted + 400).contains(&found), "{id}: {found} of {wanted}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn env_prints_what_a_shell_evaluates() {
    let directory = directory();
    let data = directory.path().join("data");
    let serve = Serve::start(&data);
    let env = || output(lakebase_local().arg("env").arg("--data-dir").arg(&data));
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
    let serve = Serve::start(&data);
    let mut second = lakebase_local();
    let output = output(second.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(&data));
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
    let serve = Serve::start(&data);
    let pid = serve.child.id();
    serve.freeze();
    let asked = Instant::now();
    let mut env = lakebase_local();
    env.arg("env").arg("--data-dir").arg(&data);
    let env = tokio::task::spawn_blocking(move || output(&mut env));
    let error = LocalLakebase::builder().data_dir(&data).attach_or_start().await.unwrap_err();
    assert!(matches!(error, LocalError::Unresponsive { pid: named, .. } if named == pid), "{error:?}");
    let first = env.await.unwrap();
    let complaint = String::from_utf8(first.stderr).unwrap();
    assert!(!first.status.success() && first.stdout.is_empty());
    assert!(complaint.contains(&format!("kill -CONT {pid}")), "{complaint}");
    let mut second = lakebase_local();
    second.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(&data);
    let output = output(&mut second);
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && complaint.contains(&format!("pid {pid}")), "{complaint}");
    assert!(asked.elapsed() < Duration::from_secs(25), "{:?}", asked.elapsed());
    serve.signal(Signal::CONT);
    let attached = LocalLakebase::builder().data_dir(&data).attach_or_start().await.unwrap();
    assert!(attached.is_attached());
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_arguments_are_refused_with_what_would_be_right() {
    let directory = directory();
    let data = directory.path().join("data");
    for (arguments, told) in [
        (&["serve", "--listen", "0.0.0.0:0"][..], "not a loopback address"),
        (&["serve", "--listen", "here"], "an address and a port are needed"),
        (&["serve", "--user", ""], "such as an e-mail address"),
        (&["serve", "--durability", "some"], "possible values: full, fast"),
        (&["env"], "lakebase-local serve"),
        (&["serve", "--data-directory", "x"], "--data-dir"),
    ] {
        let mut command = lakebase_local();
        command.args(arguments);
        if !arguments.contains(&"--data-directory") {
            command.arg("--data-dir").arg(&data);
        }
        let output = output(&mut command);
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
    let mut serve = Serve::start(&data);
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
    let deadline = Instant::now() + LIMIT;
    while acknowledged.lock().unwrap().len() < 5 {
        assert!(Instant::now() < deadline, "no branch is created");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    serve.signal(Signal::KILL);
    serve.ended();
    for task in tasks {
        task.abort();
        let _ = task.await;
    }
    let acknowledged = acknowledged.lock().unwrap().clone();

    let again = Serve::start(&data);
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
    let serve = Serve::start(&directory.path().join("data"));
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

/// A reader of the log that has stopped to read holds up nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_is_not_read_holds_up_nothing() {
    let directory = directory();
    let data = directory.path().join("data");
    let mut serve = Serve::ready(Serve::command(&data).stderr(Stdio::piped())).unwrap();
    let _unread = serve.child.stderr.take().unwrap();
    let project = serve.client().await.create_project("shop").await.unwrap();
    let main = project.default_branch().await.unwrap();
    let info = main.connection_info().await.unwrap();
    // Each has a line in the log, and a pipe holds 64 KB.
    for _ in 0..800 {
        let mut login = TcpStream::connect((info.host.as_str(), info.port)).unwrap();
        login.set_read_timeout(Some(LIMIT)).unwrap();
        login.write_all(b"\0\0\0\x10\0\x03\0\0user\0ada").unwrap();
        let mut refusal = [0];
        login.read_exact(&mut refusal).expect("an answer");
    }
    let read = tokio::time::timeout(LIMIT, project.branches().into_future()).await;
    assert_eq!(read.expect("the server answers").unwrap().len(), 1);
    serve.signal(Signal::TERM);
    assert!(serve.ended().success(), "nor do the last lines");
}
