//! The console: a page for the branches of a Lakebase, served on a loopback address to one browser.
//!
//! Shared by the programs `lakebase` and `lakebase-local`, over the public handles of the library. Pages are rendered
//! here; htmx replaces the parts that are live. `access` has the checks of every request, `frame` what all pages
//! have, `overview` the picture of the branches, `branch` one of them, `compare` two of them.

mod access;
mod assets;
mod branch;
mod compare;
mod failure;
mod frame;
mod login;
mod overview;
mod routes;
mod text;

use std::{io, net::SocketAddr, sync::Arc};

use lakebase::{Lakebase, name::ProjectId};
use secrecy::SecretString;
use tokio::{net::TcpListener, task::JoinHandle};

use self::access::Access;

/// The Lakebase that a console shows.
pub(crate) struct Options {
    pub(crate) lakebase: Lakebase,
    /// Such as `workspace https://… (profile work)`.
    pub(crate) description: String,
    /// Whether it changes something, or only shows.
    pub(crate) allow_changes: bool,
    /// Whether it is the one of this machine, which may be asked more often.
    pub(crate) is_local: bool,
    /// The project to begin with.
    pub(crate) project: Option<ProjectId>,
}

/// The state of every route.
struct State {
    options: Options,
    access: Access,
    /// The path in front of all others.
    base: String,
}

type App = Arc<State>;

/// A console that is served until it is dropped.
pub(crate) struct Console {
    address: SocketAddr,
    base: String,
    login: SecretString,
    served: JoinHandle<()>,
}

impl Console {
    /// Binds a loopback address; port 0 is any free one.
    pub(crate) async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
        if !address.ip().is_loopback() {
            let text = format!("{address} is not a loopback address; the console is for this machine only");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        TcpListener::bind(address)
            .await
            .map_err(|error| io::Error::new(error.kind(), format!("listening on {address}: {error}")))
    }

    /// Serves on a task of its own.
    pub(crate) fn start(listener: TcpListener, options: Options) -> io::Result<Self> {
        let address = listener.local_addr()?;
        // Cookies are sent to every port of a host. Below a path that no other server knows they are not.
        let base = format!("/{}", access::random(12)?);
        let (access, token) = Access::new(address, &base)?;
        let login = SecretString::from(format!("http://{address}{base}/login?token={token}"));
        let router = routes::router(Arc::new(State { options, access, base: base.clone() }));
        let served = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!("the console ended: {error}");
            }
        });
        Ok(Self { address, base, login, served })
    }

    /// The address of its first page, which asks for a login.
    pub(crate) fn url(&self) -> String {
        format!("http://{}{}/", self.address, self.base)
    }

    /// The address that logs one browser in, once.
    pub(crate) fn login_url(&self) -> &SecretString {
        &self.login
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        self.served.abort();
    }
}
