//! Reads successful answers: JSON of the expected form, or an error that describes the body.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserializer,
    de::{DeserializeOwned, DeserializeSeed},
};
use serde_json::Value;
use url::Url;

use super::{error_body, transport::Answer};
use crate::error::{ApiError, Error, ErrorKind, Result};

/// Reads the body as `T`.
pub(crate) fn json<T: DeserializeOwned>(answer: &Answer, host: &Url) -> Result<T> {
    json_for(answer, host, PhantomData)
}

/// Reads the body by a seed.
pub(crate) fn json_for<'de, S>(answer: &'de Answer, host: &Url, seed: S) -> Result<S::Value>
where
    S: DeserializeSeed<'de> + Copy,
{
    check(answer, host)?;
    if answer.body.trim_ascii().is_empty() {
        let message = format!("{host} answered {} with an empty body where JSON was promised", answer.status);
        return Err(protocol(message, answer));
    }
    let mut body = serde_json::Deserializer::from_slice(&answer.body);
    let read = seed.deserialize(&mut body).and_then(|read| body.end().map(|()| read));
    read.map_err(|error| {
        let mut again = serde_json::Deserializer::from_slice(&answer.body);
        protocol(broken_promise(error, &place_of_error(seed, &mut again)), answer)
    })
}

/// Reads JSON that is in memory already.
pub(crate) fn value<'de, S>(json: &'de Value, seed: S) -> Result<S::Value>
where
    S: DeserializeSeed<'de> + Copy,
{
    seed.deserialize(json)
        .map_err(|error| Error::new(ErrorKind::Protocol, broken_promise(error, &place_of_error(seed, json))))
}

/// The path of the field that cannot be read, such as `branches[3].status.expire_time`. Tracking the path costs time,
/// so it is done in a second pass, after the first has failed.
fn place_of_error<'de, S, D>(seed: S, json: D) -> String
where
    S: DeserializeSeed<'de>,
    D: Deserializer<'de>,
{
    let mut track = serde_path_to_error::Track::new();
    let _ = seed.deserialize(serde_path_to_error::Deserializer::new(json, &mut track));
    track.path().to_string()
}

fn broken_promise(error: serde_json::Error, place: &str) -> String {
    let place = if matches!(place, "." | "?") { String::new() } else { format!(" at {place}") };
    format!("the answer is not what the API promises{place}: {}", JsonError::from(error))
}

/// Rejects redirects and HTML pages.
pub(crate) fn check(answer: &Answer, host: &Url) -> Result<()> {
    if (300..400).contains(&answer.status) {
        return Err(redirected(answer, host));
    }
    if answer.is_success() && error_body::is_html(&answer.body) {
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
    Error::from_api(ApiError {
        status: 403,
        code: Some("PRIVATE_LINK_VALIDATION_ERROR".to_owned()),
        message,
        request_id: answer.header("x-request-id").map(str::to_owned),
        ..ApiError::default()
    })
}

fn protocol(message: impl Into<String>, answer: &Answer) -> Error {
    let error = Error::new(ErrorKind::Protocol, message.into());
    match answer.header("x-request-id") {
        Some(id) => error.append_message(format!(" (request id {id})")),
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
