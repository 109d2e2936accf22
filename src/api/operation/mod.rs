//! Long-running operations: the answer to every change.

use std::{fmt, time::Duration};

use futures_util::{
    future::BoxFuture,
    stream::{self, BoxStream, StreamExt as _},
};
use serde_json::Value;
use tokio::time::Instant;
use tracing::Instrument as _;

use crate::{
    api::{
        client::Lakebase,
        name::OperationName,
        resource::{Reading, Resource, unexpected},
        wait::{Deadline, PollResult, until},
        wire,
    },
    error::{Error, ErrorKind, Result},
    http::{Request, decode, retry},
    telemetry::{field, record, span},
};

/// A long-running change, whose result is a `T`.
///
/// Awaiting it waits for the end, for at most 15 minutes ([`wait_for`](Self::wait_for) sets another limit).
/// The operation continues when waiting ends; [`Lakebase::operation`] resumes waiting by its [`name`](Self::name), also
/// from another process.
///
/// Waiting is cancel-safe: a dropped wait loses nothing, and [`wait`](Self::wait) may be called again.
///
/// ```no_run
/// # async fn example(lakebase: lakebase::Lakebase) -> lakebase::Result<()> {
/// use lakebase::{Expiry, hours, model::BranchInfo, Operation};
///
/// let project = lakebase.project("shop")?;
/// let started = project.create_branch("dev", Expiry::after(hours(1))).start().await?;
/// let name = started.name().clone();
///
/// let branch = lakebase.operation::<BranchInfo>(name)?.await?;
/// println!("{} is {}", branch.name, branch.state);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Awaiting it: the error that the operation ended with, of the kind that its code names, or
/// [`OperationFailed`](crate::ErrorKind::OperationFailed) where it names none; [`Timeout`](crate::ErrorKind::Timeout)
/// after 15 minutes, while the operation goes on; [`NotFound`](crate::ErrorKind::NotFound) when there is no such
/// operation. [`Error::operation`] names the operation. Also the errors of
/// [any call](crate::builder::RawRequest#errors).
pub struct Operation<T> {
    client: Lakebase,
    name: OperationName,
    made: Instant,
    /// The result, once it was read: it does not change any more.
    end: Option<Result<Value, wire::error::ErrorBody>>,
    _end: std::marker::PhantomData<fn() -> T>,
}

/// The state of an operation.
///
/// ```no_run
/// # async fn example(mut operation: lakebase::Operation<lakebase::model::BranchInfo>) -> lakebase::Result<()> {
/// use lakebase::model::Progress;
///
/// match operation.poll().await? {
///     Progress::Done(branch) => println!("{}", branch.name),
///     _ => println!("not yet"),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Progress<T> {
    /// The service is still working on it.
    Running,
    /// It succeeded.
    Done(T),
}

/// A new operation may not be readable on every replica of the service yet.
const APPEARS_WITHIN: Duration = Duration::from_secs(10);

impl<T: Resource> Operation<T> {
    pub(crate) fn resume(client: &Lakebase, name: OperationName) -> Self {
        Self { client: client.clone(), name, made: Instant::now(), end: None, _end: std::marker::PhantomData }
    }

    pub(crate) fn from_answer(client: &Lakebase, first: wire::operation::Operation) -> Result<Self> {
        let name: OperationName =
            first.name.parse().map_err(|error| unexpected("the name of the operation").with_source(error))?;
        let mut operation = Self::resume(client, name);
        operation.end = end_of(first);
        Ok(operation)
    }

    /// The name, with which the operation can be resumed.
    pub fn name(&self) -> &OperationName {
        &self.name
    }

    /// Reads the state once. Sends nothing if an earlier answer already held the result.
    ///
    /// # Errors
    ///
    /// The error that the operation ended with, of the kind that its code names
    /// ([`OperationFailed`](ErrorKind::OperationFailed) where it names none), with
    /// [`Error::operation`] set; or the error of the look itself.
    pub async fn poll(&mut self) -> Result<Progress<T>> {
        match self.look().await? {
            PollResult::Ready(end) => Ok(Progress::Done(end)),
            PollResult::Pending(_) | PollResult::RetryAfter(..) => Ok(Progress::Running),
        }
    }

