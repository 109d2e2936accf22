//! The space that a branch takes, and the beginning of its history, as the API reports them.

use chrono::Utc;
use lakebase::{ErrorKind, Expiry};

use crate::support::{
    directory::directory,
    fixture::{Fixture, local, on_a_project, run},
};

#[tokio::test]
async fn a_branch_says_what_it_takes_and_how_far_its_history_goes() {
    on_a_project(async |fixture: Fixture| {
        let Fixture { main, project, .. } = &fixture;
        run(main, "CREATE TABLE item AS SELECT repeat('x', 1000) AS text FROM generate_series(1, 2000)")
            .await;
        let storage = main.storage().await.unwrap().unwrap();
        if let Some((own, shared)) = storage.own_size_bytes.zip(storage.shared_size_bytes) {
            assert!(own + shared > 2_000_000, "{storage:?}");
        }
        let since = storage.history_start_time.unwrap();
        assert!((project.create_time.unwrap()..=Utc::now()).contains(&since), "{storage:?}");
        // It is the first time that is accepted.
        let first = project.create_branch("first", Expiry::Never).from(&main.name).at_time(since);
        first.await.unwrap();
        let before = since - chrono::TimeDelta::milliseconds(1);
        let refused = project.create_branch("before", Expiry::Never).from(&main.name).at_time(before).await;
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::Invalid);
        let none = project.branch("none").unwrap().storage().await.unwrap_err();
        assert_eq!(none.kind(), ErrorKind::NotFound, "{none}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_history_reports_none() {
    let directory = directory();
    let server = local(directory.path()).history_budget_mb(0).start().await.unwrap();
    let project = server.client().await.unwrap().create_project("shop").await.unwrap();
    let storage = project.default_branch().await.unwrap().storage().await.unwrap().unwrap();
    assert_eq!(storage.history_start_time, None, "{storage:?}");
    server.shutdown().await;
}
