//! Endpoints (computes).

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::format::{Seconds, lenient_double, lenient_int, open_enum, plain_double};

open_enum! {
    /// The type of an endpoint: read-write or read-only.
    ///
    /// ```
    /// assert_eq!(lakebase::model::EndpointType::ReadWrite.as_str(), "ENDPOINT_TYPE_READ_WRITE");
    /// ```
    pub enum EndpointType {
        /// Reads and writes; one per branch.
        ReadWrite => "ENDPOINT_TYPE_READ_WRITE",
        /// Reads only; up to six per branch.
        ReadOnly => "ENDPOINT_TYPE_READ_ONLY",
    }
}

open_enum! {
    /// The state of an endpoint.
    ///
    /// ```
    /// use lakebase::model::EndpointState;
    ///
    /// assert_eq!(EndpointState::from("IDLE"), EndpointState::Idle);
    /// ```
    pub enum EndpointState {
        /// Starting for the first time.
        Init => "INIT",
        /// Running and accepting connections.
        Active => "ACTIVE",
        /// Suspended; the next login wakes it.
        Idle => "IDLE",
        /// A member of its high-availability group is missing.
        Degraded => "DEGRADED",
    }
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Endpoint {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) endpoint_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) parent: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) uid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) create_time: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) update_time: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) spec: Option<EndpointSpec>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<EndpointStatus>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct EndpointSpec {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) endpoint_type: Option<EndpointType>,
    #[serde(
        skip_serializing_if = "Option::is_none",
        deserialize_with = "lenient_double",
        serialize_with = "plain_double"
    )]
    pub(crate) autoscaling_limit_min_cu: Option<f64>,
    #[serde(
        skip_serializing_if = "Option::is_none",
        deserialize_with = "lenient_double",
        serialize_with = "plain_double"
    )]
    pub(crate) autoscaling_limit_max_cu: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) suspend_timeout_duration: Option<Seconds>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) no_suspension: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) disabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) group: Option<EndpointGroup>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) settings: Option<EndpointSettings>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct EndpointGroup {
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient_int")]
    pub(crate) min: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient_int")]
    pub(crate) max: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) enable_readable_secondaries: Option<bool>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct EndpointSettings {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pg_settings: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct EndpointStatus {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) endpoint_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) endpoint_type: Option<EndpointType>,
    #[serde(
        skip_serializing_if = "Option::is_none",
        deserialize_with = "lenient_double",
        serialize_with = "plain_double"
    )]
    pub(crate) autoscaling_limit_min_cu: Option<f64>,
    #[serde(
        skip_serializing_if = "Option::is_none",
        deserialize_with = "lenient_double",
        serialize_with = "plain_double"
    )]
    pub(crate) autoscaling_limit_max_cu: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) suspend_timeout_duration: Option<Seconds>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) disabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) group: Option<EndpointGroup>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) settings: Option<EndpointSettings>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) current_state: Option<EndpointState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pending_state: Option<EndpointState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_active_time: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hosts: Option<EndpointHosts>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct EndpointHosts {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) host: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) read_only_host: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) read_write_pooled_host: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) read_only_pooled_host: Option<String>,
    /// Only the local Lakebase writes these two: the port where it is not 5432, and the file that holds the
    /// certificate authority which signed the endpoint's certificate.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient_int")]
    pub(crate) port: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ca_cert: Option<String>,
}

/// The list of one endpoint's running computes, which earlier official clients read.
#[cfg(feature = "local")]
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct ComputeInstances {
    #[serde(rename = "compute_instances")]
    pub(crate) items: Vec<ComputeInstance>,
    #[serde(deserialize_with = "super::format::null_as_default")]
    pub(crate) next_page_token: String,
}

#[cfg(feature = "local")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct ComputeInstance {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) compute_instance_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) compute_host: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) current_state: Option<EndpointState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pending_state: Option<EndpointState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) role: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) start_time: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) suspend_time: Option<DateTime<Utc>>,
}
