//! Branches.

use std::time::{Duration, Instant};

use chrono::{SubsecRound as _, Utc};
use lakebase::{
    ErrorKind, Expiry, hours,
    model::{BranchState, EndpointType, RoleDefinition},
};
use serde_json::json;
use tokio::task::JoinSet;

use crate::support::fixture::{
    Fixture, client, expect, fresh_id, is_workspace, number, on, on_a_project, parts, run, run_on,
};

#[tokio::test]
async fn a_branch_says_when_it_ends_or_that_it_does_not() {
    on_a_project(async |fixture: Fixture| {
        let call = format!("POST {}/branches?branch_id=b", fixture.project.name);
        let missing = "Expiration must be specified when creating a branch";
        expect(&fixture.refused(&call, json!({"spec": {}})).await, 400, "BAD_REQUEST", missing);
        expect(&fixture.refused(&call, None).await, 400, "BAD_REQUEST", missing);
        for two in [
            json!({"ttl": "3600s", "no_expiry": true}),
            json!({"ttl": "3600s", "expire_time": "2099-01-01T00:00:00Z"}),
            json!({"no_expiry": false}),
        ] {
            assert_eq!(fixture.refused(&call, json!({"spec": two})).await.0, 400, "{two}");
        }
        let long = json!({"spec": {"ttl": "2592060s"}});
        let text = "expiration time exceeds the maximum expiration time";
        expect(&fixture.refused(&call, long).await, 400, "BAD_REQUEST", text);
        let past = json!({"spec": {"expire_time": "2020-01-01T00:00:00Z"}});
        assert_eq!(fixture.refused(&call, past).await.0, 400);
    })
    .await;
}

#[tokio::test]
async fn a_time_to_live_becomes_a_moment() {
    on_a_project(async |fixture: Fixture| {
        let branch = fixture.main.create_branch("b", Expiry::After(hours(2))).await.unwrap();
        let life = branch.expire_time.unwrap() - branch.create_time.unwrap();
        assert_eq!(life.num_seconds(), 7200);
        let at = Utc::now().trunc_subsecs(0) + hours(3);
        let moved = branch.update().expiry(Expiry::At(at)).await.unwrap();
        assert_eq!(moved.expire_time, Some(at));
        let never = branch.update().expiry(Expiry::Never).await.unwrap();
        assert_eq!(never.expire_time, None);
        assert_eq!(branch.handle().get().await.unwrap().expire_time, None);
    })
    .await;
}

