//! Requests outside the API: token endpoints, host metadata. They carry no token of the workspace.

use reqwest::RequestBuilder;

use super::{
    retry::{Attempts, Limits, Next},
    transport::{Answer, Transport},
};
use crate::error::{Error, Result};

/// Sends a request without a token of the workspace, and repeats it within `limits`.
pub(crate) async fn send(transport: &Transport, request: RequestBuilder, limits: Limits) -> Result<Answer> {
    let request = request
        .build()
        .map_err(|e| Error::invalid("the request cannot be built").with_source(e.without_url()))?;
    let mut to = request.url().clone();
    to.set_query(None);
    let mut attempts = Attempts::new(limits, true);
    loop {
        let again = request.try_clone().ok_or_else(|| Error::invalid("the request cannot be sent twice"))?;
        let outcome = attempts.within(transport.exchange(again)).await?;
        match attempts.judge(outcome, to.as_str()) {
            Next::Answer(answer) => return Ok(answer),
            Next::GiveUp(error) => return Err(error.with_context(format!("asking {to}"))),
            Next::Wait(delay) => tokio::time::sleep(delay).await,
        }
    }
}
