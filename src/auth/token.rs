//! Tokens and their providers.

use std::{fmt, future::Future, pin::Pin, time::Duration};

use chrono::{DateTime, Utc};
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};

use crate::error::{Error, ErrorKind, Result};

/// A source of tokens for the workspace. Implement it for a custom login; the built-in strategies are implementations,
/// too.
///
/// The client keeps a token until shortly before it expires, asks for the next one early and only once however many
/// callers wait, and asks again when the service refuses a token: an implementation just fetches one.
///
/// ```
/// use lakebase::{Result, auth::{Token, TokenProvider}};
///
/// /// Reads the token that a sidecar keeps fresh.
/// struct Sidecar;
///
/// impl TokenProvider for Sidecar {
///     async fn token(&self) -> Result<Token> {
///         let text = std::fs::read_to_string("/run/secrets/lakebase").map_err(|error| {
///             lakebase::Error::unauthenticated("the sidecar has written no token yet").with_source(error)
///         })?;
///         Ok(Token::new(text.trim()).expires_in(std::time::Duration::from_secs(300)))
///     }
/// }
/// ```
pub trait TokenProvider: Send + Sync + 'static {
    /// Fetches a token.
    ///
    /// # Errors
    ///
    /// The reason why the provider has none, see
    /// [`Error::unauthenticated`](crate::Error::unauthenticated). A token that still works is kept in use meanwhile.
    ///
    /// # Cancel safety
    ///
    /// The returned future may be dropped at any point, when the caller's own future is.
    fn token(&self) -> impl Future<Output = Result<Token>> + Send;

    /// The kind of login, for the `User-Agent`. `custom` by default.
    fn auth_type(&self) -> &str {
        "custom"
    }

    /// Whether a refused token may be replaced by asking again. `true` by default; a token that never changes
    /// says `false` and saves a request.
    fn is_renewable(&self) -> bool {
        true
    }
}

/// A [`TokenProvider`] behind a pointer.
pub(crate) trait Provider: Send + Sync + 'static {
    fn fetch(&self) -> Fetching<'_>;
    fn auth_type(&self) -> &str;
    fn is_renewable(&self) -> bool;
}

/// A login strategy with its settings, or the reason why it cannot be used.
pub(super) type Configured = std::result::Result<std::sync::Arc<dyn Provider>, String>;

pub(crate) type Fetching<'a> = Pin<Box<dyn Future<Output = Result<Token>> + Send + 'a>>;

impl<P: TokenProvider> Provider for P {
    fn fetch(&self) -> Fetching<'_> {
        Box::pin(self.token())
    }

    fn auth_type(&self) -> &str {
        TokenProvider::auth_type(self)
    }

    fn is_renewable(&self) -> bool {
        TokenProvider::is_renewable(self)
    }
}

/// A token for the REST API and its lifetime. `Debug` does not show it.
///
/// ```
/// use lakebase::auth::Token;
///
/// let token = Token::new("dapi-secret").expires_in(std::time::Duration::from_secs(3600));
/// assert!(!format!("{token:?}").contains("secret"));
/// ```
#[derive(Clone)]
pub struct Token {
    secret: SecretString,
    scheme: String,
    pub(super) expiry: TokenExpiry,
    extra: Vec<(HeaderName, SecretString)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenExpiry {
    Never,
    /// Counted from the moment the token was received.
    In(Duration),
    At(DateTime<Utc>),
}

impl Token {
    /// A bearer token that never expires.
    pub fn new(token: impl Into<String>) -> Self {
        Self {
            secret: SecretString::from(token.into()),
            scheme: "Bearer".to_owned(),
            expiry: TokenExpiry::Never,
            extra: Vec::new(),
        }
    }

    /// Sets the lifetime of the token from now on. Prefer this to [`expires_at`](Self::expires_at) where the issuer
    /// gives a duration: it does not depend on this machine's clock being right.
    pub fn expires_in(mut self, life: Duration) -> Self {
        self.expiry = TokenExpiry::In(life);
        self
    }

    /// Sets the expiry time of the token.
    pub fn expires_at(mut self, time: DateTime<Utc>) -> Self {
        self.expiry = TokenExpiry::At(time);
        self
    }

    /// The scheme of the `Authorization` header as the issuer gave it; `bearer` in any case is `Bearer`.
    pub(super) fn with_scheme(mut self, scheme: &str) -> Self {
        if !scheme.is_empty() && !scheme.eq_ignore_ascii_case("bearer") {
            self.scheme = scheme.to_owned();
        }
        self
    }

    pub(super) fn with_header(mut self, name: HeaderName, value: SecretString) -> Self {
        self.extra.push((name, value));
        self
    }

    pub(super) fn secret(&self) -> &str {
        self.secret.expose_secret()
    }

    /// The headers to send, marked as sensitive.
    pub(super) fn headers(&self) -> Result<Vec<(HeaderName, HeaderValue)>> {
        let authorization = format!("{} {}", self.scheme, self.secret());
        let mut headers = vec![(AUTHORIZATION, sensitive(&authorization)?)];
        for (name, value) in &self.extra {
            headers.push((name.clone(), sensitive(value.expose_secret())?));
        }
        Ok(headers)
    }
}

fn sensitive(text: &str) -> Result<HeaderValue> {
    let mut value = HeaderValue::from_str(text).map_err(|_| {
        // The source would say nothing more, and the value must not be shown.
        let message = "the token has characters that cannot be sent, such as a line break at its end; \
                       copy it again without them";
        Error::new(ErrorKind::Config, message)
    })?;
    value.set_sensitive(true);
    Ok(value)
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { secret: _, scheme, expiry, extra: _ } = self;
        f.debug_struct("Token").field("scheme", scheme).field("expiry", expiry).finish_non_exhaustive()
    }
}
