//! HTTP connections of the REST API: their number, idle limits and shutdown.

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
    admission::{Admission, Limits, Permit, Progress},
};

/// Connections at once, and the part of the process's descriptors that they may take.
const MAX_CONNECTIONS: usize = 512;
const DESCRIPTOR_SHARE: u64 = 4;
/// Far above the header of any client of this API.
const MAX_HEADER_BYTES: usize = 64 * 1024;

/// Deadlines of a connection.
#[derive(Clone, Copy, Debug)]
struct Deadlines {
    /// From the connection to the end of its first request's header.
    first_request: Duration,
    /// From one answer to the end of the next request's header.
    next_request: Duration,
    /// For a request that had begun when its connection was closed.
    last_request: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Deadlines {
            first_request: Duration::from_secs(15),
            // Common clients keep idle connections for at most 180 s. The server must not be the one that closes
            // first, because a request may be on its way.
            next_request: Duration::from_secs(200),
            last_request: Duration::from_secs(1),
        }
    }
}

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
                let deadlines = Deadlines::default();
                connections.spawn(serve_connection(accepted, router.clone(), deadlines, closing.subscribe()));
            }
        }
    }
    drop(acceptor);
    closing.send_replace(true);
    while connections.join_next().await.is_some() {}
}

async fn serve_connection(
    accepted: Accepted,
    router: Router,
    deadlines: Deadlines,
    mut closing: watch::Receiver<bool>,
) {
    let Accepted { stream, peer, permit, mut eviction } = accepted;
    let activity = Arc::new(Activity::new(permit));
    let service = counted(router, activity.clone());
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(deadlines.next_request)
        .max_buf_size(MAX_HEADER_BYTES);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let mut first_request_due = pin!(sleep(deadlines.first_request));
    let mut first_request_open = true;
    loop {
        tokio::select! {
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%peer, %error, "the connection ended with an error");
                }
                return;
            }
            () = &mut first_request_due, if first_request_open => {
                if activity.requests() == 0 {
                    tracing::debug!(%peer, "a connection was closed: its first request did not come in time");
                    return;
                }
                first_request_open = false;
            }
            Ok(()) = &mut eviction => {
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
            () = sleep(deadlines.last_request) => {
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

/// The requests of a connection, which decide whether its permit may be taken.
struct Activity {
    permit: Mutex<Permit>,
    requests: AtomicUsize,
    answered: AtomicUsize,
}

impl Activity {
    fn new(permit: Permit) -> Activity {
        Activity { permit: Mutex::new(permit), requests: AtomicUsize::new(0), answered: AtomicUsize::new(0) }
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    fn is_busy(&self) -> bool {
        self.requests() > self.answered.load(Ordering::SeqCst)
    }

    fn begin(self: &Arc<Self>) -> RequestGuard {
        self.requests.fetch_add(1, Ordering::SeqCst);
        self.reached(Progress::Busy);
        RequestGuard(self.clone())
    }

    fn reached(&self, progress: Progress) {
        self.permit.lock().unwrap_or_else(PoisonError::into_inner).reached(progress);
    }
}

struct RequestGuard(Arc<Activity>);

impl Drop for RequestGuard {
    fn drop(&mut self) {
        let Self(activity) = self;
        activity.answered.fetch_add(1, Ordering::SeqCst);
        if !activity.is_busy() {
            activity.reached(Progress::Silent);
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpStream,
    };

    use super::*;

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

    struct Server {
        client: TcpStream,
        closing: watch::Sender<bool>,
        served: tokio::task::JoinHandle<()>,
    }

    /// A connection to a server whose answer takes 300 ms.
    async fn server(deadlines: Deadlines, admission: &Admission) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let accepted = Acceptor::new(listener, admission.clone()).accept().await;
        let answer = async || {
            sleep(Duration::from_millis(300)).await;
            "done"
        };
        let closing = watch::Sender::new(false);
        let router = Router::new().route("/", get(answer));
        let served = tokio::spawn(serve_connection(accepted, router, deadlines, closing.subscribe()));
        Server { client, closing, served }
    }

    fn deadlines() -> Deadlines {
        let short = Duration::from_millis(100);
        Deadlines { first_request: short, next_request: Duration::from_secs(1), last_request: short }
    }

    async fn answer(client: &mut TcpStream) -> String {
        let mut answer = vec![0; 4096];
        let length = client.read(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer[..length]).into_owned()
    }

    #[tokio::test]
    async fn a_connection_that_has_made_a_request_outlives_the_deadline_of_its_first() {
        let mut server = server(deadlines(), &Admission::new(Limits { total: 2, per_peer: 2 })).await;
        for _ in 0..3 {
            server.client.write_all(REQUEST).await.unwrap();
            assert!(answer(&mut server.client).await.ends_with("done"));
        }
        // Idle beyond the other deadline, it is closed.
        assert_eq!(answer(&mut server.client).await, "");
        server.served.await.unwrap();
    }

    #[tokio::test]
    async fn silent_and_dripping_connections_are_closed() {
        for first in [&b""[..], b"GET / HTTP/1.1\r\nHost:"] {
            let mut server = server(deadlines(), &Admission::new(Limits { total: 2, per_peer: 2 })).await;
            server.client.write_all(first).await.unwrap();
            server.served.await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_request_under_way_is_answered_when_the_server_stops_or_places_run_out() {
        let admission = Admission::new(Limits { total: 1, per_peer: 1 });
        let mut server = server(Deadlines::default(), &admission).await;
        server.client.write_all(REQUEST).await.unwrap();
        sleep(Duration::from_millis(100)).await;
        assert!(!admission.evict_oldest());
        server.closing.send_replace(true);
        assert!(answer(&mut server.client).await.ends_with("done"));
        server.served.await.unwrap();

        let admission = Admission::new(Limits { total: 1, per_peer: 1 });
        let mut server = self::server(Deadlines::default(), &admission).await;
        assert!(admission.evict_oldest());
        server.served.await.unwrap();
        assert_eq!(server.client.read(&mut [0; 16]).await.unwrap_or_default(), 0);
    }
}
