//! The login at the compute, whose messages are passed on up to its first `ReadyForQuery`.

use bytes::BytesMut;
use tokio::{
    io::{AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::UnixStream,
    time::timeout,
};

use super::{EndpointContext, SessionError, close::send};
use crate::local::{
    compute::ComputeSocket,
    gateway::{
        cancel::Remembered,
        error_response::ErrorResponse,
        message::{self, CancelKey, Startup},
    },
};

/// Far above everything that PostgreSQL sends before its first `ReadyForQuery`.
const MAX_LOGIN_BYTES: usize = 1024 * 1024;

/// The compute's answer to a login.
pub(super) enum ComputeLogin {
    Accepted {
        compute: UnixStream,
        /// Kept while the session lives.
        _cancel_key: Option<Remembered>,
    },
    /// The client has the compute's error already.
    Refused { message: String },
}

/// Logs in at the compute within the deadline.
pub(super) async fn relay_login<C>(
    context: &EndpointContext,
    client: &mut C,
    socket: &ComputeSocket,
    startup: &Startup,
) -> Result<ComputeLogin, SessionError>
where
    C: AsyncWrite + Unpin,
{
    let login = async {
        let mut compute = connect(socket, startup).await?;
        relay(context, client, &mut compute, socket).await.map(|login| match login {
            Relayed::Ready(cancel_key) => ComputeLogin::Accepted { compute, _cancel_key: cancel_key },
            Relayed::Refused(message) => ComputeLogin::Refused { message },
        })
    };
    timeout(context.deadlines.compute, login).await.unwrap_or_else(|_| {
        let message = "the compute of this endpoint took too long to accept the connection";
        Err(ErrorResponse::unavailable(message).into())
    })
}

/// How the relayed messages ended.
enum Relayed {
    Ready(Option<Remembered>),
    Refused(String),
}

async fn connect(socket: &ComputeSocket, startup: &Startup) -> Result<UnixStream, SessionError> {
    let mut compute = socket.connect().await.map_err(|error| {
        tracing::warn!(socket = %socket.path().display(), %error, "the compute's socket accepts no connection");
        ErrorResponse::unavailable("the compute of this endpoint takes no connections now; try again")
    })?;
    compute.write_all(&startup.encode()).await.map_err(failed)?;
    Ok(compute)
}

fn failed(source: std::io::Error) -> SessionError {
    SessionError::Compute { action: "logging in", source }
}

async fn relay<C>(
    context: &EndpointContext,
    client: &mut C,
    compute: &mut UnixStream,
    socket: &ComputeSocket,
) -> Result<Relayed, SessionError>
where
    C: AsyncWrite + Unpin,
{
    let mut unread = BytesMut::with_capacity(8 * 1024);
    let mut cancel_key = None;
    let mut refused = None;
    loop {
        let mut whole = BytesMut::new();
        let mut ready = false;
        while let Some(message) = split_message(&mut unread)? {
            match (message.first(), message.get(5..)) {
                (Some(b'R'), body) if body != Some(&[0; 4]) => {
                    let message =
                        "the compute asks for a password of its own, which the gateway does not have";
                    return Err(ErrorResponse::internal(message).into());
                }
                (Some(b'K'), Some(body)) => {
                    cancel_key = CancelKey::new(body).map(|key| context.cancels.remember(key, socket));
                }
                (Some(b'E'), Some(body)) => refused = Some(message::message_of_error(body)),
                (Some(b'Z'), _) => ready = true,
                _ => {}
            }
            whole.unsplit(message);
        }
        if ready {
            whole.unsplit(std::mem::take(&mut unread));
        }
        if !whole.is_empty() {
            send(client, &whole).await?;
        }
        if ready {
            return Ok(Relayed::Ready(cancel_key));
        }
        match (compute.read_buf(&mut unread).await, refused.take()) {
            (Ok(0) | Err(_), Some(message)) => return Ok(Relayed::Refused(message)),
            (Ok(0), None) => {
                let message = "the compute of this endpoint stopped during the login; try again";
                return Err(ErrorResponse::unavailable(message).into());
            }
            (Ok(_), refusal) => refused = refusal,
            (Err(source), None) => return Err(failed(source)),
        }
    }
}

/// The error of a postmaster that cannot start a process for the session: text to a zero byte, in the format of
/// protocol 2, which the postmaster sends in one piece.
fn error_without_length(unread: &[u8]) -> Option<ErrorResponse> {
    let text = unread.strip_prefix(b"E")?;
    let text = text.get(..text.iter().position(|byte| *byte == 0)?)?;
    Some(ErrorResponse::new("53000", String::from_utf8_lossy(text).trim_end()))
}

/// Splits the first whole message off the bytes that were read.
fn split_message(unread: &mut BytesMut) -> Result<Option<BytesMut>, ErrorResponse> {
    let Some(&[a, b, c, d]) = unread.get(1..5) else { return Ok(None) };
    let length = u32::from_be_bytes([a, b, c, d]) as usize;
    if !(4..=MAX_LOGIN_BYTES).contains(&length) {
        return Err(error_without_length(unread).unwrap_or_else(|| {
            ErrorResponse::internal("the compute sent a message of impossible length during the login")
        }));
    }
    if unread.len() < length + 1 {
        return Ok(None);
    }
    Ok(Some(unread.split_to(length + 1)))
}
