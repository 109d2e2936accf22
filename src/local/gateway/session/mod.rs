//! One connection from its first byte to its last.

use std::{
    io,
    path::Path,
    sync::{Arc, Weak},
    time::Duration,
};

use bytes::BytesMut;
use rustls::ServerConfig;
use secrecy::SecretString;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::UnixStream,
    runtime::Handle,
    sync::watch,
    task::JoinSet,
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tracing::Instrument as _;

use super::{
    Door, Upstream,
    authority::ALPN,
    cancel::{CancelKeys, Remembered},
    message::{self, CancelKey, Opening, ReadError, Startup},
    refusal::Refusal,
    rewind::Rewound,
    splice::{End, Splice},
};

/// Far above everything that PostgreSQL sends before its first `ReadyForQuery`.
const MAX_GREETING_BYTES: usize = 1024 * 1024;

/// How long the steps of a connection may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadlines {
    /// From the first byte to the password.
    pub(super) client: Duration,
    /// To wake the compute.
    pub(super) wake: Duration,
    /// For the compute to take the login, and for a cancel request.
    pub(super) compute: Duration,
    /// For a client that was told farewell to close.
    pub(super) farewell: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Deadlines {
            client: Duration::from_secs(30),
            wake: Duration::from_secs(120),
            compute: Duration::from_secs(30),
            farewell: Duration::from_secs(1),
        }
    }
}

/// What the sessions of an endpoint share.
#[derive(Clone)]
pub(super) struct Site {
    pub(super) endpoint: Arc<str>,
    pub(super) door: Weak<dyn Door>,
    /// Where the door is asked: it may start processes and tasks, which must not belong to the copying thread.
    pub(super) home: Handle,
    pub(super) tls: Arc<ServerConfig>,
    pub(super) cancels: CancelKeys,
    pub(super) deadlines: Deadlines,
}

