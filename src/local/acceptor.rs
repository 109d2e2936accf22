//! Accepting TCP connections under the limits of [`Admission`], also while file descriptors have run out.

use std::{net::SocketAddr, time::Duration};

use tokio::net::{TcpListener, TcpStream};

use super::admission::{Admission, EvictionNotice, Permit};
use crate::api::backoff::Backoff;

/// The pauses after accepts that fail one after the other.
const PAUSES: Backoff = Backoff::new(Duration::from_millis(20), Duration::from_secs(1));

/// A connection with its permit.
#[derive(Debug)]
pub(super) struct Accepted {
    pub(super) stream: TcpStream,
    pub(super) peer: SocketAddr,
    pub(super) permit: Permit,
    pub(super) eviction: EvictionNotice,
}

/// A listener and the permits of its connections.
#[derive(Debug)]
pub(super) struct Acceptor {
    listener: TcpListener,
    admission: Admission,
    /// Present while accepts fail.
    pauses: Option<Backoff>,
}

impl Acceptor {
    pub(super) fn new(listener: TcpListener, admission: Admission) -> Acceptor {
        Acceptor { listener, admission, pauses: None }
    }

    /// The next connection. Dropping the future loses none.
    pub(super) async fn accept(&mut self) -> Accepted {
        loop {
            self.admission.wait_for_capacity().await;
            match self.listener.accept().await {
                Ok((stream, peer)) => {
                    self.pauses = None;
                    if let Some(accepted) = self.admit(stream, peer) {
                        return accepted;
                    }
                }
                Err(error) => self.back_off(error).await,
            }
        }
    }

    fn admit(&self, stream: TcpStream, peer: SocketAddr) -> Option<Accepted> {
        let Some((permit, eviction)) = self.admission.admit(peer.ip()) else {
            tracing::info!(%peer, "a connection was closed: every permit is taken by connections being served");
            return None;
        };
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%peer, %error, "the client closed its connection before it was served");
            return None;
        }
        Some(Accepted { stream, peer, permit, eviction })
    }

    /// Most failures are a lack of descriptors: one of a silent connection is given back before the next attempt.
    async fn back_off(&mut self, error: std::io::Error) {
        let freed = self.admission.evict_oldest();
        if self.pauses.is_none() {
            tracing::warn!(%error, freed, "cannot accept a connection; trying again");
        }
        self.pauses.get_or_insert(PAUSES).sleep().await;
    }
}
