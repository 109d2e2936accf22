//! The bearer token, whose holder is the caller.

use axum::{
    extract::{Request, State},
    http::header::AUTHORIZATION,
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use ring::{hmac, rand::SystemRandom};
use secrecy::ExposeSecret as _;

use super::Api;
use crate::local::control::{Code, ErrorResponse};

pub(super) async fn check(State(api): State<Api>, request: Request, next: Next) -> Response {
    let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let text = match header.map(|header| bearer_of(header)) {
        None => "Credential was not sent; send the token of this Lakebase as 'Authorization: Bearer …'",
        Some(None) => "Credential was of an unsupported type for this API; a bearer token is wanted",
        Some(Some(token)) if same(token, api.token.expose_secret()) => return next.run(request).await,
        Some(Some(_)) => "Invalid access token",
    };
    ErrorResponse::new(Code::Unauthenticated, text).into_response()
}

fn bearer_of(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Compares in a time that does not depend on where the texts differ: both are hashed with a random key.
fn same(a: &str, b: &str) -> bool {
    let Ok(key) = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()) else { return false };
    hmac::verify(&key, a.as_bytes(), hmac::sign(&key, b.as_bytes()).as_ref()).is_ok()
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