/// Why a session did not come to a usual end. Says which side it was.
#[derive(Debug, thiserror::Error)]
pub(super) enum SessionError {
    #[error("the client's connection failed while {doing}")]
    Client { doing: &'static str, source: io::Error },
    #[error("the client took too long to log in")]
    ClientSlow,
    #[error("the compute's connection failed while {doing}")]
    Compute { doing: &'static str, source: io::Error },
    #[error("the compute closed without a word")]
    ComputeGone { source: Option<io::Error> },
    #[error("the client was refused")]
    Refused { source: Refusal },
    #[error("the endpoint closed the connection")]
    Closed,
}

impl From<Refusal> for SessionError {
    fn from(source: Refusal) -> Self {
        SessionError::Refused { source }
    }
}

/// Told when all sessions are to end.
pub(super) type Closing = watch::Receiver<bool>;

async fn closed(closing: &mut Closing) {
    // A sender that is gone closes as well.
    let _ = closing.wait_for(|&closing| closing).await;
}

/// What a client came for, once it can be said.
enum Wish<S> {
    Cancel(CancelKey, Client<S>),
    Login(Client<S>, Startup, SecretString),
}

/// The client's side, encrypted or not yet.
enum Client<S> {
    Plain(S),
    Tls(Box<TlsStream<Rewound<S>>>),
}

/// Serves one connection. `unauthenticated` is dropped as soon as the client has shown who it is.
pub(super) async fn serve<S, P>(
    site: &Site,
    stream: S,
    unauthenticated: P,
    mut closing: Closing,
) -> Result<(), SessionError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
    P: Send,
{
    let wish = tokio::select! {
        wish = timeout(site.deadlines.client, greet(site, stream)) => wish.map_err(|_| SessionError::ClientSlow)??,
        () = closed(&mut closing) => return Err(SessionError::Closed),
    };
    let (mut client, startup, password) = match wish {
        Wish::Cancel(key, client) => return cancel(site, &key, client).await,
        Wish::Login(Client::Tls(client), startup, password) => (client, startup, password),
        Wish::Login(Client::Plain(mut client), ..) => {
            return refuse(&mut client, Refusal::tls_required()).await;
        }
    };
    tracing::Span::current().record("db.user", startup.user());
    let admitted = tokio::select! {
        admitted = admit(site, &startup, &password, unauthenticated) => admitted,
        () = closed(&mut closing) => Err(Refusal::ShuttingDown),
    };
    drop(password);
    let Upstream { socket, guard } = match admitted {
        Ok(upstream) => upstream,
        Err(refusal) => return refuse_and_wait(site, &mut *client, refusal).await,
    };
    let welcomed = tokio::select! {
        welcomed = timeout(site.deadlines.compute, welcome(site, &mut *client, &socket, &startup)) => {
            welcomed.unwrap_or_else(|_| {
                let message = "the compute of this endpoint took too long to accept the connection".to_owned();
                Err(Refusal::Unavailable { message }.into())
            })
        }
        () = closed(&mut closing) => Err(Refusal::ShuttingDown.into()),
    };
    let result = match welcomed {
        Ok(Some((mut compute, _remembered))) => {
            tracing::debug!("logged in");
            converse(site, &mut *client, &mut compute, &mut closing).await
        }
        // The compute refused and said so itself.
        Ok(None) => {
            farewell(site, &mut *client).await;
            Ok(())
        }
        Err(SessionError::Refused { source }) => refuse_and_wait(site, &mut *client, source).await,
        Err(error) => Err(error),
    };
    // Held to here, so that a compute is not put to sleep under its last connection.
    drop(guard);
    result
}

/// From the first byte to the password.
async fn greet<S>(site: &Site, mut stream: S) -> Result<Wish<S>, SessionError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let mut gss_asked = false;
    let head = loop {
        match message::read_opening(&mut stream).await {
            Ok((_, Opening::TlsRequest)) => {
                answer(&mut stream, b"S").await?;
                break None;
            }
            Ok((_, Opening::GssRequest)) if !gss_asked => {
                gss_asked = true;
                answer(&mut stream, b"N").await?;
            }
            Ok((_, Opening::GssRequest)) => {
                return refuse(&mut stream, Refusal::protocol("GSSAPI encryption was asked for twice")).await;
            }
            Ok((head, Opening::DirectTls)) => break Some(head),
            Ok((_, Opening::Cancel(key))) => return Ok(Wish::Cancel(key, Client::Plain(stream))),
            Ok((_, Opening::Startup(_))) => return refuse(&mut stream, Refusal::tls_required()).await,
            Err(error) => return unreadable(&mut stream, error, "reading its first packet").await,
        }
    };
    let direct = head.is_some();
    let mut client = TlsAcceptor::from(site.tls.clone())
        .accept(Rewound::new(head, stream))
        .await
        .map_err(|source| SessionError::Client { doing: "starting TLS", source })?;
    if direct && client.get_ref().1.alpn_protocol() != Some(ALPN) {
        let refusal = Refusal::protocol(
            "received direct SSL connection request without ALPN protocol negotiation extension",
        );
        return refuse(&mut client, refusal).await;
    }
    let startup = match message::read_opening(&mut client).await {
        Ok((_, Opening::Startup(startup))) => startup,
        Ok((_, Opening::Cancel(key))) => return Ok(Wish::Cancel(key, Client::Tls(Box::new(client)))),
        Ok(_) => {
            let refusal = Refusal::protocol("encryption was asked for on an encrypted connection");
            return refuse(&mut client, refusal).await;
        }
        Err(error) => return unreadable(&mut client, error, "reading its start-up packet").await,
    };
    answer(&mut client, message::ASK_PASSWORD).await?;
    match message::read_password(&mut client).await {
        Ok(password) => Ok(Wish::Login(Client::Tls(Box::new(client)), startup, SecretString::from(password))),
        Err(error) => unreadable(&mut client, error, "reading its password").await,
    }
}

/// Asks the door, first whether, then where to.
async fn admit<P>(
    site: &Site,
    startup: &Startup,
    password: &SecretString,
    unauthenticated: P,
) -> Result<Upstream, Refusal> {
    let door = site.door.upgrade().ok_or(Refusal::ShuttingDown)?;
    at_home(site, {
        let (door, endpoint, password) = (door.clone(), site.endpoint.clone(), password.clone());
        let user = startup.user().to_owned();
        async move { door.authenticate(&endpoint, &user, &password).await }
    })
    .await?;
    drop(unauthenticated);
    let endpoint = site.endpoint.clone();
    let connected = at_home(site, async move { door.connect(&endpoint).await });
    timeout(site.deadlines.wake, connected).await.map_err(|_| Refusal::Unavailable {
        message: format!(
            "the compute of this endpoint did not wake within {} s; try again",
            site.deadlines.wake.as_secs()
        ),
    })?
}

/// Runs on the runtime that published the endpoint. Ends early when dropped.
async fn at_home<T: Send + 'static>(
    site: &Site,
    asked: impl Future<Output = Result<T, Refusal>> + Send + 'static,
) -> Result<T, Refusal> {
    let mut task = JoinSet::new();
    task.spawn_on(asked.in_current_span(), &site.home);
    // It fails when it panics or its runtime ends.
    let answered = task.join_next().await.and_then(Result::ok);
    answered
        .unwrap_or_else(|| Err(Refusal::Internal { message: "the login could not be decided".to_owned() }))
}

