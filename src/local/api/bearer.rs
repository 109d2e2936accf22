//! The bearer token: whoever holds it is the caller.

use axum::{
    extract::{Request, State},
    http::header::AUTHORIZATION,
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use ring::digest;
use secrecy::ExposeSecret as _;

use super::{Api, answer::Refused};
use crate::local::control::{Code, Rejection};

pub(super) async fn check(State(api): State<Api>, request: Request, next: Next) -> Response {
    let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let text = match header.map(|header| bearer_of(header)) {
        None => "Credential was not sent; send the token of this Lakebase as 'Authorization: Bearer …'",
        Some(None) => "Credential was of an unsupported type for this API; a bearer token is wanted",
        Some(Some(token)) if same(token, api.token.expose_secret()) => return next.run(request).await,
        Some(Some(_)) => "Invalid access token",
    };
    Refused(Rejection::new(Code::Unauthenticated, text)).into_response()
}

fn bearer_of(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Digests are compared, so the time it takes tells nothing about the token.
fn same(a: &str, b: &str) -> bool {
    let digest = |text: &str| digest::digest(&digest::SHA256, text.as_bytes());
    digest(a).as_ref() == digest(b).as_ref()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_bearer_token_is_one() {
        assert_eq!(bearer_of("Bearer abc"), Some("abc"));
        assert_eq!(bearer_of("bearer  abc "), Some("abc"));
        assert_eq!(bearer_of("Basic abc"), None);
        assert_eq!(bearer_of("abc"), None);
        assert!(same("abc", "abc") && !same("abc", "abd") && !same("", "abc"));
    }
}
