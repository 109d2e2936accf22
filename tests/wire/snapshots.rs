use chrono::{TimeZone, Utc};
use lakebase::{
    ErrorKind, Expiry, days,
    model::{Cadence, ScheduleRule, Weekday},
};
use serde_json::{Value, json};

use crate::support::mock::{MockService, done, gone, running};

const ALL: &str = "projects/shop/snapshots";
const S1: &str = "projects/shop/snapshots/s1";
const SCHEDULE: &str = "projects/shop/branches/dev/snapshot-schedule";

fn snapshot() -> Value {
    json!({
        "name": S1, "snapshot_id": "s1", "uid": "u", "create_time": "2026-08-01T10:00:00Z",
        "status": {"source_branch": "projects/shop/branches/production", "no_expiry": true, "full_size_bytes": 31}
    })
}

#[tokio::test]
async fn a_snapshot_is_taken_read_listed_and_deleted() {
    let service = MockService::new().await;
    service.on(&format!("POST {ALL}"), done(S1, snapshot())).await;
    service.on(&format!("GET {S1}"), snapshot()).await;
    service.on(&format!("GET {ALL}"), json!({"snapshots": [snapshot()]})).await;
    service.on(&format!("DELETE {S1}"), gone(S1)).await;
    let shop = service.project();
    let production = shop.branch("production").unwrap();
    let time = Utc.with_ymd_and_hms(2026, 8, 1, 9, 0, 0).unwrap();
    let taken = shop.create_snapshot("s1", &production, Expiry::after(days(90))).at_time(time).await.unwrap();
    assert_eq!((taken.full_size_bytes, taken.diff_size_bytes, taken.expire_time), (Some(31), None, None));
    assert_eq!(taken.handle().get().await.unwrap(), taken);
    assert_eq!(shop.snapshots().await.unwrap(), std::slice::from_ref(&taken));
    taken.delete().await.unwrap();
    let body = json!({"spec": {
        "source_branch": "projects/shop/branches/production", "source_branch_time": "2026-08-01T09:00:00Z",
        "ttl": "7776000s"
    }});
    assert_eq!(
        service.changes().await,
        [format!("POST {ALL}?snapshot_id=s1 {body}"), format!("DELETE {S1}")]
    );
    let error = shop.create_snapshot("s1", &production, Expiry::Never).at_time(time).at_lsn("0/1").await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Invalid);
}

#[tokio::test]
async fn a_schedule_is_read_and_replaced_by_an_operation() {
    let rules = [
        ScheduleRule::new(Cadence::Daily { hour: 2 }, days(7)),
        ScheduleRule::new(Cadence::Weekly { day: Weekday::Sunday, hour: 3 }, days(28)),
    ];
    let wire = json!([
        {"retention": "604800s", "daily_schedule": {"hour": 2}},
        {"retention": "2419200s", "weekly_schedule": {"hour": 3, "day_of_week": "SUNDAY"}}
    ]);
    let answer = json!({"name": SCHEDULE, "schedule": wire});
    let service = MockService::new().await;
    service.once(&format!("GET {SCHEDULE}"), json!({"name": SCHEDULE})).await;
    service.once(&format!("PATCH {SCHEDULE}"), running(SCHEDULE)).await;
    service.on(&format!("GET {SCHEDULE}/operations/AbC+12=="), done(SCHEDULE, answer.clone())).await;
    service.on(&format!("PATCH {SCHEDULE}"), done(SCHEDULE, answer)).await;
    let dev = service.branch();
    assert!(dev.snapshot_schedule().await.unwrap().rules.is_empty());
    for _ in 0..2 {
        assert_eq!(dev.set_snapshot_schedule(rules.clone()).await.unwrap().rules, rules);
    }
    let started = dev.set_snapshot_schedule([]).start().await.unwrap();
    assert_eq!(started.name().resource(), SCHEDULE);
    let changes = service.changes().await;
    assert_eq!(changes[0], format!("PATCH {SCHEDULE}?update_mask=schedule {}", json!({"schedule": wire})));
    assert_eq!(changes[2], format!("PATCH {SCHEDULE}?update_mask=schedule {}", json!({"schedule": []})));
}
