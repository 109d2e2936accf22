//! The last message to a client, and the end of its connection.

use std::io;

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    time::timeout,
};

use super::{EndpointContext, SessionError};
use crate::local::gateway::{error_response::ErrorResponse, message};

/// Writes and flushes.
pub(super) async fn send(client: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> Result<(), SessionError> {
    let written = async {
        client.write_all(bytes).await?;
        client.flush().await
    };
    written.await.map_err(|source| SessionError::Client { action: "answering it", source })
}

/// Sends the error and closes our side. Runs under the deadline of the handshake.
pub(super) async fn refuse<T>(
    client: &mut (impl AsyncWrite + Unpin),
    response: ErrorResponse,
) -> Result<T, SessionError> {
    // The refusal is the outcome, also for a client that did not wait for it.
    let _ = send(client, &message::fatal(&response)).await;
    let _ = client.shutdown().await;
    Err(response.into())
}

/// Sends the error and waits for the client to close.
pub(super) async fn respond_and_close<C>(
    context: &EndpointContext,
    client: &mut C,
    response: ErrorResponse,
) -> Result<(), SessionError>
where
    C: AsyncRead + AsyncWrite + Unpin,
{
    let refused = timeout(context.deadlines.close, refuse(client, response.clone())).await;
    close(context, client).await;
    refused.unwrap_or(Err(response.into()))
}

/// Closes our side and gives the client time to close its own: a socket that is closed with unread bytes in it
/// is reset, and a reset takes the last message away from the client.
pub(super) async fn close<C>(context: &EndpointContext, client: &mut C)
where
    C: AsyncRead + AsyncWrite + Unpin,
{
    let drained = async {
        client.shutdown().await?;
        let mut sink = [0; 4096];
        while client.read(&mut sink).await? > 0 {}
        io::Result::Ok(())
    };
    let _ = timeout(context.deadlines.close, drained).await;
}
