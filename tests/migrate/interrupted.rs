//! Promotions that are stopped, killed or cut off in each of their steps.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    pin::{Pin, pin},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    task::Poll,
    time::Duration,
};

use lakebase::{
    Branch, ErrorKind, Expiry, Lakebase, hours,
    local::LocalLakebase,
    migrate::{
        self, ApplyOptions, Failure, Migration, Outcome, PromotionOutcome, PromotionReport, Step, StepOutcome,
    },
};
use rustix::process::{Pid, Signal, kill_process};
use secrecy::ExposeSecret;
use sqlx::{AssertSqlSafe, Executor};
use tracing::field::Visit;
use tracing_subscriber::{Layer, layer::SubscriberExt};

use crate::support::{
    child::{kill, line},
    directory::directory,
    fixture::local,
};

use super::promote::{columns, count, production, throw_away_branches};

const STEPS: [Step; 5] = [Step::Drift, Step::Rehearse, Step::Compare, Step::Apply, Step::Verify];

/// The steps that the promotion of this thread has begun.
#[derive(Clone, Default)]
struct Begun(Arc<Mutex<BTreeSet<String>>>);

/// Called with each step that begins.
struct Listener<F>(F);

impl<S: tracing::Subscriber, F: Fn(&str) + 'static> Layer<S> for Listener<F> {
    fn on_event(&self, event: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
        struct Named<'a>(&'a dyn Fn(&str));
        impl Visit for Named<'_> {
            fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
                if field.name() == "step" {
                    (self.0)(&format!("{value:?}"));
                }
            }
        }
        event.record(&mut Named(&self.0));
    }
}

type Ear = Box<dyn Fn(&str)>;

thread_local! {
    static LISTENER: std::cell::RefCell<Option<Ear>> = const { std::cell::RefCell::new(None) };
}

/// Until it is dropped, on this thread. The subscriber is one for all threads: those that come and go with a thread
/// miss events while another thread's does.
struct Listening;

impl Drop for Listening {
    fn drop(&mut self) {
        LISTENER.set(None);
    }
}

fn listen(step: impl Fn(&str) + 'static) -> Listening {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let tell = |step: &str| LISTENER.with_borrow(|listener| listener.iter().for_each(|tell| tell(step)));
        tracing::subscriber::set_global_default(tracing_subscriber::registry().with(Listener(tell))).unwrap();
    });
    LISTENER.set(Some(Box::new(step)));
    Listening
}

impl Begun {
    fn watch() -> (Self, Listening) {
        let begun = Self::default();
        let noted = begun.clone();
        (
            begun,
            listen(move |step| {
                noted.0.lock().unwrap().insert(step.to_owned());
            }),
        )
    }

    /// Polls until the step has begun, and so many times more.
    async fn until<F: Future>(
        &self,
        mut work: Pin<&mut F>,
        step: Step,
        mut more: usize,
    ) -> Option<F::Output> {
        std::future::poll_fn(|context| match work.as_mut().poll(context) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending if !self.0.lock().unwrap().contains(&step.to_string()) => Poll::Pending,
            Poll::Pending if more == 0 => Poll::Ready(None),
            Poll::Pending => {
                more -= 1;
                Poll::Pending
            }
        })
        .await
    }
}

/// A branch of production with a migration of its own on it: a column, and ten rows that say so.
async fn feature(production: &Branch, column: &str) -> (Branch, Migration) {
    let migration = Migration::new(
        column,
        format!(
            "alter table customers add column {column} int; select pg_advisory_xact_lock(7);
             update customers set {column} = 1 where id <= 10"
        ),
    );
    let id = format!("feature-{}", column.replace('_', "-"));
    let feature = production.create_branch(id.as_str(), Expiry::after(hours(1))).await.unwrap();
    feature.apply(&migration).await.unwrap();
    (feature.handle().clone(), migration)
}