    /// The states of the operation, for a progress display: [`Progress::Running`] after each look that finds it
    /// running, and [`Progress::Done`] as the last one. Pauses as [`wait`](Self::wait) does, for at most 15 minutes.
    ///
    /// # Errors
    ///
    /// The last item is an error where [`wait`](Self::wait) would fail.
    ///
    /// ```no_run
    /// # async fn example(started: lakebase::Operation<lakebase::model::BranchInfo>) -> lakebase::Result<()> {
    /// use futures_util::TryStreamExt;
    /// use lakebase::model::Progress;
    ///
    /// let mut states = started.states();
    /// while let Some(state) = states.try_next().await? {
    ///     match state {
    ///         Progress::Done(branch) => println!("{} is {}", branch.name, branch.state),
    ///         _ => println!("running"),
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn states(self) -> BoxStream<'static, Result<Progress<T>>> {
        let deadline = Deadline::new(self.client.deadlines().operation);
        let states = States { operation: self, deadline, asked: None };
        stream::unfold(Some(states), async |states| {
            let mut states = states?;
            let next = states.next().await;
            let more = matches!(next, Ok(Progress::Running));
            Some((next, more.then_some(states)))
        })
        .boxed()
    }

    /// Waits for the end, for at most 15 minutes.
    ///
    /// # Errors
    ///
    /// As [`poll`](Self::poll), and [`Timeout`](ErrorKind::Timeout) when the time is over; the operation goes
    /// on and [`Error::operation`] names it.
    pub async fn wait(&mut self) -> Result<T> {
        self.wait_for(self.client.deadlines().operation).await
    }

    /// Waits for the end, for at most as long as `limit`.
    ///
    /// # Errors
    ///
    /// As [`wait`](Self::wait).
    pub async fn wait_for(&mut self, limit: Duration) -> Result<T> {
        let name = self.name.clone();
        let span = tracing::debug_span!(
            span::OPERATION,
            { field::OPERATION } = %name,
            { field::ERROR } = tracing::field::Empty
        );
        let begun = Instant::now();
        let ended = self.ended_within(limit, name).instrument(span.clone()).await;
        record::operation(&span, ended.as_ref().err(), begun.elapsed());
        ended
    }

    async fn ended_within(&mut self, limit: Duration, name: OperationName) -> Result<T> {
        until!(limit, self.look().await).await.map_err(|error| {
            let error = match error.kind() {
                ErrorKind::Timeout if error.operation().is_none() => Error::new(
                    ErrorKind::Timeout,
                    format!(
                        "the operation {name} still runs after {} s; it goes on, Lakebase::operation resumes waiting",
                        limit.as_secs_f64()
                    ),
                ),
                _ => error,
            };
            error.with_context(format!("waiting for {name}")).with_operation(name.as_str())
        })
    }

    /// Reads the operation, and the delay before the next look that the service asks for.
    async fn read(&self, request: &Request) -> Result<(wire::operation::Operation, Option<Duration>)> {
        let answer = self.client.answer(request).await?;
        Ok((decode::json(&answer, self.client.host())?, retry::asked_delay(&answer)))
    }

    async fn look(&mut self) -> Result<PollResult<T>> {
        let mut delay = None;
        if self.end.is_none() {
            let request = Request::get(self.name.as_str(), format!("reading {}", self.name));
            match self.read(&request).await {
                Ok((answer, asked)) => {
                    self.end = end_of(answer);
                    delay = asked;
                }
                Err(error) if not_there_yet(&error, self.made.elapsed()) => {}
                Err(error) => return Err(error.with_context(request.context)),
            }
        }
        match &self.end {
            None => Ok(match delay {
                Some(delay) => PollResult::RetryAfter(RUNNING.to_owned(), delay),
                None => PollResult::Pending(RUNNING.to_owned()),
            }),
            Some(Ok(response)) => decode::value(response, Reading::new(&self.client))
                .map(PollResult::Ready)
                .map_err(|error| error.with_operation(self.name.as_str())),
            Some(Err(body)) => Err(Error::from_operation(self.name.as_str(), body.clone())),
        }
    }
}

const RUNNING: &str = "the operation is still running";

/// An operation whose states are streamed.
struct States<T> {
    operation: Operation<T>,
    deadline: Deadline,
    /// The pause that the last look asked for; `None` before the first look.
    asked: Option<Duration>,
}

impl<T: Resource> States<T> {
    async fn next(&mut self) -> Result<Progress<T>> {
        let next = async {
            if let Some(asked) = self.asked {
                self.deadline.pause(RUNNING, asked).await?;
            }
            self.deadline.within(self.operation.look()).await
        };
        match next.await {
            Ok(PollResult::Ready(end)) => return Ok(Progress::Done(end)),
            Ok(PollResult::Pending(_)) => self.asked = Some(Duration::ZERO),
            Ok(PollResult::RetryAfter(_, delay)) => self.asked = Some(delay),
            Err(error) => {
                let name = self.operation.name.as_str();
                return Err(error.with_context(format!("waiting for {name}")).with_operation(name));
            }
        }
        Ok(Progress::Running)
    }
}

/// The end of an operation, if it has one. A finished delete may lack its response.
fn end_of(answer: wire::operation::Operation) -> Option<Result<Value, wire::error::ErrorBody>> {
    match answer {
        wire::operation::Operation { error: Some(error), done: true, .. } => Some(Err(error)),
        wire::operation::Operation { response, done: true, .. } => Some(Ok(response.unwrap_or(Value::Null))),
        _ => None,
    }
}

fn not_there_yet(error: &Error, age: Duration) -> bool {
    error.kind() == ErrorKind::NotFound && age < APPEARS_WITHIN
}

impl<T: Resource> IntoFuture for Operation<T> {
    type Output = Result<T>;
    type IntoFuture = BoxFuture<'static, Result<T>>;

    fn into_future(mut self) -> Self::IntoFuture {
        Box::pin(async move { self.wait().await })
    }
}

impl<T> fmt::Debug for Operation<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operation")
            .field("name", &self.name)
            .field("done", &self.end.is_some())
            .finish_non_exhaustive()
    }
}

impl Lakebase {
    /// A handle to an operation by its name; nothing is sent.
    ///
    /// `T` is the result of the operation: the `…Info` model of the resource, `()` for a delete or undelete.
    ///
    /// # Errors
    ///
    /// [`Invalid`](ErrorKind::Invalid) when the text is no operation name.
    pub fn operation<T: Resource>(
        &self,
        name: impl TryInto<OperationName, Error: Into<Error>>,
    ) -> Result<Operation<T>> {
        Ok(Operation::resume(self, name.try_into().map_err(Into::into)?))
    }
}

#[cfg(test)]
mod tests;
