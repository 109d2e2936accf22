//! Reads error answers, in all forms that the service and its proxies use.

use serde_json::Value;

use super::transport::Answer;
use crate::{api::wire::error::ErrorBody, error::ApiError};

/// Longer texts are pages, not messages.
const MAX_MESSAGE: usize = 2_000;

/// Reads any answer with a status of 400 or more. Never fails: an unknown format becomes the message.
pub(crate) fn parse(answer: &Answer) -> ApiError {
    let text = String::from_utf8_lossy(&answer.body);
    let text = text.trim();
    let body = match serde_json::from_str::<Value>(text) {
        Ok(Value::Object(object)) => from_json(&object),
        _ => from_text(text, answer.status),
    };
    let mut api_error = ApiError::from_body(answer.status, body);
    api_error.message = one_line(&api_error.message);
    if api_error.message.is_empty() {
        api_error.message = reason(answer.status).to_owned();
    }
    api_error.request_id = api_error.request_id.or_else(|| answer.header("x-request-id").map(str::to_owned));
    api_error
}

type Object = serde_json::Map<String, Value>;

/// The usual shape, the one of API 1.2 (`error`), the one of SCIM (`detail`) and the one of OAuth
/// (`error` + `error_description`, or `errorCode` + `errorSummary`).
fn from_json(object: &Object) -> ErrorBody {
    let text = |key: &str| object.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let details = object.get("details").and_then(Value::as_array).cloned().unwrap_or_default();
    if let Some(summary) = text("error_description").or_else(|| text("errorSummary")) {
        let code = text("errorCode").or_else(|| text("error"));
        return ErrorBody { error_code: code.map(str::to_owned), message: Some(summary.to_owned()), details };
    }
    let mut code = text("error_code").map(str::to_owned);
    let mut message = text("error").or_else(|| text("message")).map(str::to_owned);
    if message.is_none() && (text("detail").is_some() || text("scimType").is_some()) {
        let detail = text("detail").filter(|detail| *detail != "null").unwrap_or("SCIM API internal error");
        message = Some(format!("{} {detail}", text("scimType").unwrap_or_default()).trim().to_owned());
        let status =
            object.get("status").map(|status| status.as_str().map_or(status.to_string(), str::to_owned));
        code = code.or_else(|| status.map(|status| format!("SCIM_{status}")));
    }
    ErrorBody { error_code: code, message, details }
}

fn from_text(text: &str, status: u16) -> ErrorBody {
    let body = |code: Option<String>, message: &str| ErrorBody {
        error_code: code,
        message: Some(message.to_owned()),
        details: Vec::new(),
    };
    if let Some((code, rest)) = text.split_once(": ") {
        let is_code = !code.is_empty() && code.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
        if is_code && !rest.contains('\n') {
            return body(Some(code.to_owned()), rest);
        }
    }
    if !is_html(text.as_bytes()) {
        return body(None, text);
    }
    let inner = element(text, "pre").or_else(|| element(text, "title")).unwrap_or("an HTML page");
    let code = reason(status).to_uppercase().replace(' ', "_");
    body((!code.is_empty()).then_some(code), inner.trim_matches([' ', '.', '\n', '\r', '\t']))
}

/// The text inside the first element of this name; the rest of the page is not parsed.
fn element<'a>(html: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = html.split_once(&format!("<{name}>"))?;
    let (inner, _) = rest.split_once(&format!("</{name}>"))?;
    Some(inner)
}

/// Whether a body is an HTML page.
pub(crate) fn is_html(body: &[u8]) -> bool {
    body.trim_ascii_start().starts_with(b"<")
}

fn reason(status: u16) -> &'static str {
    let status = reqwest::StatusCode::from_u16(status).ok();
    status.and_then(|status| status.canonical_reason()).unwrap_or_default()
}

/// One line of bounded length: a message must not be able to forge lines of a log.
fn one_line(text: &str) -> String {
    let mut line: String =
        text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_MESSAGE).collect();
    if line.len() < text.trim().len() && line.chars().count() == MAX_MESSAGE {
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests;
