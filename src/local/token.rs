//! Tokens for SQL logins: JSON Web Tokens signed with a key of this data directory.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use ring::{hmac, rand, rand::SecureRandom as _};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

/// `{"alg":"HS256","typ":"JWT"}`: the only header that is written, and the only one that is accepted, so that
/// a token cannot choose another algorithm for its check.
const HEADER: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";
/// Whether a password has the form of a token, by whatever key it is signed. Chosen passwords do not.
pub(crate) fn has_token_form(password: &str) -> bool {
    password.strip_prefix(HEADER).is_some_and(|rest| rest.starts_with('.'))
}

/// Far above what [`TokenSigner::sign`] writes; anything longer is refused unread.
const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// Claims of a token about its bearer. Times are kept to the second, as JSON Web Tokens write them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claims {
    /// The identity that may log in, which is also the PostgreSQL user name.
    #[serde(rename = "sub")]
    pub(crate) subject: String,
    /// The uid of the project whose endpoints the token opens.
    pub(crate) project: String,
    #[serde(rename = "iat", with = "chrono::serde::ts_seconds")]
    pub(crate) issued_at: DateTime<Utc>,
    #[serde(rename = "exp", with = "chrono::serde::ts_seconds")]
    pub(crate) expires_at: DateTime<Utc>,
    /// Makes two tokens of the same second differ.
    pub(crate) jti: String,
}

impl Claims {
    /// Claims that begin at `now` and run out after `ttl`, with a `jti` of their own.
    pub(crate) fn new(
        subject: impl Into<String>,
        project: impl Into<String>,
        now: DateTime<Utc>,
        ttl: TimeDelta,
    ) -> Claims {
        Claims {
            subject: subject.into(),
            project: project.into(),
            issued_at: now,
            expires_at: now + ttl,
            jti: format!("{:032x}", fastrand::u128(..)),
        }
    }
}

/// The reason that a token is not accepted. Holds nothing of the token's text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TokenError {
    #[error("the password is not a token of this Lakebase; request one with POST /credentials")]
    Malformed,
    #[error("the token was not signed by this Lakebase, or was changed")]
    BadSignature,
    #[error("the token expired at {at}; request a new one with POST /credentials")]
    Expired { at: DateTime<Utc> },
}

/// Signs and checks tokens with one 32-byte key (HS256).
pub(crate) struct TokenSigner {
    key: hmac::Key,
}

impl TokenSigner {
    pub(crate) fn new(key: &[u8]) -> TokenSigner {
        TokenSigner { key: hmac::Key::new(hmac::HMAC_SHA256, key) }
    }

    /// A new key from the system's source of randomness.
    ///
    /// # Errors
    ///
    /// When the system's source of randomness fails.
    pub(crate) fn generate_key() -> std::io::Result<[u8; 32]> {
        let mut key = [0; 32];
        rand::SystemRandom::new().fill(&mut key).map_err(|_| {
            std::io::Error::other("the system's source of randomness failed to make a token key")
        })?;
        Ok(key)
    }

    pub(crate) fn sign(&self, claims: &Claims) -> SecretString {
        let payload = serde_json::json!({
            "sub": claims.subject,
            "project": claims.project,
            "iat": claims.issued_at.timestamp(),
            "exp": claims.expires_at.timestamp(),
            "jti": claims.jti,
        });
        let mut token = format!("{HEADER}.{}", URL_SAFE_NO_PAD.encode(payload.to_string()));
        let signature = hmac::sign(&self.key, token.as_bytes());
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature.as_ref(), &mut token);
        SecretString::from(token)
    }

    /// Checks form, signature and expiry, in this order.
    pub(crate) fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<Claims, TokenError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::Malformed);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(TokenError::Malformed)?;
        if header != HEADER {
            return Err(TokenError::Malformed);
        }
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| TokenError::Malformed)?;
        hmac::verify(&self.key, signed.as_bytes(), &signature).map_err(|_| TokenError::BadSignature)?;
        let payload = URL_SAFE_NO_PAD.decode(payload).map_err(|_| TokenError::Malformed)?;
        let claims: Claims = serde_json::from_slice(&payload).map_err(|_| TokenError::Malformed)?;
        if claims.expires_at <= now {
            return Err(TokenError::Expired { at: claims.expires_at });
        }
        Ok(claims)
    }
}

impl fmt::Debug for TokenSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key: _ } = self;
        f.debug_struct("TokenSigner").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use chrono::SubsecRound as _;
    use proptest::prelude::*;
    use secrecy::ExposeSecret as _;

    use super::*;

    fn signer() -> TokenSigner {
        TokenSigner::new(&[7; 32])
    }

    fn claims(now: DateTime<Utc>) -> Claims {
        Claims::new("someone@example.com", "project-uid", now, TimeDelta::hours(1))
    }

    fn now() -> DateTime<Utc> {
        Utc::now().trunc_subsecs(0)
    }

    #[test]
    fn a_minted_token_verifies_to_the_same_claims_until_it_expires() {
        let claims = claims(now());
        let token = signer().sign(&claims);
        let token = token.expose_secret();
        assert_eq!(signer().verify(token, now()), Ok(claims.clone()));
        let at = claims.expires_at;
        assert_eq!(signer().verify(token, at - TimeDelta::seconds(1)), Ok(claims));
        assert_eq!(signer().verify(token, at), Err(TokenError::Expired { at }));
    }

    #[test]
    fn two_tokens_of_one_second_differ() {
        let now = now();
        assert_ne!(signer().sign(&claims(now)).expose_secret(), signer().sign(&claims(now)).expose_secret());
    }

    #[test]
    fn a_token_of_another_key_has_a_bad_signature() {
        let token = TokenSigner::new(&[8; 32]).sign(&claims(now()));
        assert_eq!(signer().verify(token.expose_secret(), now()), Err(TokenError::BadSignature));
    }

    #[test]
    fn no_other_algorithm_is_accepted() {
        let token = signer().sign(&claims(now()));
        let (_, rest) = token.expose_secret().split_once('.').unwrap();
        let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#);
        assert_eq!(signer().verify(&format!("{none}.{rest}"), now()), Err(TokenError::Malformed));
    }

    #[test]
    fn tokens_are_told_from_passwords_by_their_form() {
        assert!(has_token_form(signer().sign(&claims(now())).expose_secret()));
        for password in ["", "correct horse", "eyJhbGciOiJub25lIn0.e30.", HEADER] {
            assert!(!has_token_form(password), "{password}");
        }
    }

    #[test]
    fn debug_shows_no_key() {
        assert_eq!(format!("{:?}", signer()), "TokenSigner { .. }");
    }

    proptest! {
        #[test]
        fn any_text_is_refused_without_a_panic(text in "\\PC*") {
            prop_assert!(signer().verify(&text, Utc::now()).is_err());
        }

        #[test]
        fn a_changed_character_is_noticed(at in 0usize..200, with in "[A-Za-z0-9_.-]") {
            let signed = signer().sign(&claims(now()));
            let mut token = signed.expose_secret().to_owned();
            let at = at % token.len();
            prop_assume!(token[at..=at] != with);
            token.replace_range(at..=at, &with);
            prop_assert!(signer().verify(&token, Utc::now()).is_err());
        }
    }
}
