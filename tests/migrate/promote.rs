//! Promotion, rehearsal and rebase on a real Lakebase.

use std::time::Duration;

use lakebase::{
    Branch, ErrorKind, Expiry, hours,
    migrate::{Failure, Migration, Outcome, PromotionOutcome, PromotionReport, Step, StepOutcome},
    schema::{HazardKind, LockMode},
    testing::{self, TestBranch},
};
use sqlx::Executor;

use crate::support::{directory::directory, fixture::local};

/// The production branch of a project; every test takes a project of its own.
pub(super) async fn production(project: &str) -> Branch {
    let first = testing::branch(project, async |branch| {
        let mut conn = branch.connect().await?;
        conn.execute(
            "create table customers (id int primary key, name text not null);
             insert into customers select i, 'c' || i from generate_series(1, 100) i;
             create table orders (id int primary key, customer int references customers, total numeric);
             insert into orders select i, i % 100 + 1, i from generate_series(1, 200) i",
        )
        .await?;
        Ok(())
    })
    .await
    .unwrap();
    let production = first.get().await.unwrap().source_branch.clone().unwrap();
    let production = first.client().branch(production).unwrap();
    TestBranch::close(first).await.unwrap();
    production
}

fn tier() -> Migration {
    Migration::new(
        "add-tier",
        "alter table customers add column tier text default 'bronze';
         update customers set tier = 'gold' where id <= 10;",
    )
}

async fn execute(branch: impl AsRef<Branch>, sql: &'static str) {
    let branch = branch.as_ref();
    branch.connect().await.unwrap().execute(sql).await.unwrap();
}

pub(super) async fn count(branch: impl AsRef<Branch>, sql: &'static str) -> i64 {
    let branch = branch.as_ref();
    sqlx::query_scalar(sql).fetch_one(&mut branch.connect().await.unwrap()).await.unwrap()
}

pub(super) async fn columns(branch: impl AsRef<Branch>, column: &'static str) -> i64 {
    let branch = branch.as_ref();
    let sql = "select count(*) from information_schema.columns where column_name = $1";
    sqlx::query_scalar(sql).bind(column).fetch_one(&mut branch.connect().await.unwrap()).await.unwrap()
}

/// The temporary branches that still exist.
pub(super) async fn temporary_branches(branch: &Branch) -> Vec<String> {
    let all = branch.project().branches().await.unwrap();
    let names = all.iter().map(|branch| branch.id().to_string());
    names.filter(|id| id.starts_with("rehearsal-") || id.starts_with("base-")).collect()
}

