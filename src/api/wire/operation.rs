//! Long-running operations.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{error::ErrorBody, format::null_as_default};

/// The answer to every mutation.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Operation {
    pub(crate) name: String,
    /// Absent means not done.
    #[serde(deserialize_with = "null_as_default")]
    pub(crate) done: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) metadata: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) response: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<ErrorBody>,
}
