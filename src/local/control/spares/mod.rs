//! Warm spares, where they pay: for sources that were branched lately, while the machine has memory and disk for them.
//!
//! A spare costs a clone, a PostgreSQL of its own, and the replay of what its source writes. So a source gets them with
//! its first branch and loses them when it is not branched for some minutes, and they are made while no branch is being
//! made, which would be slower for it. A branch never waits for one.

mod memory;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

use super::{
    Control,
    computes::{Computes, can_follow},
    error_conversion::with_sources,
    generated_ids,
    rules::sizing,
    shared_state::SharedState,
    state::{Branch, State},
};
use crate::{
    api::name::BranchName,
    local::engine::{BranchKey, ComputeSettings, EngineError, ReadySpare},
};

/// A source that was not branched for this long loses its spares.
const IDLE: Duration = Duration::from_secs(300);
/// The time without a branch being made before a spare is made.
const QUIET: Duration = Duration::from_millis(150);
/// The time until a source for which no spare could be made, or whose spare was late, gets another one.
const RETRY: Duration = Duration::from_secs(15);
/// The time between two looks at spares that wait.
const PAUSE: Duration = Duration::from_secs(1);
/// The time between two checks that spares follow their sources.
const CHECK: Duration = Duration::from_secs(5);
/// Sources that have spares at the same time; those that were branched last.
const MOST_SOURCES: usize = 4;

/// How many spares there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SparePolicy {
    /// For each source that was branched lately.
    pub(crate) per_source: usize,
    /// A branch waits until there is one for it; for tests.
    pub(crate) always: bool,
}

/// The spares of all sources.
pub(super) struct Spares {
    state: Arc<SharedState>,
    computes: Arc<Computes>,
    policy: SparePolicy,
    idle: Duration,
    lately: Mutex<Lately>,
    changed: Arc<Notify>,
}

struct Lately {
    /// Sources by the uid of their branch.
    sources: HashMap<String, Source>,
    /// Branches that are being made.
    creating: usize,
    quiet_since: Instant,
    checked: Instant,
}

/// A source that was branched lately.
#[derive(Clone, Debug)]
struct Source {
    name: BranchName,
    branched: Instant,
    failed: Option<Instant>,
}

/// A branch that is being made, until this is dropped.
pub(super) struct Creating(Arc<Spares>);

impl Drop for Creating {
    fn drop(&mut self) {
        let mut lately = self.0.lock();
        lately.creating = lately.creating.saturating_sub(1);
        lately.quiet_since = Instant::now();
        drop(lately);
        self.0.changed.notify_one();
    }
}

impl Spares {
    pub(super) fn new(
        state: Arc<SharedState>,
        computes: Arc<Computes>,
        policy: SparePolicy,
        idle_time_scale: u32,
    ) -> Arc<Self> {
        let now = Instant::now();
        let lately = Lately { sources: HashMap::new(), creating: 0, quiet_since: now, checked: now };
        Arc::new(Self {
            state,
            computes,
            policy,
            idle: IDLE / idle_time_scale,
            lately: Mutex::new(lately),
            changed: Arc::default(),
        })
    }

    /// Notes that a branch is being made.
    pub(super) fn creating(self: &Arc<Self>) -> Creating {
        self.lock().creating += 1;
        Creating(Arc::clone(self))
    }

    /// Notes that a branch was made from the present of this one.
    pub(super) fn branched(&self, source: &Branch) {
        if self.policy.per_source == 0 {
            return;
        }
        let mut lately = self.lock();
        let now = Instant::now();
        let known = lately.sources.entry(source.uid.clone()).or_insert_with(|| Source {
            name: source.name(),
            branched: now,
            failed: None,
        });
        known.branched = now;
    }

    /// Takes a spare for the next branch of a source, if one is ready.
    pub(super) async fn take(&self, source: &BranchName) -> Option<ReadySpare> {
        if self.policy.per_source == 0 {
            return None;
        }
        let state = self.state.snapshot();
        let (branch, settings) = plan(&state, source)?;
        let (engine, key) = (&self.computes.engine, branch.key());
        if self.policy.always && engine.spares_of(&key) == 0 && engine.running(&key).is_some() {
            self.make(branch, &settings).await;
        }
        let some = engine.spares_of(&key) > 0;
        let taken = engine.take_spare(&key, &settings).await;
        if some && taken.is_none() {
            self.note_failure(&branch.uid);
        }
        taken
    }

    /// Makes a spare of a branch, whose compute runs.
    async fn make(&self, source: &Branch, settings: &ComputeSettings) {
        let key = BranchKey { branch: generated_ids::uid("br"), ..source.key() };
        match self.computes.engine.make_spare(&source.key(), &key, settings).await {
            Ok(()) => self.computes.counters.spare_made(),
            Err(error) => {
                self.note_failure(&source.uid);
                // It was stopped or removed meanwhile, which is nothing to look after.
                let gone = matches!(error, EngineError::NotFound { .. });
                let error = with_sources(&error);
                tracing::debug!(branch = %source.name(), error, gone, "no spare of a branch was made");
            }
        }
    }

