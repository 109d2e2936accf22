//! Access to the console: a login that works once, and the checks of every request.
//!
//! Any page that a browser shows can send requests to loopback addresses, and every user of this machine can connect
//! to them. So a request must name this machine, must not come from a foreign page, and must carry the cookie of the
//! one session; a change must carry the session's token too.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    extract::{Request, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri,
        header::{
            CACHE_CONTROL, CONTENT_SECURITY_POLICY, COOKIE, HOST, ORIGIN, REFERRER_POLICY,
            X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
        },
    },
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    digest::{SHA256, digest},
    rand::{SecureRandom as _, SystemRandom},
};

use super::{App, failure::Failure};

const COOKIE_NAME: &str = "lakebase_console";
/// A browser that is started again stays logged in while the console runs.
const COOKIE_SECONDS: u32 = 30 * 24 * 3600;

/// Everything comes from here, and nothing is written into the page: no inline script, no inline style.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

type Digest = [u8; 32];

/// The login and the session that it became.
pub(super) struct Access {
    hosts: Vec<String>,
    path: String,
    /// None once it was used.
    login: Mutex<Option<Digest>>,
    session: Mutex<Option<Arc<Session>>>,
}

/// The one browser that has logged in.
pub(super) struct Session {
    id: Digest,
    /// In every form; a foreign page cannot know it.
    pub(super) csrf: String,
    notice: Mutex<Option<String>>,
}

impl Session {
    /// Whether a form is of this session.
    pub(super) fn is_own(&self, csrf: &str) -> bool {
        hashed(csrf) == hashed(&self.csrf)
    }

    /// Keeps a line for the next page.
    pub(super) fn notify(&self, text: String) {
        *self.notice.lock().unwrap_or_else(PoisonError::into_inner) = Some(text);
    }

    pub(super) fn take_notice(&self) -> Option<String> {
        self.notice.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// This number of random bytes as text of a URL.
pub(super) fn random(bytes: usize) -> io::Result<String> {
    let mut random = vec![0; bytes];
    let filled = SystemRandom::new().fill(&mut random);
    filled.map_err(|_| io::Error::other("the system gives no random numbers"))?;
    Ok(URL_SAFE_NO_PAD.encode(random))
}

/// Secrets are compared by their digests, so that the time of a comparison tells nothing about them.
fn hashed(secret: &str) -> Digest {
    let mut hashed = Digest::default();
    hashed.copy_from_slice(digest(&SHA256, secret.as_bytes()).as_ref());
    hashed
}

impl Access {
    /// The access to a console at this address, below this path, and the token of its login.
    pub(super) fn new(address: SocketAddr, path: &str) -> io::Result<(Self, String)> {
        let token = random(32)?;
        let hosts = vec![address.to_string(), format!("localhost:{}", address.port())];
        let login = Mutex::new(Some(hashed(&token)));
        Ok((Self { hosts, path: path.to_owned(), login, session: Mutex::default() }, token))
    }

    /// Exchanges the token of the login for the cookie of a session.
    pub(super) fn log_in(&self, token: &str) -> io::Result<Option<HeaderValue>> {
        let mut login = self.login.lock().unwrap_or_else(PoisonError::into_inner);
        if login.is_none_or(|login| login != hashed(token)) {
            return Ok(None);
        }
        let id = random(32)?;
        let path = &self.path;
        let cookie =
            format!("{COOKIE_NAME}={id}; Path={path}/; Max-Age={COOKIE_SECONDS}; HttpOnly; SameSite=Strict");
        let session = Session { id: hashed(&id), csrf: random(32)?, notice: Mutex::default() };
        *self.session.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(session));
        *login = None;
        HeaderValue::from_str(&cookie).map(Some).map_err(io::Error::other)
    }

    pub(super) fn session_of(&self, headers: &HeaderMap) -> Option<Arc<Session>> {
        let session = self.session.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut ids = cookies.flat_map(|line| line.split(';')).filter_map(|pair| {
            let (name, value) = pair.trim().split_once('=')?;
            (name == COOKIE_NAME).then_some(value)
        });
        ids.any(|id| hashed(id) == session.id).then_some(session)
    }

    /// The reason to refuse a request with these headers, with a login or without.
    fn refusal(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Option<&'static str> {
        let mut hosts = headers.get_all(HOST).iter();
        let host = match (hosts.next().and_then(|host| host.to_str().ok()), hosts.next()) {
            (Some(host), None) => host,
            _ => return Some("a request must have one Host header"),
        };
        let ours = |named: &str| self.hosts.iter().any(|host| host.eq_ignore_ascii_case(named));
        if !ours(host) || uri.authority().is_some_and(|named| !ours(named.as_str())) {
            return Some("the console answers to its own address only");
        }
        let text = |name: &HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or_default());
        let header = |name| text(&HeaderName::from_static(name));
        let own = format!("http://{host}");
        let site = header("sec-fetch-site").unwrap_or("none");
        let same = matches!(site, "same-origin" | "none");
        if method == Method::GET || method == Method::HEAD {
            // A link on another page may lead here; such a page may not load anything from here.
            let is_link =
                header("sec-fetch-mode") == Some("navigate") && header("sec-fetch-dest") == Some("document");
            let origin = text(&ORIGIN).is_none_or(|origin| origin.eq_ignore_ascii_case(&own));
            let admitted = origin && (same || is_link);
            return (!admitted).then_some("other pages cannot use the console");
        }
        let origin = text(&ORIGIN).is_some_and(|origin| origin.eq_ignore_ascii_case(&own));
        let admitted = origin && same;
        (!admitted).then_some("a change must come from a page of the console")
    }
}

