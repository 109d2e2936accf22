//! The verbs of branches, on a local Lakebase.

#[tokio::test]
async fn branches_say_what_they_and_their_source_changed() {
    use sqlx::Executor as _;
    let first = lakebase::testing::branch("data", async |branch| {
        let mut connection = branch.connect().await?;
        connection.execute("create table t (id int primary key, v int); insert into t select g, g from generate_series(1, 9) g").await?;
        Ok(())
    })
    .await
    .unwrap();
    // The branch of a test expires, and so cannot have branches; its source is this test's own.
    let source = first.get().await.unwrap().source_branch.clone().unwrap();
    let branch = first.client().branch(source).unwrap();
    first.close().await.unwrap();
    let feature =
        branch.create_branch("data-drift", lakebase::Expiry::after(lakebase::hours(1))).await.unwrap();
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
