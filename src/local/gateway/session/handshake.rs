//! The client's side up to its password: first packet, TLS, start-up packet. Cancel requests end here.

use std::{io, sync::OnceLock};

use secrecy::SecretString;
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt as _},
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use super::{
    EndpointContext, SessionError,
    close::{refuse, send},
};
use crate::local::{
    admission::{Permit, Progress},
    gateway::{
        authority::ALPN,
        error_response::ErrorResponse,
        message::{self, CancelKey, Head, Opening, ReadError, Startup},
        rewind::PrefixedStream,
    },
};

/// Names the phase in which a client rejects the certificate, for one.
pub(in crate::local::gateway) const TLS_ACTION: &str = "starting TLS";

/// The request that a connection makes.
pub(super) enum Request<S> {
    Cancel(CancelKey, Client<S>),
    Login(Box<TlsStream<PrefixedStream<S>>>, Startup, SecretString),
}

/// The client's side of a cancel request, encrypted or not.
pub(super) enum Client<S> {
    Plain(S),
    Tls(Box<TlsStream<PrefixedStream<S>>>),
}

/// The outcome of the bytes before TLS.
enum Negotiated<S> {
    /// TLS begins now; with the bytes that were read of it already.
    Tls(Option<Head>, S),
    Cancel(CancelKey, S),
}

/// Receives the client's request, from the first byte to the password.
pub(super) async fn receive<S>(
    context: &EndpointContext,
    stream: S,
    permit: &mut Permit,
    user: &OnceLock<String>,
) -> Result<Request<S>, SessionError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let first_packet = context.deadlines.first_packet;
    let too_slow = |_| SessionError::HandshakeTimeout;
    let (head, stream) =
        match timeout(first_packet, negotiate_tls(stream, user)).await.map_err(too_slow)?? {
            Negotiated::Tls(head, stream) => (head, stream),
            Negotiated::Cancel(key, stream) => return Ok(Request::Cancel(key, Client::Plain(stream))),
        };
    permit.reached(Progress::Handshake);
    let mut client = timeout(first_packet, start_tls(context, head, stream)).await.map_err(too_slow)??;
    let startup = match message::read_opening(&mut client).await {
        Ok((_, Opening::Startup(startup))) => startup,
        Ok((_, Opening::Cancel(key))) => return Ok(Request::Cancel(key, Client::Tls(Box::new(client)))),
        Ok(_) => {
            let response = ErrorResponse::protocol("encryption was asked for on an encrypted connection");
            return refuse(&mut client, response).await;
        }
        Err(error) => return unreadable(&mut client, error, "reading its start-up packet").await,
    };
    let _ = user.set(startup.user().to_owned());
    send(&mut client, message::ASK_PASSWORD).await?;
    match message::read_password(&mut client).await {
        Ok(password) => Ok(Request::Login(Box::new(client), startup, SecretString::from(password))),
        Err(error) => unreadable(&mut client, error, "reading its password").await,
    }
}

/// Answers requests for encryption until TLS begins. Declines GSSAPI once, refuses plaintext.
async fn negotiate_tls<S>(mut stream: S, user: &OnceLock<String>) -> Result<Negotiated<S>, SessionError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut gss_declined = false;
    loop {
        match message::read_opening(&mut stream).await {
            Ok((_, Opening::TlsRequest)) => {
                send(&mut stream, b"S").await?;
                return Ok(Negotiated::Tls(None, stream));
            }
            Ok((_, Opening::GssRequest)) if !gss_declined => {
                gss_declined = true;
                send(&mut stream, b"N").await?;
            }
            Ok((_, Opening::GssRequest)) => {
                let response = ErrorResponse::protocol("GSSAPI encryption was asked for twice");
                return refuse(&mut stream, response).await;
            }
            Ok((head, Opening::DirectTls)) => return Ok(Negotiated::Tls(Some(head), stream)),
            Ok((_, Opening::Cancel(key))) => return Ok(Negotiated::Cancel(key, stream)),
            Ok((_, Opening::Startup(startup))) => {
                let _ = user.set(startup.user().to_owned());
                return refuse(&mut stream, ErrorResponse::tls_required()).await;
            }
            Err(error) => return unreadable(&mut stream, error, "reading its first packet").await,
        }
    }
}

async fn start_tls<S>(
    context: &EndpointContext,
    head: Option<Head>,
    stream: S,
) -> Result<TlsStream<PrefixedStream<S>>, SessionError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let direct = head.is_some();
    let mut client = TlsAcceptor::from(context.tls.clone())
        .accept(PrefixedStream::new(head, stream))
        .await
        .map_err(|source| SessionError::Client { action: TLS_ACTION, source })?;
    if direct && client.get_ref().1.alpn_protocol() != Some(ALPN) {
        let response = ErrorResponse::protocol(
            "received direct SSL connection request without ALPN protocol negotiation extension",
        );
        return refuse(&mut client, response).await;
    }
    Ok(client)
}

async fn unreadable<T>(
    client: &mut (impl AsyncWrite + Unpin),
    error: ReadError,
    action: &'static str,
) -> Result<T, SessionError> {
    match error {
        ReadError::Io(source) => Err(SessionError::Client { action, source }),
        ReadError::Invalid(response) => refuse(client, response).await,
    }
}

/// Passes a cancel request on; the end of the connection tells the client that it was.
pub(super) async fn cancel<S>(
    context: &EndpointContext,
    key: &CancelKey,
    client: Client<S>,
) -> Result<(), SessionError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let passed = timeout(context.deadlines.compute, context.cancels.cancel(key)).await;
    let shutdown = async {
        match client {
            Client::Plain(mut client) => client.shutdown().await,
            Client::Tls(mut client) => client.shutdown().await,
        }
    };
    let _ = timeout(context.deadlines.close, shutdown).await;
    passed
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
        .map_err(|source| SessionError::Compute { action: "passing on a cancel request", source })
}
