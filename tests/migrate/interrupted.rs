//! Promotions that are dropped, killed or refused in each of their steps.

use std::{
    collections::BTreeSet,
    pin::{Pin, pin},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    task::Poll,
    time::Duration,
};

use lakebase::{
    Branch, ErrorKind, Expiry, Lakebase,
    local::LocalLakebase,
    migrate::{Migration, PromotionOutcome, Step},
};
use rustix::process::Signal;
use secrecy::ExposeSecret;
use tracing::field::Visit;
use tracing_subscriber::{Layer, layer::SubscriberExt};

use crate::support::child::{kill, line};

use super::{
    feature::{
        Barrier, eventually, feature, goes_through, is_applied, long_lock_timeout, own_lakebase,
        own_production, stopped_at,
    },
    promote::{production, temporary_branches},
};

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

type Callback = Box<dyn Fn(&str)>;

thread_local! {
    static LISTENER: std::cell::RefCell<Option<Callback>> = const { std::cell::RefCell::new(None) };
}

/// Listens on this thread until it is dropped. All threads share one subscriber: a subscriber of one thread would miss
/// events while that of another is installed or removed.
struct Listening;

impl Drop for Listening {
    fn drop(&mut self) {
        LISTENER.set(None);
    }
}

fn listen(step: impl Fn(&str) + 'static) -> Listening {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let notify =
            |step: &str| LISTENER.with_borrow(|listener| listener.iter().for_each(|call| call(step)));
        tracing::subscriber::set_global_default(tracing_subscriber::registry().with(Listener(notify)))
            .unwrap();
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
    eventually("no temporary branch", async || temporary_branches(&production).await.is_empty()).await;
}

/// The child process of the next test: promotes, and stops where a step begins.
#[test]
#[ignore = "started by the test of killed promotions"]
fn promotes_and_stops() {
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
        .args(["--exact", "migrate::interrupted::promotes_and_stops", "--ignored", "--nocapture"])
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
            let is_temporary =
                ["rehearsal-", "base-"].iter().any(|kind| left.id().as_str().starts_with(kind));
            let life = left.expire_time.map(|end| end - chrono::Utc::now());
            assert!(!is_temporary || life.is_some_and(|life| life <= chrono::Duration::hours(1)), "{left:?}");
        }
        goes_through(&feature, &migration).await;
        assert!(is_applied(&production, &column).await, "{step}");
    }

    // In the middle of the apply, after the first statement of the migration.
    let (feature, migration) = feature(&production, "middle").await;
    let mut barrier = Barrier::close(&production).await;
    let child = promoter(&local, &feature, &migration, "none");
    barrier.reached().await;
    kill(child, Signal::KILL);
    barrier.open().await;
    goes_through(&feature, &migration).await;
    assert!(is_applied(&production, "middle").await);
    local.shutdown().await;
}

#[tokio::test]
async fn a_second_promotion_that_does_not_wait_is_refused() {
    let production = production("second").await;
    let (feature, migration) = feature(&production, "second").await;
    let mut barrier = Barrier::close(&production).await;
    let refusing = async {
        barrier.reached().await;
        let error = feature.promote(&migration).wait_for_others(Duration::ZERO).await.unwrap_err();
        barrier.open().await;
        error
    };
    let promoting = feature.promote(&migration).apply_options(long_lock_timeout()).into_future();
    let (promoted, refused) = tokio::join!(promoting, refusing);
    assert_eq!(promoted.unwrap().outcome, PromotionOutcome::Promoted);
    assert_eq!(refused.kind(), ErrorKind::Busy);
    assert!(refused.to_string().contains("another migration is being applied"), "{refused}");
}

/// Once the branch that was rehearsed on is gone: one with children cannot be deleted.
async fn delete(target: &Branch) {
    eventually("no temporary branch", async || temporary_branches(target).await.is_empty()).await;
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
    let mut barrier = Barrier::close(during.handle()).await;
    let deleting = async {
        barrier.reached().await;
        delete(during.handle()).await;
    };
    let promoting = feature
        .promote_to(&during, &migration)
        .skip(Step::Drift)
        .apply_options(long_lock_timeout())
        .into_future();
    let (promoted, ()) = tokio::join!(promoting, deleting);
    let error = promoted.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    assert!(error.to_string().contains("branches/during was deleted meanwhile"), "{error}");
    stopped_at(&error, Step::Apply);
    assert_eq!(temporary_branches(&production).await, Vec::<String>::new());
}
