//! A branch for each test.

use lakebase::testing::{self, TestBranch};
use sqlx::Executor as _;

async fn fresh() -> TestBranch {
    testing::branch("branches", async |branch| {
        branch.connect().await?.execute("create table t (a int); insert into t values (1), (2)").await?;
        Ok(())
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn every_test_has_a_branch_of_its_own_with_all_data() {
    let (one, other) = tokio::join!(fresh(), fresh());
    one.connect().await.unwrap().execute("delete from t").await.unwrap();
    let count = "select count(*) from t";
    let left: i64 = sqlx::query_scalar(count).fetch_one(&mut other.connect().await.unwrap()).await.unwrap();
    assert_eq!(left, 2);
    one.close().await.unwrap();
    other.close().await.unwrap();
}

#[tokio::test]
async fn a_failed_set_up_is_said_and_may_be_tried_again() {
    let error = testing::branch("fails", async |_| Err("no luck".into())).await.unwrap_err();
    assert!(error.to_string().contains("the set-up failed: no luck"), "{error}");
    testing::branch("fails", async |_| Ok(())).await.unwrap().close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_tests_get_their_branches_at_once() {
    at_once(24).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes half a minute; the bench of tests has it too"]
async fn two_hundred_tests_get_their_branches_at_once() {
    at_once(200).await;
}

async fn at_once(many: usize) {
    let one = async || {
        let branch = fresh().await;
        let mut conn = branch.connect().await.unwrap();
        let rows: i64 = sqlx::query_scalar("select count(*) from t").fetch_one(&mut conn).await.unwrap();
        assert_eq!(rows, 2);
        drop(conn);
        branch.close().await.unwrap();
    };
    let tasks: Vec<_> = (0..many).map(|_| tokio::spawn(one())).collect();
    for task in tasks {
        task.await.unwrap();
    }
}
