//! Passwords of roles: generated here, kept as verifiers by PostgreSQL, and checked against those at logins.
//!
//! The gateway asks for the password in clear inside TLS, so there is no SCRAM exchange: the stored key is derived from
//! the password and compared.

use secrecy::{ExposeSecret as _, SecretString};

use super::{
    computes::Computes,
    error_response::ErrorResponse,
    sql::{self, MAINTENANCE_DATABASE, Session},
    state::Branch,
};
use crate::{
    api::wire::role::AuthMethod,
    local::scram::{self, Verifier},
};

/// Generates the password of a role.
pub(super) fn generate() -> Result<SecretString, ErrorResponse> {
    scram::generate_password().map_err(|error| no_random(&error))
}

/// The verifier of a generated password.
pub(super) async fn verifier(password: &SecretString) -> Result<Verifier, ErrorResponse> {
    let password = password.clone();
    let derived = hash(move || Verifier::of_role(&password)).await?;
    derived.map_err(|error| no_random(&error))
}

/// Gives the roles of a new branch of a protected one passwords of their own, so that those of the source do not open
/// it nor the other way round. Roles without a row, made in SQL, lose theirs: nothing could show a new one.
pub(super) async fn replace_all(computes: &Computes, branch: &mut Branch) -> Result<(), ErrorResponse> {
    let mut session = Session::open(computes, branch, MAINTENANCE_DATABASE).await?;
    let mut statements = String::new();
    for name in session.roles_with_passwords().await? {
        let mut rows = branch.roles.values_mut();
        let verifier = match rows.find(|role| role.postgres_role == name && role.auth == AuthMethod::Password)
        {
            Some(role) => Some(verifier(role.password.insert(generate()?)).await?),
            None => None,
        };
        statements.push_str(&sql::set_password(&name, verifier.as_ref()));
    }
    if statements.is_empty() { Ok(()) } else { session.run(statements).await }
}

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
    hash(move || verifier.accepts(password.expose_secret()) && known).await
}

/// Runs thousands of rounds of hashing, which would block the async threads.
async fn hash<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ErrorResponse> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| ErrorResponse::internal("hashing a password broke off"))
}

fn no_random(error: &std::io::Error) -> ErrorResponse {
    ErrorResponse::internal(error.to_string())
}
