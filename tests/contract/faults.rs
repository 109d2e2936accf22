//! What goes wrong on a machine.

use std::{fs, net::TcpListener, os::unix::fs::PermissionsExt as _, process::Command, time::Duration};

use chrono::Utc;
use lakebase::{
    ErrorKind, Expiry,
    local::{LocalError, LocalLakebase},
};

use super::{
    place::{local, local_only, number, run, skipped},
    process::directory,
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
