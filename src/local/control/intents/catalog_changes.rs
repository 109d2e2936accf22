//! Durable execution of intents: written, executed, acknowledged, and finished after an interruption.

use std::{
    collections::HashSet,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde_json::Value;

use super::execute::{Attempt, Executor, Failure};
use crate::{
    api::name::BranchName,
    local::control::{
        computes::Computes,
        error_response::{Code, ErrorResponse},
        failpoint,
        locks::{Held, Locks, Wanted},
        operations::{ResourceKind, Work},
        shared_state::SharedState,
        state::{Branch, Intent},
    },
};

/// Changes of roles and databases, in PostgreSQL and in the rows of their branches.
pub(in crate::local::control) struct CatalogChanges {
    pub(super) state: Arc<SharedState>,
    pub(in crate::local::control) computes: Arc<Computes>,
    locks: Arc<Locks>,
    pub(super) in_flight: InFlight,
}

/// Branches whose intent an operation of this process is working on.
#[derive(Default)]
pub(super) struct InFlight(Mutex<HashSet<String>>);

impl InFlight {
    fn enter(&self, uid: &str) -> Flight<'_> {
        self.lock().insert(uid.to_owned());
        Flight { all: self, uid: uid.to_owned() }
    }

    pub(super) fn contains(&self, uid: &str) -> bool {
        self.lock().contains(uid)
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Flight<'a> {
    all: &'a InFlight,
    uid: String,
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        self.all.lock().remove(&self.uid);
    }
}

impl CatalogChanges {
    pub(in crate::local::control) fn new(
        state: Arc<SharedState>,
        computes: Arc<Computes>,
        locks: Arc<Locks>,
    ) -> Self {
        Self { state, computes, locks, in_flight: InFlight::default() }
    }

    /// Locks a branch for a change of its roles, databases or endpoints, with no interrupted change left in it.
    pub(in crate::local::control) async fn hold_branch(
        &self,
        branch: &BranchName,
        operation: &'static str,
    ) -> Result<Held, ErrorResponse> {
        let wanted = Wanted::by(operation).shared(branch.project()).exclusive(branch);
        let held = self.locks.hold(wanted).await?;
        self.finish_interrupted(&held, branch).await?;
        Ok(held)
    }

    /// Locks a branch to be copied, with no interrupted change left in it, and the resource that becomes the copy.
    pub(in crate::local::control) async fn hold_for_copy(
        &self,
        source: &BranchName,
        target: &impl fmt::Display,
        operation: &'static str,
    ) -> Result<Held, ErrorResponse> {
        loop {
            self.ensure_finished(source).await?;
            let wanted = Wanted::by(operation).shared(source.project());
            let held = self.locks.hold(wanted.shared(source).exclusive(target)).await?;
            if !self.is_interrupted(source) {
                return Ok(held);
            }
        }
    }

    /// The work of an operation that changes `resource`, a subresource of `branch`.
    pub(in crate::local::control) fn work(
        self: Arc<Self>,
        held: Held,
        branch: BranchName,
        (subject, resource): (ResourceKind, impl fmt::Display),
        intent: Intent,
        response: impl FnOnce() -> Result<Value, ErrorResponse> + Send + 'static,
    ) -> Work {
        let work = async move {
            self.make(&held, &branch, intent).await?;
            response()
        };
        Work::new(subject, resource, work).failing_the_call()
    }

    /// Applies a change of roles or databases to PostgreSQL and to the row of the branch.
    async fn make(&self, held: &Held, name: &BranchName, intent: Intent) -> Result<(), ErrorResponse> {
        let state = self.state.snapshot();
        let branch = state.branch(name)?;
        let executor = self.executor(branch);
        let mut possible = held.unless_deleted(executor.check_possible(&intent)).await;
        if possible.as_ref().is_err_and(|error| error.code == Code::Unavailable) {
            // A session that began just before PostgreSQL noticed a crash breaks; the next one waits for the recovery.
            possible = held.unless_deleted(executor.check_possible(&intent)).await;
        }
        possible?;
        let _flight = self.in_flight.enter(&branch.uid);
        self.put_intent(name, Some(intent.clone())).await?;
        failpoint::reached(&intent.point("written"));
        self.finish(held, branch, intent, Attempt::First).await
    }

    /// Executes the intent and acknowledges it, or removes it where PostgreSQL refuses.
    pub(super) async fn finish(
        &self,
        held: &Held,
        branch: &Branch,
        intent: Intent,
        attempt: Attempt,
    ) -> Result<(), ErrorResponse> {
        let name = branch.name();
        let executed = match self.execute_unless_deleted(held, branch, &intent, attempt).await {
            // The second attempt shows whether the broken session applied the change.
            Err(Failure::Unknown(_)) => {
                self.execute_unless_deleted(held, branch, &intent, Attempt::Again).await
            }
            executed => executed,
        };
        match executed {
            Ok(()) => {
                failpoint::reached(&intent.point("made"));
                let acknowledge = |branch: &mut Branch| {
                    branch.intent = None;
                    intent.acknowledge(branch);
                    Ok(())
                };
                self.state.commit(|state| state.change_branch(&name, acknowledge)).await
            }
            Err(Failure::Unknown(error)) => Err(error),
            Err(Failure::Refused(error)) => {
                self.put_intent(&name, None).await?;
                Err(error)
            }
        }
    }

    /// Only SQL is aborted for a delete: a commit that is cut off would leave memory behind the disk.
    async fn execute_unless_deleted(
        &self,
        held: &Held,
        branch: &Branch,
        intent: &Intent,
        attempt: Attempt,
    ) -> Result<(), Failure> {
        let executor = self.executor(branch);
        let executed = held.unless_deleted(async { Ok(executor.execute(intent, attempt).await) });
        executed.await.unwrap_or_else(|deleted| Err(Failure::Unknown(deleted)))
    }

    async fn put_intent(&self, name: &BranchName, intent: Option<Intent>) -> Result<(), ErrorResponse> {
        let put = |branch: &mut Branch| {
            branch.intent = intent;
            Ok(())
        };
        self.state.commit(|state| state.change_branch(name, put)).await
    }

    fn executor<'a>(&'a self, branch: &'a Branch) -> Executor<'a> {
        Executor { computes: &self.computes, branch }
    }
}