/// Whether the migration of [`feature`] is there: all of it or nothing.
async fn is_applied(target: impl AsRef<Branch>, column: &str) -> bool {
    let target = target.as_ref();
    let sql = "select count(*) from information_schema.columns where column_name = $1";
    let mut conn = target.connect().await.unwrap();
    let columns: i64 = sqlx::query_scalar(sql).bind(column).fetch_one(&mut conn).await.unwrap();
    if columns == 1 {
        let rows = format!("select count(*) from customers where {column} = 1");
        let rows: i64 = sqlx::query_scalar(AssertSqlSafe(rows)).fetch_one(&mut conn).await.unwrap();
        assert_eq!(rows, 10, "half-applied");
    }
    columns == 1
}

async fn eventually(what: &str, mut is: impl AsyncFnMut() -> bool) {
    for _ in 0..600 {
        if is().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("waited in vain for: {what}");
}

/// The promotion after the one that was interrupted.
async fn goes_through(feature: impl AsRef<Branch>, migration: &Migration) {
    let feature = feature.as_ref();
    let report = feature.promote(migration).await.unwrap();
    assert!(matches!(report.outcome, PromotionOutcome::Promoted | PromotionOutcome::NothingToDo), "{report}");
}

#[tokio::test]
async fn a_promotion_dropped_in_any_step_leaves_nothing_half_done_and_no_branch() {
    let production = production("dropped").await;
    let moments = STEPS.map(|step| (step, 0)).into_iter();
    for (step, more) in moments.chain([(Step::Drift, 4), (Step::Rehearse, 4), (Step::Apply, 4)]) {
        let column = format!("{step}_{more}");
        let (feature, migration) = feature(&production, &column).await;
        let (begun, _listening) = Begun::watch();
        {
            let mut promotion = Box::pin(feature.promote(&migration).into_future());
            let done = begun.until(promotion.as_mut(), step, more).await;
            assert!(done.is_none() || step >= Step::Apply, "{step}");
        }
        let applied = is_applied(&production, &column).await;
        assert!(
            if step < Step::Apply { !applied || more > 0 } else { step == Step::Apply || applied },
            "{step}"
        );
        goes_through(&feature, &migration).await;
        assert!(is_applied(&production, &column).await);
    }
    eventually("no throw-away branch", async || throw_away_branches(&production).await.is_empty()).await;
}

/// The other half of the next test: promotes, and stands still where a step begins.
#[test]
#[ignore = "started by the test of killed promotions"]
fn promotes_and_stands_still() {
    let Ok(given) = std::env::var("LAKEBASE_KILLED") else { return };
    let [host, token, branch, step, sql] = given.split('|').collect::<Vec<_>>()[..] else { panic!() };
    let (step, name) = (step.to_owned(), branch.to_owned());
    let _listening = listen(move |begun| {
        if begun == step {
            eprintln!("at step {begun}");
            loop {
                std::thread::park();
            }
        }
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let lakebase = Lakebase::builder().host(host).token(token.to_owned()).build().await.unwrap();
        let branch = lakebase.branch(name.parse::<lakebase::name::BranchName>().unwrap()).unwrap();
        let column = branch.id().as_str().trim_start_matches("feature-").replace('-', "_");
        branch.promote(Migration::new(column, sql)).await.unwrap();
    });
}

fn promoter(local: &LocalLakebase, feature: &Branch, migration: &Migration, step: &str) -> Child {
    let token = local.token().expose_secret();
    let given = format!("{}|{token}|{}|{step}|{}", local.host(), feature.name(), migration.sql());
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "migrate::interrupted::promotes_and_stands_still", "--ignored", "--nocapture"])
        .env("LAKEBASE_KILLED", given)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

async fn wait_for_step(child: &mut Child) {
    let stderr = child.stderr.take().unwrap();
    let step = tokio::task::spawn_blocking(move || line(stderr, |line| line.starts_with("at step")));
    assert!(step.await.unwrap().is_some(), "the promotion ended before the step");
}

