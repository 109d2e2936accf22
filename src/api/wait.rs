//! Waiting for the service: one loop, one pace, always a deadline.

use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout_at};

use crate::{
    api::backoff::Backoff,
    error::{Error, ErrorKind, Result},
};

/// How long an operation is waited for unless the caller says otherwise.
pub(crate) const OPERATION_LIMIT: Duration = Duration::from_secs(15 * 60);
/// How long a call that the service refuses while it reconciles is repeated, and how long a resource that was
/// made may take to show up and become usable.
pub(crate) const SETTLE_LIMIT: Duration = Duration::from_secs(3 * 60);

const BACKOFF: Backoff =
    Backoff::new(Duration::from_millis(20), Duration::from_secs(10)).growth(1.6).jitter(1.0);

/// What one look at the service found.
#[derive(Debug)]
pub(crate) enum Look<T> {
    There(T),
    /// Not yet, and what it waits for; the last of these is part of the error when the time is over.
    NotYet(String),
}

/// Looks until something is there: at once, then in growing pauses, until the limit is over. The second argument
/// is evaluated for each look, as the body of an async block. Dropping the future stops it; nothing is lost.
///
/// A macro and not a function: futures of async closures cannot be shown to be `Send`.
macro_rules! until {
    ($limit:expr, $look:expr) => {
        async {
            let mut patience = $crate::api::wait::Patience::new($limit);
            loop {
                if let Some(found) = patience.look(async { $look }).await? {
                    break Ok::<_, $crate::error::Error>(found);
                }
            }
        }
    };
}
pub(crate) use until;

/// How long is still waited, and for what.
pub(crate) struct Patience {
    limit: Duration,
    deadline: Instant,
    backoff: Backoff,
}

impl Patience {
    pub(crate) fn new(limit: Duration) -> Self {
        Self { limit, deadline: Instant::now() + limit, backoff: BACKOFF }
    }

    /// Takes a look and, if nothing is there yet, pauses. A look that hangs is cut off at the deadline too.
    pub(crate) async fn look<T>(&mut self, look: impl Future<Output = Result<Look<T>>>) -> Result<Option<T>> {
        let Ok(found) = timeout_at(self.deadline, look).await else {
            return Err(self.over("the service does not answer"));
        };
        let waits_for = match found? {
            Look::There(found) => return Ok(Some(found)),
            Look::NotYet(why) => why,
        };
        let next = Instant::now() + self.backoff.pause();
        sleep_until(next.min(self.deadline)).await;
        if next >= self.deadline { Err(self.over(&waits_for)) } else { Ok(None) }
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
        until!(Duration::from_secs(1), Ok(Look::There(()))).await.unwrap();
        assert_eq!(begin.elapsed(), Duration::ZERO);

        let error =
            until!(Duration::from_secs(60), Ok(Look::<()>::NotYet("it is INIT".into()))).await.unwrap_err();
        assert_eq!(begin.elapsed(), Duration::from_secs(60));
        assert_eq!(error.kind(), ErrorKind::Timeout);
        assert!(error.to_string().contains("it is INIT"), "{error}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_look_that_hangs_ends_at_the_deadline() {
        let begin = Instant::now();
        let error = until!(Duration::from_secs(5), std::future::pending::<Result<Look<()>>>().await).await;
        assert_eq!(error.unwrap_err().kind(), ErrorKind::Timeout);
        assert_eq!(begin.elapsed(), Duration::from_secs(5));
    }

    #[tokio::test(start_paused = true)]
    async fn an_error_ends_the_wait_at_once() {
        let begin = Instant::now();
        let error =
            until!(Duration::from_secs(5), Err::<Look<()>, _>(Error::invalid("no"))).await.unwrap_err();
        assert_eq!((error.kind(), begin.elapsed()), (ErrorKind::Invalid, Duration::ZERO));
    }
}
