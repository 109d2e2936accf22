//! The verbs of branches, on a local Lakebase.

use lakebase::{Branch, ErrorKind, Expiry, data::Method, hours, testing};
use serde_json::json;
use sqlx::Executor as _;

async fn run(branch: &Branch, sql: &'static str) {
    branch.connect().await.unwrap().execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

/// A branch with what a script makes, of which branches can be made.
async fn source(project: &str, script: &'static str) -> Branch {
    let first = testing::branch(project, async |branch| {
        branch.connect().await?.execute(script).await?;
        Ok(())
    })
    .await
    .unwrap();
    // The branch of a test expires, and so cannot have branches; its source is this test's own.
    let source = first.get().await.unwrap().source_branch.clone().unwrap();
    let branch = first.client().branch(source).unwrap();
    first.close().await.unwrap();
    branch
}

const TABLES: &str = "
  create table t (id int primary key, v int, filler text);
  insert into t select g, g % 7, repeat('x', 150) from generate_series(1, 20000) g;
  create table tail (like t including all); insert into tail select * from t;
  create unlogged table fast (like t including all); insert into fast select * from t;
  create table p (id int, part int, filler text, primary key (id, part)) partition by list (part);
  create table p_0 partition of p for values in (0, 1); create table p_r partition of p default;
  insert into p select g, g % 4, repeat('x', 150) from generate_series(1, 20000) g";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn branches_of_one_server_are_compared_by_the_blocks_that_were_written() {
    let source = source("data-written", TABLES).await;
    // The first reader of a row notes in its block that it was committed, which counts as a write.
    for sql in ["vacuum t", "vacuum tail", "vacuum fast", "vacuum p"] {
        run(&source, sql).await;
    }
    let branch = async |name: &str| {
        let made = source.create_branch(name, Expiry::after(hours(1))).await.unwrap();
        made.handle().clone()
    };
    let feature = branch("data-written-one").await;
    run(&source, "update t set v = -1 where id % 5000 = 1; delete from tail where id > 15000").await;
    // The end of the file is cut, so that no block there says that its rows are gone.
    run(&source, "vacuum tail").await;
    run(&feature, "update t set v = -2 where id = 7; insert into tail values (30000, 1, 'new')").await;
    run(&feature, "update p set part = 2 where id in (4, 5); alter table p add column more int default 1")
        .await;
    let sibling = branch("data-written-two").await;
    run(&sibling, "update t set v = -3 where id = 8").await;

    let counts = async |one: &Branch, other: &Branch, table: &str| {
        let diff = one.compare_data(other).row_limit(1).await.unwrap();
        let found = diff.table(table).unwrap();
        (found.method, found.counts.added, found.counts.removed, found.counts.changed)
    };
    assert_eq!(counts(&feature, &source, "t").await, (Method::WrittenBlocks, 0, 0, 5));
    assert_eq!(counts(&feature, &source, "tail").await, (Method::WrittenBlocks, 5001, 0, 0));
    assert_eq!(counts(&feature, &source, "p").await, (Method::WrittenBlocks, 2, 2, 0));
    assert_ne!(counts(&feature, &source, "fast").await.0, Method::WrittenBlocks);
    assert_eq!(counts(&source, &feature, "tail").await, (Method::WrittenBlocks, 0, 5001, 0));
    assert_eq!(counts(&sibling, &source, "t").await, (Method::WrittenBlocks, 0, 0, 1));
    assert_eq!(counts(&sibling, &feature, "t").await, (Method::WrittenBlocks, 0, 0, 6));
    let drift = feature.data_drift().await.unwrap();
    // Their base is a branch of the past, of which nobody knows what was open then.
    let way =
        |diff: &lakebase::data::DataDiff| diff.table("t").map(|table| (table.method, table.counts.changed));
    assert_eq!(way(&drift.ours), Some((Method::Blocks, 1)));
    assert_eq!(way(&drift.theirs), Some((Method::Blocks, 4)));

    run(&feature, "vacuum full t").await;
    assert_eq!(counts(&feature, &source, "t").await, (Method::KeyRanges, 0, 0, 5));
    run(&source, "truncate tail; insert into tail select * from t where id < 15000").await;
    run(&feature, "truncate tail; insert into tail select * from t where id between 2 and 15000").await;
    let (method, added, removed, changed) = counts(&feature, &source, "tail").await;
    assert_ne!(method, Method::WrittenBlocks);
    assert_eq!((added, removed, changed), (1, 1, 3));

    for files in [json!(["base/5/../../x"]), json!(["global/1260"]), json!("base/5/1")] {
        let path = format!("/api/2.0/postgres/{}/written-blocks", feature.name());
        let body = json!({"other": source.name().to_string(), "files": files});
        let refused =
            source.client().request(lakebase::builder::Method::Post, &path, body).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Invalid, "{refused}");
    }
    feature.delete().await.unwrap();
    sibling.delete().await.unwrap();
}

/// The transaction wrote before the branch was made, commits in the source and is rolled back in the branch.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_that_was_open_when_branches_parted_is_a_difference() {
    let source = source("data-open-transaction", TABLES).await;
    for name in ["data-open-one", "data-open-two", "data-open-three"] {
        let mut open = source.connect().await.unwrap();
        open.execute("begin; update t set v = v + 100 where id % 5000 = 1").await.unwrap();
        let branch = source.create_branch(name, Expiry::after(hours(1))).await.unwrap();
        open.execute("commit").await.unwrap();
        let diff = branch.compare_data(&source).await.unwrap();
        assert_eq!(diff.counts().changed, 4, "{name}: {}", diff.summary());
        branch.delete().await.unwrap();
    }
}

#[tokio::test]
async fn branches_say_what_they_and_their_source_changed() {
    let branch = source(
        "data",
        "create table t (id int primary key, v int); insert into t select g, g from generate_series(1, 9) g",
    )
    .await;
    let feature = branch.create_branch("data-drift", Expiry::after(hours(1))).await.unwrap();
    branch.connect().await.unwrap().execute("update t set v = 0 where id in (1, 2)").await.unwrap();
    feature
        .connect()
        .await
        .unwrap()
        .execute("update t set v = -1 where id = 2; delete from t where id = 3")
        .await
        .unwrap();
    let diff = feature.compare_data(&branch).await.unwrap();
    assert_eq!(diff.summary(), "1 row removed, 2 changed in 1 table");
    let drift = feature.data_drift().await.unwrap();
    assert_eq!((drift.ours.counts().total(), drift.theirs.counts().total(), drift.conflict_count), (2, 2, 1));
    assert!(
        !drift.is_mergeable() && drift.to_string().contains("public.t (id = 2): both changed it"),
        "{drift}"
    );

    // The rows as they were before the accident come back.
    let mine = feature.compare_data(&branch).await.unwrap();
    branch.connect().await.unwrap().execute("delete from t where id > 5").await.unwrap();
    let lost = feature.compare_data(&branch).await.unwrap().pick(["t"], |row| row.before("id").is_none());
    let applied = lost.apply_to(&branch).await.unwrap();
    assert_eq!((applied.committed, applied.counts.added), (true, 4));
    assert_eq!(feature.compare_data(&branch).await.unwrap().counts(), mine.counts());
    feature.delete().await.unwrap();
}
