//! Scheduled snapshots, by a clock that the test holds.

use chrono::{DateTime, TimeDelta, Timelike as _, Utc};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Fixture, builder};

const MAIN: &str = "projects/shop/branches/production";

/// A schedule that fires daily and on every day of the month that `now` is.
async fn set_schedule(fixture: &Fixture, hour: u32) {
    let path = format!("{MAIN}/snapshot-schedule?update_mask=schedule");
    let daily = json!({"retention": "7200s", "daily_schedule": {"hour": hour}});
    let monthly = json!({"retention": "720000s", "monthly_schedule": {"day": 1, "hour": hour}});
    fixture.done(Method::PATCH, &path, json!({"schedule": [daily, monthly]})).await;
}

async fn snapshots(fixture: &Fixture) -> Vec<Value> {
    fixture.get("projects/shop/snapshots").await["snapshots"].as_array().unwrap().clone()
}

fn kept_for(snapshot: &Value) -> i64 {
    let time = |value: &Value| value.as_str().unwrap().parse::<DateTime<Utc>>().unwrap();
    (time(&snapshot["status"]["expire_time"]) - time(&snapshot["create_time"])).num_seconds()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_fires_once_for_what_was_missed_also_while_nothing_ran() {
    let mut fixture = Fixture::start().await;
    fixture.project("shop").await;
    let now = Utc::now();
    // Half a day away, so that the clock of the machine does not reach it.
    set_schedule(&fixture, (now.hour() + 12) % 24).await;
    let take = async |fixture: &Fixture, after: TimeDelta| {
        fixture.control().snapshots.take_scheduled(now + after).await;
        snapshots(fixture).await
    };
    assert_eq!(take(&fixture, TimeDelta::zero()).await.len(), 0, "times before it was set");
    let first = take(&fixture, TimeDelta::hours(24)).await;
    assert_eq!(first.len(), 1);
    assert_eq!(first[0]["status"]["source_branch"], MAIN);
    assert_eq!(take(&fixture, TimeDelta::hours(25)).await.len(), 1, "once a day");

    let Fixture { local, dir, .. } = fixture;
    local.shutdown().await;
    fixture = Fixture::of(builder(&dir).start().await.unwrap(), dir);
    let after = take(&fixture, TimeDelta::days(70)).await;
    assert_eq!(after.len(), 2, "seventy days are missed, and one snapshot is taken");
    assert!((719_000..=720_000).contains(&kept_for(&after[1])), "the longest retention: {after:?}");
    assert_eq!(take(&fixture, TimeDelta::days(70)).await.len(), 2);

    // One that cannot be taken does not pass for one that was.
    let key = after[1]["name"].as_str().unwrap().to_owned();
    fixture.done(Method::DELETE, &key, Value::Null).await;
    fixture.done(Method::DELETE, "projects/shop", Value::Null).await;
    fixture.control().snapshots.take_scheduled(now + TimeDelta::days(80)).await;
    fixture.done(Method::POST, "projects/shop/undelete", json!({})).await;
    assert_eq!(snapshots(&fixture).await.len(), 1, "a deleted project is left alone");
    assert_eq!(take(&fixture, TimeDelta::days(80)).await.len(), 2);
    fixture.local.shutdown().await;
}
