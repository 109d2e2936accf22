//! `FATAL` errors that end a connection before PostgreSQL has a part in it.

use std::{borrow::Cow, fmt};

use chrono::{DateTime, SecondsFormat, Utc};

/// The error that a client gets before its connection closes.
///
/// Message and SQLSTATE are those of Lakebase; the hint is the remedy. None of them holds a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ErrorResponse {
    sqlstate: &'static str,
    message: String,
    hint: Option<Cow<'static, str>>,
}

impl ErrorResponse {
    /// Five characters of PostgreSQL's table, such as `28P01`, and the rule that was broken.
    pub(crate) fn new(sqlstate: &'static str, message: impl Into<String>) -> ErrorResponse {
        ErrorResponse { sqlstate, message: message.into(), hint: None }
    }

    /// Adds what the client can do about it.
    pub(crate) fn with_hint(mut self, hint: impl Into<Cow<'static, str>>) -> ErrorResponse {
        self.hint = Some(hint.into());
        self
    }

    /// A token that is valid but not for this login; the hint says which part does not fit.
    pub(crate) fn not_authorized(hint: impl Into<Cow<'static, str>>) -> ErrorResponse {
        ErrorResponse::new("28000", "OAuth: User is not authorized").with_hint(hint)
    }

    pub(crate) fn token_expired(at: DateTime<Utc>) -> ErrorResponse {
        let at = at.to_rfc3339_opts(SecondsFormat::Secs, true);
        ErrorResponse::not_authorized(format!(
            "The token expired at {at}. Request a new one (POST /api/2.0/postgres/credentials) and log in with it."
        ))
    }

    /// The response to a wrong password is the same for roles that exist and roles that do not.
    pub(crate) fn bad_password(user: &str) -> ErrorResponse {
        ErrorResponse::new("28P01", format!("password authentication failed for user '{user}'"))
            .with_hint("Check the user name and the password; a token must be one that this Lakebase issued.")
    }

    /// A PostgreSQL password where the project accepts tokens only.
    pub(crate) fn native_login_disabled() -> ErrorResponse {
        ErrorResponse::new("28000", "native postgres login is disabled for this endpoint").with_hint(
            "Use a token as the password (POST /api/2.0/postgres/credentials), or set \
             spec.enable_pg_native_login of the project to true.",
        )
    }

    pub(crate) fn too_many_failures(user: &str, seconds: u64) -> ErrorResponse {
        ErrorResponse::new("28P01", format!("password authentication failed for user '{user}'")).with_hint(
            format!(
                "Too many logins of this user failed; the password was not looked at. Try again in {seconds} s, \
                 or use a token."
            ),
        )
    }

    pub(crate) fn tls_required() -> ErrorResponse {
        ErrorResponse::new("28000", "SSL connection is required")
            .with_hint("Connect with sslmode=verify-full and sslrootcert=ca.pem of the data directory.")
    }

    /// The client's bytes break PostgreSQL's protocol.
    pub(crate) fn protocol(message: impl Into<String>) -> ErrorResponse {
        ErrorResponse::new("08P01", message)
    }

    /// The compute cannot be reached now and may be later; official clients try again.
    pub(crate) fn unavailable(message: impl Into<String>) -> ErrorResponse {
        ErrorResponse::new("57P03", message)
    }

    /// The connection ends because the endpoint does.
    pub(crate) fn shutting_down() -> ErrorResponse {
        ErrorResponse::new("57P01", "terminating connection due to administrator command")
    }

    /// A failure of the gateway or of the control plane.
    pub(crate) fn internal(message: impl Into<String>) -> ErrorResponse {
        ErrorResponse::new("XX000", message)
    }

    pub(crate) fn sqlstate(&self) -> &'static str {
        self.sqlstate
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    pub(crate) fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// Whether a guess at a password was wrong.
    pub(super) fn is_wrong_password(&self) -> bool {
        self.sqlstate == "28P01"
    }
}

impl fmt::Display for ErrorResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ErrorResponse {}
