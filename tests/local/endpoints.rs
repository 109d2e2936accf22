//! Endpoints and logins, as only the local Lakebase guarantees them.

use std::{
    collections::BTreeMap,
    process::Command,
    time::{Duration, Instant},
};

use lakebase::model::{EndpointState, Suspension};
use serde_json::json;

use crate::support::fixture::{Fixture, number, number_on, on_a_project, run};

#[tokio::test]
async fn a_change_that_fails_later_ends_as_the_error_of_its_operation_and_is_undone() {
    on_a_project(async |fixture: Fixture| {
        assert_eq!(number(&fixture.main, "SELECT 1::bigint").await, 1);
        let call =
            format!("PATCH {}/endpoints/primary?update_mask=spec.settings.pg_settings", fixture.main.name);
        // Within its range, but no machine has the memory.
        let body =
            json!({"spec": {"settings": {"pg_settings": {"max_locks_per_transaction": "2147483647"}}}});
        let operation = fixture.operation(&call, body).await;
        assert_eq!(
            (operation["done"].as_bool(), operation.get("response")),
            (Some(true), None),
            "{operation}"
        );
        assert!(operation["error"]["error_code"].is_string(), "{operation}");
        assert!(operation["error"]["message"].as_str().unwrap().contains("shared memory"), "{operation}");
        let endpoint = fixture.main.endpoint("primary").unwrap();
        assert_eq!(endpoint.get().await.unwrap().pg_settings, BTreeMap::new());
        assert_eq!(number(&fixture.main, "SELECT 2::bigint").await, 2);
    })
    .await;
}

#[tokio::test]
async fn a_session_outlives_a_compute_that_is_killed_by_logging_in_again() {
    on_a_project(async |fixture: Fixture| {
        run(&fixture.main, "CREATE TABLE kept AS SELECT 7::bigint AS n").await;
        let mut session = fixture.main.connect().await.unwrap();
        let sql = "SELECT pg_read_file('postmaster.pid')";
        let file: Result<String, _> = sqlx::query_scalar(sql).fetch_one(&mut session).await;
        assert!(file.is_err(), "the caller is no superuser");
        let backend = number_on(&mut session, "SELECT pg_backend_pid()::bigint").await;
        let stat = std::fs::read_to_string(format!("/proc/{backend}/stat")).unwrap();
        let postmaster = stat.rsplit(')').next().unwrap().split_whitespace().nth(1).unwrap();
        let killed = Command::new("kill").args(["-KILL", postmaster]).status().unwrap();
        assert!(killed.success());
        // Its backends notice a moment later.
        while sqlx::raw_sql("SELECT 1").execute(&mut session).await.is_ok() {}
        assert_eq!(number(&fixture.main, "SELECT n FROM kept").await, 7);
    })
    .await;
}

#[tokio::test]
async fn an_idle_endpoint_is_suspended_and_the_next_login_wakes_it() {
    on_a_project(async |fixture: Fixture| {
        let endpoint = fixture.main.endpoint("primary").unwrap();
        let mut session = fixture.main.connect().await.unwrap();
        // The idle time of this server's computes passes sixty times faster.
        endpoint.update().suspension(Suspension::After(Duration::from_secs(60))).await.unwrap();
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert_eq!(number_on(&mut session, "SELECT 1::bigint").await, 1, "suspended under a session");
        assert_eq!(endpoint.get().await.unwrap().state, EndpointState::Active);
        sqlx::Connection::close(session).await.unwrap();
        let deadline = Instant::now() + Duration::from_secs(10);
        while endpoint.get().await.unwrap().state != EndpointState::Idle {
            assert!(Instant::now() < deadline, "not suspended");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let woken = Instant::now();
        assert_eq!(number(&fixture.main, "SELECT 2::bigint").await, 2);
        eprintln!("woken in {:?}", woken.elapsed());
        assert!(endpoint.get().await.unwrap().last_active_time.is_some());
    })
    .await;
}

#[tokio::test]
async fn a_setting_that_postgresql_does_not_accept_is_an_invalid_value_wherever_it_stands() {
    on_a_project(async |fixture: Fixture| {
        let (project, primary) = (&fixture.project.name, format!("{}/endpoints/primary", fixture.main.name));
        let bad = json!({"work_mem": "plenty"});
        for (call, body) in [
            (
                format!("PATCH {primary}?update_mask=spec.settings.pg_settings"),
                json!({"spec": {"settings": {"pg_settings": bad}}}),
            ),
            (
                format!("PATCH {project}?update_mask=spec.default_endpoint_settings.pg_settings"),
                json!({"spec": {"default_endpoint_settings": {"pg_settings": bad}}}),
            ),
        ] {
            // A stopped compute does not read its settings, and must not keep one that stops it from starting.
            for disabled in [true, false] {
                fixture.main.endpoint("primary").unwrap().update().disabled(disabled).await.unwrap();
                let (status, code, text) = fixture.refused(&call, body.clone()).await;
                assert_eq!((status, code.as_str()), (400, "INVALID_PARAMETER_VALUE"), "{call}: {text}");
                assert!(text.contains("invalid value for parameter \"work_mem\": \"plenty\""), "{text}");
            }
        }
        let spec = json!({"spec": {"default_endpoint_settings": {"pg_settings": bad}}});
        let operation = fixture.operation("POST projects?project_id=bad-settings", spec).await;
        assert_eq!(operation["error"]["error_code"], "INVALID_PARAMETER_VALUE", "{operation}");
        assert_eq!(number(&fixture.main, "SELECT 1::bigint").await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_list_shows_the_size_that_a_branch_has() {
    on_a_project(async |fixture: Fixture| {
        let listed = async || {
            let branches = fixture.project.branches().await.unwrap();
            branches.into_iter().find(|branch| branch.is_default).unwrap().logical_size_bytes
        };
        let before = listed().await;
        run(
            &fixture.main,
            "CREATE TABLE big AS SELECT repeat('x', 1000) AS t FROM generate_series(1, 20000)",
        )
        .await;
        // A size is kept for a second.
        tokio::time::sleep(Duration::from_millis(1100)).await;
        let grown = listed().await;
        assert!(grown > before + 20_000_000, "{before} {grown}");
        run(&fixture.main, "DROP TABLE big").await;
        fixture.main.endpoint("primary").unwrap().update().disabled(true).await.unwrap();
        let (asleep, read) = (listed().await, fixture.main.handle().get().await.unwrap());
        assert!(asleep < grown - 20_000_000, "{grown} {asleep}");
        assert_eq!(asleep, read.logical_size_bytes);
    })
    .await;
}