/// Refuses requests of others, and has the browser hold every answer to the policy.
pub(super) async fn check(State(app): State<App>, request: Request, next: Next) -> Response {
    let refused = app.access.refusal(request.method(), request.uri(), request.headers());
    let mut response = match refused {
        None => next.run(request).await,
        Some(reason) => {
            tracing::info!("console: request refused: {reason}");
            (StatusCode::FORBIDDEN, reason).into_response()
        }
    };
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    // With `no-referrer`, browsers would send no origin with a form either.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    );
    headers.insert(
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    );
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Lets the browser in that has logged in, and no other.
pub(super) async fn require_session(State(app): State<App>, mut request: Request, next: Next) -> Response {
    match app.access.session_of(request.headers()) {
        Some(session) => {
            request.extensions_mut().insert(session);
            next.run(request).await
        }
        None => Failure::not_logged_in().into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access() -> (Access, String) {
        Access::new("127.0.0.1:8433".parse().unwrap(), "/x").unwrap()
    }

    fn refused(method: &Method, headers: &[(&'static str, &'static str)]) -> bool {
        let mut map = HeaderMap::new();
        for &(name, value) in headers {
            map.append(name, HeaderValue::from_static(value));
        }
        access().0.refusal(method, &Uri::from_static("/x/"), &map).is_some()
    }

    #[test]
    fn a_login_works_once_and_for_its_token_only() {
        let (access, token) = access();
        assert!(access.log_in("wrong").unwrap().is_none());
        let cookie = access.log_in(&token).unwrap().unwrap();
        let cookie = cookie.to_str().unwrap();
        assert!(cookie.contains("HttpOnly; SameSite=Strict") && cookie.contains("Path=/x/;"), "{cookie}");
        assert!(access.log_in(&token).unwrap().is_none());
        assert!(access.log_in("").unwrap().is_none());
        let with = |line: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(COOKIE, line.parse().unwrap());
            access.session_of(&headers).is_some()
        };
        let pair = cookie.split(';').next().unwrap();
        assert!(with(pair) && with(&format!("a=b; {pair}; c=d")));
        assert!(!with("lakebase_console=") && !with(&format!("{pair}x")) && !with("x"));
    }

    #[test]
    fn a_request_names_this_machine() {
        let get = Method::GET;
        assert!(
            !refused(&get, &[("host", "127.0.0.1:8433")]) && !refused(&get, &[("host", "LOCALHOST:8433")])
        );
        for host in ["evil.example:8433", "127.0.0.1", "127.0.0.1:8434", "localhost", "", "a@127.0.0.1:8433"]
        {
            assert!(refused(&get, &[("host", host)]), "{host}");
        }
        assert!(refused(&get, &[]));
        assert!(refused(&get, &[("host", "localhost:8433"), ("host", "localhost:8433")]));
    }

    #[test]
    fn other_pages_can_only_link_here() {
        let host = ("host", "127.0.0.1:8433");
        let get = |headers: &[_]| refused(&Method::GET, &[&[host], headers].concat());
        let post = |headers: &[_]| refused(&Method::POST, &[&[host], headers].concat());
        assert!(!get(&[("sec-fetch-site", "same-origin")]) && !get(&[("sec-fetch-site", "none")]));
        let link = [("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
        for site in ["same-site", "cross-site"] {
            assert!(!get(&[&[("sec-fetch-site", site)], &link[..]].concat()), "{site}");
            assert!(get(&[("sec-fetch-site", site), ("sec-fetch-mode", "cors")]), "{site}");
            assert!(post(&[&[("sec-fetch-site", site)], &link[..]].concat()), "{site}");
        }
        assert!(get(&[("origin", "http://127.0.0.1:3000")]));
        assert!(!post(&[("origin", "http://127.0.0.1:8433"), ("sec-fetch-site", "same-origin")]));
        for origin in ["null", "http://localhost:8433", "http://127.0.0.1:3000", "https://127.0.0.1:8433"] {
            assert!(post(&[("origin", origin)]), "{origin}");
        }
        assert!(post(&[]));
    }
}