#[tokio::test]
async fn a_rehearsal_shows_times_rows_locks_and_hazards_and_touches_nothing() {
    let production = production("rehearse").await;
    let migration = Migration::new(
        "m",
        "alter table customers alter column name type varchar(50);
         alter table orders drop column total;
         update customers set name = 'x' where id <= 7;
         create index concurrently on orders (customer);",
    );
    let rehearsal = production.rehearse(&migration).await.unwrap();
    let statements = &rehearsal.applied.migrations[0].statements;
    assert_eq!(statements[2].rows, 7);
    let lock =
        |relation: &str, mode| rehearsal.locks.iter().any(|l| l.relation == relation && l.mode == mode);
    assert!(lock("customers", LockMode::AccessExclusive), "{rehearsal}");
    assert!(lock("orders", LockMode::AccessExclusive), "{rehearsal}");
    assert_eq!(rehearsal.rewrites.len(), 1, "{rehearsal}");
    let kinds: Vec<HazardKind> = rehearsal.hazards.iter().map(|h| h.kind).collect();
    for kind in [
        HazardKind::DataLoss,
        HazardKind::TableRewrite,
        HazardKind::NotTransactional,
        HazardKind::BreaksClients,
    ] {
        assert!(kinds.contains(&kind), "{kind}: {rehearsal}");
    }
    assert!(rehearsal.markdown().contains("| hazard |"), "{}", rehearsal.markdown());
    assert!(!rehearsal.diff.to_string().contains("_lakebase"), "{}", rehearsal.diff);
    assert_eq!(columns(&production, "total").await, 1);
    assert_eq!(temporary_branches(&production).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_failed_rehearsal_removes_its_branch_too() {
    let production = production("rehearse-fail").await;
    let error = production.rehearse(Migration::new("m", "alter table nowhere add a int")).await.unwrap_err();
    assert_eq!(Failure::of(&error).unwrap().outcome, Outcome::Nothing);
    assert_eq!(temporary_branches(&production).await, Vec::<String>::new());
    let slow = Migration::new("slow", "select pg_sleep(30)");
    let rehearsing =
        tokio::time::timeout(Duration::from_millis(800), production.rehearse(&slow).into_future());
    assert!(rehearsing.await.is_err(), "cancelled");
    for _ in 0..100 {
        if temporary_branches(&production).await.is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{:?}", temporary_branches(&production).await);
}

#[tokio::test]
async fn a_promotion_goes_through_every_step_once_and_a_second_one_has_nothing_to_do() {
    let production = production("promote").await;
    let feature = production.create_branch("feature", Expiry::after(hours(1))).await.unwrap();
    feature.apply(tier()).await.unwrap();
    let dry = feature.promote(tier()).dry_run().await.unwrap();
    assert_eq!(dry.outcome, PromotionOutcome::DryRun, "{dry}");
    assert_eq!(dry.steps[3].outcome, StepOutcome::Skipped, "{dry}");
    assert_eq!(columns(&production, "tier").await, 0);

    let report = feature.promote(tier()).await.unwrap();
    let text = report.to_string();
    for part in ["promoted", "  drift     passed", "  apply     passed", "alter table customers"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let markdown = report.markdown();
    for part in ["## Promotion of feature to ", "| step | result |", "### Rehearsal", "### Applied"] {
        assert!(markdown.contains(part), "{part}: {markdown}");
    }
    assert_eq!(report.outcome, PromotionOutcome::Promoted);
    assert!(report.steps.iter().all(|step| step.outcome == StepOutcome::Passed), "{report}");
    assert_eq!(count(&production, "select count(*) from customers where tier = 'gold'").await, 10);
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!((&json["steps"][3]["step"], &json["outcome"]["is"]), (&"apply".into(), &"promoted".into()));
    assert!(json["rehearsal"]["locks"][0]["held_ms"].is_number(), "{json}");

    let again = feature.promote(tier()).await.unwrap();
    assert_eq!(again.outcome, PromotionOutcome::NothingToDo);
    assert!(again.steps.iter().all(|step| step.outcome == StepOutcome::NotNeeded), "{again}");
    assert!(!again.to_string().contains("not reached"), "{again}");
    assert_eq!(temporary_branches(&production).await, Vec::<String>::new());
}

#[tokio::test]
async fn drift_without_conflict_is_reported_and_stops_only_when_asked() {
    let production = production("drift").await;
    let feature = production.create_branch("feature", Expiry::after(hours(1))).await.unwrap();
    feature.apply(tier()).await.unwrap();
    execute(&production, "alter table orders add column checked boolean default false").await;

    let error = feature.promote(tier()).stop_on_drift().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    let report = PromotionReport::of(&error).unwrap();
    assert!(matches!(report.outcome, PromotionOutcome::Stopped { untouched: true, .. }), "{report}");
    assert!(error.to_string().contains("checked"), "{error}");

    let report = feature.promote(tier()).await.unwrap();
    assert!(report.to_string().contains("checked"), "{report}");
    assert_eq!((columns(&production, "tier").await, columns(&production, "checked").await), (1, 1));
}

#[tokio::test]
async fn a_conflict_a_hazard_or_another_schema_stops_before_the_target_is_touched() {
    let production = production("stops").await;
    let feature = production.create_branch("feature", Expiry::after(hours(1))).await.unwrap();
    feature.apply(tier()).await.unwrap();

    let drops = Migration::new("drops", "alter table orders drop column total");
    let error = feature.promote([tier(), drops]).stop_on(HazardKind::DataLoss).await.unwrap_err();
    assert!(error.to_string().contains("data loss") && error.to_string().contains("untouched"), "{error}");

    let other = Migration::new("other", "create table unrelated (a int)");
    let error = feature.promote(&other).await.unwrap_err();
    let report = PromotionReport::of(&error).unwrap();
    assert!(matches!(report.outcome, PromotionOutcome::Stopped { step: Step::Compare, .. }), "{report}");

    let fails = Migration::new("fails", "update customers set tier = 1 / 0");
    let error = feature.promote(&fails).await.unwrap_err();
    let report = PromotionReport::of(&error).unwrap();
    assert!(matches!(report.outcome, PromotionOutcome::Stopped { step: Step::Rehearse, .. }), "{report}");

    execute(&production, "alter table customers add column tier int").await;
    let error = feature.promote(tier()).await.unwrap_err();
    let report = PromotionReport::of(&error).unwrap();
    assert!(matches!(report.outcome, PromotionOutcome::Stopped { untouched: true, .. }), "{report}");
    assert!(error.to_string().contains("tier"), "{error}");
    assert_eq!(temporary_branches(&production).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_failed_apply_says_what_is_left_of_it() {
    let production = production("fail-apply").await;
    let feature = production.create_branch("feature", Expiry::after(hours(1))).await.unwrap();
    feature.apply(tier()).await.unwrap();
    let mut blocker = production.connect().await.unwrap();
    blocker.execute("begin; lock table customers in access share mode").await.unwrap();
    let options =
        lakebase::migrate::ApplyOptions::default().lock_timeout(Duration::from_millis(20)).attempts(2);
    let error = feature.promote(tier()).apply_options(options).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Busy, "{error:?}");
    let report = PromotionReport::of(&error).unwrap();
    assert!(
        matches!(report.outcome, PromotionOutcome::Stopped { step: Step::Apply, untouched: true, .. }),
        "{report}"
    );
    let failure = Failure::of(&error).unwrap();
    assert_eq!(failure.outcome, Outcome::Nothing);
    assert!(failure.holders[0].contains("AccessShareLock on customers"), "{error}");
    assert!(error.to_string().contains("; held by session"), "{error}");
    drop(blocker);
    assert_eq!(columns(&production, "tier").await, 0);
}

#[tokio::test]
async fn a_promotion_that_fails_at_its_second_migration_says_that_the_first_is_applied() {
    let production = production("fail-second").await;
    let feature = production.create_branch("feature", Expiry::after(hours(1))).await.unwrap();
    let all = [tier(), Migration::new("note", "alter table orders add column note text")];
    feature.apply(all.clone()).await.unwrap();
    let mut blocker = production.connect().await.unwrap();
    blocker.execute("begin; lock table orders in access share mode").await.unwrap();
    let options =
        lakebase::migrate::ApplyOptions::default().lock_timeout(Duration::from_millis(20)).attempts(1);
    let error = feature.promote(all.clone()).apply_options(options).await.unwrap_err();
    let report = PromotionReport::of(&error).unwrap();
    assert!(
        matches!(report.outcome, PromotionOutcome::Stopped { step: Step::Apply, untouched: false, .. }),
        "{report}"
    );
    let outcomes = report.applied.as_ref().unwrap().migrations.iter().map(|migration| &migration.outcome);
    assert_eq!(outcomes.collect::<Vec<_>>(), [&Outcome::Applied, &Outcome::Nothing], "{report}");
    blocker.execute("commit").await.unwrap();
    assert_eq!((columns(&production, "tier").await, columns(&production, "note").await), (1, 0));
    let report = feature.promote(all).await.unwrap();
    assert_eq!(report.outcome, PromotionOutcome::Promoted, "{report}");
}

#[tokio::test]
async fn of_two_promotions_at_once_one_waits_or_is_refused() {
    let production = production("two").await;
    let feature = production.create_branch("feature", Expiry::after(hours(1))).await.unwrap();
    feature.apply(tier()).await.unwrap();
    let (a, b) = tokio::join!(feature.promote(tier()).into_future(), feature.promote(tier()).into_future());
    let mut outcomes = [a.unwrap().outcome.to_string(), b.unwrap().outcome.to_string()];
    outcomes.sort();
    assert!(outcomes[0].starts_with("nothing to do") && outcomes[1] == "promoted", "{outcomes:?}");
    assert_eq!(columns(&production, "tier").await, 1);
}

#[tokio::test]
async fn a_target_that_is_deleted_meanwhile_is_an_error_that_says_so() {
    let production = production("gone").await;
    let staging = production.create_branch("staging", Expiry::Never).await.unwrap();
    let feature = production.create_branch("feature", Expiry::after(hours(1))).await.unwrap();
    staging.delete().await.unwrap();
    let error = feature.promote_to(&staging, tier()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error:?}");
}

#[tokio::test]
async fn a_rebase_replays_on_what_the_source_has_become() {
    let production = production("rebase").await;
    let feature = production.create_branch("feature", Expiry::after(hours(2))).await.unwrap();
    feature.apply(tier()).await.unwrap();
    execute(&production, "alter table customers add column verified boolean default false").await;
    let report = feature.rebase(tier()).await.unwrap();
    assert_eq!(report.branch.id().as_str(), "feature-v2");
    assert!(report.old_kept && report.to_string().contains("feature rebased as feature-v2"), "{report}");
    assert_eq!((columns(&report.branch, "tier").await, columns(&report.branch, "verified").await), (1, 1));
    assert!(report.drift.to_string().contains("verified"), "{}", report.drift);
    assert!(report.markdown().contains("## feature rebased as feature-v2"), "{}", report.markdown());
    assert!(serde_json::to_value(&report).unwrap()["replay"]["applied"].is_object());

    let fails = Migration::new("fails", "alter table nowhere add a int");
    feature.rebase(&fails).as_branch("feature-v3").await.unwrap_err();
    assert!(production.project().branch("feature-v3").unwrap().try_get().await.unwrap().is_none());

    let moved = report.branch.rebase(tier()).drop_old().await.unwrap();
    assert_eq!(moved.branch.id().as_str(), "feature-v3");
    assert!(report.branch.handle().try_get().await.unwrap().is_none());
}

#[tokio::test]
async fn a_promotion_that_the_service_stops_has_its_status_and_code() {
    let directory = directory();
    let local = local(directory.path()).max_branches(2).start().await.unwrap();
    let project = local.client().await.unwrap().create_project("shop").await.unwrap();
    let feature = project.create_branch("feature", Expiry::Never).await.unwrap();
    let error = feature.promote(Migration::new("m", "create table t (n int)")).await.unwrap_err();
    assert!(error.to_string().contains("at most 2 branches"), "{error}");
    assert!(PromotionReport::of(&error).is_some());
    assert_eq!((error.status(), error.code()), (Some(400), Some("BAD_REQUEST")), "{error:?}");
    assert!(error.request_id().is_some());
    local.shutdown().await;
}
