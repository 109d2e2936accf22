//! Read-only endpoints: hot standbys on this machine.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use lakebase::{
    ErrorKind,
    model::{EndpointState, EndpointType, Suspension},
};
use sqlx::{Connection as _, PgConnection};

use crate::support::{
    directory::directory,
    fixture::{Fixture, local, number_on, on_a_project, run, run_on},
};

/// Waits for a number on a standby, for a time that only a failure needs.
async fn appears(standby: &mut PgConnection, sql: &str, expected: i64) -> Duration {
    let begun = Instant::now();
    while number_on(standby, sql).await != expected {
        assert!(begun.elapsed() < Duration::from_secs(30), "{sql}: the standby does not follow");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    begun.elapsed()
}

#[tokio::test]
async fn a_read_only_endpoint_follows_its_branch_and_refuses_writes() {
    on_a_project(async |fixture: Fixture| {
        let main = &fixture.main;
        run(main, "CREATE TABLE item AS SELECT 1::bigint AS n").await;
        let replica =
            main.create_endpoint("replica", EndpointType::ReadOnly).autoscaling(0.5..=0.5).await.unwrap();
        assert_eq!((replica.state.clone(), replica.max_cu), (EndpointState::Active, Some(0.5)));
        assert!(replica.hosts.host.is_some() && replica.hosts.host == replica.hosts.read_only_host);
        assert_eq!(replica.hosts.read_write_pooled_host, None);
        assert!(replica.group.readable_secondaries && replica.group.computes == 1);
        let primary = main.endpoint("primary").unwrap().get().await.unwrap();
        assert_ne!(primary.hosts.host, replica.hosts.host, "an address of its own");

        let mut reader = main.connect().read_only().await.unwrap();
        let mut writer = main.connect().await.unwrap();
        assert_eq!(number_on(&mut reader, "SELECT pg_is_in_recovery()::int::bigint").await, 1);
        let mut lags = Vec::new();
        for n in 2..=20_i64 {
            run_on(&mut writer, &format!("INSERT INTO item VALUES ({n})")).await;
            lags.push(appears(&mut reader, "SELECT count(*) FROM item", n).await);
        }
        lags.sort();
        // The middle one: a machine under load holds up some.
        assert!(lags[lags.len() / 2] < Duration::from_secs(1), "{lags:?}");
        let refused = sqlx::raw_sql("INSERT INTO item VALUES (0)").execute(&mut reader).await.unwrap_err();
        assert_eq!(refused.as_database_error().unwrap().code().as_deref(), Some("25006"), "{refused}");
        // What is created in SQL and what the API creates both arrive.
        run_on(&mut writer, "CREATE TABLE later AS SELECT 7::bigint AS n").await;
        appears(&mut reader, "SELECT count(*) FROM pg_class WHERE relname = 'later'", 1).await;
        assert_eq!(number_on(&mut reader, "SELECT n FROM later").await, 7);
        let pool = main.pool().read_only().await.unwrap();
        let counted: i64 = sqlx::query_scalar("SELECT count(*) FROM item").fetch_one(&pool).await.unwrap();
        assert_eq!(counted, 20);
        pool.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_read_only_endpoint_sleeps_and_wakes_alone_and_serves_while_its_source_sleeps() {
    on_a_project(async |fixture: Fixture| {
        let main = &fixture.main;
        run(main, "CREATE TABLE item AS SELECT 1::bigint AS n").await;
        let replica = main.create_endpoint("replica", EndpointType::ReadOnly);
        let replica = replica.suspension(Suspension::After(Duration::from_secs(60))).await.unwrap();
        let primary = main.endpoint("primary").unwrap();
        let deadline = Instant::now() + Duration::from_secs(30);
        // Idle time passes sixty times faster on this server.
        while replica.handle().get().await.unwrap().state != EndpointState::Idle {
            assert!(Instant::now() < deadline, "not suspended");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(primary.get().await.unwrap().state, EndpointState::Active);
        run(main, "INSERT INTO item VALUES (2)").await;
        let mut reader = main.connect().read_only().await.unwrap();
        appears(&mut reader, "SELECT count(*) FROM item", 2).await;
        reader.close().await.unwrap();

        // The source sleeps: the standby wakes without it.
        primary.update().disabled(true).await.unwrap();
        replica.update().disabled(true).await.unwrap();
        assert_eq!(main.connect().read_only().await.unwrap_err().kind(), ErrorKind::FailedPrecondition);
        replica.update().disabled(false).await.unwrap();
        let mut reader = main.connect().read_only().await.unwrap();
        assert_eq!(number_on(&mut reader, "SELECT count(*) FROM item").await, 2);
        assert_eq!(primary.get().await.unwrap().state, EndpointState::Idle);
        primary.update().disabled(false).await.unwrap();
        run(main, "INSERT INTO item VALUES (3)").await;
        appears(&mut reader, "SELECT count(*) FROM item", 3).await;
    })
    .await;
}

#[tokio::test]
async fn a_standby_is_started_anew_where_its_source_gets_more_of_what_both_must_have() {
    on_a_project(async |fixture: Fixture| {
        let main = &fixture.main;
        main.create_endpoint("replica", EndpointType::ReadOnly).autoscaling(0.5..=0.5).await.unwrap();
        let primary = main.endpoint("primary").unwrap();
        let settings = [("max_locks_per_transaction", "200")];
        primary.update().autoscaling(2.0..=2.0).pg_settings(settings).await.unwrap();
        run(main, "CREATE TABLE item AS SELECT 1::bigint AS n").await;
        let mut reader = main.connect().read_only().await.unwrap();
        appears(&mut reader, "SELECT count(*) FROM pg_class WHERE relname = 'item'", 1).await;
        let locks = "SELECT current_setting('max_locks_per_transaction')::bigint";
        assert_eq!(number_on(&mut reader, locks).await, 200);
    })
    .await;
}

#[tokio::test]
async fn a_branch_has_six_read_only_endpoints_at_most_and_each_can_be_deleted() {
    on_a_project(async |fixture: Fixture| {
        let main = &fixture.main;
        let create = |id: &str| main.create_endpoint(id, EndpointType::ReadOnly).disabled(true);
        for n in 0..6 {
            create(&format!("replica-{n}")).await.unwrap();
        }
        let error = create("seventh").await.unwrap_err();
        assert!(error.to_string().contains("at most 6 read-only endpoints"), "{error}");
        let twice = create("replica-3").await.unwrap_err();
        assert_eq!(twice.kind(), ErrorKind::AlreadyExists, "{twice}");
        main.endpoint("replica-3").unwrap().delete().await.unwrap();
        assert_eq!(main.endpoints().await.unwrap().len(), 6);
        let again = create("replica-3").await.unwrap();
        assert!(again.disabled);
        let wanted = main.create_endpoint("primary", EndpointType::ReadOnly).replace_existing();
        assert_eq!(wanted.await.unwrap_err().kind(), ErrorKind::AlreadyExists);
    })
    .await;
}

fn directories(data: &Path) -> usize {
    let projects = std::fs::read_dir(data.join("branches")).unwrap().flatten();
    projects.map(|project| std::fs::read_dir(project.path()).unwrap().count()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_is_there_after_a_restart_and_an_undeletion_and_leaves_no_files() {
    let directory = directory();
    let data = directory.path().join("data");
    let server = local(directory.path()).start().await.unwrap();
    let project = server.client().await.unwrap().create_project("shop").await.unwrap();
    let main = project.default_branch().await.unwrap();
    let dev = main.create_branch("dev", lakebase::Expiry::Never).await.unwrap();
    run(&dev, "CREATE TABLE item AS SELECT 7::bigint AS n").await;
    let replica = dev.create_endpoint("replica", EndpointType::ReadOnly).await.unwrap();
    assert_eq!(directories(&data), 3);
    server.shutdown().await;

    let server = local(directory.path()).start().await.unwrap();
    assert_eq!(directories(&data), 2, "a standby is made when it is needed");
    let lakebase = server.client().await.unwrap();
    let dev = lakebase.branch(dev.name.clone()).unwrap();
    let count = async |dev: &lakebase::Branch| {
        let mut reader = dev.connect().read_only().await.unwrap();
        number_on(&mut reader, "SELECT n FROM item").await
    };
    assert_eq!(count(&dev).await, 7);
    let found = dev.endpoint("replica").unwrap().get().await.unwrap();
    assert_eq!(found.hosts.host, replica.hosts.host, "the address stays");
    dev.delete().await.unwrap();
    assert_eq!(directories(&data), 2, "that of a deleted branch goes");
    dev.undelete().await.unwrap();
    assert_eq!(count(&dev).await, 7);
    dev.endpoint("replica").unwrap().delete().await.unwrap();
    assert_eq!(directories(&data), 2);
    dev.create_endpoint("replica", EndpointType::ReadOnly).await.unwrap();
    dev.delete().purge().await.unwrap();
    assert_eq!(directories(&data), 1);
    server.shutdown().await;
}
