//! Copying between a client that has logged in and its compute.

use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt as _},
    time::timeout,
};

use super::{Closing, EndpointContext, SessionError, close::close, closed};
use crate::local::gateway::{
    error_response::ErrorResponse,
    message,
    splice::{End, Proxy},
};

/// Copies until one side ends or the endpoint does.
pub(super) async fn proxy<C, U>(
    context: &EndpointContext,
    client: &mut C,
    compute: &mut U,
    closing: &mut Closing,
) -> Result<(), SessionError>
where
    C: AsyncRead + AsyncWrite + Unpin,
    U: AsyncRead + AsyncWrite + Unpin,
{
    let mut splice = Proxy::new();
    let end = tokio::select! {
        end = splice.run(client, compute) => Some(end),
        () = closed(closing) => None,
    };
    match end {
        Some(End::Client) => {
            // The compute hears of it by the end of its connection. A client that reads nothing is not waited for.
            let _ = timeout(context.deadlines.close, client.shutdown()).await;
            Ok(())
        }
        Some(End::Compute) => {
            close(context, client).await;
            Ok(())
        }
        Some(End::ComputeSilently(source)) => {
            send_shutting_down(context, client).await;
            close(context, client).await;
            Err(SessionError::ComputeGone { source })
        }
        Some(End::ComputeMidway(source)) => {
            close(context, client).await;
            Err(SessionError::ComputeGone { source })
        }
        Some(End::ClientFailed(source)) => Err(SessionError::Client { action: "copying", source }),
        None => {
            if splice.may_write_error() {
                send_shutting_down(context, client).await;
            }
            close(context, client).await;
            Err(SessionError::Closed)
        }
    }
}

async fn send_shutting_down(context: &EndpointContext, client: &mut (impl AsyncWrite + Unpin)) {
    let last = message::fatal(&ErrorResponse::shutting_down());
    let _ = timeout(context.deadlines.close, client.write_all(&last)).await;
}
