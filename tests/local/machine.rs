//! Failures of the machine.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    time::Duration,
};

use chrono::Utc;
use lakebase::{Expiry, local::LocalError, model::CopyMethod};

use crate::support::{
    directory::directory,
    fixture::{Fixture, local, number, number_on, on_a_project, run},
    serve::clusters,
};

#[tokio::test]
async fn a_directory_without_postgres_is_named_in_the_refusal() {
    let directory = directory();
    let empty = directory.path().join("empty");
    fs::create_dir(&empty).unwrap();
    let error = local(directory.path()).pg_bin(&empty).start().await.unwrap_err();
    assert!(matches!(error, LocalError::NoPostgres { .. }), "{error:?}");
    assert!(error.to_string().contains(empty.to_str().unwrap()), "{error}");
}

#[tokio::test]
async fn a_preferred_version_that_nobody_has_gives_way_and_a_demanded_one_does_not() {
    let directory = directory();
    let error = local(directory.path()).pg_version(99).start().await.unwrap_err();
    assert!(matches!(error, LocalError::NoPostgres { .. }), "{error:?}");
    let local = local(directory.path()).prefer_pg_version(99).start().await.unwrap();
    let project = local.client().await.unwrap().create_project("shop").await.unwrap();
    let major = local.pg_version().split('.').next().unwrap().parse().ok();
    assert_eq!((project.pg_version, major.is_some()), (major, true));
    let cost = project.create_branch("b", Expiry::Never).await.unwrap().copy.clone().unwrap();
    let said = if cost.method == CopyMethod::Reflink { "copy-on-write (reflink)" } else { "full copies" };
    assert_eq!(local.copies().to_string(), said);
    local.shutdown().await;
}

#[tokio::test]
async fn a_directory_of_somebody_else_is_left_alone() {
    let directory = directory();
    let data = directory.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::write(data.join("thesis.txt"), "irreplaceable").unwrap();
    let error = local(directory.path()).start().await.unwrap_err();
    assert!(matches!(error, LocalError::ForeignDirectory { .. }), "{error:?}");
    assert_eq!(fs::read_dir(&data).unwrap().count(), 1);
}

