//! Wire format of projects.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    endpoint::EndpointGroup,
    format::{Seconds, lenient_double, lenient_int, plain_double},
};

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Project {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) project_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) uid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) create_time: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) update_time: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) delete_time: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) purge_time: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) spec: Option<ProjectSpec>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<ProjectStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) initial_branch_spec: Option<InitialBranchSpec>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) initial_endpoint_spec: Option<InitialEndpointSpec>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct InitialBranchSpec {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) is_protected: Option<bool>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct InitialEndpointSpec {
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
    pub(crate) group: Option<EndpointGroup>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) no_suspension: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) suspend_timeout_duration: Option<Seconds>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct CustomTag {
    pub(crate) key: String,
    pub(crate) value: String,
}

/// Defaults for endpoints created later.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct DefaultEndpointSettings {
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
    pub(crate) no_suspension: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) suspend_timeout_duration: Option<Seconds>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pg_settings: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct ProjectSpec {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) display_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient_int")]
    pub(crate) pg_version: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) history_retention_duration: Option<Seconds>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) default_branch: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) default_endpoint_settings: Option<DefaultEndpointSettings>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) enable_pg_native_login: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) budget_policy_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) custom_tags: Option<Vec<CustomTag>>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct ProjectStatus {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) project_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) display_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient_int")]
    pub(crate) pg_version: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) owner: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) default_branch: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) default_endpoint_settings: Option<DefaultEndpointSettings>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) history_retention_duration: Option<Seconds>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) enable_pg_native_login: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient_int")]
    pub(crate) branch_logical_size_limit_bytes: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient_int")]
    pub(crate) synthetic_storage_size_bytes: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) compute_last_active_time: Option<DateTime<Utc>>,
    /// Its page in the console of the server; sent by the local Lakebase only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) console_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) budget_policy_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) custom_tags: Option<Vec<CustomTag>>,
}
