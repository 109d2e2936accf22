//! Database credentials and the current user.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::format::Seconds;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct CredentialRequest {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ttl: Option<Seconds>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expire_time: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) claims: Option<serde_json::Value>,
}

/// A generated credential. No `Debug`: the token is a password.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct DatabaseCredential {
    pub(crate) token: String,
    pub(crate) expire_time: DateTime<Utc>,
}

/// The answer of `GET /api/2.0/preview/scim/v2/Me`.
#[cfg(feature = "local")]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Me {
    pub(crate) id: String,
    pub(crate) user_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) display_name: Option<String>,
    pub(crate) active: bool,
}
