//! A proxy that does to connections what networks do.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// The outcome of one connection.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// Passes everything on.
    Pass,
    /// Closes before anything is read.
    Close,
    /// Closes after this many bytes of the client.
    CutRequest(usize),
    /// Passes the request on and closes after this many bytes of the answer.
    CutAnswer(usize),
    /// Passes this many bytes of the answer on, then is silent for ever.
    Stall(usize),
    /// Delays every piece of the answer.
    Delay(Duration),
    /// Passes the answer on a byte at a time.
    Drip(Duration),
    /// Passes nothing on; answers with these bytes and closes.
    Answer(Vec<u8>),
    /// Passes nothing on; answers with these bytes again and again, for ever.
    Flood(Vec<u8>),
}

/// Listens at an address of its own until dropped.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    connections: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Proxy {
    /// `fault` says what befalls the nth connection, counted from 0.
    pub(crate) async fn start(
        upstream: SocketAddr,
        fault: impl Fn(usize) -> Fault + Send + 'static,
    ) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = connections.clone();
        let task = tokio::spawn(async move {
            let mut open = tokio::task::JoinSet::new();
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let fault = fault(counted.fetch_add(1, Ordering::SeqCst));
                open.spawn(relay(client, upstream, fault));
            }
        });
        Proxy { address, connections, task }
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// Ends with the connection; what fails there is what the client sees.
async fn relay(mut client: TcpStream, upstream: SocketAddr, fault: Fault) -> std::io::Result<()> {
    match &fault {
        Fault::Close => return Ok(()),
        Fault::Answer(bytes) => {
            read_some(&mut client).await?;
            client.write_all(bytes).await?;
            client.shutdown().await?;
            // Unread bytes would reset the connection and take the answer away.
            while client.read(&mut [0; 4096]).await? > 0 {}
            return Ok(());
        }
        Fault::Flood(bytes) => {
            read_some(&mut client).await?;
            loop {
                client.write_all(bytes).await?;
            }
        }
        _ => {}
    }
    let server = TcpStream::connect(upstream).await?;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let request = match fault {
        Fault::CutRequest(bytes) => Pace { limit: Some((bytes, AtLimit::Close)), ..Pace::default() },
        _ => Pace::default(),
    };
    let answer = match fault {
        Fault::CutAnswer(bytes) => Pace { limit: Some((bytes, AtLimit::Close)), ..Pace::default() },
        Fault::Stall(bytes) => Pace { limit: Some((bytes, AtLimit::Stall)), ..Pace::default() },
        Fault::Delay(delay) => Pace { delay, ..Pace::default() },
        Fault::Drip(delay) => Pace { delay, piece: 1, ..Pace::default() },
        _ => Pace::default(),
    };
    tokio::select! {
        done = copy(from_client, to_server, request) => done,
        done = copy(from_server, to_client, answer) => done,
    }
}

async fn read_some(client: &mut TcpStream) -> std::io::Result<()> {
    client.read(&mut [0; 4096]).await.map(drop)
}

/// How one direction is copied.
struct Pace {
    limit: Option<(usize, AtLimit)>,
    delay: Duration,
    piece: usize,
}

enum AtLimit {
    Close,
    Stall,
}

impl Default for Pace {
    fn default() -> Self {
        Pace { limit: None, delay: Duration::ZERO, piece: 16 * 1024 }
    }
}

/// Returns when the connection is to be closed. A side that only closes its own direction closes both.
async fn copy(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    pace: Pace,
) -> std::io::Result<()> {
    let mut copied = 0;
    let mut buffer = vec![0; pace.piece];
    loop {
        let most = match &pace.limit {
            Some((limit, AtLimit::Close)) if copied == *limit => return Ok(()),
            Some((limit, AtLimit::Stall)) if copied == *limit => std::future::pending().await,
            Some((limit, _)) => (limit - copied).min(pace.piece),
            None => pace.piece,
        };
        let read = from.read(&mut buffer[..most]).await?;
        if read == 0 {
            return Ok(());
        }
        tokio::time::sleep(pace.delay).await;
        to.write_all(&buffer[..read]).await?;
        copied += read;
    }
}
