//! The front door for SQL: TLS, the login check, waking the compute, then bytes both ways.
//!
//! Every endpoint has a listener of its own. Who may come in and where to is decided behind [`Door`].

use std::{
    any::Any,
    fmt,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Weak},
};

use async_trait::async_trait;
use secrecy::SecretString;

mod authority;
mod refusal;

pub(crate) use self::{
    authority::{Authority, AuthorityError},
    refusal::Refusal,
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

/// Which addresses endpoints get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AddressPolicy {
    /// Each endpoint its own loopback address, port 5432; where that cannot be, as [`AddressPolicy::OwnPort`].
    OwnAddress,
    /// Each endpoint a free port on 127.0.0.1.
    OwnPort,
}

impl Default for AddressPolicy {
    /// Only Linux has all of 127.0.0.0/8 without configuration.
    fn default() -> Self {
        if cfg!(target_os = "linux") { AddressPolicy::OwnAddress } else { AddressPolicy::OwnPort }
    }
}

/// Why an endpoint cannot be published.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GatewayError {
    #[error("listening for endpoint {endpoint} on {address}")]
    Listen { endpoint: String, address: SocketAddr, source: std::io::Error },
    #[error("making the certificate of endpoint {endpoint}")]
    Certificate { endpoint: String, source: AuthorityError },
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
}

impl Gateway {
    /// Nothing listens yet. The door is held weakly, because the control plane behind it holds the gateway
    /// (`Arc::new_cyclic` gives the `Weak`; it must not be asked before the `Arc` is there, and is not).
    pub(crate) fn new(authority: Authority, door: Weak<dyn Door>, policy: AddressPolicy) -> Gateway {
        Gateway(Arc::new(Inner { authority, door, policy }))
    }

    /// Begins to listen for an endpoint and says where. One that listens already keeps its address.
    ///
    /// `preferred` (where it was the last time) is tried first.
    pub(crate) async fn publish(
        &self,
        _endpoint: &str,
        _preferred: Option<SocketAddr>,
    ) -> Result<SocketAddr, GatewayError> {
        todo!()
    }

    /// Stops listening and closes all connections of the endpoint; returns when the last has ended.
    pub(crate) async fn withdraw(&self, _endpoint: &str) {}

    /// Closes all connections of the endpoint and keeps listening; returns when the last has ended.
    pub(crate) async fn disconnect(&self, _endpoint: &str) {}

    /// Withdraws every endpoint. Nothing can be published afterwards.
    pub(crate) async fn shutdown(&self) {}
}