/// Logs in at the compute and passes its greeting on, up to its first `ReadyForQuery`.
///
/// `None` when the compute refused; the client has its reason then.
async fn welcome<C>(
    site: &Site,
    client: &mut C,
    socket: &Path,
    startup: &Startup,
) -> Result<Option<(UnixStream, Option<Remembered>)>, SessionError>
where
    C: AsyncWrite + Unpin,
{
    let mut compute = UnixStream::connect(socket).await.map_err(|error| {
        tracing::warn!(socket = %socket.display(), %error, "the compute's socket takes no connection");
        Refusal::Unavailable {
            message: "the compute of this endpoint takes no connections now; try again".to_owned(),
        }
    })?;
    let failed = |source| SessionError::Compute { doing: "logging in", source };
    compute.write_all(&startup.encode()).await.map_err(failed)?;
    let mut unread = BytesMut::with_capacity(8 * 1024);
    let mut remembered = None;
    let mut refused = false;
    loop {
        let mut whole = BytesMut::new();
        let mut ready = false;
        while let Some(message) = split_message(&mut unread)? {
            match (message.first(), message.get(5..)) {
                (Some(b'R'), body) if body != Some(&[0; 4]) => {
                    return Err(Refusal::Internal {
                        message:
                            "the compute asks for a password of its own, which the gateway does not have"
                                .to_owned(),
                    }
                    .into());
                }
                (Some(b'K'), Some(body)) => {
                    remembered = CancelKey::new(body).map(|key| site.cancels.remember(key, socket));
                }
                (Some(b'E'), _) => refused = true,
                (Some(b'Z'), _) => ready = true,
                _ => {}
            }
            whole.unsplit(message);
        }
        if ready {
            whole.unsplit(std::mem::take(&mut unread));
        }
        if !whole.is_empty() {
            answer(client, &whole).await?;
        }
        if ready {
            return Ok(Some((compute, remembered)));
        }
        match compute.read_buf(&mut unread).await {
            Ok(0) if refused => return Ok(None),
            Err(_) if refused => return Ok(None),
            Ok(0) => {
                return Err(Refusal::Unavailable {
                    message: "the compute of this endpoint stopped during the login; try again".to_owned(),
                }
                .into());
            }
            Ok(_) => {}
            Err(source) => return Err(failed(source)),
        }
    }
}

/// Takes the first whole message off what was read.
fn split_message(unread: &mut BytesMut) -> Result<Option<BytesMut>, Refusal> {
    let Some(&[a, b, c, d]) = unread.get(1..5) else { return Ok(None) };
    let length = u32::from_be_bytes([a, b, c, d]) as usize;
    if !(4..=MAX_GREETING_BYTES).contains(&length) {
        let message = "the compute sent a message of impossible length during the login".to_owned();
        return Err(Refusal::Internal { message });
    }
    if unread.len() < length + 1 {
        return Ok(None);
    }
    Ok(Some(unread.split_to(length + 1)))
}

