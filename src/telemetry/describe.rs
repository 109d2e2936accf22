//! Descriptions and units of the metrics.

use metrics::Unit;

use super::metric;

/// Describes all metrics to the installed recorder, which then shows their texts and units. Recording does not need it.
///
/// ```
/// // After the recorder is installed:
/// lakebase::telemetry::describe_metrics();
/// ```
pub fn describe_metrics() {
    for (name, text) in [
        (metric::CALL_DURATION, "Duration of a call of the REST API with all its attempts"),
        (metric::OPERATION_DURATION, "Duration of a wait for a long-running operation"),
        (metric::LOGIN_DURATION, "Duration of a login to PostgreSQL"),
    ] {
        metrics::describe_histogram!(name, Unit::Seconds, text);
    }
    for (name, text) in [
        (metric::CALL_RESENDS, "Requests of the REST API that were sent again"),
        (metric::RENEWALS, "Database credentials generated for logins"),
    ] {
        metrics::describe_counter!(name, Unit::Count, text);
    }
}
