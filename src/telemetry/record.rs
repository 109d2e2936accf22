//! Records outcomes in spans and metrics.

use std::time::Duration;

use tracing::{Span, field::debug};

use super::field;
use crate::error::{Error, ErrorKind, Result};

/// A call of the REST API.
pub(crate) struct Call<'a> {
    #[cfg_attr(not(feature = "metrics"), expect(dead_code, reason = "only metrics have it"))]
    pub(crate) method: &'a str,
    /// The status of its answer, or its error.
    pub(crate) outcome: Result<u16, &'a Error>,
    /// How many times it was sent again.
    pub(crate) resends: u32,
    #[cfg_attr(not(feature = "metrics"), expect(dead_code, reason = "only metrics have it"))]
    pub(crate) took: Duration,
}

/// The end of a call.
pub(crate) fn call(span: &Span, call: &Call<'_>) {
    span.record(field::RESENDS, call.resends);
    if let Some(status) = call.status() {
        span.record(field::STATUS, status);
    }
    if let Err(error) = call.outcome {
        failure(span, error.kind());
        if let Some(id) = error.request_id() {
            span.record(field::REQUEST_ID, id);
        }
    }
    metrics_of::call(call);
}

impl Call<'_> {
    fn status(&self) -> Option<u16> {
        self.outcome.map_or_else(Error::status, Some)
    }
}

/// The end of a wait for an operation.
pub(crate) fn operation(span: &Span, error: Option<&Error>, took: Duration) {
    if let Some(error) = error {
        failure(span, error.kind());
    }
    metrics_of::operation(error, took);
}

/// The end of a login to PostgreSQL.
#[cfg(any(feature = "sqlx", feature = "tokio-postgres"))]
pub(crate) fn login(span: &Span, failed: Option<ErrorKind>, sqlstate: Option<&str>, took: Duration) {
    if let Some(kind) = failed {
        failure(span, kind);
    }
    if let Some(state) = sqlstate {
        span.record(field::DB_STATUS, state);
    }
    metrics_of::login(failed, took);
}

/// The generation of a database credential for logins.
pub(crate) fn renewal(error: Option<&Error>) {
    metrics_of::renewal(error);
}

fn failure(span: &Span, kind: ErrorKind) {
    span.record(field::ERROR, debug(kind));
}

#[cfg(feature = "metrics")]
mod metrics_of {
    use std::time::Duration;

    use metrics::{Label, counter, histogram};

    use super::{Call, field};
    use crate::{
        error::{Error, ErrorKind},
        telemetry::metric,
    };

    pub(super) fn call(call: &Call<'_>) {
        let method = Label::new(field::METHOD, call.method.to_owned());
        let mut labels = with_error(vec![method.clone()], call.outcome.err());
        labels.extend(call.status().map(|status| Label::new(field::STATUS, status.to_string())));
        histogram!(metric::CALL_DURATION, labels).record(call.took);
        if call.resends > 0 {
            counter!(metric::CALL_RESENDS, vec![method]).increment(u64::from(call.resends));
        }
    }

    pub(super) fn operation(error: Option<&Error>, took: Duration) {
        histogram!(metric::OPERATION_DURATION, with_error(Vec::new(), error)).record(took);
    }

    #[cfg(any(feature = "sqlx", feature = "tokio-postgres"))]
    pub(super) fn login(failed: Option<ErrorKind>, took: Duration) {
        let system = Label::new(field::DB_SYSTEM, "postgresql");
        histogram!(metric::LOGIN_DURATION, with_kind(vec![system], failed)).record(took);
    }

    pub(super) fn renewal(error: Option<&Error>) {
        counter!(metric::RENEWALS, with_error(Vec::new(), error)).increment(1);
    }

    fn with_error(labels: Vec<Label>, error: Option<&Error>) -> Vec<Label> {
        with_kind(labels, error.map(Error::kind))
    }

    fn with_kind(mut labels: Vec<Label>, kind: Option<ErrorKind>) -> Vec<Label> {
        labels.extend(kind.map(|kind| Label::new(field::ERROR, format!("{kind:?}"))));
        labels
    }
}

#[cfg(not(feature = "metrics"))]
mod metrics_of {
    use std::time::Duration;

    use super::Call;
    use crate::error::Error;

    pub(super) fn call(_: &Call<'_>) {}

    pub(super) fn operation(_: Option<&Error>, _: Duration) {}

    #[cfg(any(feature = "sqlx", feature = "tokio-postgres"))]
    pub(super) fn login(_: Option<crate::error::ErrorKind>, _: Duration) {}

    pub(super) fn renewal(_: Option<&Error>) {}
}
