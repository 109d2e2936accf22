//! Long-running operations: each mutation is one, runs on a task of its own and can be polled.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{
    sync::{Notify, RwLock, RwLockWriteGuard, oneshot},
    time::Instant,
};

use super::{
    error_response::{Code, ErrorResponse},
    generated_ids,
};
use crate::api::wire::operation::Operation;

/// How long an answer is held back for the work to finish; well below the request timeouts of clients.
const HOLD: Duration = Duration::from_secs(25);
/// How long a finished operation can be read.
const RETENTION: Duration = Duration::from_secs(24 * 3600);
/// How many finished operations can be read: about 4 MB.
const MAX_FINISHED: usize = 1000;

/// When operations are reported as done; tests of polling clients delay it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum DoneAfter {
    /// The first answer waits for the work and says that it is done.
    #[default]
    FirstAnswer,
    /// The first answer and this many reads of the operation say that it is not done.
    #[cfg_attr(not(test), expect(dead_code, reason = "for tests of clients"))]
    Polls(u32),
}

/// The kind of resource that an operation works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ResourceKind {
    Project,
    Branch,
    Snapshot,
    SnapshotSchedule,
    Endpoint,
    Role,
    Database,
}

impl ResourceKind {
    /// The type of the operation's metadata.
    fn metadata_type(self) -> &'static str {
        match self {
            Self::Project => "type.googleapis.com/databricks.postgres.v1.ProjectOperationMetadata",
            Self::Branch => "type.googleapis.com/databricks.postgres.v1.BranchOperationMetadata",
            Self::Snapshot => "type.googleapis.com/databricks.postgres.v1.SnapshotOperationMetadata",
            Self::SnapshotSchedule => {
                "type.googleapis.com/databricks.postgres.v1.SnapshotScheduleOperationMetadata"
            }
            Self::Endpoint => "type.googleapis.com/databricks.postgres.v1.EndpointOperationMetadata",
            Self::Role => "type.googleapis.com/databricks.postgres.v1.RoleOperationMetadata",
            Self::Database => "type.googleapis.com/databricks.postgres.v1.DatabaseOperationMetadata",
        }
    }
}

/// The part of a mutation that takes time, after all checks.
pub(super) struct Work {
    /// The name of the resource.
    resource: String,
    subject: ResourceKind,
    /// Whether an early failure is the answer of the call, rather than an operation that failed.
    fails_the_call: bool,
    /// Yields the operation's `response`.
    run: Pin<Box<dyn Future<Output = Result<Value, ErrorResponse>> + Send>>,
}

impl Work {
    pub(super) fn new(
        subject: ResourceKind,
        resource: impl fmt::Display,
        run: impl Future<Output = Result<Value, ErrorResponse>> + Send + 'static,
    ) -> Self {
        Self { resource: resource.to_string(), subject, fails_the_call: false, run: Box::pin(run) }
    }

    /// A mutation that the change of the state completes.
    pub(super) fn done(subject: ResourceKind, resource: impl fmt::Display, response: Value) -> Self {
        Self::new(subject, resource, std::future::ready(Ok(response)))
    }

    /// Reports a failure within the time of the first answer as an error of the call: for work whose checks are
    /// PostgreSQL's.
    pub(super) fn failing_the_call(self) -> Self {
        Self { fails_the_call: true, ..self }
    }
}

/// The response of a finished delete; official clients require it.
pub(super) fn empty() -> Value {
    json!({"@type": "type.googleapis.com/google.protobuf.Empty"})
}

struct Running {
    name: String,
    subject: ResourceKind,
    fails_the_call: bool,
    outcome: OnceLock<Result<Value, ErrorResponse>>,
    finished: Notify,
    polls_left: AtomicU32,
}

