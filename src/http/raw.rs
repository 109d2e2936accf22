//! Raw REST calls, for APIs without methods in this crate.

use std::{fmt, str::FromStr};

use futures_util::future::BoxFuture;
use serde_json::Value;

use super::{Request, decode};
use crate::{
    api::client::Lakebase,
    error::{Error, Result},
};

/// The method of a call made with [`Lakebase::request`].
///
/// ```
/// assert_eq!(lakebase::builder::Method::Get.as_str(), "GET");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Method {
    /// Reads a resource.
    Get,
    /// Creates a resource or runs an action.
    Post,
    /// Changes some fields of a resource.
    Patch,
    /// Replaces a resource.
    Put,
    /// Deletes a resource.
    Delete,
}

impl Method {
    /// The name of the method in HTTP.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Patch => "PATCH",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }

    fn to_http(self) -> reqwest::Method {
        match self {
            Self::Get => reqwest::Method::GET,
            Self::Post => reqwest::Method::POST,
            Self::Patch => reqwest::Method::PATCH,
            Self::Put => reqwest::Method::PUT,
            Self::Delete => reqwest::Method::DELETE,
        }
    }
}

impl FromStr for Method {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let all = [Self::Get, Self::Post, Self::Patch, Self::Put, Self::Delete];
        let found = all.into_iter().find(|method| method.as_str() == text);
        found.ok_or_else(|| Error::invalid(format!("'{text}' is none of GET, POST, PATCH, PUT and DELETE")))
    }
}

impl Lakebase {
    /// Prepares a call of the workspace's REST API that this crate has no method for, such as the data API, catalogs
    /// and synced tables. Authentication, retries and errors are those of every other call.
    ///
    /// `path` begins with a slash and is already encoded.
    ///
    /// ```no_run
    /// # async fn run(lakebase: lakebase::Lakebase) -> lakebase::Result<()> {
    /// use lakebase::builder::Method;
    ///
    /// let project = lakebase
    ///     .request(Method::Get, "/api/2.0/postgres/projects/shop", None)
    ///     .query("view", "FULL")
    ///     .await?;
    /// println!("{project:#}");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Awaiting it: [`Invalid`](crate::ErrorKind::Invalid) for a path that is none, otherwise those that the service
    /// answers with and those of the connection.
    pub fn request(&self, method: Method, path: &str, body: impl Into<Option<Value>>) -> RawRequest {
        let context = format!("calling {} {path}", method.as_str());
        let mut request = Request::absolute(method.to_http(), path, context);
        request.body = body.into();
        RawRequest { client: self.clone(), request }
    }
}

/// A call of the REST API, sent when awaited; made by [`Lakebase::request`].
///
/// ```no_run
/// # async fn run(lakebase: lakebase::Lakebase) -> lakebase::Result<()> {
/// let body = serde_json::json!({ "endpoint": "projects/shop/branches/dev/endpoints/primary" });
/// let answer = lakebase.request(lakebase::builder::Method::Post, "/api/2.0/postgres/credentials", body).idempotent().await?;
/// assert!(answer["expire_time"].is_string());
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Awaiting it: [`Invalid`](crate::ErrorKind::Invalid), before anything is sent, for a path that does not begin with
/// one slash; the kind of an error answer, such as [`NotFound`](crate::ErrorKind::NotFound),
/// [`PermissionDenied`](crate::ErrorKind::PermissionDenied),
/// [`FailedPrecondition`](crate::ErrorKind::FailedPrecondition), and [`RateLimited`](crate::ErrorKind::RateLimited)
/// or [`Unavailable`](crate::ErrorKind::Unavailable) after the retries;
/// [`Unauthenticated`](crate::ErrorKind::Unauthenticated) without accepted credentials;
/// [`Connect`](crate::ErrorKind::Connect) when the service cannot be reached; [`Timeout`](crate::ErrorKind::Timeout)
/// when the retry budget runs out or the service is silent; [`Protocol`](crate::ErrorKind::Protocol) when the answer
/// is not JSON. Fetching a token can also fail with [`Config`](crate::ErrorKind::Config).
#[derive(Clone)]
#[must_use = "nothing is sent until the request is awaited"]
pub struct RawRequest {
    client: Lakebase,
    request: Request,
}

impl RawRequest {
    /// Adds a query parameter; the key may be repeated.
    pub fn query(mut self, key: impl Into<String>, value: impl ToString) -> Self {
        self.request = self.request.query(key.into(), value);
        self
    }

    /// Marks the call as safe to send twice, so that it is retried after a lost connection. `GET` always is.
    pub fn idempotent(mut self) -> Self {
        self.request = self.request.idempotent();
        self
    }

    async fn send(self) -> Result<Value> {
        let request = self.request;
        let context = request.context.clone();
        let read = async {
            let answer = self.client.answer(&request).await?;
            if answer.is_success() && answer.body.trim_ascii().is_empty() {
                return Ok(Value::Null);
            }
            decode::json(&answer, self.client.host())
        };
        read.await.map_err(|error| error.with_context(context))
    }
}

impl IntoFuture for RawRequest {
    /// The body of the answer; `null` if it is empty.
    type Output = Result<Value>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl fmt::Debug for RawRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The body is the caller's own and may hold a password.
        f.debug_struct("RawRequest")
            .field("method", &self.request.method.as_str())
            .field("path", &self.request.path)
            .finish_non_exhaustive()
    }
}
