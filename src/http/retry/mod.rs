//! Decides whether a request is sent again, after which delay, and when it is given up. The decisions are pure
//! functions of the answer; only [`Attempts`] knows a clock.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;
use url::Url;

use super::{
    error_body,
    transport::{Answer, TransportError, TransportErrorKind, is_loopback},
};
use crate::{
    api::backoff::Backoff,
    error::{ApiError, Error, ErrorKind, Result},
};

/// Attempts and time limit of a call: [`ClientBuilder::retry`](crate::builder::ClientBuilder::retry).
///
/// Only requests that are safe to send twice are retried, after transient failures: a lost connection, too many
/// requests (429), an unavailable service (502, 503, 504). A delay that the service asks for is honored.
///
/// ```
/// use std::time::Duration;
/// use lakebase::builder::RetryPolicy;
///
/// let quick = RetryPolicy::default().max_attempts(3).deadline(Duration::from_secs(20));
/// # let _ = quick;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryPolicy {
    deadline: Option<Duration>,
    max_attempts: u32,
    first_delay: Duration,
    max_delay: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { deadline: None, max_attempts: u32::MAX, first_delay: FIRST_DELAY, max_delay: MAX_DELAY }
    }
}

impl RetryPolicy {
    /// One attempt: nothing is sent again.
    pub fn never() -> Self {
        Self::default().max_attempts(1)
    }

    /// The time limit for one call with all its attempts. Default: 5 minutes, or `retry_timeout_seconds` of the
    /// profile.
    pub fn deadline(mut self, limit: Duration) -> Self {
        self.deadline = Some(limit);
        self
    }

    /// The number of attempts, at least 1. Default: as many as the deadline allows, and 5 where the host cannot be
    /// reached.
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts.max(1);
        self
    }

    /// The limit of the first delay and of the longest one. Between them the limit doubles; each delay is a random part
    /// of it. Default: 1 s and 60 s.
    pub fn delays(mut self, first: Duration, longest: Duration) -> Self {
        (self.first_delay, self.max_delay) = (first, longest.max(first));
        self
    }

    /// The limits of a call of the API; `configured` is the deadline of the profile.
    pub(crate) fn limits(self, configured: Option<Duration>) -> Limits {
        Limits {
            budget: self.deadline.or(configured).unwrap_or(Limits::API.budget),
            max_attempts: self.max_attempts,
            backoff: Backoff::new(self.first_delay, self.max_delay).jitter(1.0),
            ..Limits::API
        }
    }
}

/// The limits of one call, all its attempts together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// From the first attempt to the last answer.
    pub(crate) budget: Duration,
    /// Statuses that are always answered by another attempt.
    pub(crate) always: &'static [u16],
    /// Statuses that are answered by another attempt when the request is idempotent.
    pub(crate) idempotent: &'static [u16],
    max_attempts: u32,
    backoff: Backoff,
}

impl Limits {
    /// A call of the API: five minutes.
    pub(crate) const API: Self = Self {
        budget: Duration::from_secs(300),
        always: &[429, 503],
        idempotent: &[502, 504],
        max_attempts: u32::MAX,
        backoff: BACKOFF,
    };
    /// A request for a token: one minute.
    pub(crate) const TOKEN: Self = Self {
        budget: Duration::from_secs(60),
        always: &[429, 502, 503, 504],
        idempotent: &[],
        max_attempts: u32::MAX,
        backoff: BACKOFF,
    };
    /// A request to a metadata endpoint on this machine or its network: ten seconds.
    pub(crate) const METADATA: Self = Self { budget: Duration::from_secs(10), ..Self::TOKEN };
    /// Single short attempt, for optional data.
    pub(crate) const BEST_EFFORT: Self = Self {
        budget: Duration::from_secs(3),
        always: &[],
        idempotent: &[],
        max_attempts: 1,
        backoff: BACKOFF,
    };
}

/// A host that refuses connections is restarting or does not exist; five attempts tell which.
const CONNECT_ATTEMPTS: u32 = 5;
/// Full jitter: anything from nothing to a cap that doubles from 1 s to 60 s.
const BACKOFF: Backoff = Backoff::new(FIRST_DELAY, MAX_DELAY).jitter(1.0);
const FIRST_DELAY: Duration = Duration::from_secs(1);
const MAX_DELAY: Duration = Duration::from_secs(60);

/// The step after an attempt.
#[derive(Debug)]
pub(crate) enum Next {
    Answer(Answer),
    Wait(Duration),
    GiveUp(Error),
}

/// The attempts of one call, inside one deadline.
pub(crate) struct Attempts {
    limits: Limits,
    idempotent: bool,
    started: Instant,
    count: u32,
    unreachable: u32,
    backoff: Backoff,
}

impl Attempts {
    pub(crate) fn new(limits: Limits, idempotent: bool) -> Self {
        Self {
            limits,
            idempotent,
            started: Instant::now(),
            count: 0,
            unreachable: 0,
            backoff: limits.backoff,
        }
    }

