//! Polling of the service: one loop, one backoff, always a deadline.

use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout_at};

use crate::{
    api::backoff::Backoff,
    error::{Error, ErrorKind, Result},
};

/// The time limit for an operation unless the caller sets another one.
pub(crate) const OPERATION_DEADLINE: Duration = Duration::from_secs(15 * 60);
/// The time limit for retries while the service reconciles, and for a new resource to appear and become usable.
pub(crate) const READY_DEADLINE: Duration = Duration::from_secs(3 * 60);

/// The time limits of a client's waits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadlines {
    pub(crate) operation: Duration,
    pub(crate) ready: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self { operation: OPERATION_DEADLINE, ready: READY_DEADLINE }
    }
}

const BACKOFF: Backoff =
    Backoff::new(Duration::from_millis(20), Duration::from_secs(10)).growth(1.6).jitter(1.0);

/// The result of one poll.
#[derive(Debug)]
pub(crate) enum PollResult<T> {
    Ready(T),
    /// Not yet, and the reason; the last one becomes part of the timeout error.
    Pending(String),
    /// As `Pending`, with the delay before the next poll that the service asks for.
    RetryAfter(String, Duration),
}

/// Polls until the result is there or the limit is over: at once, then in growing pauses. The second argument is
/// evaluated for each poll, as the body of an async block. Dropping the future stops it; nothing is lost.
///
/// A macro and not a function: futures of async closures cannot be shown to be `Send`.
macro_rules! until {
    ($limit:expr, $look:expr) => {
        async {
            let mut deadline = $crate::api::wait::Deadline::new($limit);
            loop {
                if let Some(found) = deadline.look(async { $look }).await? {
                    break Ok::<_, $crate::error::Error>(found);
                }
            }
        }
    };
}
pub(crate) use until;

/// The end of a wait, and the pauses until then.
pub(crate) struct Deadline {
    limit: Duration,
    end: Instant,
    backoff: Backoff,
}

impl Deadline {
    pub(crate) fn new(limit: Duration) -> Self {
        Self { limit, end: Instant::now() + limit, backoff: BACKOFF }
    }

    /// Polls once and, if there is no result yet, pauses. A poll that hangs ends at the deadline, too.
    pub(crate) async fn look<T>(
        &mut self,
        look: impl Future<Output = Result<PollResult<T>>>,
    ) -> Result<Option<T>> {
        match self.within(look).await? {
            PollResult::Ready(found) => Ok(Some(found)),
            PollResult::Pending(reason) => self.pause(&reason, Duration::ZERO).await.map(|()| None),
            PollResult::RetryAfter(reason, delay) => self.pause(&reason, delay).await.map(|()| None),
        }
    }

    /// Polls once, until the deadline at most.
    pub(crate) async fn within<T>(&self, look: impl Future<Output = Result<T>>) -> Result<T> {
        timeout_at(self.end, look).await.unwrap_or_else(|_| Err(self.over("the service does not answer")))
    }

    /// Pauses before the next poll: for the backoff's delay, or the service's if that is longer.
    pub(crate) async fn pause(&mut self, reason: &str, asked: Duration) -> Result<()> {
        let next = Instant::now() + self.backoff.pause().max(asked);
        sleep_until(next.min(self.end)).await;
        if next >= self.end { Err(self.over(reason)) } else { Ok(()) }
    }

    fn over(&self, waits_for: &str) -> Error {
        Error::new(ErrorKind::Timeout, format!("not ready after {} s: {waits_for}", self.limit.as_secs_f64()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_first_look_is_at_once_and_the_last_at_the_deadline_at_the_latest() {
        let begin = Instant::now();
        until!(Duration::from_secs(1), Ok(PollResult::Ready(()))).await.unwrap();
        assert_eq!(begin.elapsed(), Duration::ZERO);

        let error = until!(Duration::from_secs(60), Ok(PollResult::<()>::Pending("it is INIT".into())))
            .await
            .unwrap_err();
        assert_eq!(begin.elapsed(), Duration::from_secs(60));
        assert_eq!(error.kind(), ErrorKind::Timeout);
        assert!(error.to_string().contains("it is INIT"), "{error}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_look_that_hangs_ends_at_the_deadline() {
        let begin = Instant::now();
        let error =
            until!(Duration::from_secs(5), std::future::pending::<Result<PollResult<()>>>().await).await;
        assert_eq!(error.unwrap_err().kind(), ErrorKind::Timeout);
        assert_eq!(begin.elapsed(), Duration::from_secs(5));
    }

    #[tokio::test(start_paused = true)]
    async fn an_error_ends_the_wait_at_once() {
        let begin = Instant::now();
        let error =
            until!(Duration::from_secs(5), Err::<PollResult<()>, _>(Error::invalid("no"))).await.unwrap_err();
        assert_eq!((error.kind(), begin.elapsed()), (ErrorKind::Invalid, Duration::ZERO));
    }
}
