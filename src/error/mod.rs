//! [`Error`], the one error of the crate, and the typed errors that convert into it.

mod api_error;
#[cfg(feature = "sqlx")]
mod database;

use std::{borrow::Cow, error::Error as StdError, fmt, sync::Arc};

pub(crate) use self::api_error::ApiError;
#[cfg(feature = "sqlx")]
pub use self::database::DatabaseError;
use crate::api::wire::error::ErrorBody;
pub use crate::api::{lsn::InvalidLsn, name::InvalidName};

/// The result of nearly everything in this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

type BoxError = Box<dyn StdError + Send + Sync + 'static>;

/// A failed call: a [`kind`](Self::kind) to match on, a message that names the failed action and the remedy, the
/// service's own code, message and request id, and the cause as [`source`](StdError::source).
///
/// `Display` is one line and does not repeat its source; `Debug` (what `fn main() -> Result<…>` prints) adds the
/// chain of causes. No secret is ever part of either.
///
/// Every other error of the crate, and `sqlx::Error`, converts into it with `?`;
/// [`downcast_ref`](Self::downcast_ref) finds the original.
///
/// ```
/// use lakebase::{ErrorKind, name::ProjectId};
///
/// let error = lakebase::Error::from(ProjectId::new("Shop").unwrap_err());
/// assert_eq!(error.kind(), ErrorKind::Invalid);
/// assert!(!error.is_retryable());
/// ```
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    context: Option<Cow<'static, str>>,
    message: Cow<'static, str>,
    api_error: Option<ApiError>,
    cause: Option<Cause>,
    operation: Option<String>,
    /// Known where the driver's error is not part of the chain.
    #[cfg(feature = "sqlx")]
    sqlstate: Option<String>,
}

#[derive(Clone)]
enum Cause {
    /// The next line of the chain.
    Source(Arc<dyn StdError + Send + Sync>),
    /// An error that was converted: the message is its line, and its source is the next one.
    Wrapped(Arc<dyn StdError + Send + Sync>),
}

/// The kind of a failure, for programs to match on.
///
/// ```
/// # fn handle(error: lakebase::Error) {
/// use lakebase::ErrorKind;
///
/// match error.kind() {
///     ErrorKind::NotFound => println!("nothing there"),
///     ErrorKind::AlreadyExists => println!("it exists already"),
///     _ => eprintln!("{error}"),
/// }
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Inconsistent configuration: no host, an unknown profile, two authorization methods.
    Config,
    /// No credentials found, or they were rejected (401).
    Unauthenticated,
    /// The caller lacks a permission (403).
    PermissionDenied,
    /// An invalid argument, rejected by this crate or by the service (400).
    Invalid,
    /// The resource does not exist (404).
    NotFound,
    /// A resource of this id exists already (409, or 400 with that text).
    AlreadyExists,
    /// The resource exists but differs from the request: another source, expiry or version.
    Mismatch,
    /// The state of the resource forbids it: protected, a root branch, a branch with children.
    FailedPrecondition,
    /// The service is still working on the resource; the same call works a little later.
    Reconciling,
    /// Too many requests or a quota is used up (429).
    RateLimited,
    /// The service failed or is temporarily unavailable (500, 502, 503, 504).
    Unavailable,
    /// The service cannot be reached: name, connection, TLS.
    Connect,
    /// A time limit of this crate or of the caller was exceeded.
    Timeout,
    /// The answer breaks the API contract: HTML, invalid JSON, a missing field.
    Protocol,
    /// A long-running operation ended with an error.
    OperationFailed,
    /// The service does not support the call (501).
    Unsupported,
    /// PostgreSQL rejected a login or a statement.
    Database,
    /// A check stopped a promotion or a migration, or no plan is possible.
    Refused,
    /// Another session or process holds the lock that this needs: a migration lock, a lock on a table, the lock on a
    /// data directory. The same call works when it is released.
    Busy,
}

