//! Names of spans, fields and metrics.
//!
//! They are part of the public API: dashboards and filters are built on them. Where OpenTelemetry has a convention
//! (HTTP and database clients), the name is the convention's; all other names begin with `lakebase.`.
//!
//! Spans are those of [`tracing`](https://docs.rs/tracing), at level `debug`. Metrics need the feature `metrics`, and a
//! recorder that the program installs for the facade [`metrics`](https://docs.rs/metrics); without one nothing is
//! recorded. Neither holds tokens, passwords or texts of statements.
//!
//! ```
//! use lakebase::telemetry::{metric, span};
//!
//! assert_eq!((span::CALL, metric::LOGIN_DURATION), ("lakebase.http", "db.client.connection.create_time"));
//! ```

#[cfg(feature = "metrics")]
mod describe;
pub(crate) mod record;

#[cfg(feature = "metrics")]
pub use describe::describe_metrics;

/// Names of spans.
pub mod span {
    /// One call of the REST API with all its attempts.
    pub const CALL: &str = "lakebase.http";
    /// The wait for a long-running operation.
    pub const OPERATION: &str = "lakebase.operation";
    /// One login to PostgreSQL with all its attempts, the wake of a suspended compute included (feature `sqlx`).
    pub const LOGIN: &str = "lakebase.login";
}

/// Names of fields of spans and of labels of metrics.
pub mod field {
    /// The HTTP method: of [`span::CALL`](super::span::CALL) and its metrics.
    pub const METHOD: &str = "http.request.method";
    /// The path of the call, without its query.
    pub const PATH: &str = "url.path";
    /// The host called, with its port for a call of the REST API.
    pub const SERVER: &str = "server.address";
    /// The port of a database server.
    pub const SERVER_PORT: &str = "server.port";
    /// The status of the last answer.
    pub const STATUS: &str = "http.response.status_code";
    /// How many times the request was sent again.
    pub const RESENDS: &str = "http.request.resend_count";
    /// The [kind](crate::ErrorKind) of the error that ended a call, a wait or a login; absent where it succeeded.
    pub const ERROR: &str = "error.type";
    /// `postgresql`, of [`span::LOGIN`](super::span::LOGIN) and its metric.
    pub const DB_SYSTEM: &str = "db.system.name";
    /// The database that a login is for.
    pub const DB_NAMESPACE: &str = "db.namespace";
    /// The SQLSTATE of a login that was refused.
    pub const DB_STATUS: &str = "db.response.status_code";
    /// The service's id of the request that failed.
    pub const REQUEST_ID: &str = "lakebase.request_id";
    /// The delay before the next attempt, in milliseconds.
    pub const DELAY: &str = "lakebase.retry_delay_ms";
    /// The name of an operation.
    pub const OPERATION: &str = "lakebase.operation.name";
}

/// Names of metrics (feature `metrics`). Durations are histograms, in seconds; all others are counters.
pub mod metric {
    /// Duration of a call of the REST API with all its attempts; labels `http.request.method`,
    /// `http.response.status_code` where there was an answer, `error.type` where it failed.
    pub const CALL_DURATION: &str = "http.client.request.duration";
    /// Requests that were sent again; label `http.request.method`.
    pub const CALL_RESENDS: &str = "lakebase.client.request.resends";
    /// Duration of a wait for an operation; label `error.type` where it failed or the time was over.
    pub const OPERATION_DURATION: &str = "lakebase.client.operation.duration";
    /// Duration of a login to PostgreSQL, the wake of a suspended compute included; labels `db.system.name`, and
    /// `error.type` where it failed. With the feature `sqlx`: the first connection of a pool, and single connections.
    pub const LOGIN_DURATION: &str = "db.client.connection.create_time";
    /// Database credentials generated for logins, the first one of an endpoint included; label `error.type` for an
    /// attempt that failed.
    pub const RENEWALS: &str = "lakebase.client.credential.renewals";
}
