//! The PostgreSQL gateway: TLS, authentication, wake of the compute, then a proxy.
//!
//! Every endpoint has a listener of its own. [`Authenticator`] decides about logins and names the compute.

use std::{
    any::Any,
    collections::HashMap,
    fmt,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Weak},
};

use async_trait::async_trait;
use secrecy::SecretString;
use tokio::{
    runtime::Handle,
    sync::{Mutex, Semaphore},
};

mod address;
mod authority;
mod cancel;
mod delegate;
mod error_response;
mod frames;
mod listener;
mod message;
mod quick_ack;
mod rewind;
mod session;
mod splice;
mod throttle;
mod worker;

pub(crate) use self::{
    address::AddressPolicy,
    authority::{Authority, AuthorityError},
    error_response::ErrorResponse,
};
use self::{
    cancel::CancelKeys,
    listener::Listener,
    session::{Deadlines, EndpointContext, MAX_LOGINS},
    throttle::Throttle,
    worker::Workers,
};
use super::{
    admission::{Admission, Limits},
    compute::ComputeSocket,
};

/// Clients of all endpoints that have not logged in, and the part of the descriptors that they may take.
const MAX_UNAUTHENTICATED: usize = 256;
const DESCRIPTOR_SHARE: u64 = 8;

/// Decides about logins. Implemented by the control plane.
#[async_trait]
pub(crate) trait Authenticator: Send + Sync + 'static {
    /// Decides whether `user` may log in at the endpoint (its uid) with this password.
    async fn authenticate(
        &self,
        endpoint: &str,
        user: &str,
        password: &SecretString,
    ) -> Result<(), ErrorResponse>;

    /// Wakes the endpoint's compute if it is suspended. Called after `authenticate` agreed.
    async fn wake(&self, endpoint: &str) -> Result<Upstream, ErrorResponse>;
}

/// The compute that a connection goes to.
pub(crate) struct Upstream {
    /// PostgreSQL's Unix socket.
    pub(crate) socket: ComputeSocket,
    /// Dropped when the connection ends.
    pub(crate) guard: Box<dyn Any + Send>,
}

impl fmt::Debug for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { socket, guard: _ } = self;
        f.debug_struct("Upstream").field("socket", socket).finish_non_exhaustive()
    }
}

/// The reason that an endpoint cannot be published.
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

/// The listeners of all endpoints. A cheap handle; [`Gateway::shutdown`] ends them.
#[derive(Clone)]
pub(crate) struct Gateway(Arc<Inner>);

struct Inner {
    authority: Authority,
    authenticator: Weak<dyn Authenticator>,
    admission: Admission,
    throttle: Throttle,
    policy: AddressPolicy,
    /// `None` after the shutdown.
    listeners: Mutex<Option<Listeners>>,
}

#[derive(Default)]
struct Listeners {
    by_endpoint: HashMap<String, Listener>,
    /// Started with the first endpoint.
    workers: Option<Workers>,
}

impl Gateway {
    /// A gateway without endpoints. The authenticator is held weakly, because the control plane that implements it
    /// holds the gateway (`Arc::new_cyclic` gives the `Weak`; it is first upgraded when a client logs in).
    pub(crate) fn new(
        authority: Authority,
        authenticator: Weak<dyn Authenticator>,
        policy: AddressPolicy,
    ) -> Gateway {
        Gateway(Arc::new(Inner {
            authority,
            authenticator,
            admission: Admission::new(Limits::within_descriptors(MAX_UNAUTHENTICATED, DESCRIPTOR_SHARE)),
            throttle: Throttle::default(),
            policy,
            listeners: Mutex::new(Some(Listeners::default())),
        }))
    }

    /// Starts the listener of an endpoint and returns its address. A published endpoint keeps its address.
    ///
    /// `preferred` (the address of the last time) is tried first.
    pub(crate) async fn publish(
        &self,
        endpoint: &str,
        preferred: Option<SocketAddr>,
    ) -> Result<SocketAddr, GatewayError> {
        let mut listeners = self.0.listeners.lock().await;
        let Listeners { by_endpoint, workers } =
            listeners.as_mut().ok_or_else(|| GatewayError::ShuttingDown { endpoint: endpoint.to_owned() })?;
        if let Some(listener) = by_endpoint.get(endpoint) {
            return Ok(listener.address());
        }
        let workers = match workers {
            Some(workers) => workers,
            none => none.insert(
                Workers::start()
                    .map_err(|source| GatewayError::Thread { endpoint: endpoint.to_owned(), source })?,
            ),
        };
        let listen =
            |(address, source)| GatewayError::Listen { endpoint: endpoint.to_owned(), address, source };
        let listener = address::bind(endpoint, preferred, self.0.policy).await.map_err(listen)?;
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let address = listener.local_addr().map_err(|source| listen((any, source)))?;
        let context = self.context(endpoint, address)?;
        let listener = Listener::start(listener, address, self.0.admission.clone(), context, workers.clone());
        by_endpoint.insert(endpoint.to_owned(), listener);
        tracing::info!(lakebase.endpoint = endpoint, %address, "the endpoint takes connections");
        Ok(address)
    }

    fn context(&self, endpoint: &str, address: SocketAddr) -> Result<EndpointContext, GatewayError> {
        let Inner { authority, authenticator, throttle, .. } = &*self.0;
        let tls = authority
            .server_config(address.ip(), &["localhost"])
            .map_err(|source| GatewayError::Certificate { endpoint: endpoint.to_owned(), source })?;
        Ok(EndpointContext {
            endpoint: endpoint.into(),
            authenticator: authenticator.clone(),
            caller_runtime: Handle::current(),
            tls,
            cancels: CancelKeys::default(),
            throttle: throttle.clone(),
            logins: Arc::new(Semaphore::new(MAX_LOGINS)),
            deadlines: Deadlines::default(),
        })
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

    /// Withdraws every endpoint. Later calls cannot publish any.
    pub(crate) async fn shutdown(&self) {
        let listeners = self.0.listeners.lock().await.take().unwrap_or_default();
        futures_util::future::join_all(listeners.by_endpoint.into_values().map(Listener::close)).await;
        // No session is left on them.
        drop(listeners.workers);
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { authority, policy, .. } = &*self.0;
        f.debug_struct("Gateway")
            .field("authority", authority)
            .field("policy", policy)
            .finish_non_exhaustive()
    }
}

#[cfg(fuzzing)]
pub(crate) fn fuzz_startup_packet(data: &[u8]) {
    // Bytes in memory are always ready, so nothing is waited for.
    let mut rest = data;
    while let Some(Ok(_)) = futures_util::FutureExt::now_or_never(message::read_opening(&mut rest)) {}
    let _ = futures_util::FutureExt::now_or_never(message::read_password(&mut &*data));
    frames::Frames::default().observe(data);
}

#[cfg(test)]
mod tests;
