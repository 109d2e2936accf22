//! Long-running operations: every mutation is one, runs to its end on a task of its own, and stays readable.

use std::{
    collections::HashMap,
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};
use tokio::sync::{Notify, oneshot};

use super::{Control, identity, rejection::Rejection};
use crate::api::wire::{error::ErrorBody, operation::Operation};

/// How long an answer is held back for the work to finish; well below the request timeouts of clients.
const HOLD: Duration = Duration::from_secs(25);

/// How soon operations seem to be done. For tests of clients that must poll.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Latency {
    /// The first answer waits for the work and says that it is done.
    #[default]
    Hold,
    /// The first answer and this many reads of the operation say that it is not done.
    #[cfg_attr(not(test), expect(dead_code, reason = "for tests of clients"))]
    Polls(u32),
}

/// What kind of resource an operation works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    Project,
    Branch,
    Endpoint,
    Role,
    Database,
}

/// The part of a mutation that takes time; all checks are behind it.
pub(super) struct Work {
    /// The name of the resource.
    pub(super) resource: String,
    pub(super) subject: Subject,
    /// Gives what the operation's `response` becomes.
    pub(super) run: Pin<Box<dyn Future<Output = Result<Value, Rejection>> + Send>>,
}

impl Work {
    pub(super) fn new(
        subject: Subject,
        resource: impl Into<String>,
        run: impl Future<Output = Result<Value, Rejection>> + Send + 'static,
    ) -> Self {
        Self { resource: resource.into(), subject, run: Box::pin(run) }
    }

    /// A mutation that was over with the change of the state.
    pub(super) fn done(subject: Subject, resource: impl Into<String>, response: Value) -> Self {
        Self::new(subject, resource, std::future::ready(Ok(response)))
    }
}

/// The response of a finished delete; official waiters insist on its presence.
pub(super) fn empty() -> Value {
    json!({"@type": "type.googleapis.com/google.protobuf.Empty"})
}

struct Running {
    name: String,
    subject: Subject,
    outcome: OnceLock<Result<Value, ErrorBody>>,
    finished: Notify,
    polls_left: AtomicU32,
}

impl Running {
    fn tell(&self, done: bool) -> Operation {
        let outcome = self.outcome.get().filter(|_| done);
        let kind = format!("type.googleapis.com/databricks.postgres.v1.{:?}OperationMetadata", self.subject);
        Operation {
            name: self.name.clone(),
            done: outcome.is_some(),
            metadata: Some(json!({"@type": kind})),
            response: outcome.and_then(|outcome| outcome.as_ref().ok().cloned()),
            error: outcome.and_then(|outcome| outcome.as_ref().err().cloned()),
        }
    }
}

/// All operations of this process, by name.
pub(super) struct Operations {
    latency: Latency,
    all: Mutex<HashMap<String, Arc<Running>>>,
}

impl Operations {
    pub(super) fn new(latency: Latency) -> Self {
        Self { latency, all: Mutex::default() }
    }

    /// The operation as it stands.
    pub(super) fn get(&self, name: &str) -> Result<Operation, Rejection> {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let running = all.get(name).ok_or_else(|| Rejection::not_found("operation id"))?;
        let waited =
            running.polls_left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1));
        Ok(running.tell(waited.is_err()))
    }

    fn open(&self, resource: &str, subject: Subject) -> Arc<Running> {
        let polls = if let Latency::Polls(polls) = self.latency { polls } else { 0 };
        let running = Arc::new(Running {
            name: format!("{resource}/operations/{}", identity::operation_id()),
            subject,
            outcome: OnceLock::new(),
            finished: Notify::new(),
            polls_left: AtomicU32::new(polls),
        });
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(running.name.clone(), Arc::clone(&running));
        running
    }

    async fn first_answer(&self, running: &Running) -> Operation {
        if self.latency == Latency::Hold {
            let finished = running.finished.notified();
            if running.outcome.get().is_none() {
                // Past the limit the client polls, as it does with the service.
                let _ = tokio::time::timeout(HOLD, finished).await;
            }
        }
        running.tell(self.latency == Latency::Hold)
    }
}

impl Control {
    /// An operation as it stands; finished ones stay readable as long as this process lives.
    pub(crate) fn operation(&self, name: &str) -> Result<Operation, Rejection> {
        self.operations.get(name)
    }

    /// Runs a mutation. `begin` checks and reserves; what it refuses is an error of the call. Then the work runs
    /// as an operation. Both go on when the caller goes away.
    pub(super) async fn submit(
        self: &Arc<Self>,
        begin: impl Future<Output = Result<Work, Rejection>> + Send + 'static,
    ) -> Result<Operation, Rejection> {
        let (tell, told) = oneshot::channel();
        let control = Arc::clone(self);
        let open = self.open_gate().await?;
        tokio::spawn(async move {
            let _open = open;
            let Work { resource, subject, run } = match begin.await {
                Ok(work) => work,
                Err(rejection) => {
                    let _ = tell.send(Err(rejection));
                    return;
                }
            };
            let running = control.operations.open(&resource, subject);
            let _ = tell.send(Ok(Arc::clone(&running)));
            let outcome = run.await;
            if let Err(rejection) = &outcome {
                tracing::warn!(operation = running.name, %rejection, "the operation failed");
            }
            let _ = running.outcome.set(outcome.map_err(|rejection| rejection.body()));
            running.finished.notify_waiters();
        });
        let running = told.await.map_err(|_| Rejection::internal("the work broke off"))??;
        Ok(self.operations.first_answer(&running).await)
    }
}
