//! Reading an answer that is no refusal: JSON as promised, or an error that says what came instead.

use std::fmt;

use serde::de::DeserializeOwned;
use url::Url;

use super::{refusal, transport::Answer};
use crate::error::{Error, ErrorKind, Fault, Result};

/// Reads the body as `T`.
pub(crate) fn json<T: DeserializeOwned>(answer: &Answer, host: &Url) -> Result<T> {
    check(answer, host)?;
    if answer.body.trim_ascii().is_empty() {
        let message = format!("{host} answered {} with an empty body where JSON was promised", answer.status);
        return Err(protocol(message, answer));
    }
    serde_json::from_slice(&answer.body).map_err(|error| {
        protocol("the answer is not what the API promises", answer).with_source(JsonError::from(error))
    })
}

/// Refuses redirects and pages for people.
pub(crate) fn check(answer: &Answer, host: &Url) -> Result<()> {
    if (300..400).contains(&answer.status) {
        return Err(redirected(answer, host));
    }
    if answer.is_success() && refusal::is_html(&answer.body) {
        let message = format!(
            "{host} answered with an HTML page (such as a login page) instead of JSON; check that the host is \
             the address of a workspace, and set workspace_id if one address serves several workspaces"
        );
        return Err(protocol(message, answer));
    }
    Ok(())
}

/// Credentials are not carried to another address, so a redirect ends the call.
fn redirected(answer: &Answer, host: &Url) -> Error {
    let target = answer.header("location").and_then(|location| host.join(location).ok());
    let Some(mut target) = target else {
        return protocol(format!("{host} answered {} without saying where to go", answer.status), answer);
    };
    let has = |key: &str, value: &str| target.query_pairs().any(|(k, v)| k == key && v == value);
    if target.path() == "/login.html" && has("error", "private-link-validation-error") {
        return private_link(&target, answer);
    }
    target.set_query(None);
    target.set_fragment(None);
    let message = format!(
        "{host} redirects to {target}, and credentials are not sent on; use the address of the workspace as host"
    );
    protocol(message, answer)
}

fn private_link(target: &Url, answer: &Answer) -> Error {
    let host = target.host_str().unwrap_or_default();
    let product = if host.contains(".azuredatabricks.") || host.contains(".databricks.azure.") {
        "Azure Private Link"
    } else if host.contains(".gcp.databricks.com") {
        "Private Service Connect"
    } else {
        "AWS PrivateLink"
    };
    let message = format!(
        "the workspace can only be reached through {product}, and this machine is not in its network; \
         connect from that network or change the workspace's private access settings"
    );
    Error::from_fault(Fault {
        status: 403,
        code: Some("PRIVATE_LINK_VALIDATION_ERROR".to_owned()),
        message,
        request_id: answer.header("x-request-id").map(str::to_owned),
        ..Fault::default()
    })
}

fn protocol(message: impl Into<String>, answer: &Answer) -> Error {
    let error = Error::new(ErrorKind::Protocol, message.into());
    match answer.header("x-request-id") {
        Some(id) => error.remark(format!(" (request id {id})")),
        None => error,
    }
}

/// Why a body is not the JSON expected, without the values in it: they may be tokens.
#[derive(Debug)]
pub(crate) struct JsonError(String);

impl From<serde_json::Error> for JsonError {
    fn from(error: serde_json::Error) -> Self {
        let text = error.to_string();
        let hidden = match (text.find(['"', '`']), text.rfind(['"', '`'])) {
            _ if text.starts_with("missing field") => text,
            (Some(first), Some(last)) if first < last => {
                format!("{}…{}", &text[..=first], &text[last..])
            }
            _ => text,
        };
        Self(hidden)
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for JsonError {}

#[cfg(test)]
mod tests;
