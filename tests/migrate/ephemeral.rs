//! Branches that go with their guard, and a branch for each test.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use lakebase::{Branch, EphemeralBranch, ErrorKind, hours, name::BranchId, testing};
use sqlx::Executor;

async fn fresh() -> testing::TestBranch {
    testing::branch("fixtures", async |branch| {
        branch.connect().await?.execute("create table t (a int); insert into t values (1), (2)").await?;
        Ok(())
    })
    .await
    .unwrap()
}

async fn source() -> Branch {
    let branch = fresh().await;
    let source = branch.get().await.unwrap().source_branch.clone().unwrap();
    let source = branch.client().branch(source).unwrap();
    branch.close().await.unwrap();
    source
}

async fn is_there(branch: impl AsRef<Branch>) -> bool {
    let branch = branch.as_ref();
    branch.try_get().await.unwrap().is_some()
}

#[tokio::test]
async fn a_closed_guard_has_removed_its_branch_and_a_kept_one_has_not() {
    let source = source().await;
    let branch =
        source.ephemeral(BranchId::from_git_ref("feature/Close_Me").unwrap(), hours(1)).await.unwrap();
    let handle = branch.info().handle().clone();
    assert!(EphemeralBranch::left_behind().contains(handle.name()));
    assert!(branch.info().expire_time.is_some());
    branch.close().await.unwrap();
    assert!(!is_there(&handle).await && !EphemeralBranch::left_behind().contains(handle.name()));

    let kept = source.ephemeral("kept", hours(1)).await.unwrap().keep();
    assert!(is_there(&kept).await);
    let taken = source.ephemeral("kept", hours(1)).await.unwrap_err();
    assert_eq!(taken.kind(), ErrorKind::AlreadyExists);
    assert!(is_there(&kept).await, "somebody else's branch is not removed");
    let again = source.ephemeral("kept", hours(1)).replace_existing().await.unwrap();
    assert_ne!(again.info().uid, kept.uid);
    again.close().await.unwrap();
}

#[tokio::test]
async fn a_dropped_guard_removes_its_branch_in_the_background() {
    let source = source().await;
    let branch = source.ephemeral("dropped", hours(1)).await.unwrap();
    let handle = branch.info().handle().clone();
    drop(branch);
    let deadline = Instant::now() + Duration::from_secs(10);
    while is_there(&handle).await {
        assert!(Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[test]
fn a_process_that_ends_with_branches_left_says_which() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let branch = runtime.block_on(async { source().await.ephemeral("left", hours(1)).await.unwrap() });
    let handle = branch.info().handle().clone();
    drop(runtime);
    let said = Arc::new(Mutex::new(Vec::new()));
    let writer = Arc::clone(&said);
    let log =
        tracing_subscriber::fmt().with_ansi(false).with_writer(move || Log(Arc::clone(&writer))).finish();
    tracing::subscriber::with_default(log, || drop(branch));
    let said = String::from_utf8(said.lock().unwrap().clone()).unwrap();
    assert!(said.contains("was cut off") && said.contains(&handle.name().to_string()), "{said}");
    assert!(EphemeralBranch::left_behind().contains(handle.name()));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(handle.delete().into_future()).unwrap();
}

struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
