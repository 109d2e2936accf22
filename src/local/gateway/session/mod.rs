//! The session of one client connection.
//!
//! Phases, a file each: the handshake up to the password, the login (authentication and wake), the compute's own
//! login, the proxy between both, the close.

use std::{
    io,
    sync::{Arc, OnceLock, Weak},
    time::Duration,
};

use rustls::ServerConfig;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    runtime::Handle,
    sync::{Semaphore, watch},
    time::timeout,
};

use super::{Authenticator, Upstream, cancel::CancelKeys, error_response::ErrorResponse, throttle::Throttle};
use crate::local::admission::{EvictionNotice, Permit};

mod close;
mod handshake;
mod login;
mod proxy;
mod relay_login;

pub(super) use self::handshake::TLS_ACTION;
use self::{
    close::{close, respond_and_close},
    handshake::Request,
    relay_login::ComputeLogin,
};

/// Logins of an endpoint that are decided at once.
pub(super) const MAX_LOGINS: usize = 128;

/// Deadlines of the phases of a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadlines {
    /// For the first packet, and again for TLS.
    pub(super) first_packet: Duration,
    /// From the first byte to the password.
    pub(super) handshake: Duration,
    /// To decide about the login, which may wake the compute, and again to wake it.
    pub(super) wake: Duration,
    /// To wait for other logins of the endpoint to be decided.
    pub(super) queue: Duration,
    /// For the compute to accept the login, and for a cancel request.
    pub(super) compute: Duration,
    /// For a last message and for the client to close its side after it.
    pub(super) close: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Deadlines {
            first_packet: Duration::from_secs(10),
            handshake: Duration::from_secs(30),
            wake: Duration::from_secs(120),
            queue: Duration::from_secs(10),
            compute: Duration::from_secs(30),
            close: Duration::from_secs(1),
        }
    }
}

/// State that the sessions of an endpoint share.
#[derive(Clone)]
pub(super) struct EndpointContext {
    pub(super) endpoint: Arc<str>,
    pub(super) authenticator: Weak<dyn Authenticator>,
    /// Runs the authenticator: it may start processes and tasks, which must not belong to a copying thread.
    pub(super) caller_runtime: Handle,
    pub(super) tls: Arc<ServerConfig>,
    pub(super) cancels: CancelKeys,
    pub(super) throttle: Throttle,
    /// One for each login that is being decided.
    pub(super) logins: Arc<Semaphore>,
    pub(super) deadlines: Deadlines,
}

/// The failure of a session, by the side that failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum SessionError {
    #[error("the client's connection failed while {action}")]
    Client { action: &'static str, source: io::Error },
    #[error("the client took too long to log in")]
    HandshakeTimeout,
    #[error("the client had not logged in and gave way to a newer connection")]
    GaveWay,
    #[error("the compute's connection failed while {action}")]
    Compute { action: &'static str, source: io::Error },
    #[error("the compute closed the connection without an error message")]
    ComputeGone { source: Option<io::Error> },
    #[error("the connection was refused")]
    Refused { source: ErrorResponse },
    #[error("the compute refused the login: {message}")]
    RefusedByCompute { message: String },
    #[error("the endpoint closed the connection")]
    Closed,
}

impl From<ErrorResponse> for SessionError {
    fn from(source: ErrorResponse) -> Self {
        SessionError::Refused { source }
    }
}

/// A flag that is raised when all sessions are to end.
pub(super) type Closing = watch::Receiver<bool>;

async fn closed(closing: &mut Closing) {
    // A dropped sender closes the session as well.
    let _ = closing.wait_for(|&closing| closing).await;
}

async fn must_give_way(eviction: &mut EvictionNotice) {
    // A sender that was dropped without a notice does not count as one.
    if eviction.await.is_err() {
        std::future::pending().await
    }
}

/// A connection with its permit among those that have not logged in.
pub(super) struct Connection<'a, S> {
    pub(super) stream: S,
    pub(super) permit: Permit,
    pub(super) eviction: EvictionNotice,
    /// Set as soon as it is known.
    pub(super) user: &'a OnceLock<String>,
}

/// Serves one connection. Its permit is given back as soon as the client has sent its password.
pub(super) async fn serve<S>(
    context: &EndpointContext,
    connection: Connection<'_, S>,
    mut closing: Closing,
) -> Result<(), SessionError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let Connection { stream, mut permit, mut eviction, user } = connection;
    let receive = handshake::receive(context, stream, &mut permit, user);
    let request = tokio::select! {
        request = timeout(context.deadlines.handshake, receive) => {
            request.map_err(|_| SessionError::HandshakeTimeout)??
        }
        () = must_give_way(&mut eviction) => return Err(SessionError::GaveWay),
        () = closed(&mut closing) => return Err(SessionError::Closed),
    };
    // A login that is being decided does not take the permit of a client of another endpoint.
    drop(permit);
    let (mut client, startup, password) = match request {
        Request::Cancel(key, client) => return handshake::cancel(context, &key, client).await,
        Request::Login(client, startup, password) => (client, startup, password),
    };
    tracing::Span::current().record("db.user", startup.user());
    let admitted = tokio::select! {
        admitted = login::authenticate_and_wake(context, &startup, &password) => admitted,
        () = closed(&mut closing) => Err(ErrorResponse::shutting_down()),
    };
    drop(password);
    let Upstream { socket, guard } = match admitted {
        Ok(upstream) => upstream,
        Err(response) => return respond_and_close(context, &mut *client, response).await,
    };
    let relayed = tokio::select! {
        relayed = relay_login::relay_login(context, &mut *client, &socket, &startup) => relayed,
        () = closed(&mut closing) => Err(ErrorResponse::shutting_down().into()),
    };
    let result = match relayed {
        Ok(ComputeLogin::Accepted { mut compute, _cancel_key }) => {
            tracing::debug!("logged in");
            proxy::proxy(context, &mut *client, &mut compute, &mut closing).await
        }
        Ok(ComputeLogin::Refused { message }) => {
            close(context, &mut *client).await;
            Err(SessionError::RefusedByCompute { message })
        }
        Err(SessionError::Refused { source }) => respond_and_close(context, &mut *client, source).await,
        Err(error) => Err(error),
    };
    // Held to here, so that a compute is not suspended under its last connection.
    drop(guard);
    result
}

#[cfg(test)]
mod tests;
