//! The front door for SQL: TLS, the login check, waking the compute, then bytes both ways.
//!
//! Every endpoint has a listener of its own. Who may come in and where to is decided behind [`Door`].

use std::{
    any::Any,
    collections::HashMap,
    fmt,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::{Arc, Weak},
};

use async_trait::async_trait;
use secrecy::SecretString;
use tokio::{runtime::Handle, sync::Mutex};

mod address;
mod authority;
mod cancel;
mod frames;
mod lanes;
mod listener;
mod message;
mod prompt;
mod refusal;
mod rewind;
mod session;
mod splice;

pub(crate) use self::{
    address::AddressPolicy,
    authority::{Authority, AuthorityError},
    refusal::Refusal,
};
use self::{
    cancel::CancelKeys,
    lanes::Lanes,
    listener::Listener,
    session::{Deadlines, Site},
};

/// Decides about logins. Implemented by the control plane.
#[async_trait]
pub(crate) trait Door: Send + Sync + 'static {
    /// Decides whether `user` may log in at the endpoint (its uid) with this password.
    async fn authenticate(&self, endpoint: &str, user: &str, password: &SecretString) -> Result<(), Refusal>;

    /// Wakes the endpoint's compute when needed and says where it listens. Called after `authenticate` agreed.
    async fn connect(&self, endpoint: &str) -> Result<Upstream, Refusal>;
}

/// Where a connection goes to.
pub(crate) struct Upstream {
    /// PostgreSQL's Unix socket, the file itself (`…/.s.PGSQL.5432`).
    pub(crate) socket: PathBuf,
    /// Dropped when the connection ends.
    pub(crate) guard: Box<dyn Any + Send>,
}

impl fmt::Debug for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { socket, guard: _ } = self;
        f.debug_struct("Upstream").field("socket", socket).finish_non_exhaustive()
    }
}

/// Why an endpoint cannot be published.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GatewayError {
    #[error("listening for endpoint {endpoint} on {address}")]
    Listen { endpoint: String, address: SocketAddr, source: std::io::Error },
    #[error("making the certificate of endpoint {endpoint}")]
    Certificate { endpoint: String, source: AuthorityError },
    #[error("starting the gateway's threads for endpoint {endpoint}")]
    Thread { endpoint: String, source: std::io::Error },
    #[error("endpoint {endpoint} cannot be published: the gateway is shutting down")]
    ShuttingDown { endpoint: String },
}

/// The listeners of all endpoints. A cheap handle; [`Gateway::shutdown`] ends what it began.
#[derive(Clone)]
pub(crate) struct Gateway(Arc<Inner>);

struct Inner {
    authority: Authority,
    door: Weak<dyn Door>,
    policy: AddressPolicy,
    /// `None` after the shutdown.
    listeners: Mutex<Option<Listeners>>,
}

#[derive(Default)]
struct Listeners {
    by_endpoint: HashMap<String, Listener>,
    /// Started with the first endpoint.
    lanes: Option<Lanes>,
}

impl Gateway {
    /// Nothing listens yet. The door is held weakly, because the control plane behind it holds the gateway
    /// (`Arc::new_cyclic` gives the `Weak`; it is first looked through when a client logs in).
    pub(crate) fn new(authority: Authority, door: Weak<dyn Door>, policy: AddressPolicy) -> Gateway {
        Gateway(Arc::new(Inner {
            authority,
            door,
            policy,
            listeners: Mutex::new(Some(Listeners::default())),
        }))
    }

    /// Begins to listen for an endpoint and says where. One that listens already keeps its address.
    ///
    /// `preferred` (where it was the last time) is tried first.
    pub(crate) async fn publish(
        &self,
        endpoint: &str,
        preferred: Option<SocketAddr>,
    ) -> Result<SocketAddr, GatewayError> {
        let Inner { authority, door, policy, listeners } = &*self.0;
        let mut listeners = listeners.lock().await;
        let Listeners { by_endpoint, lanes } =
            listeners.as_mut().ok_or_else(|| GatewayError::ShuttingDown { endpoint: endpoint.to_owned() })?;
        if let Some(listener) = by_endpoint.get(endpoint) {
            return Ok(listener.address());
        }
        let lanes = match lanes {
            Some(lanes) => lanes,
            none => none.insert(
                Lanes::start()
                    .map_err(|source| GatewayError::Thread { endpoint: endpoint.to_owned(), source })?,
            ),
        };
        let listen =
            |(address, source)| GatewayError::Listen { endpoint: endpoint.to_owned(), address, source };
        let listener = address::bind(endpoint, preferred, *policy).await.map_err(listen)?;
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let address = listener.local_addr().map_err(|source| listen((any, source)))?;
        let names: &[&str] = if address.ip() == Ipv4Addr::LOCALHOST { &["localhost"] } else { &[] };
        let tls = authority
            .server_config(address.ip(), names)
            .map_err(|source| GatewayError::Certificate { endpoint: endpoint.to_owned(), source })?;
        let site = Site {
            endpoint: endpoint.into(),
            door: door.clone(),
            home: Handle::current(),
            tls,
            cancels: CancelKeys::default(),
            deadlines: Deadlines::default(),
        };
        let listener = Listener::start(listener, address, site, lanes.clone());
        by_endpoint.insert(endpoint.to_owned(), listener);
        tracing::info!(lakebase.endpoint = endpoint, %address, "the endpoint takes connections");
        Ok(address)
    }

    /// Stops listening and closes all connections of the endpoint; returns when the last has ended.
    pub(crate) async fn withdraw(&self, endpoint: &str) {
        let listener =
            self.0.listeners.lock().await.as_mut().and_then(|all| all.by_endpoint.remove(endpoint));
        if let Some(listener) = listener {
            listener.close().await;
        }
    }

    /// Closes all connections of the endpoint and keeps listening; returns when the last has ended.
    pub(crate) async fn disconnect(&self, endpoint: &str) {
        let orders = self
            .0
            .listeners
            .lock()
            .await
            .as_ref()
            .and_then(|all| Some(all.by_endpoint.get(endpoint)?.orders()));
        if let Some(orders) = orders {
            listener::disconnect(orders).await;
        }
    }

    /// Withdraws every endpoint. Nothing can be published afterwards.
    pub(crate) async fn shutdown(&self) {
        let listeners = self.0.listeners.lock().await.take().unwrap_or_default();
        futures_util::future::join_all(listeners.by_endpoint.into_values().map(Listener::close)).await;
        // No session is left on them.
        drop(listeners.lanes);
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { authority, door: _, policy, listeners: _ } = &*self.0;
        f.debug_struct("Gateway")
            .field("authority", authority)
            .field("policy", policy)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
