//! The way to every call that has no method of its own.

use std::{
    fmt,
    future::{Future, IntoFuture},
    pin::Pin,
};

use reqwest::Method;
use serde_json::Value;

use super::{Request, reading};
use crate::{
    client::Lakebase,
    error::{Error, Result},
};

impl Lakebase {
    /// Prepares any call of the workspace's REST API: for what this crate has no methods for, such as the data
    /// API, catalogs and synced tables. Authentication, retries and errors are those of every other call.
    ///
    /// `method` is `GET`, `POST`, `PATCH`, `PUT` or `DELETE`; `path` begins with a slash and is already encoded.
    ///
    /// ```no_run
    /// # async fn run(lakebase: lakebase::Lakebase) -> lakebase::Result<()> {
    /// let catalogs = lakebase
    ///     .request("GET", "/api/2.0/postgres/projects/shop", None)
    ///     .query("view", "FULL")
    ///     .await?;
    /// println!("{catalogs:#}");
    /// # Ok(())
    /// # }
    /// ```
    pub fn request(&self, method: &str, path: &str, body: impl Into<Option<Value>>) -> RawRequest {
        let parsed = method
            .to_ascii_uppercase()
            .parse::<Method>()
            .map_err(|error| Error::invalid(format!("'{method}' is not an HTTP method")).with_source(error));
        let request = parsed.map(|parsed| {
            let mut request = Request::absolute(parsed, path, format!("calling {method} {path}"));
            request.body = body.into();
            request
        });
        RawRequest { client: self.clone(), request }
    }
}

/// A call of the REST API, sent when awaited; made by [`Lakebase::request`].
///
/// ```no_run
/// # async fn run(lakebase: lakebase::Lakebase) -> lakebase::Result<()> {
/// let body = serde_json::json!({ "endpoint": "projects/shop/branches/dev/endpoints/primary" });
/// let answer = lakebase.request("POST", "/api/2.0/postgres/credentials", body).idempotent().await?;
/// assert!(answer["expire_time"].is_string());
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is sent until the request is awaited"]
pub struct RawRequest {
    client: Lakebase,
    request: Result<Request>,
}

impl RawRequest {
    /// Adds a query parameter; the key may be repeated.
    pub fn query(mut self, key: impl Into<String>, value: impl ToString) -> Self {
        self.request = self.request.map(|request| request.query(key.into(), value));
        self
    }

    /// Says that the call may be sent twice, so that it is sent again after a lost connection. `GET` is anyway.
    pub fn idempotent(mut self) -> Self {
        self.request = self.request.map(Request::idempotent);
        self
    }

    async fn send(self) -> Result<Value> {
        let request = self.request?;
        let context = request.context.clone();
        let read = async {
            let answer = self.client.answer(&request).await?;
            if answer.is_success() && answer.body.trim_ascii().is_empty() {
                return Ok(Value::Null);
            }
            reading::json(&answer, self.client.host())
        };
        read.await.map_err(|error| error.with_context(context))
    }
}

impl IntoFuture for RawRequest {
    /// The body of the answer; `null` if it is empty.
    type Output = Result<Value>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl fmt::Debug for RawRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The body is the caller's own and may hold a password.
        let mut debug = f.debug_struct("RawRequest");
        if let Ok(request) = &self.request {
            debug.field("method", &request.method.as_str()).field("path", &request.path);
        }
        debug.finish_non_exhaustive()
    }
}
