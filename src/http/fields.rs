//! The names under which calls are traced. They are part of the interface: dashboards are built on them.
//! One call, all its attempts included, is a span `lakebase.http` at level `debug`.

/// The HTTP method.
pub(crate) const METHOD: &str = "http.request.method";
/// The path of the call, without its query.
pub(crate) const PATH: &str = "url.path";
/// The host and port called.
pub(crate) const SERVER: &str = "server.address";
/// The status of the last answer.
pub(crate) const STATUS: &str = "http.response.status_code";
/// How many times the request was sent again.
pub(crate) const RESENDS: &str = "http.request.resend_count";
/// The kind of error that ended the call.
pub(crate) const ERROR: &str = "error.type";
/// The service's id of the request that failed.
pub(crate) const REQUEST_ID: &str = "lakebase.request_id";
/// The delay before the next attempt, in milliseconds.
pub(crate) const DELAY: &str = "lakebase.retry_delay_ms";
