//! One endpoint's listener and the sessions that came through it.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch},
    task::{JoinHandle, JoinSet},
};
use tracing::Instrument as _;

use super::{
    lanes::Lanes,
    prompt::Prompt,
    session::{self, SessionError, Site},
};

/// How many clients may be on their way to a login. More wait in the system's queue, none is refused.
const MAX_UNAUTHENTICATED: usize = 128;
/// For sessions to end when told to; after it they are cut.
const CLOSE_WITHIN: Duration = Duration::from_secs(3);
/// After an accept that failed, most likely for want of file descriptors.
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// Owns the task that accepts. Dropping it ends listener and sessions soon; [`Listener::close`] waits for that.
#[derive(Debug)]
pub(super) struct Listener {
    address: SocketAddr,
    orders: mpsc::Sender<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Listener {
    pub(super) fn start(listener: TcpListener, address: SocketAddr, site: Site, lanes: Lanes) -> Listener {
        let (orders, taken) = mpsc::channel(1);
        let span = tracing::debug_span!("lakebase.gateway", lakebase.endpoint = %site.endpoint);
        let task = tokio::spawn(accept_all(listener, site, lanes, taken).instrument(span));
        Listener { address, orders, task }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What [`disconnect`] needs, without a hold on the listener.
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
    listener: TcpListener,
    site: Site,
    lanes: Lanes,
    mut orders: mpsc::Receiver<oneshot::Sender<()>>,
) {
    let site = Arc::new(site);
    let permits = Arc::new(Semaphore::new(MAX_UNAUTHENTICATED));
    let mut sessions = Sessions::new(lanes);
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
            (stream, permit) = accept(&listener, &permits) => sessions.start(&site, stream, permit),
        }
    }
    drop(listener);
    sessions.close().await;
}

async fn accept(listener: &TcpListener, permits: &Arc<Semaphore>) -> (TcpStream, OwnedSemaphorePermit) {
    loop {
        // The semaphore is never closed; waiting for ever is right if it were.
        let Ok(permit) = permits.clone().acquire_owned().await else { std::future::pending().await };
        match listener.accept().await {
            Ok((stream, _)) => {
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "a client went before it was served");
                    continue;
                }
                return (stream, permit);
            }
            Err(error) => {
                tracing::warn!(%error, "accepting a connection");
                tokio::time::sleep(ACCEPT_AGAIN_AFTER).await;
            }
        }
    }
}

/// Has the socket watched by the runtime that asks.
fn on_this_runtime(stream: TcpStream) -> io::Result<TcpStream> {
    TcpStream::from_std(stream.into_std()?)
}

/// The sessions that run, and the word that ends them.
struct Sessions {
    tasks: JoinSet<()>,
    closing: watch::Sender<bool>,
    lanes: Lanes,
}

impl Sessions {
    fn new(lanes: Lanes) -> Sessions {
        Sessions { tasks: JoinSet::new(), closing: watch::Sender::new(false), lanes }
    }

    fn start(&mut self, site: &Arc<Site>, stream: TcpStream, permit: OwnedSemaphorePermit) {
        let closing = self.closing.subscribe();
        let site = site.clone();
        let span = tracing::debug_span!("lakebase.gateway.session", db.user = tracing::field::Empty);
        let session = async move {
            let served = match on_this_runtime(stream) {
                Ok(stream) => session::serve(&site, Prompt::new(stream), permit, closing).await,
                Err(source) => Err(SessionError::Client { doing: "taking it over", source }),
            };
            match served {
                Ok(()) => tracing::debug!("the session ended"),
                // Those two are somebody's to look at; everything else is what clients do every day.
                Err(error @ (SessionError::Compute { .. } | SessionError::ComputeGone { .. })) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "the session broke off");
                }
                Err(error) => {
                    tracing::debug!(error = &error as &dyn std::error::Error, "the session broke off");
                }
            }
        };
        self.tasks.spawn_on(session.instrument(span), self.lanes.emptiest());
    }

    /// Tells all to end, waits for them, cuts those that do not.
    async fn close(&mut self) {
        self.closing.send_replace(true);
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(CLOSE_WITHIN, ended).await.is_err() {
            self.tasks.shutdown().await;
        }
        self.closing = watch::Sender::new(false);
    }
}
