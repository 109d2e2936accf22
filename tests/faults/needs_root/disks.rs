//! File systems that are full, out of inodes or read-only.

use std::{
    fs, io,
    path::PathBuf,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use lakebase::{Expiry, builder::RetryPolicy, model::RoleDefinition};
use rustix::process::Signal;

use super::super::{crash::end, kill};
use crate::support::{
    child::{LIMIT, output, output_of},
    directory::directory,
    fixture::{number, run},
    serve::{Serve, clusters},
};

/// A small file system on an image, unmounted when dropped.
struct Image {
    directory: tempfile::TempDir,
}

impl Image {
    fn new(make: &[&str], megabytes: u64) -> Self {
        let directory = directory();
        let file = directory.path().join("image");
        fs::File::create(&file).unwrap().set_len(megabytes << 20).unwrap();
        let image = Self { directory };
        fs::create_dir(image.path()).unwrap();
        image.call(Command::new(make[0]).args(&make[1..]).arg(&file));
        image.mount();
        image
    }

    fn mount(&self) {
        let file = self.directory.path().join("image");
        self.call(Command::new("mount").args(["-o", "loop"]).arg(file).arg(self.path()));
    }

    fn call(&self, command: &mut Command) {
        let done = output(command);
        assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("mounted")
    }

    fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    fn remount(&self, option: &str) {
        self.call(Command::new("mount").args(["-o", &format!("remount,{option}")]).arg(self.path()));
    }

    /// Fills the file system but for some bytes; returns the file to delete.
    fn fill_but(&self, left: u64) -> PathBuf {
        let path = self.path().join("ballast");
        let mut file = fs::File::create(&path).unwrap();
        assert_eq!(io::copy(&mut io::repeat(7), &mut file).unwrap_err().kind(), io::ErrorKind::StorageFull);
        let length = file.metadata().unwrap().len();
        file.set_len(length.saturating_sub(left)).unwrap();
        path
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.path()).status();
    }
}

const EXT4: &[&str] = &["mkfs.ext4", "-q", "-m", "0", "-F"];
const XFS: &[&str] = &["mkfs.xfs", "-q", "-f"];

