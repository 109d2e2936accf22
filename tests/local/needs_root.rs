//! Failures of the machine that take root to bring about.

use std::{
    fs, io,
    os::unix::fs::PermissionsExt as _,
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};

use lakebase::{
    ErrorKind, Expiry,
    local::{LocalError, LocalLakebase},
};

use crate::support::{
    child::{LIMIT, output},
    directory::directory,
    fixture::{local, number, number_on, run},
    serve::clusters,
};

#[tokio::test]
#[ignore = "needs root"]
async fn a_directory_that_postgres_cannot_reach_is_refused_by_the_part_that_stops_it() {
    let directory = directory();
    let closed = directory.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
    let error = LocalLakebase::builder().data_dir(closed.join("deep/data")).start().await.unwrap_err();
    assert!(matches!(error, LocalError::Unreachable { .. }), "{error:?}");
    assert!(error.to_string().contains(&format!("{};", closed.display())), "{error}");
}

/// A small file system of its own, unmounted at the end.
struct Small(tempfile::TempDir);

impl Small {
    fn mount(megabytes: u32) -> Self {
        let directory = directory();
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", &format!("size={megabytes}m,mode=0711"), "tmpfs"])
            .arg(directory.path());
        assert!(output(&mut mount).status.success(), "root mounts a file system");
        Self(directory)
    }

    /// Lets no more files be made than this many.
    fn files_left(&self, number: u64) {
        let output = output(Command::new("df").args(["--output=iused"]).arg(self.0.path()));
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

/// A file system that shares extents, on an image; unmounted at the end.
struct Xfs(tempfile::TempDir);

impl Xfs {
    fn mount(megabytes: u64) -> Self {
        let directory = directory();
        let (image, mounted) = (directory.path().join("image"), directory.path().join("mounted"));
        fs::File::create(&image).unwrap().set_len(megabytes << 20).unwrap();
        fs::create_dir(&mounted).unwrap();
        let made = output(Command::new("mkfs.xfs").args(["-q", "-f", "-m", "reflink=1"]).arg(&image));
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let mut mount = Command::new("mount");
        assert!(output(mount.args(["-o", "loop"]).arg(&image).arg(&mounted)).status.success());
        Self(directory)
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("mounted")
    }
}

impl Drop for Xfs {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs root"]
async fn a_branch_has_of_its_own_what_it_wrote_and_shares_the_rest() {
    let xfs = Xfs::mount(1200);
    let server = local(&xfs.path()).start().await.unwrap();
    let project = server.client().await.unwrap().create_project("shop").await.unwrap();
    let main = project.default_branch().await.unwrap();
    let megabytes = |bytes: Option<u64>| bytes.unwrap() >> 20;
    run(&main, "CREATE TABLE big AS SELECT repeat('x', 1000) AS text FROM generate_series(1, 60000)").await;
    let before = main.storage().await.unwrap().unwrap();
    assert!(megabytes(before.own_size_bytes) + megabytes(before.shared_size_bytes) >= 60, "{before:?}");

    let dev = project.create_branch("dev", Expiry::Never).await.unwrap();
    let fresh = dev.storage().await.unwrap().unwrap();
    assert!(megabytes(fresh.own_size_bytes) < 10, "{fresh:?}");
    assert!(megabytes(fresh.shared_size_bytes) >= 60, "{fresh:?}");
    let shared = main.storage().await.unwrap().unwrap();
    assert!(megabytes(shared.shared_size_bytes) >= 60, "{shared:?}");

    run(&dev, "CREATE TABLE more AS SELECT repeat('y', 1000) AS text FROM generate_series(1, 30000)").await;
    // A base of its history may share it.
    let grown = dev.storage().await.unwrap().unwrap();
    let written = |storage: &lakebase::model::BranchStorage| {
        megabytes(storage.own_size_bytes) + megabytes(storage.shared_size_bytes)
    };
    assert!(written(&grown) >= written(&fresh) + 30, "{fresh:?} {grown:?}");
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs root"]
async fn what_the_budget_cut_off_the_history_is_not_in_the_window_that_is_reported() {
    let xfs = Xfs::mount(2000);
    let server = local(&xfs.path()).history_budget_mb(48).start().await.unwrap();
    let project = server.client().await.unwrap().create_project("shop").await.unwrap();
    let main = project.default_branch().await.unwrap();
    let deadline = Instant::now() + LIMIT;
    // Nothing while the history begins.
    let start = async || loop {
        match main.storage().await.unwrap().unwrap().history_start_time {
            Some(start) => break start,
            None => assert!(Instant::now() < deadline, "no history"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let first = start().await;
    let much =
        "SELECT pg_logical_emit_message(false, 'much', repeat('x', 1000000)) FROM generate_series(1, 40)";
    while start().await == first {
        assert!(Instant::now() < deadline, "nothing is cut off");
        run(&main, much).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    // It may be cut further meanwhile.
    loop {
        let since = start().await;
        assert!(since > first);
        let made = project.create_branch("since", Expiry::Never).from(&main.name).at_time(since).await;
        match made {
            Ok(_) => break,
            Err(error) => assert!(Instant::now() < deadline, "{since}: {error}"),
        }
    }
    let refused = project.create_branch("first", Expiry::Never).from(&main.name).at_time(first).await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Invalid, "{refused}");
    assert!(refused.to_string().contains("the history of the branch goes from"), "{refused}");
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs root"]
async fn a_branch_that_does_not_fit_is_refused_before_it_is_begun() {
    let small = Small::mount(400);
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
#[ignore = "needs root"]
async fn a_disk_that_fills_up_while_a_branch_is_made_leaves_nothing_of_it() {
    let small = Small::mount(600);
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
#[ignore = "needs root"]
async fn a_full_disk_stops_whoever_writes_and_all_goes_on_once_there_is_space() {
    let small = Small::mount(600);
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