/// A Lakebase of the test's own, in a directory that goes with it.
async fn own_lakebase() -> (LocalLakebase, tempfile::TempDir) {
    let directory = directory();
    (local(directory.path()).start().await.unwrap(), directory)
}

async fn own_production(local: &LocalLakebase) -> Branch {
    let lakebase = local.client().await.unwrap();
    lakebase.create_project("own").await.unwrap();
    let production = lakebase.project("own").unwrap().default_branch().await.unwrap().handle().clone();
    let mut conn = production.connect().await.unwrap();
    conn.execute("create table customers (id int); insert into customers select generate_series(1, 20)")
        .await
        .unwrap();
    production
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_promotion_killed_in_any_step_leaves_at_most_branches_that_expire() {
    let (local, _directory) = own_lakebase().await;
    let production = own_production(&local).await;
    let kills = STEPS.map(|step| (step, Signal::KILL)).into_iter();
    for (step, signal) in kills.chain([(Step::Rehearse, Signal::INT), (Step::Apply, Signal::INT)]) {
        let column = format!("{step}_{}", signal.as_raw());
        let (feature, migration) = feature(&production, &column).await;
        let mut child = promoter(&local, &feature, &migration, &step.to_string());
        wait_for_step(&mut child).await;
        kill(child, signal);
        assert_eq!(is_applied(&production, &column).await, step == Step::Verify, "{step}");
        for left in production.project().branches().await.unwrap() {
            let is_throw_away =
                ["rehearsal-", "base-"].iter().any(|kind| left.id().as_str().starts_with(kind));
            let life = left.expire_time.map(|end| end - chrono::Utc::now());
            assert!(
                !is_throw_away || life.is_some_and(|life| life <= chrono::Duration::hours(1)),
                "{left:?}"
            );
        }
        goes_through(&feature, &migration).await;
        assert!(is_applied(&production, &column).await, "{step}");
    }

    // In the middle of the apply, after the first statement of the migration.
    let (feature, migration) = feature(&production, "middle").await;
    let mut gate = Gate::close(&production).await;
    let child = promoter(&local, &feature, &migration, "none");
    gate.waited_at().await;
    kill(child, Signal::KILL);
    gate.open().await;
    goes_through(&feature, &migration).await;
    assert!(is_applied(&production, "middle").await);
    local.shutdown().await;
}

/// Holds up the migrations of [`feature`] after their first statement, on one branch and on no other.
struct Gate {
    conn: sqlx::PgConnection,
}

impl Gate {
    async fn close(target: &Branch) -> Self {
        let mut conn = target.connect().await.unwrap();
        conn.execute("select pg_advisory_lock(7)").await.unwrap();
        Self { conn }
    }

    async fn waiting(&mut self) -> Option<i32> {
        let sql = "select pid from pg_locks where locktype = 'advisory' and objid = 7 and not granted";
        sqlx::query_scalar(sql).fetch_optional(&mut self.conn).await.unwrap()
    }

    /// The session that stands before it.
    async fn waited_at(&mut self) -> i32 {
        eventually("a migration at the gate", async || self.waiting().await.is_some()).await;
        self.waiting().await.unwrap()
    }

    async fn open(mut self) {
        self.conn.execute("select pg_advisory_unlock(7)").await.unwrap();
    }
}

/// Waits longer than any gate stays closed.
fn patient() -> ApplyOptions {
    ApplyOptions::default().lock_timeout(Duration::from_secs(60))
}

fn stopped_at(error: &lakebase::Error, at: Step) -> &PromotionReport {
    let report = PromotionReport::of(error).unwrap();
    assert!(
        matches!(report.outcome, PromotionOutcome::Stopped { step, untouched: true, .. } if step == at),
        "{report}"
    );
    let step = report.steps.iter().find(|step| step.step == at).unwrap();
    assert_eq!(step.outcome, StepOutcome::Stopped, "{report}");
    report
}

#[tokio::test]
async fn a_connection_lost_in_the_middle_of_the_apply_leaves_the_target_untouched() {
    let production = production("cut").await;
    let (feature, migration) = feature(&production, "cut").await;
    let mut gate = Gate::close(&production).await;
    let cutting = async {
        let pid = gate.waited_at().await;
        sqlx::query("select pg_terminate_backend($1)").bind(pid).execute(&mut gate.conn).await.unwrap();
    };
    let promoting = feature.promote(&migration).apply_options(patient()).into_future();
    let (promoted, ()) = tokio::join!(promoting, cutting);
    let error = promoted.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect, "{error}");
    stopped_at(&error, Step::Apply);
    assert_eq!(Failure::of(&error).unwrap().outcome, Outcome::Nothing, "{error}");
    gate.open().await;
    assert!(!is_applied(&production, "cut").await);
    assert_eq!(throw_away_branches(&production).await, Vec::<String>::new());
    goes_through(&feature, &migration).await;
}