impl Running {
    fn to_wire(&self, done: bool) -> Operation {
        let outcome = self.outcome.get().filter(|_| done);
        Operation {
            name: self.name.clone(),
            done: outcome.is_some(),
            metadata: Some(json!({"@type": self.subject.metadata_type()})),
            response: outcome.and_then(|outcome| outcome.as_ref().ok().cloned()),
            error: outcome.and_then(|outcome| outcome.as_ref().err().map(ErrorResponse::body)),
        }
    }
}

/// The operations of this process, by name.
pub(crate) struct Operations {
    latency: DoneAfter,
    table: Mutex<Table>,
    /// Held shared by every mutation; the shutdown waits until it has it alone.
    mutations: Arc<RwLock<()>>,
}

#[derive(Default)]
struct Table {
    all: HashMap<String, Arc<Running>>,
    /// Finished operations with the time of their end, the oldest first.
    finished: VecDeque<(Instant, String)>,
}

impl Table {
    fn prune(&mut self, now: Instant) {
        while let Some((ended, name)) = self.finished.front()
            && (self.finished.len() > MAX_FINISHED || now.duration_since(*ended) > RETENTION)
        {
            self.all.remove(name);
            self.finished.pop_front();
        }
    }
}

impl Operations {
    pub(super) fn new(latency: DoneAfter) -> Self {
        Self { latency, table: Mutex::default(), mutations: Arc::default() }
    }