#[tokio::test]
async fn a_branch_ends_with_its_compute_when_its_time_is_up() {
    on_a_project(async |fixture: Fixture| {
        let life = Duration::from_millis(2500);
        let end = Utc::now() + life;
        let branch = fixture.main.create_branch("b", Expiry::At(end)).await.unwrap();
        let mut session = branch.connect().await.unwrap();
        sqlx::raw_sql("SELECT 1").execute(&mut session).await.unwrap();
        let deadline = Instant::now() + Duration::from_secs(if is_workspace() { 600 } else { 4 });
        while branch.handle().try_get().await.unwrap().is_some() {
            assert!(Instant::now() < deadline, "the branch is still there");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let late = Utc::now() - end;
        assert!(late.num_milliseconds() >= 0, "gone {late} early");
        if !is_workspace() {
            assert!(late.num_milliseconds() < 1000, "gone {late} late");
        }
        let error = sqlx::raw_sql("SELECT 1").execute(&mut session).await;
        assert!(error.is_err(), "the session outlives its branch");
        // The id is free again.
        fixture.branch("b").await;
    })
    .await;
}

#[tokio::test]
async fn a_new_branch_names_its_source_and_inherits_roles_and_databases() {
    on_a_project(async |fixture: Fixture| {
        let owner = fixture.owner().await;
        fixture.main.create_role(RoleDefinition::plain("reader")).id("reader").await.unwrap();
        fixture.main.create_database("app_db", owner).id("app-db").await.unwrap();
        let branch = fixture.project.create_branch("b", Expiry::Never).await.unwrap();
        assert_eq!(branch.state, BranchState::Ready);
        assert_eq!(branch.source_branch.as_ref(), Some(&fixture.main.name));
        assert!(branch.source_branch_lsn.is_some() && branch.source_branch_time.is_some(), "{branch:?}");
        let endpoints = branch.endpoints().await.unwrap();
        assert_eq!(endpoints[0].endpoint_type, EndpointType::ReadWrite);
        assert_eq!((endpoints.len(), endpoints[0].id().to_string()), (1, "primary".to_owned()));
        let primary = fixture.main.endpoint("primary").unwrap().get().await.unwrap();
        assert_ne!(endpoints[0].uid, primary.uid);
        assert_ne!(
            (&endpoints[0].hosts.host, endpoints[0].hosts.port),
            (&primary.hosts.host, primary.hosts.port)
        );
        assert_eq!(branch.handle().role("reader").unwrap().get().await.unwrap().postgres_role, "reader");
        assert_eq!(
            branch.handle().database("app-db").unwrap().get().await.unwrap().postgres_database,
            "app_db"
        );
        let again = branch.create_role(RoleDefinition::plain("reader")).id("reader").await.unwrap_err();
        assert_eq!(again.kind(), ErrorKind::AlreadyExists);
    })
    .await;
}

#[tokio::test]
async fn a_branch_and_its_source_go_their_own_ways() {
    on_a_project(async |fixture: Fixture| {
        run(&fixture.main, "CREATE TABLE item (id int); INSERT INTO item VALUES (1), (2)").await;
        let branch = fixture.branch("b").await;
        run(&branch, "INSERT INTO item VALUES (3)").await;
        run(&fixture.main, "DELETE FROM item WHERE id = 1").await;
        assert_eq!(number(&branch, "SELECT count(*) FROM item").await, 3);
        assert_eq!(number(&fixture.main, "SELECT count(*) FROM item").await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_source_must_exist_in_the_same_project() {
    on_a_project(async |fixture: Fixture| {
        let call = format!("POST {}/branches?branch_id=b", fixture.project.name);
        let from = |source: String| json!({"spec": {"no_expiry": true, "source_branch": source}});
        let missing = from(format!("{}/branches/missing", fixture.project.name));
        expect(&fixture.refused(&call, missing).await, 404, "NOT_FOUND", "branch id not found");
        let uid = from(fixture.main.uid.clone().unwrap());
        expect(&fixture.refused(&call, uid).await, 404, "NOT_FOUND", "branch id not found");
        let elsewhere = from("projects/another/branches/production".to_owned());
        let text = "source_branch field must point to the branch from the same Project";
        expect(&fixture.refused(&call, elsewhere).await, 400, "BAD_REQUEST", text);
    })
    .await;
}

#[tokio::test]
async fn an_id_that_is_taken_is_refused_by_name() {
    on_a_project(async |fixture: Fixture| {
        fixture.branch("b").await;
        let call = format!("POST {}/branches?branch_id=b", fixture.project.name);
        let refused = fixture.refused(&call, json!({"spec": {"no_expiry": true}})).await;
        expect(&refused, 400, "BAD_REQUEST", "branch already exists; branch_name:\"b\"");
    })
    .await;
}

#[tokio::test]
async fn replacing_keeps_what_a_branch_is_and_applies_what_it_shall_be() {
    on_a_project(async |fixture: Fixture| {
        let call =
            |id: &str| format!("POST {}/branches?branch_id={id}&replace_existing=true", fixture.project.name);
        let body = json!({"spec": {"no_expiry": true, "is_protected": true}});
        let operation = fixture.operation(&call("production"), body.clone()).await;
        let main = fixture.main.handle().get().await.unwrap();
        assert_eq!(operation["response"]["uid"].as_str(), main.uid.as_deref());
        assert_eq!((&main.uid, main.create_time), (&fixture.main.uid, fixture.main.create_time));
        assert!(main.is_protected && main.update_time > fixture.main.update_time);
        main.update().protected(false).await.unwrap();
        // Where there is none, one is made.
        fixture.operation(&call("fresh"), json!({"spec": {"ttl": "3600s"}})).await;
        assert!(fixture.project.branch("fresh").unwrap().get().await.unwrap().expire_time.is_some());
        let missing = fixture.refused(&call("fresh"), json!({"spec": {}})).await;
        expect(&missing, 400, "BAD_REQUEST", "Expiration must be specified when creating a branch");
    })
    .await;
}

#[tokio::test]
async fn the_root_branch_goes_with_its_project_alone() {
    on_a_project(async |fixture: Fixture| {
        let name = &fixture.main.name;
        let error = fixture.main.delete().await.unwrap_err();
        let text =
            format!("Cannot delete root branch '{name}'. Root branches cannot be deleted independently.");
        expect(&parts(&error), 400, "BAD_REQUEST", &text);
        assert!(error.is_managed_by_parent());
    })
    .await;
}

#[tokio::test]
async fn a_protected_a_default_and_a_parent_branch_stay() {
    on_a_project(async |fixture: Fixture| {
        let parent = fixture.branch("parent").await;
        let child = parent.create_branch("child", Expiry::Never).await.unwrap();
        let error = parent.delete().await.unwrap_err();
        assert_eq!((error.kind(), error.status()), (ErrorKind::FailedPrecondition, Some(400)), "{error}");
        assert!(error.to_string().contains("child"), "{error}");
        child.update().protected(true).await.unwrap();
        expect(
            &parts(&child.delete().await.unwrap_err()),
            400,
            "BAD_REQUEST",
            "cannot delete protected branch",
        );
        child.update().protected(false).await.unwrap();
        fixture.project.update().default_branch(child.name.clone()).await.unwrap();
        let error = child.delete().await.unwrap_err();
        assert_eq!(error.status(), Some(400));
        assert!(error.to_string().contains("default"), "{error}");
        fixture.project.update().default_branch(fixture.main.name.clone()).await.unwrap();
        child.delete().await.unwrap();
        parent.delete().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_deleted_branch_is_not_found_and_its_id_is_free() {
    on_a_project(async |fixture: Fixture| {
        let branch = fixture.branch("b").await;
        branch.delete().await.unwrap();
        let refused = fixture.refused(&format!("GET {}", branch.name), None).await;
        expect(&refused, 404, "NOT_FOUND", "branch id not found [TraceId: ");
        for collection in ["endpoints", "roles", "databases"] {
            let refused = fixture.refused(&format!("GET {}/{collection}", branch.name), None).await;
            expect(&refused, 404, "NOT_FOUND", "branch id not found");
        }
        expect(&parts(&branch.delete().await.unwrap_err()), 404, "NOT_FOUND", "branch id not found");
        branch.delete().allow_missing().await.unwrap();
        assert_ne!(fixture.branch("b").await.uid, branch.uid);
    })
    .await;
}

#[tokio::test]
async fn a_deleted_branch_comes_back_with_all_it_had() {
    on_a_project(async |fixture: Fixture| {
        let branch = fixture.branch("b").await;
        run(&branch.handle(), "CREATE TABLE kept (id int)").await;
        let endpoint = branch.endpoints().await.unwrap().remove(0);
        let listed = async |deleted: bool| {
            let list = fixture.project.branches();
            let list = if deleted { list.show_deleted() } else { list };
            list.await.unwrap().into_iter().find(|other| other.uid == branch.uid)
        };

        branch.delete().await.unwrap();
        assert!(listed(false).await.is_none());
        let tombstone = listed(true).await.unwrap();
        assert_eq!(tombstone.state, BranchState::Deleted);
        let (deleted, purged) = (tombstone.delete_time.unwrap(), tombstone.purge_time.unwrap());
        assert_eq!((purged - deleted).num_days(), 7);

        branch.handle().undelete().await.unwrap();
        let back = branch.handle().get().await.unwrap();
        assert_eq!((&back.uid, &back.state, back.delete_time), (&branch.uid, &BranchState::Ready, None));
        assert_eq!(back.expire_time, None, "the old end may be over");
        let same = back.endpoints().await.unwrap().remove(0);
        assert_eq!((same.name, same.uid), (endpoint.name, endpoint.uid));
        assert_eq!(number(&branch.handle(), "SELECT count(*) FROM kept").await, 0);
        let error = branch.handle().undelete().await.unwrap_err();
        expect(&parts(&error), 400, "BAD_REQUEST", &format!("branch '{}' is not deleted", branch.name));
    })
    .await;
}

#[tokio::test]
async fn what_is_purged_is_gone_and_an_id_in_use_is_not_taken_over() {
    on_a_project(async |fixture: Fixture| {
        let first = fixture.branch("b").await;
        first.delete().await.unwrap();
        let second = fixture.branch("b").await;
        let error = first.handle().undelete().await.unwrap_err();
        let taken = format!("branch '{}' exists: another branch", first.name);
        expect(&parts(&error), 400, "BAD_REQUEST", &taken);

        second.delete().await.unwrap();
        first.handle().undelete().await.unwrap();
        assert_eq!(first.handle().get().await.unwrap().uid, second.uid, "the one that was deleted last");
        first.delete().purge().await.unwrap();
        // The one that was deleted first is still kept: a purge of the name removes it.
        first.delete().purge().await.unwrap();
        let error = first.handle().undelete().await.unwrap_err();
        expect(&parts(&error), 404, "NOT_FOUND", "branch id not found");
        assert_eq!(fixture.project.branches().show_deleted().await.unwrap().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn protection_goes_on_and_off_and_leaves_the_rest_alone() {
    on_a_project(async |fixture: Fixture| {
        for branch in [fixture.main.clone(), fixture.branch("b").await] {
            let call = format!("PATCH {}?update_mask=spec.is_protected", branch.name);
            // What the mask does not name is not looked at, however wrong.
            let body =
                json!({"spec": {"is_protected": true, "ttl": "1s", "no_expiry": true, "source_branch": "x"}});
            fixture.operation(&call, body).await;
            let protected = branch.handle().get().await.unwrap();
            assert!(protected.is_protected && protected.expire_time.is_none(), "{protected:?}");
            assert!(!branch.update().protected(false).await.unwrap().is_protected);
        }
    })
    .await;
}

#[tokio::test]
async fn a_project_has_one_protected_branch() {
    on_a_project(async |fixture: Fixture| {
        let branch = fixture.branch("b").await;
        branch.update().protected(true).await.unwrap();
        let again = branch.update().protected(true).await.unwrap();
        assert!(again.is_protected, "what is protected may be said to be so");
        let error = fixture.main.update().protected(true).await.unwrap_err();
        assert_eq!(error.status(), Some(400), "{error}");
        assert!(!fixture.main.handle().get().await.unwrap().is_protected);
        let call = format!("POST {}/branches?branch_id=another", fixture.project.name);
        let body = json!({"spec": {"no_expiry": true, "is_protected": true}});
        assert_eq!(fixture.refused(&call, body).await.0, 400);
        branch.update().protected(false).await.unwrap();
        assert!(fixture.main.update().protected(true).await.unwrap().is_protected);
        fixture.main.update().protected(false).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn what_must_stay_cannot_expire_and_what_expires_need_not_be_kept() {
    on_a_project(async |fixture: Fixture| {
        let expiring = fixture.main.create_branch("expiring", Expiry::After(hours(1))).await.unwrap();
        let error = expiring.create_branch("child", Expiry::Never).await.unwrap_err();
        let text = "Branches with an expiration date cannot have child branches";
        expect(&parts(&error), 400, "BAD_REQUEST", text);
        for refused in [
            expiring.update().protected(true).await.err(),
            fixture.project.update().default_branch(expiring.name.clone()).await.err(),
            fixture.main.update().expiry(Expiry::After(hours(1))).await.err(),
        ] {
            assert_eq!(refused.unwrap().status(), Some(400));
        }
        let parent = fixture.branch("parent").await;
        parent.create_branch("child", Expiry::Never).await.unwrap();
        let error = parent.update().expiry(Expiry::After(hours(1))).await.unwrap_err();
        assert_eq!(error.status(), Some(400), "{error}");
        let call = format!("POST {}/branches?branch_id=both", fixture.project.name);
        let both = json!({"spec": {"ttl": "3600s", "is_protected": true}});
        assert_eq!(fixture.refused(&call, both).await.0, 400);
    })
    .await;
}

#[tokio::test]
async fn branches_of_one_project_are_made_at_once() {
    let lakebase = client().await;
    let project = lakebase.create_project(fresh_id("contract").as_str()).await.unwrap();
    on(lakebase, project, async |fixture: Fixture| {
        run(&fixture.main, "CREATE TABLE item AS SELECT generate_series(1, 1000) AS id").await;
        let mut made = JoinSet::new();
        for n in 0..20 {
            let main = fixture.main.clone();
            made.spawn(async move {
                let branch = main.create_branch(&format!("b{n}")[..], Expiry::After(hours(1))).await.unwrap();
                number(&branch, "SELECT count(*) FROM item").await
            });
        }
        assert_eq!(made.join_all().await, [1000; 20]);
    })
    .await;
}

#[tokio::test]
async fn a_branch_under_constant_writes_has_all_that_was_committed_and_nothing_half() {
    on_a_project(async |fixture: Fixture| {
        run(&fixture.main, "CREATE TABLE pair (n bigint, side text)").await;
        let committed = std::sync::Arc::new(std::sync::atomic::AtomicI64::new(0));
        let (writer, counted) = (fixture.main.clone(), committed.clone());
        let writer = tokio::spawn(async move {
            let mut connection = writer.connect().await.unwrap();
            for n in 1i64.. {
                let both = format!(
                    "BEGIN; INSERT INTO pair VALUES ({n}, 'l'); INSERT INTO pair VALUES ({n}, 'r'); COMMIT"
                );
                run_on(&mut connection, &both).await;
                counted.store(n, std::sync::atomic::Ordering::SeqCst);
            }
        });
        for id in ["one", "two", "three"] {
            let begun = committed.load(std::sync::atomic::Ordering::SeqCst);
            let so_far = || committed.load(std::sync::atomic::Ordering::SeqCst);
            while so_far() < begun + 20 {
                assert!(!writer.is_finished());
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            let before = so_far();
            let branch = fixture.branch(id).await;
            let whole = "SELECT count(*) FROM (SELECT n FROM pair GROUP BY n HAVING count(*) = 2) AS whole";
            let last = number(&branch, "SELECT max(n) FROM pair").await;
            assert!(last >= before, "{last} of {before}");
            assert_eq!(number(&branch, whole).await, last, "a half or a gap");
        }
        writer.abort();
    })
    .await;
}
