//! HTTP connections of the REST API: how many there may be, how long they may be silent, how they end.

use std::{
    convert::Infallible,
    pin::pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{Router, extract::Request, response::Response};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{net::TcpListener, sync::watch, task::JoinSet, time::sleep};

use crate::local::{
    acceptor::{Accepted, Acceptor},
    admission::{Admission, Limits, Place, Stage},
};

/// Connections at once, and the part of the process's descriptors that they may take.
const MAX_CONNECTIONS: usize = 512;
const DESCRIPTOR_SHARE: u64 = 4;
/// From the connection to the end of its first request's header.
const FIRST_REQUEST_WITHIN: Duration = Duration::from_secs(15);
/// From one answer to the end of the next request's header. Common clients keep idle connections for at most 180 s;
/// the server must not be the one that closes first, because a request may be on its way.
const NEXT_REQUEST_WITHIN: Duration = Duration::from_secs(200);
/// For a request that had begun when its connection was told to end.
const LAST_REQUEST_WITHIN: Duration = Duration::from_secs(1);
/// Far above the header of any client of this API.
const MAX_HEADER_BYTES: usize = 64 * 1024;

/// Serves until `stopped` resolves, then answers the requests that are under way.
pub(in crate::local) async fn serve(
    listener: TcpListener,
    router: Router,
    stopped: impl Future<Output = ()>,
) {
    let limits = Limits::within_descriptors(MAX_CONNECTIONS, DESCRIPTOR_SHARE);
    let mut acceptor = Acceptor::new(listener, Admission::new(limits));
    let closing = watch::Sender::new(false);
    let mut connections = JoinSet::new();
    let mut stopped = pin!(stopped);
    loop {
        tokio::select! {
            () = &mut stopped => break,
            Some(_) = connections.join_next() => {}
            accepted = acceptor.accept() => {
                connections.spawn(serve_connection(accepted, router.clone(), closing.subscribe()));
            }
        }
    }
    drop(acceptor);
    closing.send_replace(true);
    while connections.join_next().await.is_some() {}
}

async fn serve_connection(accepted: Accepted, router: Router, mut closing: watch::Receiver<bool>) {
    let Accepted { stream, peer, place, mut give_way } = accepted;
    let activity = Arc::new(Activity::new(place));
    let service = counted(router, activity.clone());
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(NEXT_REQUEST_WITHIN).max_buf_size(MAX_HEADER_BYTES);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let mut first_request_due = pin!(sleep(FIRST_REQUEST_WITHIN));
    loop {
        tokio::select! {
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%peer, %error, "the connection ended with an error");
                }
                return;
            }
            () = &mut first_request_due, if activity.requests() == 0 => {
                // Polled above when the last bytes arrived, so the count is up to date.
                tracing::debug!(%peer, "a connection was closed: no request within {FIRST_REQUEST_WITHIN:?}");
                return;
            }
            Ok(()) = &mut give_way => {
                tracing::debug!(%peer, "a connection was closed: it was idle and gave way to a newer one");
                break;
            }
            _ = closing.wait_for(|&closing| closing) => break,
        }
    }
    connection.as_mut().graceful_shutdown();
    loop {
        tokio::select! {
            _ = connection.as_mut() => return,
            () = sleep(LAST_REQUEST_WITHIN) => {
                if !activity.is_busy() {
                    return;
                }
            }
        }
    }
}

/// The router, with every request counted while it is served.
fn counted(
    router: Router,
    activity: Arc<Activity>,
) -> impl hyper::service::Service<
    Request<Incoming>,
    Response = Response,
    Error = Infallible,
    Future = impl Future<Output = Result<Response, Infallible>> + Send,
> + Send {
    let router = TowerToHyperService::new(router);
    service_fn(move |request| {
        let request_guard = activity.begin();
        let answer = hyper::service::Service::call(&router, request);
        async move {
            let answer = answer.await;
            drop(request_guard);
            answer
        }
    })
}

/// The requests of a connection, which decide whether its place may be taken.
struct Activity {
    place: Mutex<Place>,
    requests: AtomicUsize,
    answered: AtomicUsize,
}

impl Activity {
    fn new(place: Place) -> Activity {
        Activity { place: Mutex::new(place), requests: AtomicUsize::new(0), answered: AtomicUsize::new(0) }
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    fn is_busy(&self) -> bool {
        self.requests() > self.answered.load(Ordering::SeqCst)
    }

    fn begin(self: &Arc<Self>) -> RequestGuard {
        self.requests.fetch_add(1, Ordering::SeqCst);
        self.reached(Stage::Busy);
        RequestGuard(self.clone())
    }

    fn reached(&self, stage: Stage) {
        self.place.lock().unwrap_or_else(PoisonError::into_inner).reached(stage);
    }
}

struct RequestGuard(Arc<Activity>);

impl Drop for RequestGuard {
    fn drop(&mut self) {
        let Self(activity) = self;
        activity.answered.fetch_add(1, Ordering::SeqCst);
        if !activity.is_busy() {
            activity.reached(Stage::Silent);
        }
    }
}