    fn note_failure(&self, uid: &str) {
        if let Some(source) = self.lock().sources.get_mut(uid) {
            source.failed = Some(Instant::now());
        }
    }

    /// The time until there may be something to do; `None` while there is nothing until a branch is made.
    fn pause(&self) -> Option<Duration> {
        let lately = self.lock();
        if lately.sources.is_empty() && self.computes.engine.sources_of_spares().is_empty() {
            return None;
        }
        let quiet = QUIET.saturating_sub(lately.quiet_since.elapsed());
        let soon = lately.creating == 0 && !quiet.is_zero();
        Some(if soon { quiet } else { PAUSE })
    }

    fn is_quiet(&self) -> bool {
        let lately = self.lock();
        lately.creating == 0 && lately.quiet_since.elapsed() >= QUIET
    }

    /// Removes spares that are not wanted any more, and makes those that are missing.
    async fn keep(&self) {
        let (state, engine) = (self.state.snapshot(), &self.computes.engine);
        let wanted = self.wanted(&state);
        let short = memory::is_short() || engine.is_short_of_space().await.unwrap_or(true);
        for source in engine.sources_of_spares() {
            if short || !wanted.iter().any(|(_, branch, _)| branch.key() == source) {
                tracing::debug!(%source, short, "removing the spares of a branch");
                engine.remove_spares(&source).await;
            }
        }
        if short {
            return;
        }
        if self.is_check_due() {
            engine.check_spares().await;
        }
        for (source, branch, settings) in wanted {
            let missing = || engine.spares_of(&branch.key()) < self.policy.per_source;
            let failed = source.failed.is_some_and(|at| at.elapsed() < RETRY);
            // Each look, as a branch may have come meanwhile.
            if !failed && missing() && self.is_quiet() && engine.running(&branch.key()).is_some() {
                self.make(branch, &settings).await;
            }
        }
        if self.has_missing(&state) {
            self.changed.notify_one();
        }
    }

    /// Whether another spare is to be made at once.
    fn has_missing(&self, state: &State) -> bool {
        let engine = &self.computes.engine;
        self.is_quiet()
            && self.wanted(state).iter().any(|(source, branch, _)| {
                let failed = source.failed.is_some_and(|at| at.elapsed() < RETRY);
                let (key, most) = (branch.key(), self.policy.per_source);
                !failed && engine.spares_of(&key) < most && engine.running(&key).is_some()
            })
    }

    /// The sources that are to have spares, those that were branched last first.
    fn wanted<'a>(&self, state: &'a State) -> Vec<(Source, &'a Branch, ComputeSettings)> {
        let mut lately = self.lock();
        lately.sources.retain(|uid, source| {
            source.branched.elapsed() < self.idle
                && state.branches.get(&source.name).is_some_and(|branch| branch.uid == *uid)
        });
        let mut sources: Vec<_> = lately.sources.values().cloned().collect();
        drop(lately);
        sources.sort_by_key(|source| std::cmp::Reverse(source.branched));
        sources.truncate(MOST_SOURCES);
        let planned = sources.into_iter().filter_map(|source| {
            let (branch, settings) = plan(state, &source.name)?;
            Some((source, branch, settings))
        });
        planned.collect()
    }

    fn is_check_overdue(&self) -> bool {
        self.lock().checked.elapsed() > 2 * CHECK
    }

    fn is_check_due(&self) -> bool {
        let mut lately = self.lock();
        let due = lately.checked.elapsed() >= CHECK;
        if due {
            lately.checked = Instant::now();
        }
        due
    }

    fn lock(&self) -> MutexGuard<'_, Lately> {
        self.lately.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A source and the settings of its next branch; `None` where a spare with those could not follow it, or where branches
/// of it are refused.
fn plan<'a>(state: &'a State, source: &BranchName) -> Option<(&'a Branch, ComputeSettings)> {
    let branch = state.branch(source).ok()?;
    if branch.init || branch.expires.is_some() {
        return None;
    }
    let defaults = &state.project(source.project()).ok()?.defaults;
    let own = branch.read_write()?;
    let of_source = sizing::settings(&own.sizing, &own.pg_settings);
    let settings = sizing::settings(&defaults.sizing, &defaults.pg_settings);
    can_follow(&settings, &of_source).then_some((branch, settings))
}

/// Keeps spares for as long as the control plane lives.
pub(super) async fn run(control: Weak<Control>) {
    loop {
        let Some(strong) = control.upgrade() else { return };
        let (pause, changed) = (strong.spares.pause(), Arc::clone(&strong.spares.changed));
        drop(strong);
        match pause {
            None => changed.notified().await,
            Some(pause) => drop(tokio::time::timeout(pause, changed.notified()).await),
        }
        let Some(control) = control.upgrade() else { return };
        if control.spares.is_quiet() || control.spares.is_check_overdue() {
            control.spares.keep().await;
        }
    }
}
