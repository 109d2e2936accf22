//! Tokens from a metadata endpoint next to the program: that of an Azure machine, that of an editor.

use chrono::{DateTime, Utc};
use reqwest::{Method, header};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::{context::Context, token::Token};
use crate::{
    error::{Error, ErrorKind, Result},
    http::{decode::JsonError, plain, retry::Limits},
};

#[derive(Deserialize)]
struct Reply {
    #[serde(default)]
    access_token: SecretString,
    #[serde(default)]
    token_type: String,
    #[serde(default)]
    expires_on: Value,
}

/// A metadata endpoint.
pub(super) struct Endpoint<'a> {
    /// The name for errors, as the address may be a secret.
    pub(super) name: &'a str,
    pub(super) url: Url,
    pub(super) headers: &'a [(&'static str, &'a str)],
    /// The remedy where it does not answer.
    pub(super) remedy: &'a str,
}

impl Endpoint<'_> {
    /// Asks for a token, without a proxy and for ten seconds at most: the endpoint is near or not there.
    pub(super) async fn token(self, context: &Context) -> Result<Token> {
        let transport = context.transport().without_proxy()?;
        let mut request = transport.request(Method::GET, self.url.clone());
        request = request.header(header::ACCEPT, "application/json");
        for (name, value) in self.headers {
            request = request.header(*name, *value);
        }
        let sent = plain::send_to(&transport, request, Limits::METADATA, self.name).await;
        let answer = sent.map_err(|error| match error.kind() {
            ErrorKind::Timeout | ErrorKind::Connect => error.append_message(format!("; {}", self.remedy)),
            _ => error,
        })?;
        let reply: Reply = serde_json::from_slice(&answer.body).map_err(|error| {
            self.invalid("an invalid token: its answer is not the JSON expected")
                .with_source(JsonError::from(error))
        })?;
        if reply.access_token.expose_secret().is_empty() {
            return Err(self.invalid("an invalid token: there is no access_token in its answer"));
        }
        let expiry = epoch(&reply.expires_on)
            .ok_or_else(|| self.invalid(&format!("an invalid expiry: expires_on is {}", reply.expires_on)))?;
        Ok(Token::new(reply.access_token.expose_secret()).with_scheme(&reply.token_type).expires_at(expiry))
    }

    fn invalid(&self, what: &str) -> Error {
        Error::new(ErrorKind::Protocol, format!("{} gave {what}", self.name))
    }
}

/// Seconds since 1970, as a number or as text.
fn epoch(value: &Value) -> Option<DateTime<Utc>> {
    let seconds = match value {
        Value::Number(number) => number.as_i64().or_else(|| number.as_f64().map(|seconds| seconds as i64)),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    seconds.and_then(|seconds| DateTime::from_timestamp(seconds, 0))
}
