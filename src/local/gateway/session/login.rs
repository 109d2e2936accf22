//! The decision about a login, and the wake of the compute.

use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};
use tokio::{task::JoinSet, time::timeout};
use tracing::Instrument as _;

use super::EndpointContext;
use crate::local::{
    admission::Place,
    gateway::{Authenticator, Upstream, error_response::ErrorResponse, message::Startup, throttle::TooMany},
    token,
};

/// Authenticates the client, gives its place back and wakes the compute.
pub(super) async fn admit(
    context: &EndpointContext,
    startup: &Startup,
    password: &SecretString,
    place: Place,
) -> Result<Upstream, ErrorResponse> {
    let authenticator = context.authenticator.upgrade().ok_or_else(ErrorResponse::shutting_down)?;
    authenticate(context, &authenticator, startup.user(), password).await?;
    drop(place);
    let endpoint = context.endpoint.clone();
    let connected = on_caller_runtime(context, async move { authenticator.connect(&endpoint).await });
    timeout(context.deadlines.wake, connected).await.map_err(|_| {
        ErrorResponse::unavailable(format!(
            "the compute of this endpoint did not wake within {} s; try again",
            context.deadlines.wake.as_secs()
        ))
    })?
}

/// Asks the authenticator, and slows guesses at passwords down. Tokens cannot be guessed and are checked at once,
/// so that a guesser does not lock their holders out.
async fn authenticate(
    context: &EndpointContext,
    authenticator: &Arc<dyn Authenticator>,
    user: &str,
    password: &SecretString,
) -> Result<(), ErrorResponse> {
    let attempt = match token::has_token_form(password.expose_secret()) {
        true => None,
        false => {
            let attempt = context.throttle.attempt(&context.endpoint, user).await;
            Some(attempt.map_err(|TooMany { retry_after }| {
                ErrorResponse::too_many_failures(user, retry_after.as_secs().max(1))
            })?)
        }
    };
    let outcome = on_caller_runtime(context, {
        let (authenticator, endpoint) = (authenticator.clone(), context.endpoint.clone());
        let (user, password) = (user.to_owned(), password.clone());
        async move { authenticator.authenticate(&endpoint, &user, &password).await }
    })
    .await;
    match (&outcome, attempt) {
        (Ok(()), Some(attempt)) => attempt.succeeded(),
        (Err(response), Some(attempt)) if response.is_wrong_password() => attempt.failed(),
        _ => {}
    }
    outcome
}

/// Runs on the runtime that published the endpoint. Ends early when dropped.
async fn on_caller_runtime<T: Send + 'static>(
    context: &EndpointContext,
    asked: impl Future<Output = Result<T, ErrorResponse>> + Send + 'static,
) -> Result<T, ErrorResponse> {
    let mut task = JoinSet::new();
    task.spawn_on(asked.in_current_span(), &context.caller_runtime);
    // It fails when it panics or its runtime ends.
    let answered = task.join_next().await.and_then(Result::ok);
    answered.unwrap_or_else(|| Err(ErrorResponse::internal("the login could not be decided")))
}