/// Copies until one side ends or the endpoint does.
async fn converse<C, U>(
    site: &Site,
    client: &mut C,
    compute: &mut U,
    closing: &mut Closing,
) -> Result<(), SessionError>
where
    C: AsyncRead + AsyncWrite + Unpin,
    U: AsyncRead + AsyncWrite + Unpin,
{
    let mut splice = Splice::new();
    let end = tokio::select! {
        end = splice.run(client, compute) => Some(end),
        () = closed(closing) => None,
    };
    match end {
        Some(End::Client) => {
            // The compute hears of it by the end of its connection. Nobody waits for this client.
            let _ = client.shutdown().await;
            Ok(())
        }
        Some(End::Compute) => {
            farewell(site, client).await;
            Ok(())
        }
        Some(End::ComputeSilently(source)) => {
            let _ = client.write_all(&message::fatal(&Refusal::ShuttingDown)).await;
            farewell(site, client).await;
            Err(SessionError::ComputeGone { source })
        }
        Some(End::ComputeMidway(source)) => {
            farewell(site, client).await;
            Err(SessionError::ComputeGone { source })
        }
        Some(End::ClientFailed(source)) => Err(SessionError::Client { doing: "copying", source }),
        None => {
            if splice.may_speak() {
                let _ = timeout(
                    site.deadlines.farewell,
                    client.write_all(&message::fatal(&Refusal::ShuttingDown)),
                )
                .await;
            }
            farewell(site, client).await;
            Err(SessionError::Closed)
        }
    }
}

/// Passes a cancel request on; the end of the connection tells the client that it was.
async fn cancel<S>(site: &Site, key: &CancelKey, client: Client<S>) -> Result<(), SessionError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let passed = timeout(site.deadlines.compute, site.cancels.cancel(key)).await;
    match client {
        Client::Plain(mut client) => drop(client.shutdown().await),
        Client::Tls(mut client) => drop(client.shutdown().await),
    }
    passed
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
        .map_err(|source| SessionError::Compute { doing: "passing on a cancel request", source })
}

/// Writes and flushes.
async fn answer(client: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> Result<(), SessionError> {
    let written = async {
        client.write_all(bytes).await?;
        client.flush().await
    };
    written.await.map_err(|source| SessionError::Client { doing: "answering it", source })
}

/// Tells the client why not, and ends.
async fn refuse<T>(client: &mut (impl AsyncWrite + Unpin), refusal: Refusal) -> Result<T, SessionError> {
    // That the client is refused matters more than that it did not wait to hear it.
    let _ = answer(client, &message::fatal(&refusal)).await;
    let _ = client.shutdown().await;
    Err(refusal.into())
}

async fn refuse_and_wait<C>(site: &Site, client: &mut C, refusal: Refusal) -> Result<(), SessionError>
where
    C: AsyncRead + AsyncWrite + Unpin,
{
    let refused = timeout(site.deadlines.farewell, refuse(client, refusal.clone())).await;
    farewell(site, client).await;
    refused.unwrap_or(Err(refusal.into()))
}

async fn unreadable<T>(
    client: &mut (impl AsyncWrite + Unpin),
    error: ReadError,
    doing: &'static str,
) -> Result<T, SessionError> {
    match error {
        ReadError::Io(source) => Err(SessionError::Client { doing, source }),
        ReadError::Refused(refusal) => refuse(client, refusal).await,
    }
}

/// Closes our side and gives the client time to close its own: a socket that is closed with unread bytes in it
/// is reset, and a reset takes the last message away from the client.
async fn farewell<C>(site: &Site, client: &mut C)
where
    C: AsyncRead + AsyncWrite + Unpin,
{
    let drained = async {
        client.shutdown().await?;
        let mut sink = [0; 4096];
        while client.read(&mut sink).await? > 0 {}
        io::Result::Ok(())
    };
    let _ = timeout(site.deadlines.farewell, drained).await;
}

#[cfg(test)]
mod tests;
