//! Requests outside the API: token endpoints, host metadata. They carry no token of the workspace.

use reqwest::RequestBuilder;

use super::{
    retry::{Attempts, Limits, Next},
    transport::{Answer, Transport},
};
use crate::error::{Error, Result};

/// Sends a request without a token of the workspace, and repeats it within `limits`.
pub(crate) async fn send(transport: &Transport, request: RequestBuilder, limits: Limits) -> Result<Answer> {
    let request = build(request)?;
    let mut to = request.url().clone();
    to.set_query(None);
    run(transport, request, limits, to.as_str()).await
}

/// [`send`], with a name for the errors in place of an address that is a secret.
pub(crate) async fn send_to(
    transport: &Transport,
    request: RequestBuilder,
    limits: Limits,
    name: &str,
) -> Result<Answer> {
    run(transport, build(request)?, limits, name).await
}

fn build(request: RequestBuilder) -> Result<reqwest::Request> {
    request.build().map_err(|e| Error::invalid("the request cannot be built").with_source(e.without_url()))
}

async fn run(transport: &Transport, request: reqwest::Request, limits: Limits, to: &str) -> Result<Answer> {
    let mut attempts = Attempts::new(limits, true);
    loop {
        let again = request.try_clone().ok_or_else(|| Error::invalid("the request cannot be sent twice"))?;
        let outcome = attempts.within(transport.exchange(again)).await?;
        match attempts.judge(outcome, to) {
            Next::Answer(answer) => return Ok(answer),
            Next::GiveUp(error) => return Err(error.with_context(format!("asking {to}"))),
            Next::Wait(delay) => tokio::time::sleep(delay).await,
        }
    }
}
