//! Snapshots, as only the local Lakebase guarantees them.

use lakebase::{ErrorKind, Expiry};

use crate::support::{
    directory::directory,
    fixture::{Fixture, local, number, on_a_project, run},
};

#[tokio::test]
async fn a_snapshot_outlives_its_branch_and_the_purge_of_it() {
    on_a_project(async |fixture: Fixture| {
        let dev = fixture.branch("dev").await;
        run(&dev, "CREATE TABLE kept AS SELECT generate_series(1, 50) AS n").await;
        let running = fixture.project.create_snapshot("running", &dev, Expiry::Never).await.unwrap();
        dev.endpoint("primary").unwrap().update().disabled(true).await.unwrap();
        let stopped = fixture.project.create_snapshot("stopped", &dev, Expiry::Never).await.unwrap();
        dev.delete().purge().await.unwrap();
        for (id, snapshot) in [("one", &running), ("two", &stopped), ("three", &running)] {
            let branch =
                fixture.project.create_branch(id, Expiry::Never).from_snapshot(snapshot).await.unwrap();
            assert_eq!(number(&branch, "SELECT count(*) FROM kept").await, 50, "{id}");
            assert_eq!(snapshot.handle().get().await.unwrap().source_branch.as_ref(), Some(&dev.name));
        }
    })
    .await;
}

#[tokio::test]
async fn callers_take_ten_snapshots_of_a_project() {
    on_a_project(async |fixture: Fixture| {
        let create =
            |n: u32| fixture.project.create_snapshot(format!("s{n}").as_str(), &fixture.main, Expiry::Never);
        for n in 0..10 {
            create(n).await.unwrap();
        }
        let error = create(10).await.unwrap_err();
        assert_eq!(error.status(), Some(400), "{error}");
        assert!(error.to_string().contains("at most 10 snapshots"), "{error}");
        fixture.project.snapshot("s3").unwrap().delete().await.unwrap();
        create(10).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn snapshots_are_there_after_a_restart_and_go_with_their_project() {
    let directory = directory();
    let server = local(directory.path()).start().await.unwrap();
    let project = server.client().await.unwrap().create_project("shop").await.unwrap();
    let main = project.default_branch().await.unwrap();
    run(&main, "CREATE TABLE kept AS SELECT 7::bigint AS n").await;
    project.create_snapshot("kept", &main, Expiry::Never).await.unwrap();
    run(&main, "DROP TABLE kept").await;
    server.shutdown().await;

    let server = local(directory.path()).start().await.unwrap();
    let project = server.client().await.unwrap().project("shop").unwrap();
    let kept = project.snapshot("kept").unwrap().get().await.unwrap();
    let branch = project.create_branch("back", Expiry::Never).from_snapshot(&kept).await.unwrap();
    assert_eq!(number(&branch, "SELECT n FROM kept").await, 7);
    // A deleted project keeps its snapshots until it is purged.
    project.delete().await.unwrap();
    assert_eq!(kept.handle().get().await.unwrap_err().kind(), ErrorKind::NotFound);
    project.undelete().await.unwrap();
    kept.handle().get().await.unwrap();
    project.delete().purge().await.unwrap();
    let branches = directory.path().join("data/branches");
    assert_eq!(std::fs::read_dir(branches).unwrap().count(), 0, "files are left");
    server.shutdown().await;
}
