//! Point-in-time branches over HTTP.

use std::time::Duration;

use chrono::{SecondsFormat, TimeDelta, Utc};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{PgConnection, Row as _};

use super::Fixture;

const MAIN: &str = "projects/shop/branches/production";

async fn run(connection: &mut PgConnection, sql: &'static str) {
    sqlx::raw_sql(sql).execute(connection).await.unwrap();
}

async fn scalar(connection: &mut PgConnection, sql: &'static str) -> String {
    sqlx::query(sql).fetch_one(connection).await.unwrap().get(0)
}

/// A create request for a branch of production with this member in its spec.
fn from(id: &str, member: &str, value: &str) -> (String, Value) {
    let body = json!({"spec": {"no_expiry": true, "source_branch": MAIN, member: value}});
    (format!("projects/shop/branches?branch_id={id}"), body)
}

async fn tables(fixture: &Fixture, branch: &str) -> String {
    let mut connection = fixture.connect(&format!("projects/shop/branches/{branch}")).await.unwrap();
    scalar(&mut connection, "SELECT coalesce(string_agg(tablename, ',' ORDER BY tablename), '') FROM pg_tables WHERE schemaname = 'public'").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_begins_at_the_lsn_or_time_asked_for() {
    let fixture = Fixture::start().await;
    fixture.project("shop").await;
    let mut main = fixture.connect(MAIN).await.unwrap();
    run(&mut main, "CREATE TABLE a (x int)").await;
    let dev = fixture.branch("shop", "dev").await;
    let lsn = scalar(&mut main, "SELECT pg_current_wal_lsn()::text").await;
    tokio::time::sleep(Duration::from_millis(5)).await;
    let time = Utc::now().to_rfc3339_opts(SecondsFormat::Micros, true);
    tokio::time::sleep(Duration::from_millis(5)).await;
    run(&mut main, "CREATE TABLE b (x int)").await;
    let role = json!({"spec": {"postgres_role": "late"}});
    fixture.done(Method::POST, &format!("{MAIN}/roles?role_id=late"), role).await;
    assert_eq!(tables(&fixture, "production").await, "a,b");

    let forked = dev["status"]["source_branch_lsn"].as_str().unwrap();
    for (id, member, value) in [
        ("base", "source_branch_lsn", forked),
        ("at-lsn", "source_branch_lsn", &lsn),
        ("at-time", "source_branch_time", &time),
    ] {
        let (path, body) = from(id, member, value);
        let branch = fixture.done(Method::POST, &path, body).await;
        let status = &branch["status"];
        assert_eq!(status["source_branch"], MAIN);
        assert_eq!(status["current_state"], "READY");
        assert_eq!(status[member], value);
        assert!(
            status["source_branch_lsn"].is_string() && status["source_branch_time"].is_string(),
            "{status}"
        );
        assert_eq!(tables(&fixture, id).await, "a", "{id}");
        let roles = fixture.get(&format!("projects/shop/branches/{id}/roles")).await;
        assert_eq!(
            roles["roles"].as_array().unwrap().len(),
            1,
            "a role that came later is not there: {roles}"
        );
    }
    let role = json!({"spec": {"postgres_role": "late"}});
    fixture.done(Method::POST, "projects/shop/branches/base/roles?role_id=late", role).await;

    // A point-in-time branch can be the source of another one.
    let mut base = fixture.connect("projects/shop/branches/base").await.unwrap();
    let then = scalar(&mut base, "SELECT pg_current_wal_lsn()::text").await;
    run(&mut base, "CREATE TABLE c (x int)").await;
    let body = json!({"spec": {"no_expiry": true, "source_branch": "projects/shop/branches/base", "source_branch_lsn": then}});
    fixture.done(Method::POST, "projects/shop/branches?branch_id=of-base", body).await;
    assert_eq!(tables(&fixture, "base").await, "a,c");
    assert_eq!(tables(&fixture, "of-base").await, "a");
    fixture.local.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_point_outside_the_history_is_refused() {
    let fixture = Fixture::start().await;
    fixture.project("shop").await;
    let day_ago = (Utc::now() - TimeDelta::days(1)).to_rfc3339();
    let year_ago = (Utc::now() - TimeDelta::days(365)).to_rfc3339();
    let tomorrow = (Utc::now() + TimeDelta::days(1)).to_rfc3339();
    for (member, value, code, text) in [
        (
            "source_branch_lsn",
            "0/28",
            "BAD_REQUEST",
            "is before the history; the history of the branch goes from 0/",
        ),
        (
            "source_branch_lsn",
            "FF/0",
            "BAD_REQUEST",
            "is ahead of the branch; the history of the branch goes from 0/",
        ),
        ("source_branch_lsn", "here", "INVALID_PARAMETER_VALUE", "is no log position"),
        (
            "source_branch_time",
            &day_ago,
            "BAD_REQUEST",
            "is outside the history of the project, which goes from 2",
        ),
        ("source_branch_time", &year_ago, "BAD_REQUEST", "is outside the history"),
        ("source_branch_time", &tomorrow, "BAD_REQUEST", "is outside the history"),
    ] {
        let (path, body) = from("x", member, value);
        let (status, refused, message) = fixture.refused(Method::POST, &path, body).await;
        assert_eq!((status, refused.as_str()), (400, code), "{value}: {message}");
        assert!(message.contains(text), "{value}: {message}");
    }
    let both =
        json!({"spec": {"no_expiry": true, "source_branch_lsn": "0/28", "source_branch_time": day_ago}});
    let (status, _, message) =
        fixture.refused(Method::POST, "projects/shop/branches?branch_id=x", both).await;
    assert!(status == 400 && message.contains("exclude each other"), "{message}");
    fixture.local.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_branch_has_its_past_until_it_is_purged() {
    let fixture = Fixture::start().await;
    fixture.project("shop").await;
    fixture.branch("shop", "dev").await;
    let dev = "projects/shop/branches/dev";
    let mut session = fixture.connect(dev).await.unwrap();
    run(&mut session, "CREATE TABLE a (x int)").await;
    let lsn = scalar(&mut session, "SELECT pg_current_wal_lsn()::text").await;
    run(&mut session, "DROP TABLE a").await;
    fixture.done(Method::DELETE, dev, Value::Null).await;

    let body = |spec: Value| {
        let mut spec = spec;
        spec["no_expiry"] = json!(true);
        spec["source_branch"] = json!(dev);
        json!({"spec": spec})
    };
    let create = |id: &str| format!("projects/shop/branches?branch_id={id}");
    let then = fixture.done(Method::POST, &create("then"), body(json!({"source_branch_lsn": lsn}))).await;
    assert_eq!(then["status"]["source_branch"], dev);
    assert_eq!(tables(&fixture, "then").await, "a");
    let (status, _, _) = fixture.refused(Method::POST, &create("now"), body(json!({}))).await;
    assert_eq!(status, 404, "it has no present");

    // Its branch goes on when it is gone for good.
    fixture.done(Method::DELETE, &format!("{dev}?purge=true"), Value::Null).await;
    let (status, _, _) =
        fixture.refused(Method::POST, &create("late"), body(json!({"source_branch_lsn": lsn}))).await;
    assert_eq!(status, 404);
    assert_eq!(tables(&fixture, "then").await, "a");
    fixture.local.shutdown().await;
}
