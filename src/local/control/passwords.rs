//! Logins with PostgreSQL's own passwords, checked against the verifier that PostgreSQL keeps.
//!
//! The gateway asks for the password in clear inside TLS, so there is no SCRAM exchange: the stored key is derived from
//! the password and compared.

use secrecy::{ExposeSecret as _, SecretString};

use super::{
    computes::Computes,
    error_response::ErrorResponse,
    sql::{MAINTENANCE_DATABASE, Session},
    state::Branch,
};
use crate::local::scram::Verifier;

/// Whether this is the password of a role that may log in.
pub(super) async fn is_valid(
    computes: &Computes,
    branch: &Branch,
    user: &str,
    password: &SecretString,
) -> Result<bool, ErrorResponse> {
    let verifier = Session::open(computes, branch, MAINTENANCE_DATABASE).await?.verifier_of(user).await?;
    let verifier = verifier.as_deref().and_then(Verifier::parse);
    let (known, password) = (verifier.is_some(), password.clone());
    // A role without a password takes as long as one with: the time does not show which roles there are.
    let verifier = verifier.unwrap_or_else(Verifier::of_no_password);
    // Thousands of rounds of hashing would block the async threads.
    tokio::task::spawn_blocking(move || verifier.accepts(password.expose_secret()) && known)
        .await
        .map_err(|_| ErrorResponse::internal("checking a password broke off"))
}
