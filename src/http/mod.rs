//! HTTP layer: each API call is a [`Request`] value, executed by [`Lakebase::send`].
//!
//! From the public method down: request → retry (`retry`) → authentication (`auth::cache`) → exchange
//! (`transport`) → error answer or JSON (`error_body`, `decode`). Retrying sits outside authentication, so that a later
//! attempt carries a fresh token.

pub(crate) mod decode;
pub(crate) mod error_body;
pub(crate) mod plain;
mod raw;
pub(crate) mod retry;
#[cfg(test)]
pub(crate) mod script;
pub(crate) mod tls;
pub(crate) mod transport;
pub(crate) mod user_agent;

use std::{borrow::Cow, fmt, marker::PhantomData};

use bytes::Bytes;
use percent_encoding::{AsciiSet, utf8_percent_encode};
use reqwest::{
    Method,
    header::{self, HeaderName, HeaderValue},
};
use serde::{
    Serialize,
    de::{DeserializeOwned, DeserializeSeed},
};
use serde_json::Value;
use tokio::time::Instant;
use tracing::{Instrument, Span};
use url::Url;

use self::{
    decode::JsonError,
    retry::{Attempts, Next},
    transport::Answer,
};
pub use self::{
    raw::{Method as RawMethod, RawRequest},
    retry::RetryPolicy,
};
use crate::{
    api::{client::Lakebase, wire::BASE_PATH},
    error::{Error, Result},
    telemetry::{field, record, span},
};

/// Characters that would end the path of a resource name. The id rule excludes them, but ids of the service may have
/// them.
const NOT_IN_NAMES: &AsciiSet = &AsciiSet::EMPTY.add(b'%').add(b'?').add(b'#');

/// An API call as a value: the request to send, and whether it may be retried.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) method: Method,
    /// Absolute and already encoded.
    pub(crate) path: String,
    pub(crate) query: Vec<(Cow<'static, str>, String)>,
    pub(crate) body: Option<Value>,
    /// Whether a lost connection may be answered by sending the request again.
    pub(crate) idempotent: bool,
    /// The context for errors and spans: "creating branch projects/shop/branches/dev".
    pub(crate) context: Cow<'static, str>,
}

impl Request {
    fn new(method: Method, name: &str, context: impl Into<Cow<'static, str>>) -> Self {
        let name = utf8_percent_encode(name, NOT_IN_NAMES);
        Self::absolute(method, format!("{BASE_PATH}/{name}"), context)
    }

    /// A call outside of `/api/2.0/postgres`.
    pub(crate) fn absolute(
        method: Method,
        path: impl Into<String>,
        context: impl Into<Cow<'static, str>>,
    ) -> Self {
        let idempotent = method == Method::GET || method == Method::HEAD;
        Self { method, path: path.into(), query: Vec::new(), body: None, idempotent, context: context.into() }
    }

    pub(crate) fn get(name: &str, context: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Method::GET, name, context)
    }

    pub(crate) fn post(
        name: &str,
        body: &impl Serialize,
        context: impl Into<Cow<'static, str>>,
    ) -> Result<Self> {
        Self::new(Method::POST, name, context).json(body)
    }

    pub(crate) fn patch(
        name: &str,
        body: &impl Serialize,
        context: impl Into<Cow<'static, str>>,
    ) -> Result<Self> {
        Self::new(Method::PATCH, name, context).json(body)
    }

    pub(crate) fn delete(name: &str, context: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Method::DELETE, name, context)
    }

    pub(crate) fn query(mut self, key: impl Into<Cow<'static, str>>, value: impl ToString) -> Self {
        self.query.push((key.into(), value.to_string()));
        self
    }

    /// Sets `replace_existing`, which updates a resource that exists and so makes the creation idempotent.
    pub(crate) fn replacing(self, existing: bool) -> Self {
        if existing { self.query("replace_existing", true).idempotent() } else { self }
    }

    /// Marks a change that may be sent twice: the second try changes nothing or is told apart by its name.
    pub(crate) fn idempotent(mut self) -> Self {
        self.idempotent = true;
        self
    }

    pub(crate) fn json(mut self, body: &impl Serialize) -> Result<Self> {
        let body = serde_json::to_value(body).map_err(|e| {
            Error::invalid("the request cannot be written as JSON").with_source(JsonError::from(e))
        })?;
        self.body = Some(body);
        Ok(self)
    }

    /// The address, which never leaves the host: credentials go along with every request.
    fn url(&self, host: &Url) -> Result<Url> {
        let wrong = || {
            Error::invalid(format!(
                "'{}' is not a path of the API; it begins with one slash, such as {BASE_PATH}/projects",
                self.path
            ))
        };
        if !self.path.starts_with('/') {
            return Err(wrong());
        }
        let mut url = host.join(&self.path).map_err(|error| wrong().with_source(error))?;
        let origin = |url: &Url| (url.scheme() == "https", url.port_or_known_default());
        if origin(&url) != origin(host) || url.host_str() != host.host_str() {
            return Err(wrong());
        }
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        Ok(url)
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Bodies may hold passwords.
        let Self { method, path, query, body: _, idempotent, context } = self;
        f.debug_struct("Request")
            .field("method", &method.as_str())
            .field("path", path)
            .field("query", query)
            .field("idempotent", idempotent)
            .field("context", context)
            .finish_non_exhaustive()
    }
}