#[tokio::test]
async fn a_directory_and_an_address_have_one_server() {
    let (one, two) = (directory(), directory());
    let first = local(one.path()).start().await.unwrap();
    let error = local(one.path()).start().await.unwrap_err();
    assert!(
        matches!(error, LocalError::InUse { pid: Some(pid), .. } if pid == std::process::id()),
        "{error:?}"
    );
    let address = first.host().socket_addrs(|| None).unwrap()[0];
    let error = local(two.path()).listen(address).start().await.unwrap_err();
    assert!(matches!(error, LocalError::Listen { .. }), "{error:?}");
    first.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_whose_address_was_taken_meanwhile_gets_another() {
    let directory = directory();
    let first = local(directory.path()).start().await.unwrap();
    let project = first.client().await.unwrap().create_project("shop").await.unwrap();
    let main = project.default_branch().await.unwrap();
    run(&main, "CREATE TABLE item AS SELECT 1 AS id").await;
    let hosts = main.endpoint("primary").unwrap().get().await.unwrap().hosts.clone();
    first.shutdown().await;
    let taken = TcpListener::bind((hosts.host.as_deref().unwrap(), hosts.port)).unwrap();
    let second = local(directory.path()).start().await.unwrap();
    let main = second.client().await.unwrap().project("shop").unwrap().default_branch().await.unwrap();
    let now = main.endpoint("primary").unwrap().get().await.unwrap().hosts.clone();
    assert_ne!((&now.host, now.port), (&hosts.host, hosts.port));
    assert_eq!(number(&main, "SELECT count(*) FROM item").await, 1);
    drop(taken);
    second.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ended_while_nothing_ran_is_gone_at_the_start() {
    let directory = directory();
    let first = local(directory.path()).start().await.unwrap();
    let project = first.client().await.unwrap().create_project("shop").await.unwrap();
    let end = Utc::now() + Duration::from_millis(2500);
    project.create_branch("short", Expiry::At(end)).await.unwrap();
    project.create_branch("long", Expiry::Never).await.unwrap();
    first.shutdown().await;
    let left = (end - Utc::now()).to_std().unwrap_or_default();
    tokio::time::sleep(left + Duration::from_millis(10)).await;
    let second = local(directory.path()).start().await.unwrap();
    let project = second.client().await.unwrap().project("shop").unwrap();
    assert!(project.branch("short").unwrap().try_get().await.unwrap().is_none());
    assert!(project.branch("long").unwrap().try_get().await.unwrap().is_some());
    second.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_file_that_is_damaged_or_gone_is_named_and_no_branch_is_touched() {
    let directory = directory();
    let data = directory.path().join("data");
    let first = local(directory.path()).start().await.unwrap();
    let project = first.client().await.unwrap().create_project("shop").await.unwrap();
    run(&project.default_branch().await.unwrap(), "CREATE TABLE item AS SELECT 1 AS id").await;
    first.shutdown().await;
    let file = data.join("lakebase.state");
    let whole = fs::read(&file).unwrap();
    let damages: [(&str, &dyn Fn() -> io::Result<()>); 4] = [
        ("gone", &|| fs::remove_file(&file)),
        ("empty", &|| fs::write(&file, "")),
        ("cut", &|| fs::write(&file, &whole[..whole.len() / 3])),
        ("something else", &|| fs::write(&file, "not a database")),
    ];
    for (what, damage) in damages {
        damage().unwrap();
        let error = local(directory.path()).start().await.unwrap_err();
        let text = with_sources(&error);
        assert!(text.contains(file.to_str().unwrap()), "{what}: {text}");
        assert!(text.contains("no branch was touched") && text.contains("copy of it"), "{what}: {text}");
        assert_eq!(clusters(&data).len(), 1, "{what}");
    }
    fs::write(&file, &whole).unwrap();
    let again = local(directory.path()).start().await.unwrap();
    let main = again.client().await.unwrap().project("shop").unwrap().default_branch().await.unwrap();
    assert_eq!(number(&main, "SELECT count(*) FROM item").await, 1);
    again.shutdown().await;
}

fn with_sources(error: &dyn std::error::Error) -> String {
    let source = error.source().map(|source| format!(": {}", with_sources(source)));
    format!("{error}{}", source.unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_start_up_packet_is_refused_and_the_next_login_works() {
    on_a_project(async |fixture: Fixture| {
        let hosts = fixture.main.endpoint("primary").unwrap().get().await.unwrap().hosts.clone();
        let address = (hosts.host.clone().unwrap(), hosts.port);
        for junk in [
            &b""[..],
            b"GET / HTTP/1.1\r\n\r\n",
            b"\0\0\0\0\0\0\0\0",
            b"\xff\xff\xff\xff\xff\xff\xff\xff",
            b"\0\0\0\x08\0\x03\0\0",
            b"\0\0\0\x08\x04\xd2\x16\x2fjunk",
            b"\x16\x03\x01\0\x02\x01\0",
        ] {
            let address = address.clone();
            let sent = tokio::task::spawn_blocking(move || {
                let mut stream = TcpStream::connect(address).unwrap();
                stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
                stream.write_all(junk).unwrap();
                let _ = stream.shutdown(std::net::Shutdown::Write);
                // A reset is an answer too.
                stream.read_to_end(&mut Vec::new()).map_err(|error| error.kind())
            });
            let timed_out = [io::ErrorKind::WouldBlock, io::ErrorKind::TimedOut];
            let answer = sent.await.unwrap();
            assert!(!answer.is_err_and(|kind| timed_out.contains(&kind)), "{junk:?} hangs");
        }
        assert_eq!(number(&fixture.main, "SELECT 1::bigint").await, 1);
    })
    .await;
}

#[tokio::test]
async fn the_limit_of_branches_is_configurable() {
    let directory = directory();
    let local = local(directory.path()).max_branches(2).start().await.unwrap();
    let project = local.client().await.unwrap().create_project("shop").await.unwrap();
    project.create_branch("one", Expiry::Never).await.unwrap();
    let error = project.create_branch("two", Expiry::Never).await.unwrap_err();
    assert!(error.to_string().contains("at most 2 branches"), "{error}");
    local.shutdown().await;
}

#[tokio::test]
async fn a_branch_that_writes_much_does_not_keep_all_of_its_wal() {
    on_a_project(async |fixture: Fixture| {
        let branch = fixture.branch("rewritten").await;
        let mut session = branch.connect().await.unwrap();
        for _ in 0..9 {
            let write = "SELECT count(pg_logical_emit_message(false, 'w', repeat('x', 1000000)))
                         FROM generate_series(1, 100)";
            sqlx::raw_sql(write).execute(&mut session).await.unwrap();
        }
        let kept = "SELECT (sum(size) / 1000000)::bigint FROM pg_ls_waldir()";
        let deadline = std::time::Instant::now() + Duration::from_secs(60);
        loop {
            let megabytes = number_on(&mut session, kept).await;
            if megabytes < 600 {
                break;
            }
            assert!(std::time::Instant::now() < deadline, "{megabytes} MB of 900");
            // Old WAL is removed at the end of a checkpoint, which further writes bring about.
            let write = "SELECT pg_logical_emit_message(false, 'w', repeat('x', 10000000))";
            sqlx::raw_sql(write).execute(&mut session).await.unwrap();
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    })
    .await;
}
