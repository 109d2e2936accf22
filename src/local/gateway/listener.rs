//! One endpoint's listener and its sessions.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::{mpsc, oneshot, watch},
    task::{JoinHandle, JoinSet},
};
use tracing::Instrument as _;

use super::{
    quick_ack::QuickAckSocket,
    session::{self, Connection, EndpointContext, SessionError, TLS_ACTION},
    worker::Workers,
};
use crate::local::{
    acceptor::{Accepted, Acceptor},
    admission::Admission,
};

/// The time in which sessions may end by themselves when the endpoint closes.
const CLOSE_WITHIN: Duration = Duration::from_secs(3);

/// Owns the task that accepts. Dropping it ends listener and sessions soon; [`Listener::close`] waits for that.
#[derive(Debug)]
pub(super) struct Listener {
    address: SocketAddr,
    orders: mpsc::Sender<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Listener {
    pub(super) fn start(
        listener: TcpListener,
        address: SocketAddr,
        admission: Admission,
        context: EndpointContext,
        workers: Workers,
    ) -> Listener {
        let (orders, taken) = mpsc::channel(1);
        let span = tracing::debug_span!("lakebase.gateway", lakebase.endpoint = %context.endpoint);
        let acceptor = Acceptor::new(listener, admission);
        let task = tokio::spawn(accept_all(acceptor, context, workers, taken).instrument(span));
        Listener { address, orders, task }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The sender that [`disconnect`] needs, so that the listener need not be held.
    pub(super) fn orders(&self) -> mpsc::Sender<oneshot::Sender<()>> {
        self.orders.clone()
    }

    /// Ends the listener and all its sessions.
    pub(super) async fn close(self) {
        drop(self.orders);
        let _ = self.task.await;
    }
}

/// Ends all sessions of a listener, which goes on listening.
pub(super) async fn disconnect(orders: mpsc::Sender<oneshot::Sender<()>>) {
    let (done, ended) = oneshot::channel();
    if orders.send(done).await.is_ok() {
        drop(orders);
        let _ = ended.await;
    }
}

async fn accept_all(
    mut acceptor: Acceptor,
    context: EndpointContext,
    workers: Workers,
    mut orders: mpsc::Receiver<oneshot::Sender<()>>,
) {
    let context = Arc::new(context);
    let mut sessions = Sessions::new(workers);
    loop {
        tokio::select! {
            order = orders.recv() => match order {
                Some(done) => {
                    sessions.close().await;
                    let _ = done.send(());
                }
                None => break,
            },
            Some(_) = sessions.tasks.join_next() => {}
            accepted = acceptor.accept() => sessions.start(&context, accepted),
        }
    }
    drop(acceptor);
    sessions.close().await;
}

/// Registers the socket with the current runtime.
fn on_this_runtime(stream: TcpStream) -> io::Result<TcpStream> {
    TcpStream::from_std(stream.into_std()?)
}

/// The running sessions and the flag that ends them.
struct Sessions {
    tasks: JoinSet<()>,
    closing: watch::Sender<bool>,
    workers: Workers,
}

impl Sessions {
    fn new(workers: Workers) -> Sessions {
        Sessions { tasks: JoinSet::new(), closing: watch::Sender::new(false), workers }
    }

    fn start(&mut self, context: &Arc<EndpointContext>, accepted: Accepted) {
        let closing = self.closing.subscribe();
        let context = context.clone();
        // Not at the level of the lines that `report` writes: an enabled span costs time for every query.
        let span = tracing::debug_span!("lakebase.gateway.session", db.user = tracing::field::Empty);
        let session = async move {
            let Accepted { stream, peer, permit, eviction } = accepted;
            let user = OnceLock::new();
            let served = match on_this_runtime(stream) {
                Ok(stream) => {
                    let connection =
                        Connection { stream: QuickAckSocket::new(stream), permit, eviction, user: &user };
                    session::serve(&context, connection, closing).await
                }
                Err(source) => Err(SessionError::Client { action: "registering its socket", source }),
            };
            report(&context.endpoint, peer, user.get(), served);
        };
        self.tasks.spawn_on(session.instrument(span), self.workers.emptiest());
    }

    /// Raises the flag, waits, and cuts the sessions that have not ended by then.
    async fn close(&mut self) {
        self.closing.send_replace(true);
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(CLOSE_WITHIN, ended).await.is_err() {
            self.tasks.shutdown().await;
        }
        self.closing = watch::Sender::new(false);
    }
}

/// Logs the end of a session. Every refused login has a line at the default level.
fn report(endpoint: &str, peer: SocketAddr, user: Option<&String>, served: Result<(), SessionError>) {
    let Err(error) = served else {
        tracing::debug!("the session ended");
        return;
    };
    let source = &error as &dyn std::error::Error;
    match &error {
        SessionError::Refused { source: response } => tracing::info!(
            lakebase.endpoint = endpoint, %peer, db.user = user,
            sqlstate = response.sqlstate(), hint = response.hint(), "login refused: {:?}", response.message()
        ),
        // Connections that do not say who they are are counted where they give way.
        SessionError::HandshakeTimeout | SessionError::GaveWay if user.is_none() => {
            tracing::debug!(lakebase.endpoint = endpoint, %peer, "the connection was closed: {error}");
        }
        SessionError::RefusedByCompute { .. } | SessionError::HandshakeTimeout | SessionError::GaveWay => {
            tracing::info!(lakebase.endpoint = endpoint, %peer, db.user = user, "login refused: {error}");
        }
        SessionError::Client { action: TLS_ACTION, .. } => {
            tracing::info!(lakebase.endpoint = endpoint, %peer, error = source, "login refused: TLS failed");
        }
        SessionError::Compute { .. } | SessionError::ComputeGone { .. } => {
            tracing::warn!(
                lakebase.endpoint = endpoint,
                db.user = user,
                error = source,
                "the session broke off"
            );
        }
        SessionError::Client { .. } | SessionError::Closed => {
            tracing::debug!(error = source, "the session broke off");
        }
    }
}
