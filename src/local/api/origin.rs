//! Protection from web pages: requests must name this machine and must not come from a foreign page.
//!
//! A page that a browser shows can send requests to loopback addresses, and a name server of its author can make the
//! page's own host name a loopback address (DNS rebinding). Both show in the headers that browsers set.

use std::net::IpAddr;

use axum::{
    extract::Request,
    http::{
        HeaderMap, Uri,
        header::{HOST, ORIGIN},
        uri::Authority,
    },
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use crate::local::control::{Code, ErrorResponse};

const FETCH_SITE: &str = "sec-fetch-site";

pub(super) async fn check(request: Request, next: Next) -> Response {
    match refusal(request.uri(), request.headers()) {
        None => next.run(request).await,
        Some(text) => {
            tracing::info!("request refused: {text}");
            ErrorResponse::new(Code::PermissionDenied, text).into_response()
        }
    }
}

/// The reason to refuse a request with these headers.
fn refusal(uri: &Uri, headers: &HeaderMap) -> Option<String> {
    let mut hosts = headers.get_all(HOST).iter().map(|value| value.to_str().unwrap_or_default());
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host,
        _ => return Some("a request must have one Host header".to_owned()),
    };
    // An absolute request target names the host a second time.
    for named in [Some(host), uri.authority().map(Authority::as_str)].into_iter().flatten() {
        if !is_this_machine(named) {
            return Some(format!(
                "host {named:?} is not this machine; call the local Lakebase as localhost or by its loopback address"
            ));
        }
    }
    let own = format!("http://{host}");
    for origin in headers.get_all(ORIGIN) {
        if !origin.as_bytes().eq_ignore_ascii_case(own.as_bytes()) {
            return Some(format!("origin {origin:?} is foreign; web pages cannot use the local Lakebase"));
        }
    }
    for site in headers.get_all(FETCH_SITE) {
        if !matches!(site.as_bytes(), b"same-origin" | b"none") {
            return Some(format!("{FETCH_SITE} is {site:?}; web pages cannot use the local Lakebase"));
        }
    }
    None
}

fn is_this_machine(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let name = authority.host();
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    !host.contains('@')
        && (name.eq_ignore_ascii_case("localhost") || address.is_ok_and(|ip| ip.is_loopback()))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn refused(uri: &str, headers: &[(&'static str, &'static str)]) -> bool {
        let mut map = HeaderMap::new();
        for &(name, value) in headers {
            map.append(name, HeaderValue::from_static(value));
        }
        refusal(&uri.parse().unwrap(), &map).is_some()
    }

    #[test]
    fn hosts_must_be_this_machine() {
        for host in ["localhost", "LocalHost:1", "127.0.0.1:8432", "127.9.8.7", "[::1]:8432"] {
            assert!(!refused("/x", &[("host", host)]), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "10.0.0.1",
            "[::2]",
            "0.0.0.0",
            "evil@localhost",
            "localhost/x",
            "[::1",
            "2130706433",
        ] {
            assert!(refused("/x", &[("host", host)]), "{host}");
        }
        assert!(refused("/x", &[]));
        assert!(refused("/x", &[("host", "localhost"), ("host", "localhost")]));
        assert!(refused("http://evil.example/x", &[("host", "localhost")]));
        assert!(!refused("http://localhost/x", &[("host", "localhost")]));
    }

    #[test]
    fn pages_must_be_of_the_server_itself() {
        let host = ("host", "localhost:8432");
        assert!(!refused(
            "/x",
            &[host, ("origin", "http://localhost:8432"), ("sec-fetch-site", "same-origin")]
        ));
        assert!(!refused("/x", &[host, ("sec-fetch-site", "none")]));
        for origin in ["null", "", "http://localhost:3000", "https://localhost:8432", "http://evil.example"] {
            assert!(refused("/x", &[host, ("origin", origin)]), "{origin}");
        }
        for site in ["cross-site", "same-site", ""] {
            assert!(refused("/x", &[host, ("sec-fetch-site", site)]), "{site}");
        }
    }
}
