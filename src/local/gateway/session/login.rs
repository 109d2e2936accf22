//! A login, once its message has arrived: queue, throttle, the decision of [`Authenticator`], wake of the compute.

use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};
use tokio::{task::JoinSet, time::timeout};
use tracing::Instrument as _;

use super::EndpointContext;
use crate::local::{
    gateway::{Authenticator, Upstream, error_response::ErrorResponse, message::Startup, throttle::TooMany},
    token,
};

/// Authenticates the client and wakes the compute.
pub(super) async fn authenticate_and_wake(
    context: &EndpointContext,
    startup: &Startup,
    password: &SecretString,
) -> Result<Upstream, ErrorResponse> {
    let authenticator = context.authenticator.upgrade().ok_or_else(ErrorResponse::shutting_down)?;
    let turn = timeout(context.deadlines.queue, context.logins.acquire()).await;
    let Ok(Ok(turn)) = turn else {
        return Err(ErrorResponse::unavailable(
            "too many logins at this endpoint are being decided; try again",
        ));
    };
    let decided = authenticate(context, &authenticator, startup.user(), password);
    timeout(context.deadlines.wake, decided)
        .await
        .map_err(|_| too_slow(context, "decide about the login"))??;
    drop(turn);
    let endpoint = context.endpoint.clone();
    let connected = on_caller_runtime(context, async move { authenticator.wake(&endpoint).await });
    timeout(context.deadlines.wake, connected).await.map_err(|_| too_slow(context, "wake"))?
}

fn too_slow(context: &EndpointContext, action: &str) -> ErrorResponse {
    let seconds = context.deadlines.wake.as_secs();
    ErrorResponse::unavailable(format!(
        "the compute of this endpoint did not {action} within {seconds} s; try again"
    ))
}

/// Calls the authenticator, with a rate limit for passwords. Tokens cannot be guessed and are checked at once, so that
/// password attempts of others do not lock their holders out.
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
    // The task fails if it panics or its runtime ends.
    let answered = task.join_next().await.and_then(Result::ok);
    answered.unwrap_or_else(|| Err(ErrorResponse::internal("the login could not be decided")))
}