impl Lakebase {
    /// Sends a request and reads the answer as `T`.
    pub(crate) async fn send<T: DeserializeOwned>(&self, request: Request) -> Result<T> {
        self.send_for(request, PhantomData).await
    }

    /// Sends a request and reads the answer by a seed.
    pub(crate) async fn send_for<T, S>(&self, request: Request, seed: S) -> Result<T>
    where
        S: for<'de> DeserializeSeed<'de, Value = T> + Copy,
    {
        let answer = self.answer(&request).await;
        answer
            .and_then(|answer| decode::json_for(&answer, self.host(), seed))
            .map_err(|error| error.with_context(request.context))
    }

    /// Sends a request, again where that is safe, and returns the answer unread.
    pub(crate) async fn answer(&self, request: &Request) -> Result<Answer> {
        let span = tracing::debug_span!(
            span::CALL,
            otel.kind = "client",
            { field::METHOD } = %request.method,
            { field::PATH } = %request.path,
            { field::SERVER } = self.host().authority(),
            { field::STATUS } = tracing::field::Empty,
            { field::RESENDS } = tracing::field::Empty,
            { field::ERROR } = tracing::field::Empty,
            { field::REQUEST_ID } = tracing::field::Empty,
        );
        self.attempts(request).instrument(span).await
    }

    async fn attempts(&self, request: &Request) -> Result<Answer> {
        let outgoing = Outgoing::new(self, request)?;
        let begun = Instant::now();
        let mut attempts = Attempts::new(self.limits(), request.idempotent);
        let outcome = loop {
            let outcome = match attempts.within(self.attempt(&outgoing)).await {
                Ok(Ok(outcome)) => outcome,
                Ok(Err(error)) | Err(error) => break Err(error),
            };
            match attempts.judge(outcome, self.host().as_str()) {
                Next::Answer(answer) => break Ok(answer),
                Next::GiveUp(error) => break Err(error),
                Next::Wait(delay) => {
                    tracing::debug!({ field::DELAY } = delay.as_millis() as u64, "trying again");
                    tokio::time::sleep(delay).await;
                }
            }
        };
        let call = record::Call {
            method: request.method.as_str(),
            outcome: outcome.as_ref().map(|answer| answer.status),
            resends: attempts.resends(),
            took: begun.elapsed(),
        };
        record::call(&Span::current(), &call);
        outcome
    }

    /// One attempt with a token; a token that is refused although it looked fresh is renewed once.
    async fn attempt(&self, outgoing: &Outgoing) -> Result<Result<Answer, transport::TransportError>> {
        let auth_headers = self.credentials().auth_headers().await?;
        let outcome = self.transport().exchange(outgoing.build(self, &auth_headers)?).await;
        if !matches!(&outcome, Ok(answer) if answer.status == 401) {
            return Ok(outcome);
        }
        let Some(fresh) = self.credentials().replace(&auth_headers).await? else { return Ok(outcome) };
        tracing::debug!("the token was refused; trying once with a new one");
        Ok(self.transport().exchange(outgoing.build(self, &fresh)?).await)
    }
}

/// Selects the workspace at an address that serves several.
const WORKSPACE_ID: HeaderName = HeaderName::from_static("x-databricks-workspace-id");

/// The shared part of all attempts of one request.
struct Outgoing {
    method: Method,
    url: Url,
    body: Option<Bytes>,
}

impl Outgoing {
    fn new(client: &Lakebase, request: &Request) -> Result<Self> {
        let url = request.url(client.host())?;
        let body = request.body.as_ref().map(|body| Bytes::from(body.to_string()));
        Ok(Self { method: request.method.clone(), url, body })
    }

    fn build(
        &self,
        client: &Lakebase,
        auth_headers: &crate::auth::cache::AuthHeaders,
    ) -> Result<reqwest::Request> {
        let mut request = reqwest::Request::new(self.method.clone(), self.url.clone());
        let headers = request.headers_mut();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(header::USER_AGENT, client.user_agent().clone());
        if let Some(workspace) = client.routing() {
            headers.insert(WORKSPACE_ID, workspace.clone());
        }
        for (name, value) in auth_headers.headers() {
            headers.insert(name.clone(), value.clone());
        }
        if let Some(body) = &self.body {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            *request.body_mut() = Some(body.clone().into());
        }
        Ok(request)
    }
}

#[cfg(test)]
mod tests;
