//! Snapshots and their schedules.

use std::time::{Duration, Instant};

use chrono::Utc;
use lakebase::{
    ErrorKind, Expiry, days, hours,
    model::{Cadence, RoleDefinition, ScheduleRule, Weekday},
};
use serde_json::json;

use crate::support::fixture::{Fixture, expect, is_workspace, number, on_a_project, run};

#[tokio::test]
async fn a_snapshot_brings_back_data_roles_and_databases_as_they_were() {
    on_a_project(async |fixture: Fixture| {
        let Fixture { project, main, .. } = &fixture;
        run(main, "CREATE TABLE item AS SELECT generate_series(1, 100) AS n").await;
        main.create_role(RoleDefinition::plain("before")).id("before").await.unwrap();
        let began = Utc::now();
        let taken = project.create_snapshot("one", main, Expiry::after(days(40))).await.unwrap();
        assert_eq!(taken.source_branch.as_ref(), Some(&main.name));
        assert!(taken.expire_time.unwrap() > began + days(39));
        assert!(taken.full_size_bytes.unwrap() > 1_000_000, "{taken:?}");
        run(main, "DROP TABLE item").await;
        main.create_role(RoleDefinition::plain("after")).id("after").await.unwrap();

        let restored = project.create_branch("restored", Expiry::Never).from_snapshot(&taken).await.unwrap();
        assert_eq!(restored.source_snapshot.as_ref(), Some(&taken.name));
        assert_eq!(restored.source_branch, None);
        assert_eq!(number(&restored, "SELECT count(*) FROM item").await, 100);
        let ids: Vec<_> =
            restored.roles().await.unwrap().into_iter().map(|role| role.id().to_string()).collect();
        assert!(ids.contains(&"before".to_owned()) && !ids.contains(&"after".to_owned()), "{ids:?}");
        assert_eq!(number(&restored, "SELECT count(*) FROM pg_roles WHERE rolname = 'after'").await, 0);
        assert_eq!(restored.databases().await.unwrap().len(), main.databases().await.unwrap().len());

        // A branch of a snapshot has files of its own, and is no child of the branch.
        taken.delete().await.unwrap();
        assert_eq!(taken.handle().try_get().await.unwrap(), None);
        run(&restored, "INSERT INTO item VALUES (101)").await;
        assert_eq!(number(&restored, "SELECT count(*) FROM item").await, 101);
        restored.delete().purge().await.unwrap();
        let missing = project.create_branch("again", Expiry::Never).from_snapshot(&taken).await.unwrap_err();
        assert_eq!(missing.kind(), ErrorKind::NotFound);
    })
    .await;
}

#[tokio::test]
async fn snapshots_are_listed_in_pages_oldest_first() {
    on_a_project(async |fixture: Fixture| {
        let Fixture { project, main, .. } = &fixture;
        assert_eq!(project.snapshots().await.unwrap(), []);
        for id in ["c", "a", "b"] {
            project.create_snapshot(id, main, Expiry::Never).await.unwrap();
        }
        let pages = project.snapshots().page_size(1).await.unwrap();
        let ids: Vec<_> = pages.iter().map(|snapshot| snapshot.id().as_str()).collect();
        assert_eq!(ids, ["c", "a", "b"]);
        assert!(pages.iter().all(|snapshot| snapshot.expire_time.is_none()));
    })
    .await;
}

#[tokio::test]
async fn a_snapshot_of_nothing_or_of_too_much_is_refused_by_name() {
    on_a_project(async |fixture: Fixture| {
        let (project, main) = (&fixture.project.name, &fixture.main.name);
        let call = format!("POST {project}/snapshots?snapshot_id=s");
        let spec = |spec: serde_json::Value| json!({"spec": spec});
        let id = format!("POST {project}/snapshots");
        let text = "Field 'snapshot_id' is required";
        expect(&fixture.refused(&id, spec(json!({}))).await, 400, "INVALID_PARAMETER_VALUE", text);
        assert_eq!(fixture.refused(&call, spec(json!({}))).await.0, 400);
        let unknown = spec(json!({"source_branch": format!("{project}/branches/none")}));
        expect(&fixture.refused(&call, unknown).await, 404, "NOT_FOUND", "branch id not found");
        let other = spec(json!({"source_branch": "projects/other/branches/production"}));
        let text = "source_branch field must point to the branch from the same Project";
        expect(&fixture.refused(&call, other).await, 400, "BAD_REQUEST", text);
        for bad in [
            json!({"ttl": "3600s", "no_expiry": true}),
            json!({"ttl": "0s"}),
            json!({"expire_time": "2020-01-01T00:00:00Z"}),
            json!({"source_branch_time": "2020-01-01T00:00:00Z"}),
        ] {
            let mut bad = bad;
            bad["source_branch"] = json!(main);
            assert_eq!(fixture.refused(&call, spec(bad.clone())).await.0, 400, "{bad}");
        }
        fixture.project.create_snapshot("s", main, Expiry::Never).await.unwrap();
        let twice = fixture.project.create_snapshot("s", main, Expiry::Never).await.unwrap_err();
        assert_eq!(twice.kind(), ErrorKind::AlreadyExists, "{twice}");
        let create = format!("POST {project}/branches?branch_id=b");
        let both = json!({"source_snapshot": format!("{project}/snapshots/s"), "source_branch": main, "no_expiry": true});
        assert_eq!(fixture.refused(&create, spec(both)).await.0, 400);
        let other = spec(json!({"source_snapshot": "projects/other/snapshots/s", "no_expiry": true}));
        let text = "source_snapshot field must point to a snapshot from the same Project";
        expect(&fixture.refused(&create, other).await, 400, "BAD_REQUEST", text);
        let gone = fixture.refused(&format!("DELETE {project}/snapshots/none"), None).await;
        expect(&gone, 404, "NOT_FOUND", "snapshot id not found");
    })
    .await;
}

