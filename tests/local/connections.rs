//! Clients that say nothing, web pages, impostors, and the end of the server under all of them.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use lakebase::{
    Branch, Expiry,
    local::{LocalError, LocalLakebase},
};
use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};
use serde_json::json;

use super::serve::raw;
use crate::support::{
    child::{lakebase_local, output},
    directory::directory,
    fixture::{number, run},
    serve::{Serve, clusters, processes_in},
};

/// Lets this process hold the sockets of an attack.
fn raise_own_limit() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).unwrap();
}

/// Opens connections, sends `first` on each, and says nothing more.
fn silent(address: &str, count: usize, first: &[u8]) -> Vec<TcpStream> {
    let address: SocketAddr = address.parse().unwrap();
    let open = |_| {
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(10)).ok()?;
        // The server may have closed it already to let a later one in.
        let _ = stream.write_all(first);
        Some(stream)
    };
    (0..count).filter_map(open).collect()
}

fn host(serve: &Serve) -> &str {
    serve.text("host").trim_start_matches("http://")
}

async fn endpoint_of(branch: impl AsRef<Branch>) -> String {
    let branch = branch.as_ref();
    let info = branch.connection_info().await.unwrap();
    format!("{}:{}", info.host, info.port)
}

/// Limits of open files, for the shell that starts the server.
fn limited(soft: u64, hard: u64) -> String {
    format!("ulimit -Sn {soft} && ulimit -Hn {hard}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_silent_connections_keep_nobody_out() {
    raise_own_limit();
    let directory = directory();
    let serve = Serve::start_limited(&directory.path().join("data"), &limited(1024, 1024));
    let lakebase = serve.client().await;
    let main = lakebase.create_project("shop").await.unwrap().default_branch().await.unwrap();
    run(&main, "SELECT 1").await;
    let endpoint = endpoint_of(&main).await;
    for first in [&b""[..], b"GET / HT"] {
        let attack = silent(host(&serve), 1000, first);
        let asked = Instant::now();
        // A client without a connection yet.
        assert_eq!(serve.client().await.projects().await.unwrap().len(), 1);
        assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
        drop(attack);
    }
    let tls_request = [0, 0, 0, 8, 4, 210, 22, 47];
    for first in [&b""[..], &tls_request] {
        let attack = [silent(&endpoint, 600, first), silent(host(&serve), 600, b"")];
        let asked = Instant::now();
        assert_eq!(number(&main, "SELECT 1::bigint").await, 1);
        assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
        drop(attack);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn more_connections_than_descriptors_leave_the_server_idle_and_reachable() {
    raise_own_limit();
    let directory = directory();
    let serve = Serve::start_limited(&directory.path().join("data"), &limited(160, 160));
    let lakebase = serve.client().await;
    let main = lakebase.create_project("shop").await.unwrap().default_branch().await.unwrap();
    let endpoint = endpoint_of(&main).await;
    let attack = [silent(host(&serve), 300, b""), silent(&endpoint, 300, b"")];
    let before = processor_ticks(serve.pid());
    tokio::time::sleep(Duration::from_secs(2)).await;
    // A hundred ticks a second: a loop without a pause would use two hundred.
    let used = processor_ticks(serve.pid()) - before;
    assert!(used < 60, "{used} ticks of processor time for connections that say nothing");
    drop(attack);
    assert_eq!(serve.client().await.projects().await.unwrap().len(), 1);
    assert_eq!(number(&main, "SELECT 1::bigint").await, 1);
}

fn processor_ticks(pid: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<_> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    [11, 12].iter().map(|&field: &usize| fields[field].parse::<u64>().unwrap()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_soft_limit_of_open_files_is_raised_to_the_hard_one() {
    let directory = directory();
    let serve = Serve::start_limited(&directory.path().join("data"), &limited(200, 900));
    let limits = fs::read_to_string(format!("/proc/{}/limits", serve.pid())).unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    assert_eq!(line.split_whitespace().skip(3).take(2).collect::<Vec<_>>(), ["900", "900"], "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn web_pages_and_foreign_host_names_are_refused() {
    let directory = directory();
    let serve = Serve::start(&directory.path().join("data"));
    let (own, token) = (host(&serve), serve.text("token"));
    let get = |headers: &str| {
        let request = format!(
            "GET /api/2.0/postgres/projects HTTP/1.1\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n{headers}\r\n"
        );
        raw(serve.text("host"), request.as_bytes())
    };
    let port = own.split(':').nth(1).unwrap();
    for headers in [
        format!("Host: {own}\r\n"),
        format!(
            "Host: localhost:{port}\r\nOrigin: http://localhost:{port}\r\nSec-Fetch-Site: same-origin\r\n"
        ),
    ] {
        let (first, told) = get(&headers);
        assert!(first.contains(" 200 "), "{headers}: {first}: {told}");
    }
    for headers in [
        "Host: evil.example\r\n".to_owned(),
        format!("Host: {own}\r\nOrigin: http://evil.example\r\n"),
        format!("Host: {own}\r\nOrigin: null\r\n"),
        format!("Host: {own}\r\nSec-Fetch-Site: cross-site\r\n"),
    ] {
        let (first, told) = get(&headers);
        assert!(first.contains(" 403 ") && told.contains("PERMISSION_DENIED"), "{headers}: {first}: {told}");
    }
    // Also before the token is looked at, and on the routes that need none.
    let (first, _) = raw(
        serve.text("host"),
        b"GET /.well-known/databricks-config HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
    );
    assert!(first.contains(" 403 "), "{first}");
}

/// Takes every connection, records what it is sent, and answers as a server that does not know the token.
fn impostor() -> (SocketAddr, std::sync::mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (heard, said) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut stream = stream;
            let mut request = [0; 4096];
            let length = stream.read(&mut request).unwrap_or_default();
            let body = format!("{{\"proof\":\"{}\"}}", "0".repeat(64));
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
            let _ = stream.write_all(answer.as_bytes());
            if heard.send(String::from_utf8_lossy(&request[..length]).into_owned()).is_err() {
                return;
            }
        }
    });
    (address, said)
}

/// Points the record of a data directory at another address.
fn redirect(data: &Path, address: SocketAddr) {
    let file = data.join("server.json");
    let mut record: serde_json::Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    record["host"] = json!(format!("http://{address}/"));
    fs::write(&file, record.to_string()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_is_given_to_the_server_that_knows_it_and_to_no_other() {
    let directory = directory();
    let data = directory.path().join("data");
    let mut serve = Serve::start(&data);
    let token = serve.text("token").to_owned();
    let env = || output(lakebase_local().arg("env").arg("--data-dir").arg(&data));
    assert!(env().status.success());

    let (address, said) = impostor();
    redirect(&data, address);
    let output = env();
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && output.stdout.is_empty());
    assert!(complaint.contains("does not prove"), "{complaint}");
    let error = LocalLakebase::builder().data_dir(&data).attach().await.unwrap_err();
    assert!(matches!(error, LocalError::Unproven { .. }), "{error:?}");

    // The server is gone, its record is not, and its port is taken by another process.
    serve.signal(Signal::KILL);
    serve.ended();
    let output = env();
    assert!(!output.status.success() && output.stdout.is_empty());
    assert!(String::from_utf8(output.stderr).unwrap().contains("lakebase-local serve"));
    let error = LocalLakebase::builder().data_dir(&data).attach().await.unwrap_err();
    assert!(matches!(error, LocalError::NotRunning { .. }), "{error:?}");
    let heard: Vec<_> = said.try_iter().collect();
    assert!(!heard.is_empty() && heard.iter().all(|request| !request.contains(&token)), "{heard:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relayed_challenge_proves_nothing() {
    let directory = directory();
    let data = directory.path().join("data");
    let serve = Serve::start(&data);
    let server: SocketAddr = host(&serve).parse().unwrap();
    let relay = TcpListener::bind("127.0.0.1:0").unwrap();
    redirect(&data, relay.local_addr().unwrap());
    std::thread::spawn(move || {
        for client in relay.incoming().flatten() {
            let server = TcpStream::connect(server).unwrap();
            let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            std::thread::spawn(move || std::io::copy(&mut from, &mut to));
            let (mut from, mut to) = (server, client);
            let _ = std::io::copy(&mut from, &mut to);
            let _ = to.shutdown(std::net::Shutdown::Both);
        }
    });
    let error = LocalLakebase::builder().data_dir(&data).attach().await.unwrap_err();
    assert!(matches!(error, LocalError::Unproven { .. }), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_login_is_refused_without_a_line_in_the_log() {
    let directory = directory();
    let log = directory.path().join("log");
    let serve = Serve::start_logging(&directory.path().join("data"), &log);
    let lakebase = serve.client().await;
    let project = lakebase.create_project("shop").native_login(true).await.unwrap();
    let main = project.default_branch().await.unwrap();
    run(&main, "CREATE ROLE worker LOGIN PASSWORD 'correct horse'").await;
    let info = main.connection_info().await.unwrap();
    let psql = |settings: &str| {
        let target = format!("host={} port={} dbname={} {settings}", info.host, info.port, info.database);
        let output = output(Command::new("psql").args(["-XAtqc", "select 1", "-d", &target]));
        (output.status.success(), String::from_utf8(output.stderr).unwrap())
    };
    for (settings, hint, line) in [
        (
            "user=worker password=wrong sslmode=require",
            "Check the user name",
            "password authentication failed",
        ),
        ("user=absent password=x sslmode=require", "Check the user name", "password authentication failed"),
        ("user=worker password=x sslmode=disable", "sslmode=verify-full", "SSL connection is required"),
        ("user=worker password='correct horse' sslmode=require dbname=absent", "", "does not exist"),
    ] {
        let before = fs::read_to_string(&log).unwrap().len();
        let (let_in, said) = psql(settings);
        assert!(!let_in && said.contains(hint), "{settings}: {said}");
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let lines = fs::read_to_string(&log).unwrap()[before..].to_owned();
            if lines.contains("login refused") && lines.contains(line) && lines.contains("peer=127.") {
                assert!(!lines.contains("correct horse") && !lines.contains("wrong"), "{lines}");
                break;
            }
            assert!(Instant::now() < deadline, "{settings}: {lines}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    // Six more guesses are one more than are free.
    let began = Instant::now();
    for _ in 0..6 {
        psql("user=worker password=wrong sslmode=require");
    }
    assert!(began.elapsed() > Duration::from_millis(250), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_ends_under_hung_backends_silent_clients_and_clients_that_never_read() {
    let directory = directory();
    let data = directory.path().join("data");
    let mut serve = Serve::start(&data);
    let main = serve.client().await.create_project("shop").await.unwrap().default_branch().await.unwrap();
    let _idle = main.connect().await.unwrap();
    let endpoint = endpoint_of(&main).await;
    let _silent = [silent(&endpoint, 20, b""), silent(host(&serve), 20, b"GET")];
    // A client that asks for much and reads nothing.
    let mut greedy = main.connect().await.unwrap();
    let query = sqlx::raw_sql("SELECT repeat('x', 1000) FROM generate_series(1, 1000000)");
    let _ = tokio::time::timeout(Duration::from_millis(300), async {
        let mut rows = query.fetch(&mut greedy);
        let _first = futures_util::StreamExt::next(&mut rows).await;
        std::future::pending::<()>().await;
    })
    .await;
    // File work that never ends: cloning a directory with a pipe that nobody writes to.
    for cluster in clusters(&data) {
        assert!(Command::new("mkfifo").arg(cluster.join("base/pipe")).status().unwrap().success());
    }
    let creating = tokio::spawn({
        let main = main.clone();
        async move { main.create_branch("stuck", Expiry::Never).await.map(drop) }
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    let postmasters: Vec<_> = postmasters_in(&data);
    assert!(!postmasters.is_empty());
    for pid in &postmasters {
        assert!(Command::new("kill").args(["-STOP", pid]).status().unwrap().success());
    }
    let asked = Instant::now();
    serve.signal(Signal::TERM);
    serve.ended();
    assert!(asked.elapsed() < Duration::from_secs(12), "{:?}", asked.elapsed());
    creating.abort();
    let deadline = Instant::now() + Duration::from_secs(5);
    while !processes_in(&data).is_empty() {
        assert!(Instant::now() < deadline, "{:?}", processes_in(&data));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The process ids of postmasters whose data directory is in `data`.
fn postmasters_in(data: &Path) -> Vec<String> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| {
        let line = fs::read(entry.path().join("cmdline")).ok()?;
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        let serves = line.contains("/postgres ") && line.contains(data.to_str().unwrap());
        serves.then(|| entry.file_name().to_string_lossy().into_owned())
    });
    pids.collect()
}