/// Branches, rows and settings on a disk with ever less room; what is acknowledged is there once there is room again.
async fn fill_up(make: &[&str]) {
    let image = Image::new(make, 400);
    let data = image.data();
    let mut serve = Serve::start(&data);
    let project = serve.client().await.create_project("shop").await.unwrap();
    let main = project.default_branch().await.unwrap();
    run(&main, "CREATE TABLE item AS SELECT generate_series(1, 1000)::bigint AS n").await;
    let mut kept = vec!["production".to_owned()];
    for (stage, left) in
        [64 << 20, 24 << 20, 8 << 20, 2 << 20, 256 << 10, 16 << 10, 0].into_iter().enumerate()
    {
        let ballast = image.fill_but(left);
        let id = format!("b{stage}");
        let lakebase = serve.client().await;
        let project = lakebase.project("shop").unwrap();
        match tokio::time::timeout(LIMIT, project.create_branch(id.as_str(), Expiry::Never).into_future())
            .await
        {
            Ok(Ok(_)) => kept.push(id),
            Ok(Err(error)) => {
                assert_eq!(error.code(), Some("RESOURCE_EXHAUSTED"), "{left} bytes left: {error:?}");
            }
            Err(_) => panic!("no answer with {left} bytes left"),
        }
        // With no byte free a branch can still be deleted.
        if left == 0 && kept.len() > 1 {
            let last = kept.pop().unwrap();
            project.branch(last.as_str()).unwrap().delete().await.unwrap();
        }
        // The server starts on a full disk, too.
        serve.signal(Signal::KILL);
        serve.ended();
        kill::none_left(&data);
        serve = Serve::start(&data);
        fs::remove_file(ballast).unwrap();
        let project = serve.client().await.project("shop").unwrap();
        let mut there: Vec<_> =
            project.branches().await.unwrap().iter().map(|branch| branch.id().to_string()).collect();
        there.sort();
        let mut wanted = kept.clone();
        wanted.sort();
        assert_eq!(there, wanted, "{left} bytes left");
        for id in &kept {
            let branch = project.branch(id.as_str()).unwrap();
            assert_eq!(number(&branch, "SELECT count(*) FROM item").await, 1000, "{id}");
        }
        let deadline = Instant::now() + LIMIT / 4;
        while clusters(&data).len() != kept.len() {
            assert!(Instant::now() < deadline, "{kept:?}, but {:?}", clusters(&data));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    end(serve, &data);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs root"]
async fn a_full_ext4_refuses_and_loses_nothing() {
    fill_up(EXT4).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs root"]
async fn a_full_xfs_refuses_and_loses_nothing() {
    fill_up(XFS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs root"]
async fn a_disk_without_inodes_refuses_and_loses_nothing() {
    let image = Image::new(&["mkfs.ext4", "-q", "-m", "0", "-F", "-N", "4096"], 400);
    let data = image.data();
    let serve = Serve::start(&data);
    let project = serve.client().await.create_project("shop").await.unwrap();
    let main = project.default_branch().await.unwrap();
    run(&main, "CREATE TABLE item AS SELECT 7::bigint AS n").await;
    let mut made = 0;
    let error = loop {
        assert!(made < 20, "the inodes do not run out");
        match project.create_branch(format!("b{made}").as_str(), Expiry::Never).await {
            Ok(_) => made += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(error.code(), Some("RESOURCE_EXHAUSTED"), "{error:?}");
    assert_eq!(project.branches().await.unwrap().len(), made + 1);
    assert_eq!(number(&main, "SELECT n FROM item").await, 7);
    project.branch("b0").unwrap().delete().await.unwrap();
    // The files of a deleted branch go after its operation.
    let deadline = Instant::now() + LIMIT / 4;
    while let Err(error) = project.create_branch("again", Expiry::Never).await {
        assert_eq!(error.code(), Some("RESOURCE_EXHAUSTED"), "{error:?}");
        assert!(Instant::now() < deadline, "{error:?}");
    }
    end(serve, &data);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs root"]
async fn a_disk_that_becomes_read_only_refuses_writes_and_goes_on_afterwards() {
    let image = Image::new(EXT4, 400);
    let data = image.data();
    let mut serve = Serve::start(&data);
    let project = serve.client().await.create_project("shop").await.unwrap();
    let main = project.default_branch().await.unwrap();
    run(&main, "CREATE TABLE item AS SELECT 7::bigint AS n").await;
    serve.signal(Signal::KILL);
    serve.ended();
    kill::none_left(&data);
    image.remount("ro");
    let mut command = Serve::command(&data);
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let _ = child.stdout.take();
    let refused = output_of(child);
    let text = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && text.contains("ead-only"), "{text}");
    image.remount("rw");
    serve = Serve::start(&data);
    let project = serve.client().await.project("shop").unwrap();
    assert_eq!(number(&project.default_branch().await.unwrap(), "SELECT n FROM item").await, 7);
    end(serve, &data);
}

/// An error answer that names the failure of the disk and may be repeated.
fn assert_names(error: &lakebase::Error, failure: &str) {
    let text = error.to_string();
    assert_eq!(error.code(), Some("TEMPORARILY_UNAVAILABLE"), "{error:?}");
    assert!(text.contains(failure), "{text}");
}

/// A server at work while its disk fails: calls that need the disk are refused with `failure`, the server ends on
/// request, and once the disk is back, everything that was acknowledged is there.
async fn fail_at_work(make: &[&str], failure: &str, fail: impl FnOnce(&Image)) {
    let image = Image::new(make, 400);
    let data = image.data();
    let mut serve = Serve::start(&data);
    let project = serve.client().await.create_project("shop").await.unwrap();
    let main = project.default_branch().await.unwrap();
    run(&main, "CREATE TABLE item AS SELECT 7::bigint AS n").await;
    project.create_branch("dev", Expiry::Never).await.unwrap();
    image.call(Command::new("sync").arg("--file-system").arg(&data));
    fail(&image);
    let calls = async {
        let branch = serve
            .client_with(RetryPolicy::never())
            .await
            .branch("projects/shop/branches/production")
            .unwrap();
        let project = branch.project();
        assert_names(&project.create_branch("b", Expiry::Never).await.unwrap_err(), failure);
        assert_names(
            &branch.create_role(RoleDefinition::user("ada@example.com")).id("ada").await.unwrap_err(),
            failure,
        );
        let dev = project.branch("dev").unwrap();
        assert_names(&dev.update().protected(true).await.unwrap_err(), failure);
        // What is in memory is answered.
        assert_eq!(project.branches().await.unwrap().len(), 2);
        branch.connect().timeout(Duration::from_secs(2)).await.unwrap_err();
    };
    tokio::time::timeout(LIMIT, calls).await.expect("an answer");
    serve.signal(Signal::TERM);
    serve.ended();
    kill::none_left(&data);
    image.call(Command::new("umount").arg(image.path()));
    image.mount();
    serve = Serve::start(&data);
    let project = serve.client().await.project("shop").unwrap();
    assert_eq!(number(&project.default_branch().await.unwrap(), "SELECT n FROM item").await, 7);
    assert_eq!(number(&project.branch("dev").unwrap(), "SELECT n FROM item").await, 7);
    assert_eq!(project.branches().await.unwrap().len(), 2);
    end(serve, &data);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs root"]
async fn input_and_output_errors_are_named_and_lose_nothing() {
    let shut_down = |image: &Image| {
        image.call(Command::new("xfs_io").args(["-x", "-c", "shutdown"]).arg(image.path()));
    };
    fail_at_work(XFS, "Input/output error", shut_down).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs root"]
async fn a_disk_that_turns_read_only_at_work_is_named_and_loses_nothing() {
    fail_at_work(EXT4, "Read-only file system", |image| image.remount("abort")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs root"]
async fn a_compute_that_could_not_write_on_a_full_disk_wakes_once_there_is_room() {
    let image = Image::new(EXT4, 400);
    let data = image.data();
    let serve = Serve::start(&data);
    let project = serve.client().await.create_project("shop").await.unwrap();
    let main = project.default_branch().await.unwrap();
    run(&main, "CREATE TABLE item AS SELECT 7::bigint AS n").await;
    let ballast = image.fill_but(0);
    kill::Victim::Postmaster.strike(&serve, &data);
    kill::none_left(&data);
    let refused = main.connect().timeout(Duration::from_secs(2)).await.map(drop).unwrap_err();
    assert!(format!("{refused:?}").contains("No space left on device"), "{refused:?}");
    fs::remove_file(ballast).unwrap();
    assert_eq!(number(&main, "SELECT n FROM item").await, 7);
    end(serve, &data);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs root"]
async fn a_compute_that_cannot_write_its_wal_recovers_by_itself() {
    let image = Image::new(EXT4, 400);
    let data = image.data();
    let serve = Serve::start(&data);
    let project = serve.client().await.create_project("shop").await.unwrap();
    let main = project.default_branch().await.unwrap();
    run(&main, "CREATE TABLE item AS SELECT 7::bigint AS n").await;
    let mut writer = main.connect().await.unwrap();
    let ballast = image.fill_but(8 << 20);
    let much =
        "SELECT pg_logical_emit_message(false, 'full', repeat('x', 1000000)) FROM generate_series(1, 400)";
    let error = sqlx::raw_sql(much).execute(&mut writer).await.unwrap_err();
    eprintln!("{error}");
    let _ = main.connect().timeout(Duration::from_secs(2)).await;
    fs::remove_file(ballast).unwrap();
    let mut session = tokio::time::timeout(LIMIT, main.connect().into_future()).await.unwrap().unwrap();
    sqlx::query("INSERT INTO item VALUES (8)").execute(&mut session).await.unwrap();
    drop(session);
    assert_eq!(number(&main, "SELECT sum(n)::bigint FROM item").await, 15);
    end(serve, &data);
}
