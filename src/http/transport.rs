//! A single HTTP exchange; no retries or credentials.

use std::{error::Error as StdError, fmt, future::Future, io, pin::Pin, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use reqwest::{
    header::{HeaderMap, HeaderValue},
    redirect,
};
use rustls::pki_types::CertificateDer;
use url::Url;

use super::tls;
use crate::error::{Error, ErrorKind, Result};

type BoxError = Box<dyn StdError + Send + Sync + 'static>;

/// One exchange. A trait so that tests can script the answers and measure the time between them.
pub(crate) trait Exchange: Send + Sync + 'static {
    fn exchange(&self, request: reqwest::Request) -> Exchanged<'_>;
}

pub(crate) type Exchanged<'a> = Pin<Box<dyn Future<Output = Result<Answer, TransportError>> + Send + 'a>>;

/// A complete answer of any status.
#[derive(Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    /// A header as text; one that is no text counts as absent.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Bodies carry tokens and headers carry cookies: neither is shown.
        let Self { status, headers: _, body } = self;
        f.debug_struct("Answer").field("status", status).field("bytes", &body.len()).finish_non_exhaustive()
    }
}

/// A request without an answer.
#[derive(Debug)]
pub(crate) struct TransportError {
    pub(crate) kind: TransportErrorKind,
    pub(crate) source: BoxError,
}

/// Sorted by whether the request can have arrived, because that decides whether it may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TransportErrorKind {
    /// It cannot have arrived, and a moment later it may: refused, reset or timed out while connecting.
    Unreachable,
    /// It cannot have arrived and will not: no such name, a certificate that is not trusted.
    Impossible,
    /// It may have arrived: the connection broke afterwards.
    Lost,
    /// It may have arrived: nothing was heard for the inactivity timeout.
    Silent,
    /// It arrived, and the answer is larger than any answer of the service.
    TooLarge,
}

/// Far above the longest page of any list, in bytes.
const LARGEST_ANSWER: usize = 64 * 1024 * 1024;

/// How long one exchange may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timeouts {
    pub(crate) connect: Duration,
    /// Without a byte received.
    pub(crate) inactivity: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: Duration::from_secs(30), inactivity: Duration::from_secs(60) }
    }
}

/// The HTTP connections of one client. Cloning shares them.
#[derive(Clone)]
pub(crate) struct Transport {
    exchange: Arc<dyn Exchange>,
    /// Builds requests; the answers of a scripted exchange do not go through it.
    client: reqwest::Client,
    /// `None` for a scripted exchange.
    settings: Option<Arc<Settings>>,
}

/// The settings of an HTTP client.
#[derive(Clone)]
struct Settings {
    proxy: bool,
    timeouts: Timeouts,
    roots: Vec<CertificateDer<'static>>,
    user_agent: HeaderValue,
}

impl Transport {
    pub(crate) fn new(
        host: Option<&Url>,
        timeouts: Timeouts,
        roots: Vec<CertificateDer<'static>>,
        user_agent: HeaderValue,
    ) -> Result<Self> {
        // A loopback server cannot be reached through the network's proxy.
        Self::with(Settings { proxy: !host.is_some_and(is_loopback), timeouts, roots, user_agent })
    }

    fn with(settings: Settings) -> Result<Self> {
        let client = client(settings.clone())?;
        Ok(Self { exchange: Arc::new(client.clone()), client, settings: Some(Arc::new(settings)) })
    }

    /// A transport with connections of its own for servers that no proxy can reach: those of this machine.
    pub(crate) fn without_proxy(&self) -> Result<Self> {
        match &self.settings {
            Some(settings) if settings.proxy => {
                Self::with(Settings { proxy: false, ..Settings::clone(settings) })
            }
            _ => Ok(self.clone()),
        }
    }

    /// A transport whose answers come from `exchange`.
    #[cfg(test)]
    pub(crate) fn scripted(exchange: Arc<dyn Exchange>) -> Result<Self> {
        let user_agent = HeaderValue::from_static("test");
        let settings = Settings { proxy: true, timeouts: Timeouts::default(), roots: Vec::new(), user_agent };
        Ok(Self { exchange, client: client(settings)?, settings: None })
    }

    pub(crate) fn request(&self, method: reqwest::Method, url: Url) -> reqwest::RequestBuilder {
        self.client.request(method, url)
    }

    pub(crate) async fn exchange(&self, request: reqwest::Request) -> Result<Answer, TransportError> {
        self.exchange.exchange(request).await
    }
}

fn client(settings: Settings) -> Result<reqwest::Client> {
    let Settings { proxy, timeouts, roots, user_agent } = settings;
    let mut builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls::client_config(roots)?)
        .user_agent(user_agent)
        .connect_timeout(timeouts.connect)
        .read_timeout(timeouts.inactivity)
        .pool_idle_timeout(Duration::from_secs(180))
        // A redirect would carry the credentials to the host that it names, and turn a POST into a GET.
        .redirect(redirect::Policy::none());
    if !proxy {
        builder = builder.no_proxy();
    }
    builder.build().map_err(|e| Error::new(ErrorKind::Config, "no HTTP client can be made").with_source(e))
}

/// Whether an address is this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

impl Exchange for reqwest::Client {
    fn exchange(&self, request: reqwest::Request) -> Exchanged<'_> {
        Box::pin(async move {
            let mut response = self.execute(request).await.map_err(TransportError::from)?;
            let status = response.status().as_u16();
            let headers = std::mem::take(response.headers_mut());
            let mut body = BytesMut::new();
            while let Some(chunk) = response.chunk().await.map_err(TransportError::from)? {
                if body.len() + chunk.len() > LARGEST_ANSWER {
                    return Err(TransportError {
                        kind: TransportErrorKind::TooLarge,
                        source: "the answer has no end".into(),
                    });
                }
                body.extend_from_slice(&chunk);
            }
            Ok(Answer { status, headers, body: body.freeze() })
        })
    }
}

impl From<reqwest::Error> for TransportError {
    fn from(error: reqwest::Error) -> Self {
        let kind = match (error.is_connect(), error.is_timeout()) {
            (true, true) => TransportErrorKind::Unreachable,
            (true, false) if is_transient(&error) => TransportErrorKind::Unreachable,
            (true, false) => TransportErrorKind::Impossible,
            (false, true) => TransportErrorKind::Silent,
            (false, false) if error.is_builder() => TransportErrorKind::Impossible,
            (false, false) => TransportErrorKind::Lost,
        };
        // The address is named by our own line, without its query.
        Self { kind, source: error.without_url().into() }
    }
}

/// Names that do not resolve and certificates that are refused come as other kinds of I/O errors.
fn is_transient(error: &(dyn StdError + 'static)) -> bool {
    use io::ErrorKind as K;
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(io) = error.downcast_ref::<io::Error>() {
            let transient = matches!(
                io.kind(),
                K::ConnectionRefused
                    | K::ConnectionReset
                    | K::ConnectionAborted
                    | K::BrokenPipe
                    | K::UnexpectedEof
                    | K::TimedOut
                    | K::HostUnreachable
                    | K::NetworkUnreachable
                    | K::NetworkDown
            );
            if transient {
                return true;
            }
        }
        cause = error.source();
    }
    false
}
