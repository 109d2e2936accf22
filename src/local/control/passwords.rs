//! Logins with PostgreSQL's own passwords, checked against the verifier that PostgreSQL keeps.
//!
//! The gateway asks for the password in clear inside TLS, so there is no exchange to take part in: the stored key
//! is derived from it and compared (RFC 5803 names the parts of a verifier, RFC 5802 the derivation, RFC 4013 how
//! characters that look alike become the same).

use std::{borrow::Cow, num::NonZeroU32};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ring::{digest, hmac, pbkdf2};
use secrecy::{ExposeSecret as _, SecretString};

use super::{Control, rejection::Rejection, sql, state::Branch};

impl Control {
    /// Whether this is the password of a role that may log in.
    pub(super) async fn password_is_right(
        &self,
        branch: &Branch,
        user: &str,
        password: &SecretString,
    ) -> Result<bool, Rejection> {
        let verifier = self.session(branch, sql::MAINTENANCE_DATABASE).await?.verifier_of(user).await?;
        let Some(verifier) = verifier.as_deref().and_then(Verifier::read) else { return Ok(false) };
        let password = password.clone();
        // Thousands of rounds of hashing: off the threads that serve others.
        tokio::task::spawn_blocking(move || verifier.accepts(password.expose_secret()))
            .await
            .map_err(|_| Rejection::internal("checking a password broke off"))
    }
}

/// What PostgreSQL stores of a password: `SCRAM-SHA-256$rounds:salt$stored key:server key`.
struct Verifier {
    rounds: NonZeroU32,
    salt: Vec<u8>,
    stored_key: Vec<u8>,
}

impl Verifier {
    /// `None` for what PostgreSQL stored in another form (`password_encryption = md5`), which is not accepted.
    fn read(text: &str) -> Option<Self> {
        let (head, keys) = text.strip_prefix("SCRAM-SHA-256$")?.split_once('$')?;
        let (rounds, salt) = head.split_once(':')?;
        let (stored, _server) = keys.split_once(':')?;
        Some(Self {
            rounds: rounds.parse().ok()?,
            salt: STANDARD.decode(salt).ok()?,
            stored_key: STANDARD.decode(stored).ok()?,
        })
    }

    fn accepts(&self, password: &str) -> bool {
        let mut salted = [0; digest::SHA256_OUTPUT_LEN];
        let password = prepared(password);
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, self.rounds, &self.salt, password.as_bytes(), &mut salted);
        let client_key = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &salted), b"Client Key");
        let stored_key = digest::digest(&digest::SHA256, client_key.as_ref());
        // Compared by their signatures, which takes the same time wherever they differ.
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.salt);
        hmac::verify(&key, stored_key.as_ref(), hmac::sign(&key, &self.stored_key).as_ref()).is_ok()
    }
}

/// The password as PostgreSQL hashes it: prepared by SASLprep, and as it is where that refuses it or leaves nothing.
fn prepared(password: &str) -> Cow<'_, str> {
    stringprep::saslprep(password)
        .ok()
        .filter(|prepared| !prepared.is_empty())
        .unwrap_or(Cow::Borrowed(password))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_that_look_alike_are_the_same_and_what_cannot_be_prepared_stays() {
        for (typed, hashed) in [
            ("pencil", "pencil"),
            ("e\u{301}\u{a0}x", "é x"),
            ("\u{2168}", "IX"),
            ("soft\u{ad}hyphen", "softhyphen"),
            ("\u{ad}", "\u{ad}"),
            ("bell\u{7}", "bell\u{7}"),
            ("\u{627}1", "\u{627}1"),
            ("", ""),
        ] {
            assert_eq!(prepared(typed), hashed, "{typed:?}");
        }
    }

    /// Made by PostgreSQL for the password `pencil`.
    const PENCIL: &str = "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";

    #[test]
    fn the_password_opens_its_verifier_and_no_other_does() {
        let verifier = Verifier::read(PENCIL).unwrap();
        assert!(verifier.accepts("pencil"));
        assert!(!verifier.accepts("pencils"));
        assert!(!verifier.accepts(""));
    }

    #[test]
    fn what_is_no_verifier_is_none() {
        for text in
            ["", "md5aabbcc", "SCRAM-SHA-256$0:AA==$AA==:AA==", "SCRAM-SHA-256$4096", "SCRAM-SHA-256$1:*$*:*"]
        {
            assert!(Verifier::read(text).is_none(), "{text}");
        }
    }
}