impl Error {
    /// Creates an error, for example in a mock of the service. The message must not contain a secret.
    ///
    /// ```
    /// use lakebase::{Error, ErrorKind};
    ///
    /// let error = Error::new(ErrorKind::NotFound, "there is no such branch in this test");
    /// assert!(error.is_not_found());
    /// ```
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            kind,
            context: None,
            message: message.into(),
            api_error: None,
            cause: None,
            operation: None,
            #[cfg(feature = "sqlx")]
            sqlstate: None,
        }))
    }

    /// Creates the error of a custom login, see [`TokenProvider`](crate::auth::TokenProvider). The message must not
    /// contain a secret.
    ///
    /// ```
    /// use lakebase::{Error, ErrorKind};
    ///
    /// let error = Error::unauthenticated("the vault is sealed");
    /// assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    /// ```
    pub fn unauthenticated(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Unauthenticated, message)
    }

    pub(crate) fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Invalid, message)
    }

    /// Converts a self-contained error: its text becomes the message, its source stays the source.
    pub(crate) fn wrap(kind: ErrorKind, error: impl StdError + Send + Sync + 'static) -> Self {
        Self::wrap_boxed(kind, Box::new(error))
    }

    pub(crate) fn wrap_boxed(kind: ErrorKind, error: BoxError) -> Self {
        let mut wrapper = Self::new(kind, error.to_string());
        wrapper.0.cause = Some(Cause::Wrapped(Arc::from(error)));
        wrapper
    }

    /// An error of the database driver, with the failed action as context.
    #[cfg(feature = "migrate")]
    pub(crate) fn database(context: impl Into<Cow<'static, str>>, error: sqlx::Error) -> Self {
        Self::from(error).with_context(context)
    }

    /// Adds the failed action as context. The innermost context wins.
    pub(crate) fn with_context(mut self, context: impl Into<Cow<'static, str>>) -> Self {
        self.0.context.get_or_insert_with(|| context.into());
        self
    }

    /// Adds the cause. It is printed as it is, so it must not contain a secret.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync + 'static>>) -> Self {
        self.0.cause = Some(Cause::Source(Arc::from(source.into())));
        self
    }

    /// Changes the kind, for callers that can classify the failure.
    pub(crate) fn with_kind(mut self, kind: ErrorKind) -> Self {
        self.0.kind = kind;
        self
    }

    /// Puts a text in front of the message, such as the step that failed.
    pub(crate) fn prepend_message(mut self, text: &str) -> Self {
        self.0.message.to_mut().insert_str(0, text);
        self
    }

    /// Adds to the end of the message, such as the number of attempts.
    pub(crate) fn append_message(mut self, text: impl AsRef<str>) -> Self {
        self.0.message.to_mut().push_str(text.as_ref());
        self
    }

    pub(crate) fn with_operation(mut self, name: impl Into<String>) -> Self {
        self.0.operation = Some(name.into());
        self
    }

    #[cfg(feature = "schema")]
    pub(crate) fn with_sqlstate(mut self, code: Option<String>) -> Self {
        self.0.sqlstate = code;
        self
    }

    /// Takes over what programs ask of the error that this one reports: the answer of the service, the operation, the
    /// SQLSTATE.
    #[cfg(feature = "migrate")]
    pub(crate) fn with_details_of(mut self, cause: &Self) -> Self {
        self.0.api_error.clone_from(&cause.0.api_error);
        self.0.operation.clone_from(&cause.0.operation);
        self.0.sqlstate = cause.sqlstate();
        self
    }

    /// An error answer over HTTP.
    pub(crate) fn from_api(api_error: ApiError) -> Self {
        let kind = api_error.kind();
        let mut error = Self::new(kind, api_error.describe(kind));
        error.0.api_error = Some(api_error);
        error
    }

    /// The error of a finished operation.
    pub(crate) fn from_operation(name: &str, body: ErrorBody) -> Self {
        let api_error = ApiError::from_body(0, body);
        let kind = match api_error.kind() {
            ErrorKind::Protocol => ErrorKind::OperationFailed,
            kind => kind,
        };
        let mut error = Self::new(kind, format!("the operation failed: {}", api_error.describe(kind)));
        error.0.api_error = Some(api_error);
        error.with_operation(name)
    }

    /// The kind of failure.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether retrying the call later may succeed: [`Reconciling`](ErrorKind::Reconciling),
    /// [`RateLimited`](ErrorKind::RateLimited), [`Unavailable`](ErrorKind::Unavailable),
    /// [`Connect`](ErrorKind::Connect), [`Timeout`](ErrorKind::Timeout) and [`Busy`](ErrorKind::Busy).
    ///
    /// The library has already retried where that is safe.
    pub fn is_retryable(&self) -> bool {
        use ErrorKind::{Busy, Connect, RateLimited, Reconciling, Timeout, Unavailable};
        matches!(self.0.kind, Reconciling | RateLimited | Unavailable | Connect | Timeout | Busy)
    }

    /// Whether the resource does not exist: [`NotFound`](ErrorKind::NotFound).
    ///
    /// ```
    /// # async fn example(branch: lakebase::Branch) -> lakebase::Result<()> {
    /// match branch.get().await {
    ///     Err(error) if error.is_not_found() => println!("it has expired"),
    ///     result => println!("{}", result?.state),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn is_not_found(&self) -> bool {
        self.0.kind == ErrorKind::NotFound
    }

    /// Whether a resource of this id exists already: [`AlreadyExists`](ErrorKind::AlreadyExists).
    pub fn is_already_exists(&self) -> bool {
        self.0.kind == ErrorKind::AlreadyExists
    }

    /// Whether the resource is managed by its parent and goes with it (a root branch, a read-write endpoint).
    pub fn is_managed_by_parent(&self) -> bool {
        self.0.api_error.as_ref().is_some_and(|api_error| api_error.managed_by_parent)
    }

    /// The HTTP status of the error answer.
    pub fn status(&self) -> Option<u16> {
        self.0.api_error.as_ref().map(|api_error| api_error.status).filter(|status| *status != 0)
    }

    /// The service's `error_code`, such as `INVALID_PARAMETER_VALUE`.
    pub fn code(&self) -> Option<&str> {
        self.0.api_error.as_ref().and_then(|api_error| api_error.code.as_deref())
    }

    /// The service's own message.
    pub fn service_message(&self) -> Option<&str> {
        self.0.api_error.as_ref().map(|api_error| api_error.message.as_str())
    }

    /// The id of the request in the service's logs; quote it to support.
    pub fn request_id(&self) -> Option<&str> {
        self.0.api_error.as_ref().and_then(|api_error| api_error.request_id.as_deref())
    }

    /// The name of the operation that failed or is still running, to be resumed by name.
    pub fn operation(&self) -> Option<&str> {
        self.0.operation.as_deref()
    }

    /// The first error of this type: the one that was converted into this error, else one of the chain of causes.
    ///
    /// ```
    /// use lakebase::{Error, error::InvalidName, name::ProjectId};
    ///
    /// let error = Error::from(ProjectId::new("Shop").unwrap_err());
    /// assert_eq!(error.downcast_ref::<InvalidName>().unwrap().value(), "Shop");
    /// ```
    pub fn downcast_ref<E: StdError + 'static>(&self) -> Option<&E> {
        let mut next: Option<&(dyn StdError + 'static)> = match &self.0.cause {
            Some(Cause::Source(error) | Cause::Wrapped(error)) => Some(&**error),
            None => None,
        };
        while let Some(error) = next {
            if let Some(found) = error.downcast_ref::<E>() {
                return Some(found);
            }
            next = match error.downcast_ref::<Self>() {
                // The source of an error of this crate may skip the error that it was converted from.
                Some(own) => return own.downcast_ref(),
                None => error.source(),
            };
        }
        None
    }

    /// The SQLSTATE of an error of PostgreSQL.
    #[cfg(any(feature = "sqlx", feature = "tokio-postgres"))]
    pub fn sqlstate(&self) -> Option<String> {
        #[cfg(feature = "tokio-postgres")]
        if let Some(code) = self.downcast_ref().and_then(tokio_postgres::Error::code) {
            return Some(code.code().to_owned());
        }
        #[cfg(feature = "sqlx")]
        {
            let own = self.0.sqlstate.clone();
            own.or_else(|| self.downcast_ref::<Self>()?.sqlstate())
                .or_else(|| self.downcast_ref::<DatabaseError>()?.sqlstate())
        }
        #[cfg(not(feature = "sqlx"))]
        None
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(context) = &self.0.context {
            write!(f, "{context}: ")?;
        }
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        let mut cause = self.source();
        while let Some(error) = cause {
            write!(f, "\n  caused by: {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self.0.cause.as_ref()? {
            Cause::Source(error) => Some(&**error),
            Cause::Wrapped(error) => error.source(),
        }
    }
}

impl From<std::convert::Infallible> for Error {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}

#[cfg(test)]
mod tests;