#[tokio::test]
async fn a_second_promotion_that_does_not_wait_is_refused() {
    let production = production("second").await;
    let (feature, migration) = feature(&production, "second").await;
    let mut gate = Gate::close(&production).await;
    let refusing = async {
        gate.waited_at().await;
        let error = feature.promote(&migration).wait_for_others(Duration::ZERO).await.unwrap_err();
        gate.open().await;
        error
    };
    let promoting = feature.promote(&migration).apply_options(patient()).into_future();
    let (promoted, refused) = tokio::join!(promoting, refusing);
    assert_eq!(promoted.unwrap().outcome, PromotionOutcome::Promoted);
    assert_eq!(refused.kind(), ErrorKind::Busy);
    assert!(refused.to_string().contains("another migration is being applied"), "{refused}");
}

/// Once the branch that was rehearsed on is gone: one with children cannot be deleted.
async fn delete(target: &Branch) {
    eventually("no throw-away branch", async || throw_away_branches(target).await.is_empty()).await;
    target.delete().await.unwrap();
}

#[tokio::test]
async fn a_target_deleted_before_or_during_the_apply_is_named() {
    let production = production("deleted").await;
    let (feature, migration) = feature(&production, "gone").await;
    let (begun, _listening) = Begun::watch();
    let before = production.create_branch("before", Expiry::Never).await.unwrap();
    let promoting = feature.promote_to(&before, &migration).skip(Step::Drift).into_future();
    let mut promoting = pin!(promoting);
    let ended = begun.until(promoting.as_mut(), Step::Apply, 0).await;
    assert!(ended.is_none(), "{ended:?}");
    delete(before.handle()).await;
    let error = promoting.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    assert!(error.to_string().contains("branches/before was deleted meanwhile"), "{error}");
    stopped_at(&error, Step::Apply);

    let during = production.create_branch("during", Expiry::Never).await.unwrap();
    let mut gate = Gate::close(during.handle()).await;
    let deleting = async {
        gate.waited_at().await;
        delete(during.handle()).await;
    };
    let promoting =
        feature.promote_to(&during, &migration).skip(Step::Drift).apply_options(patient()).into_future();
    let (promoted, ()) = tokio::join!(promoting, deleting);
    let error = promoted.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    assert!(error.to_string().contains("branches/during was deleted meanwhile"), "{error}");
    stopped_at(&error, Step::Apply);
    assert_eq!(throw_away_branches(&production).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_commit_that_nobody_heard_of_and_that_failed_is_known_to_have_failed() {
    let production = production("lost").await;
    let sql = "create table t (a int);
         create function cut() returns trigger language plpgsql as
             'begin perform pg_terminate_backend(pg_backend_pid()); perform pg_sleep(10); return null; end';
         create constraint trigger at_commit after insert on t deferrable initially deferred
             for each row execute function cut();
         insert into t values (1)";
    let migration = Migration::new("lost", sql);
    let error = production.apply(&migration).await.unwrap_err();
    assert_eq!(Failure::of(&error).unwrap().outcome, Outcome::Nothing, "{error}");
    assert!(error.to_string().contains("nothing of it was applied"), "{error}");
    // Without a branch to connect to again, it says that it does not know.
    let mut conn = production.connect().await.unwrap();
    let error = migrate::apply(&mut conn, &migration, &ApplyOptions::default()).await.unwrap_err();
    assert_eq!(Failure::of(&error).unwrap().outcome, Outcome::Unknown { done: 0, maybe: 4, of: 4 });
    assert_eq!(count(&production, "select count(*) from pg_class where relname = 't'").await, 0);
}

#[tokio::test]
async fn a_statement_whose_record_was_lost_is_recorded_over_the_next_connection() {
    let production = production("record").await;
    let sql = "-- no-transaction
         create sequence cuts;
         create function cut() returns trigger language plpgsql as
             'begin if new.done = 4 and nextval(''cuts'') = 1 then
                  perform pg_terminate_backend(pg_backend_pid()); perform pg_sleep(10);
              end if; return null; end';
         create trigger cut after insert or update on _lakebase.migrations for each row execute function cut();
         create table t (a int);
         create table u (a int)";
    let report = production.apply(Migration::new("record", sql)).await.unwrap();
    assert_eq!(report.migrations[0].outcome, Outcome::Applied);
    assert_eq!(report.migrations[0].statements.len(), 5);
    assert!(production.apply(Migration::new("record", sql)).await.unwrap().is_unchanged());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_nobody_heard_of_and_that_went_through_is_known_to_have_done_so() {
    let (local, directory) = own_lakebase().await;
    let production = own_production(&local).await;
    let mut other = production.connect().await.unwrap();
    // Commits are done here and then wait for a standby that never comes.
    let cluster = running_cluster(directory.path()).unwrap();
    let settings = cluster.join("postgresql.auto.conf");
    let setting = async |line: &str, shown: &str, other: &mut sqlx::PgConnection| {
        std::fs::write(&settings, line).unwrap();
        let pid = std::fs::read_to_string(cluster.join("postmaster.pid")).unwrap();
        let pid = Pid::from_raw(pid.lines().next().unwrap().parse().unwrap()).unwrap();
        kill_process(pid, Signal::HUP).unwrap();
        eventually("the setting", async || {
            let now: String = sqlx::query_scalar("select current_setting('synchronous_standby_names')")
                .fetch_one(&mut *other)
                .await
                .unwrap();
            now == shown
        })
        .await;
    };
    let migration = Migration::new(
        "committed",
        "set local synchronous_commit = on; alter table customers add column tier int;
         update customers set tier = 1",
    );
    // What is recorded in between has to go through.
    production.apply(Migration::new("first", "select 1")).await.unwrap();
    setting("synchronous_standby_names = 'nobody'", "nobody", &mut other).await;
    let cutting = async {
        let waiting = "select pid from pg_stat_activity where wait_event = 'SyncRep'";
        let mut pid = None;
        eventually("the commit", async || {
            pid = sqlx::query_scalar::<_, i32>(waiting).fetch_optional(&mut other).await.unwrap();
            pid.is_some()
        })
        .await;
        sqlx::query("select pg_terminate_backend($1)").bind(pid).execute(&mut other).await.unwrap();
        setting("", "", &mut other).await;
    };
    let (applied, ()) = tokio::join!(production.apply(&migration).into_future(), cutting);
    let report = applied.unwrap();
    assert_eq!(report.migrations[0].outcome, Outcome::Applied, "{report}");
    assert_eq!(report.migrations[0].statements[2].rows, 20, "{report}");
    assert_eq!(columns(&production, "tier").await, 1);
    assert!(production.apply(&migration).await.unwrap().is_unchanged());
    local.shutdown().await;
}

/// The data directory under `root` on which PostgreSQL runs.
fn running_cluster(root: &Path) -> Option<PathBuf> {
    if root.join("postmaster.pid").exists() {
        return Some(root.to_owned());
    }
    let entries = std::fs::read_dir(root).ok()?.flatten();
    entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .find_map(|dir| running_cluster(&dir.path()))
}
