//! One way to the socket: every call of the API is a [`Request`] value that [`Lakebase::send`] carries out.

use std::borrow::Cow;

use reqwest::Method;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    Lakebase,
    error::{Error, ErrorKind, Fault, Result},
    wire::{BASE_PATH, error::ErrorBody},
};

/// A call of the API as a value: what will be sent, and what may be done with it when it fails.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: Method,
    /// Absolute and already encoded.
    pub(crate) path: String,
    pub(crate) query: Vec<(&'static str, String)>,
    pub(crate) body: Option<Value>,
    /// Whether a lost connection may be answered by sending the request again.
    pub(crate) repeatable: bool,
    /// What is being done, for errors and spans: "creating branch projects/shop/branches/dev".
    pub(crate) doing: Cow<'static, str>,
}

impl Request {
    fn new(method: Method, name: &str, doing: impl Into<Cow<'static, str>>) -> Self {
        let repeatable = method == Method::GET;
        let path = format!("{BASE_PATH}/{name}");
        Self { method, path, query: Vec::new(), body: None, repeatable, doing: doing.into() }
    }

    pub(crate) fn get(name: &str, doing: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Method::GET, name, doing)
    }

    pub(crate) fn post(
        name: &str,
        body: &impl Serialize,
        doing: impl Into<Cow<'static, str>>,
    ) -> Result<Self> {
        Self::new(Method::POST, name, doing).json(body)
    }

    pub(crate) fn patch(
        name: &str,
        body: &impl Serialize,
        doing: impl Into<Cow<'static, str>>,
    ) -> Result<Self> {
        Self::new(Method::PATCH, name, doing).json(body)
    }

    pub(crate) fn delete(name: &str, doing: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Method::DELETE, name, doing)
    }

    pub(crate) fn query(mut self, key: &'static str, value: impl ToString) -> Self {
        self.query.push((key, value.to_string()));
        self
    }

    /// Marks a change that may be sent twice: the second try changes nothing or is told apart by its name.
    pub(crate) fn repeatable(mut self) -> Self {
        self.repeatable = true;
        self
    }

    fn json(mut self, body: &impl Serialize) -> Result<Self> {
        let body = serde_json::to_value(body)
            .map_err(|e| Error::invalid("the request cannot be written as JSON").with_source(e))?;
        self.body = Some(body);
        Ok(self)
    }
}

impl Lakebase {
    /// Sends a request and reads the answer as `T`.
    pub(crate) async fn send<T: DeserializeOwned>(&self, request: Request) -> Result<T> {
        let doing = request.doing.clone();
        self.send_inner(request).await.map_err(|error| error.doing(doing))
    }

    async fn send_inner<T: DeserializeOwned>(&self, request: Request) -> Result<T> {
        let url = self.host().join(&request.path).map_err(|e| Error::invalid("no URL").with_source(e))?;
        let mut builder = self.http().request(request.method, url).query(&request.query);
        builder = builder.bearer_auth(self.token());
        if let Some(body) = &request.body {
            builder = builder.json(body);
        }
        let answer = builder
            .send()
            .await
            .map_err(|e| Error::new(ErrorKind::Connect, "no connection").with_source(e))?;
        let status = answer.status().as_u16();
        let bytes =
            answer.bytes().await.map_err(|e| Error::new(ErrorKind::Connect, "cut off").with_source(e))?;
        if status >= 400 {
            let body = serde_json::from_slice::<ErrorBody>(&bytes).unwrap_or_default();
            return Err(Error::from_fault(Fault::from_body(status, body)));
        }
        serde_json::from_slice(&bytes).map_err(|e| {
            Error::new(ErrorKind::Protocol, "the answer is not what the API promises").with_source(e)
        })
    }
}
