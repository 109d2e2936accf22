//! What goes wrong on a machine.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    os::unix::fs::PermissionsExt as _,
    path::PathBuf,
    process::Command,
    time::Duration,
};

use chrono::Utc;
use lakebase::{
    ErrorKind, Expiry,
    local::{LocalError, LocalLakebase},
};

use super::{
    place::{Ground, local, local_only, number, number_on, on_a_project, run, skipped},
    process::{clusters, directory},
};

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output().unwrap();
    output.stdout.trim_ascii() == b"0"
}

#[tokio::test]
async fn a_directory_without_postgres_is_named_in_the_refusal() {
    if !local_only() {
        return;
    }
    let directory = directory();
    let empty = directory.path().join("empty");
    fs::create_dir(&empty).unwrap();
    let error = local(directory.path()).pg_bin(&empty).start().await.unwrap_err();
    assert!(matches!(error, LocalError::NoPostgres { .. }), "{error:?}");
    assert!(error.to_string().contains(empty.to_str().unwrap()), "{error}");
}

#[tokio::test]
async fn a_preferred_version_that_nobody_has_gives_way_and_a_demanded_one_does_not() {
    if !local_only() {
        return;
    }
    let directory = directory();
    let error = local(directory.path()).pg_version(99).start().await.unwrap_err();
    assert!(matches!(error, LocalError::NoPostgres { .. }), "{error:?}");
    let local = local(directory.path()).prefer_pg_version(99).start().await.unwrap();
    let project = local.client().await.unwrap().create_project("shop").await.unwrap();
    let major = local.pg_version().split('.').next().unwrap().parse().ok();
    assert_eq!((project.pg_version, major.is_some()), (major, true));
    let cost = project.create_branch("b", Expiry::Never).await.unwrap().copy.clone().unwrap();
    let said = if cost.method == "REFLINK" { "copy-on-write (reflink)" } else { "full copies" };
    assert_eq!(local.copies().to_string(), said);
    local.shutdown().await;
}

#[tokio::test]
async fn a_directory_of_somebody_else_is_left_alone() {
    if !local_only() {
        return;
    }
    let directory = directory();
    let data = directory.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::write(data.join("thesis.txt"), "irreplaceable").unwrap();
    let error = local(directory.path()).start().await.unwrap_err();
    assert!(matches!(error, LocalError::ForeignDirectory { .. }), "{error:?}");
    assert_eq!(fs::read_dir(&data).unwrap().count(), 1);
}

#[tokio::test]
async fn a_directory_that_postgres_cannot_reach_is_refused_by_the_part_that_stops_it() {
    if !local_only() {
        return;
    }
    if !is_root() {
        skipped("only root runs PostgreSQL as another user");
        return;
    }
    let directory = directory();
    let closed = directory.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
    let error = LocalLakebase::builder().data_dir(closed.join("deep/data")).start().await.unwrap_err();
    assert!(matches!(error, LocalError::Unreachable { .. }), "{error:?}");
    assert!(error.to_string().contains(&format!("{};", closed.display())), "{error}");
}

#[tokio::test]
async fn a_directory_and_an_address_have_one_server() {
    if !local_only() {
        return;
    }
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
    if !local_only() {
        return;
    }
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
    if !local_only() {
        return;
    }
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
    if !local_only() {
        return;
    }
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
    if !local_only() {
        return;
    }
    on_a_project(async |ground: Ground| {
        let hosts = ground.main.endpoint("primary").unwrap().get().await.unwrap().hosts.clone();
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
        assert_eq!(number(&ground.main, "SELECT 1::bigint").await, 1);
    })
    .await;
}

/// A small file system of its own, unmounted at the end.
struct Small(tempfile::TempDir);

impl Small {
    fn mount(megabytes: u32) -> Option<Self> {
        let directory = directory();
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", &format!("size={megabytes}m,mode=0711"), "tmpfs"])
            .arg(directory.path());
        let mounted = is_root() && mount.output().is_ok_and(|output| output.status.success());
        if !mounted {
            skipped("no small file system can be mounted here");
        }
        mounted.then_some(Self(directory))
    }

    /// Lets no more files be made than this many.
    fn files_left(&self, number: u64) {
        let output = Command::new("df").args(["--output=iused"]).arg(self.0.path()).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let used: u64 = text.lines().last().unwrap().trim().parse().unwrap();
        let option = format!("remount,nr_inodes={}", used + number);
        let mut mount = Command::new("mount");
        assert!(mount.args(["-o", &option]).arg(self.0.path()).status().unwrap().success());
    }

