//! What a client is told when it may not come in.

use std::fmt;

/// Why a client is turned away. It is sent as PostgreSQL's `FATAL` error, then the connection closes.
///
/// The message is for the client: it names the rule and the remedy and never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub(crate) enum Refusal {
    /// The login is wrong: who, with which password, or to what.
    Login {
        /// Five characters of PostgreSQL's table, such as `28P01`.
        sqlstate: &'static str,
        message: String,
    },
    /// The compute is not there now and may be later (`57P03`); official clients try again.
    Unavailable { message: String },
    /// What the client sent breaks the PostgreSQL protocol (`08P01`).
    Protocol { message: String },
    /// The connection ends because the endpoint does (`57P01`).
    ShuttingDown,
    /// Something on our side went wrong (`XX000`).
    Internal { message: String },
}

impl Refusal {
    /// The token has expired, is of another project, or is not of this user.
    pub(crate) fn not_authorized() -> Refusal {
        Refusal::Login { sqlstate: "28000", message: "OAuth: User is not authorized".to_owned() }
    }

    /// The password is no token, or a changed one.
    pub(crate) fn bad_password(user: &str) -> Refusal {
        Refusal::Login {
            sqlstate: "28P01",
            message: format!("password authentication failed for user '{user}'"),
        }
    }

    /// A password of PostgreSQL's own, which the project does not allow.
    pub(crate) fn native_login_disabled() -> Refusal {
        Refusal::Login {
            sqlstate: "28000",
            message: "native postgres login is disabled for this endpoint".to_owned(),
        }
    }

    pub(crate) fn tls_required() -> Refusal {
        Refusal::Login { sqlstate: "28000", message: "SSL connection is required".to_owned() }
    }

    pub(crate) fn protocol(message: impl Into<String>) -> Refusal {
        Refusal::Protocol { message: message.into() }
    }

    pub(crate) fn sqlstate(&self) -> &'static str {
        match self {
            Refusal::Login { sqlstate, .. } => sqlstate,
            Refusal::Unavailable { .. } => "57P03",
            Refusal::Protocol { .. } => "08P01",
            Refusal::ShuttingDown => "57P01",
            Refusal::Internal { .. } => "XX000",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Login { message, .. }
            | Refusal::Unavailable { message }
            | Refusal::Protocol { message }
            | Refusal::Internal { message } => f.write_str(message),
            Refusal::ShuttingDown => f.write_str("terminating connection due to administrator command"),
        }
    }
}

impl std::error::Error for Refusal {}
