//! Wire format of requests for masked branches.

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::branch::Branch;

/// The request for a masked branch, which the local Lakebase alone knows.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct MaskedBranch {
    pub(crate) branch: Branch,
    pub(crate) rules: serde_json::Value,
    /// The secret key of the masks.
    #[serde(serialize_with = "exposed")]
    pub(crate) key: Option<SecretString>,
}

/// Writes a secret to the body of a request.
fn exposed<S: serde::Serializer>(secret: &Option<SecretString>, serializer: S) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(ExposeSecret::expose_secret).serialize(serializer)
}