    /// How many times the request was sent again so far.
    pub(crate) fn resends(&self) -> u32 {
        self.count.saturating_sub(1)
    }

    /// Runs one attempt, no longer than the deadline allows.
    pub(crate) async fn within<T>(&mut self, attempt: impl Future<Output = T>) -> Result<T> {
        self.count += 1;
        let left = self.limits.budget.saturating_sub(self.started.elapsed());
        tokio::time::timeout(left, attempt).await.map_err(|_| {
            let message = format!(
                "no answer within the deadline of {:?} (attempt {}); raise the retry budget or look at the network",
                self.limits.budget, self.count
            );
            Error::new(ErrorKind::Timeout, message)
        })
    }

    /// Decides the next step after the outcome of an attempt.
    pub(crate) fn judge(&mut self, outcome: Result<Answer, TransportError>, to: &str) -> Next {
        let (wait, hint) = match &outcome {
            Ok(answer) if answer.status < 400 => (false, None),
            Ok(answer) => {
                let api_error = error_body::parse(answer);
                (self.repeats_refusal(&api_error), hint(answer, &api_error, SystemTime::now()))
            }
            Err(error) => (self.repeats_break(error.kind), None),
        };
        let delay = self.backoff.pause().max(hint.unwrap_or_default());
        if wait
            && self.count < self.limits.max_attempts
            && self.started.elapsed() + delay < self.limits.budget
        {
            return Next::Wait(delay);
        }
        match outcome {
            Ok(answer) if answer.status < 400 => Next::Answer(answer),
            Ok(answer) => Next::GiveUp(self.gave_up(Error::from_api(error_body::parse(&answer)))),
            Err(broken) => Next::GiveUp(self.gave_up(no_answer(broken, to))),
        }
    }

    fn repeats_refusal(&self, api_error: &ApiError) -> bool {
        let throttled =
            matches!(api_error.code.as_deref(), Some("RESOURCE_EXHAUSTED" | "REQUEST_LIMIT_EXCEEDED"));
        self.limits.always.contains(&api_error.status)
            || throttled
            || (self.idempotent && self.limits.idempotent.contains(&api_error.status))
    }

    fn repeats_break(&mut self, kind: TransportErrorKind) -> bool {
        match kind {
            TransportErrorKind::Unreachable => {
                self.unreachable += 1;
                self.unreachable < CONNECT_ATTEMPTS
            }
            TransportErrorKind::Lost | TransportErrorKind::Silent => self.idempotent,
            TransportErrorKind::Impossible | TransportErrorKind::TooLarge => false,
        }
    }

    fn gave_up(&self, error: Error) -> Error {
        if self.count < 2 {
            return error;
        }
        let elapsed = Duration::from_millis(self.started.elapsed().as_millis() as u64);
        error.append_message(format!("; gave up after {} attempts in {elapsed:?}", self.count))
    }
}

/// The delay that the service asks for: `Retry-After`, else the `RetryInfo` of the body.
fn hint(answer: &Answer, api_error: &ApiError, now: SystemTime) -> Option<Duration> {
    answer.header("retry-after").and_then(|text| retry_after(text, now)).or(api_error.retry_delay)
}

/// The delay before the next look that an answer asks for.
pub(crate) fn asked_delay(answer: &Answer) -> Option<Duration> {
    answer.header("retry-after").and_then(|text| retry_after(text, SystemTime::now()))
}

/// Seconds, of which only the whole ones count, or an HTTP date in the future; anything else is ignored.
fn retry_after(text: &str, now: SystemTime) -> Option<Duration> {
    let text = text.trim();
    let whole = text.split_once('.').map_or(text, |(whole, _)| whole);
    if let Ok(seconds) = whole.parse::<u32>() {
        return Some(Duration::from_secs(seconds.into()));
    }
    httpdate::parse_http_date(text).ok()?.duration_since(now).ok()
}

/// The error of an exchange without answer.
fn no_answer(broken: TransportError, to: &str) -> Error {
    let (kind, message) = match broken.kind {
        TransportErrorKind::Unreachable | TransportErrorKind::Impossible => {
            let local = Url::parse(to).ok().filter(is_loopback);
            let remedy = match local.as_ref().map(Url::scheme) {
                Some("https") => "a server on this machine usually wants http://",
                Some(_) => {
                    "no server of this machine answers there; a local Lakebase is started with `lakebase local start` or \
                     `lakebase-local serve`, and `lakebase-local env` says its address"
                }
                None => "check the host and the network",
            };
            (ErrorKind::Connect, format!("cannot reach {to}; {remedy}"))
        }
        TransportErrorKind::Lost => {
            (ErrorKind::Connect, format!("the connection to {to} broke before the answer was complete"))
        }
        TransportErrorKind::TooLarge => (
            ErrorKind::Protocol,
            format!("the answer of {to} has more than 64 MB; check that the host is a workspace"),
        ),
        TransportErrorKind::Silent => {
            (ErrorKind::Timeout, format!("{to} was silent for the inactivity timeout"))
        }
    };
    Error::new(kind, message).with_source(broken.source)
}

#[cfg(test)]
mod tests;