#[tokio::test]
async fn a_snapshot_of_a_point_has_what_was_committed_by_then() {
    on_a_project(async |fixture: Fixture| {
        let Fixture { project, main, .. } = &fixture;
        run(main, "CREATE TABLE item AS SELECT 1 AS n").await;
        tokio::time::sleep(Duration::from_millis(1100)).await;
        let time = Utc::now();
        tokio::time::sleep(Duration::from_millis(1100)).await;
        run(main, "INSERT INTO item VALUES (2)").await;
        main.create_role(RoleDefinition::plain("after")).id("after").await.unwrap();
        let taken = project.create_snapshot("then", main, Expiry::Never).at_time(time).await.unwrap();
        run(main, "INSERT INTO item VALUES (3)").await;
        let restored = project.create_branch("restored", Expiry::Never).from_snapshot(&taken).await.unwrap();
        assert_eq!(number(&restored, "SELECT count(*) FROM item").await, 1);
        let ids: Vec<_> =
            restored.roles().await.unwrap().into_iter().map(|role| role.id().to_string()).collect();
        assert!(!ids.contains(&"after".to_owned()), "{ids:?}");
    })
    .await;
}

#[tokio::test]
async fn a_snapshot_ends_when_its_time_is_up() {
    on_a_project(async |fixture: Fixture| {
        let end = Utc::now() + Duration::from_millis(2500);
        let create = fixture.project.create_snapshot("short", &fixture.main, Expiry::At(end));
        let snapshot = create.await.unwrap();
        let deadline = Instant::now() + Duration::from_secs(if is_workspace() { 600 } else { 10 });
        while snapshot.handle().try_get().await.unwrap().is_some() {
            assert!(Instant::now() < deadline, "the snapshot is still there");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(Utc::now() >= end, "gone early");
    })
    .await;
}

#[tokio::test]
async fn a_schedule_is_empty_until_it_is_set_and_after_it_is_switched_off() {
    on_a_project(async |fixture: Fixture| {
        let main = fixture.main.handle();
        assert_eq!(main.snapshot_schedule().await.unwrap().rules, []);
        let rules = vec![
            ScheduleRule::new(Cadence::Daily { hour: 0 }, days(7)),
            ScheduleRule::new(Cadence::Weekly { day: Weekday::Sunday, hour: 23 }, days(60)),
            ScheduleRule::new(Cadence::Monthly { day: 31, hour: 3 }, hours(1)),
        ];
        let set = main.set_snapshot_schedule(rules.clone()).await.unwrap();
        assert_eq!(set.rules, rules);
        assert_eq!(main.snapshot_schedule().await.unwrap().rules, rules);
        // A branch of it has a schedule of its own, which is empty.
        let dev = fixture.branch("dev").await;
        assert_eq!(dev.snapshot_schedule().await.unwrap().rules, []);

        let path = format!("{}/snapshot-schedule", fixture.main.name);
        let call = format!("PATCH {path}?update_mask=schedule");
        let operation = fixture.operation(&call, json!({"schedule": []})).await;
        assert!(
            operation["name"].as_str().unwrap().starts_with(&format!("{path}/operations/")),
            "{operation}"
        );
        assert_eq!(main.snapshot_schedule().await.unwrap().rules, []);
        let bad = json!({"schedule": [{"retention": "60s", "daily_schedule": {"hour": 1}}]});
        assert_eq!(fixture.refused(&call, bad).await.0, 400);
        let mask = fixture.refused(&format!("PATCH {path}?update_mask=spec"), json!({"schedule": []})).await;
        expect(&mask, 400, "INVALID_PARAMETER_VALUE", "Unknown field path in update_mask: 'spec'");
        let nobody = format!("GET {}/branches/none/snapshot-schedule", fixture.project.name);
        expect(&fixture.refused(&nobody, None).await, 404, "NOT_FOUND", "branch id not found");
    })
    .await;
}
