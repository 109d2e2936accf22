//! Reset of a branch to its source.

use std::time::Duration;

use chrono::{SubsecRound as _, Utc};
use lakebase::{ErrorKind, Expiry, hours, model::Suspension};

use crate::support::fixture::{Fixture, is_workspace, number, on_a_project, run};

#[tokio::test]
async fn a_reset_branch_has_its_id_expiry_and_endpoint_and_the_data_of_its_source() {
    on_a_project(async |fixture: Fixture| {
        let Fixture { project, main, .. } = &fixture;
        run(main, "CREATE TABLE item AS SELECT 1::bigint AS n").await;
        let end = Utc::now().trunc_subsecs(0) + hours(3);
        let dev = main.create_branch("dev", Expiry::At(end)).await.unwrap();
        let primary = dev.endpoint("primary").unwrap();
        let update = primary.update().autoscaling(1.0..=2.0).pg_settings([("work_mem", "7MB")]);
        let before = update.suspension(Suspension::After(Duration::from_secs(600))).await.unwrap();
        let url = dev.connection_info().await.unwrap().url();
        run(&dev, "UPDATE item SET n = 2").await;
        run(main, "UPDATE item SET n = 3").await;

        let fresh = dev.reset().await.unwrap();
        assert_eq!((&fresh.name, fresh.expire_time), (&dev.name, Some(end)));
        assert_ne!(fresh.uid, dev.uid);
        assert_eq!(number(&fresh, "SELECT n FROM item").await, 3);
        let after = primary.get().await.unwrap();
        assert_eq!((after.min_cu, after.max_cu), (before.min_cu, before.max_cu));
        assert_eq!((&after.pg_settings, after.suspension), (&before.pg_settings, before.suspension));
        if !is_workspace() {
            assert_eq!(fresh.connection_info().await.unwrap().url(), url, "the connection string");
        }
        // The state before is kept as a deleted branch.
        let all = project.branches().show_deleted().await.unwrap();
        let deleted = all.iter().find(|branch| branch.uid == dev.uid).unwrap();
        assert!(deleted.is_deleted() && deleted.name == dev.name);
    })
    .await;
}

#[tokio::test]
async fn a_branch_whose_reset_stopped_half_way_can_be_undeleted_or_reset() {
    on_a_project(async |fixture: Fixture| {
        run(&fixture.main, "CREATE TABLE item AS SELECT 1::bigint AS n").await;
        let dev = fixture.branch("dev").await;
        run(&dev, "UPDATE item SET n = 2").await;
        // What a program leaves that ends right after the deletion.
        dev.delete().await.unwrap();
        dev.handle().undelete().await.unwrap();
        assert_eq!(number(&dev, "SELECT n FROM item").await, 2, "the old state");
        dev.delete().await.unwrap();
        let fresh = dev.reset().await.unwrap();
        assert_eq!(fresh.expire_time, None);
        assert_eq!(number(&fresh, "SELECT n FROM item").await, 1, "the new state");
        let error = fixture.main.reset().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FailedPrecondition, "{error}");
    })
    .await;
}