    /// Fills what is left, and gives the file that it is filled with.
    fn fill(&self) -> PathBuf {
        let path = self.0.path().join("ballast");
        let mut file = fs::File::create(&path).unwrap();
        let error = io::copy(&mut io::repeat(7), &mut file).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        path
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_that_does_not_fit_is_refused_before_it_is_begun() {
    let Some(small) = local_only().then(|| Small::mount(400)).flatten() else { return };
    let server = local(small.0.path()).start().await.unwrap();
    let project = server.client().await.unwrap().create_project("shop").await.unwrap();
    let main = project.default_branch().await.unwrap();
    run(&main, "CREATE TABLE big AS SELECT repeat('x', 1000) AS text FROM generate_series(1, 110000)").await;
    let error = project.create_branch("b", Expiry::Never).await.unwrap_err();
    assert!(error.to_string().contains("disk space"), "{error}");
    assert_eq!(error.code(), Some("RESOURCE_EXHAUSTED"), "{error:?}");
    assert_ne!(error.kind(), ErrorKind::Unavailable);
    assert!(project.branch("b").unwrap().try_get().await.unwrap().is_none());
    assert_eq!(number(&main, "SELECT count(*) FROM big").await, 110_000);
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fills_up_while_a_branch_is_made_leaves_nothing_of_it() {
    let Some(small) = local_only().then(|| Small::mount(600)).flatten() else { return };
    let server = local(small.0.path()).start().await.unwrap();
    let project = server.client().await.unwrap().create_project("shop").await.unwrap();
    let main = project.default_branch().await.unwrap();
    run(&main, "CREATE TABLE item AS SELECT 1 AS id").await;
    // There is space for the bytes of another branch, which is looked at before, and not for its files.
    small.files_left(300);
    let error = project.create_branch("b", Expiry::Never).await.unwrap_err();
    assert_eq!(error.code(), Some("RESOURCE_EXHAUSTED"), "{error:?}");
    assert!(error.to_string().contains("No space left"), "{error}");
    assert!(project.branch("b").unwrap().try_get().await.unwrap().is_none());
    assert_eq!(clusters(&small.0.path().join("data")).len(), 1);
    assert_eq!(number(&main, "SELECT count(*) FROM item").await, 1);
    small.files_left(10_000);
    let branch = project.create_branch("b", Expiry::Never).await.unwrap();
    assert_eq!(number(&branch, "SELECT count(*) FROM item").await, 1);
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_stops_whoever_writes_and_all_goes_on_once_there_is_space() {
    let Some(small) = local_only().then(|| Small::mount(600)).flatten() else { return };
    let server = local(small.0.path()).start().await.unwrap();
    let project = server.client().await.unwrap().create_project("shop").await.unwrap();
    let main = project.default_branch().await.unwrap();
    run(&main, "CREATE TABLE item AS SELECT 1 AS id").await;
    let other = project.create_branch("other", Expiry::Never).await.unwrap();
    let count = "SELECT count(*) FROM item";
    let mut reader = other.connect().await.unwrap();
    assert_eq!(number_on(&mut reader, count).await, 1);
    let mut writer = main.connect().await.unwrap();
    let ballast = small.fill();

    let rows = "INSERT INTO item SELECT generate_series(1, 2000000)";
    let error = sqlx::raw_sql(rows).execute(&mut writer).await.unwrap_err();
    eprintln!("{error}");
    assert_eq!(number_on(&mut reader, count).await, 1, "a branch that only reads");
    let error = project.create_branch("late", Expiry::Never).await.unwrap_err();
    assert_eq!(error.code(), Some("RESOURCE_EXHAUSTED"), "{error:?}");
    for id in ["production", "other"] {
        // What takes a write of the state may be refused, and is refused for what it is.
        let name = project.branch(id).unwrap();
        if let Err(error) = name.update().protected(true).await {
            assert_eq!(error.code(), Some("RESOURCE_EXHAUSTED"), "{error:?}");
        } else {
            name.update().protected(false).await.unwrap();
        }
    }
    assert_eq!(project.branches().await.unwrap().len(), 2);

    fs::remove_file(ballast).unwrap();
    assert_eq!(number(&main, count).await, 1, "nothing of what did not fit");
    run(&main, "INSERT INTO item VALUES (2)").await;
    let late = project.create_branch("late", Expiry::Never).await.unwrap();
    assert_eq!(number(&late, count).await, 2);
    other.update().protected(true).await.unwrap();
    server.shutdown().await;
}