    /// Refuses new mutations, and waits for those under way for `limit` at most. Mutations are possible again once the
    /// returned guard is dropped.
    pub(super) async fn drain(&self, limit: Duration) -> Option<RwLockWriteGuard<'_, ()>> {
        tokio::time::timeout(limit, self.mutations.write()).await.ok()
    }

    /// Runs a mutation. `begin` checks and reserves, its error is the answer of the call; the work it returns runs as
    /// an operation. Both continue if the caller disconnects.
    pub(super) async fn submit(
        self: &Arc<Self>,
        begin: impl Future<Output = Result<Work, ErrorResponse>> + Send + 'static,
    ) -> Result<Operation, ErrorResponse> {
        let (send, begun) = oneshot::channel();
        let operations = Arc::clone(self);
        let mutation = Arc::clone(&self.mutations)
            .try_read_owned()
            .map_err(|_| ErrorResponse::new(Code::Unavailable, "the local Lakebase is shutting down"))?;
        tokio::spawn(async move {
            let _mutation = mutation;
            let work = match begin.await {
                Ok(work) => work,
                Err(error) => {
                    let _ = send.send(Err(error));
                    return;
                }
            };
            let completion = operations.open(&work);
            let _ = send.send(Ok(Arc::clone(&completion.running)));
            let outcome = work.run.await;
            completion.end(outcome);
        });
        let broken = |_| ErrorResponse::internal("the request broke off; the log of the server says where");
        let running = begun.await.map_err(broken)??;
        self.first_answer(&running).await
    }

    /// Reads an operation; one that finished long ago is not found.
    pub(crate) fn get(&self, name: &str) -> Result<Operation, ErrorResponse> {
        let mut table = self.table();
        table.prune(Instant::now());
        let running = table.all.get(name).ok_or_else(|| ErrorResponse::not_found("operation id"))?;
        let waited =
            running.polls_left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1));
        Ok(running.to_wire(waited.is_err()))
    }

    fn open(self: &Arc<Self>, work: &Work) -> Completion {
        let polls = if let DoneAfter::Polls(polls) = self.latency { polls } else { 0 };
        let running = Arc::new(Running {
            name: format!("{}/operations/{}", work.resource, generated_ids::operation_id()),
            subject: work.subject,
            fails_the_call: work.fails_the_call,
            outcome: OnceLock::new(),
            finished: Notify::new(),
            polls_left: AtomicU32::new(polls),
        });
        self.table().all.insert(running.name.clone(), Arc::clone(&running));
        Completion { operations: Arc::clone(self), running }
    }

    async fn first_answer(&self, running: &Running) -> Result<Operation, ErrorResponse> {
        if self.latency != DoneAfter::FirstAnswer {
            return Ok(running.to_wire(false));
        }
        let finished = running.finished.notified();
        if running.outcome.get().is_none() {
            // Past the limit the client polls, as it does with the service.
            let _ = tokio::time::timeout(HOLD, finished).await;
        }
        match running.outcome.get() {
            Some(Err(error)) if running.fails_the_call => Err(error.clone()),
            _ => Ok(running.to_wire(true)),
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The obligation to end an operation. Dropped without an outcome, because the task panicked or was lost, it ends the
/// operation with an error.
struct Completion {
    operations: Arc<Operations>,
    running: Arc<Running>,
}

impl Completion {
    fn end(self, outcome: Result<Value, ErrorResponse>) {
        if let Err(error) = &outcome {
            tracing::warn!(operation = self.running.name, %error, "the operation failed");
        }
        let _ = self.running.outcome.set(outcome);
    }
}

impl Drop for Completion {
    fn drop(&mut self) {
        let broken =
            || Err(ErrorResponse::internal("the operation broke off; the log of the server says where"));
        self.running.outcome.get_or_init(broken);
        let now = Instant::now();
        let mut table = self.operations.table();
        table.finished.push_back((now, self.running.name.clone()));
        table.prune(now);
        drop(table);
        self.running.finished.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work(run: impl Future<Output = Result<Value, ErrorResponse>> + Send + 'static) -> Work {
        Work::new(ResourceKind::Branch, "projects/p/branches/b", run)
    }

    fn open(operations: &Arc<Operations>) -> (String, Completion) {
        let completion = operations.open(&work(std::future::pending()));
        (completion.running.name.clone(), completion)
    }

    #[tokio::test(start_paused = true)]
    async fn finished_operations_are_pruned_by_number_and_age_and_unfinished_ones_stay() {
        let operations = Arc::new(Operations::new(DoneAfter::FirstAnswer));
        let (unfinished, _running) = open(&operations);
        let finished: Vec<_> = (0..MAX_FINISHED + 10)
            .map(|_| {
                let (name, completion) = open(&operations);
                completion.end(Ok(empty()));
                name
            })
            .collect();
        assert_eq!(operations.table().all.len(), MAX_FINISHED + 1);
        assert_eq!(operations.get(&finished[9]).err().unwrap().code.status(), 404);
        assert!(operations.get(&finished[10]).unwrap().done);
        tokio::time::advance(RETENTION + Duration::from_secs(1)).await;
        assert_eq!(operations.get(&finished[MAX_FINISHED]).err().unwrap().code.status(), 404);
        assert!(!operations.get(&unfinished).unwrap().done);
        assert_eq!(operations.table().all.len(), 1);
    }

    #[tokio::test]
    async fn an_operation_whose_task_panics_or_is_lost_ends_with_an_error() {
        let operations = Arc::new(Operations::new(DoneAfter::FirstAnswer));
        let (panicked, completion) = open(&operations);
        let task = tokio::spawn(async move {
            let _completion = completion;
            panic!("on purpose");
        });
        task.await.unwrap_err();
        let (lost, completion) = open(&operations);
        let task = tokio::spawn(async move {
            let _completion = completion;
            std::future::pending::<()>().await;
        });
        tokio::task::yield_now().await;
        task.abort();
        task.await.unwrap_err();
        for name in [panicked, lost] {
            let operation = operations.get(&name).unwrap();
            assert!(operation.done && operation.error.is_some(), "{operation:?}");
        }
    }

    #[tokio::test]
    async fn an_early_failure_of_sql_work_is_the_answer_of_the_call() {
        let operations = Arc::new(Operations::new(DoneAfter::FirstAnswer));
        let refused = || Err(ErrorResponse::bad_request("no"));
        for (work, fails) in
            [(work(std::future::pending()), false), (work(std::future::pending()).failing_the_call(), true)]
        {
            let completion = operations.open(&work);
            let running = Arc::clone(&completion.running);
            completion.end(refused());
            assert_eq!(operations.first_answer(&running).await.is_err(), fails);
        }
    }
}
