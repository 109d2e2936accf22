//! Proof that a server holds the API token, given before a client sends the token to it.
//!
//! A client that attaches has address and token from a file. The process that listens there now may be another one,
//! so the client sends a random challenge, and the server answers with a keyed hash of it and of its own address.
//! An impostor cannot compute the hash, nor have another server compute it, whose address differs.

use ring::{hmac, rand, rand::SecureRandom as _};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

/// The route that answers challenges.
pub(super) const PATH: &str = "/.well-known/lakebase-local/proof";
const DOMAIN: &str = "lakebase-local proof of the API token";
const CHALLENGE_BYTES: usize = 32;

/// A random number in hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Challenge(String);

impl Challenge {
    /// # Errors
    ///
    /// When the system's source of randomness fails.
    pub(super) fn generate() -> std::io::Result<Challenge> {
        let mut bytes = [0; CHALLENGE_BYTES];
        rand::SystemRandom::new()
            .fill(&mut bytes)
            .map_err(|_| std::io::Error::other("the system's source of randomness failed"))?;
        Ok(Challenge(hex(&bytes)))
    }

    /// `None` unless the text has the length and the digits of a challenge.
    pub(super) fn parse(text: &str) -> Option<Challenge> {
        let valid = text.len() == 2 * CHALLENGE_BYTES && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        valid.then(|| Challenge(text.to_owned()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The proof of a server at `host` that holds `token`, in hexadecimal digits.
    pub(super) fn answer(&self, token: &SecretString, host: &Url) -> String {
        hex(hmac::sign(&key(token), &self.message(host)).as_ref())
    }

    /// Whether `proof` is the answer of a server at `host` that holds `token`. Takes the same time for every proof.
    pub(super) fn accepts(&self, proof: &str, token: &SecretString, host: &Url) -> bool {
        // Both sides are hashed with the key, so that the comparison tells nothing about the answer.
        let key = key(token);
        let answer = hmac::sign(&key, self.answer(token, host).as_bytes());
        hmac::verify(&key, proof.as_bytes(), answer.as_ref()).is_ok()
    }

    fn message(&self, host: &Url) -> Vec<u8> {
        [DOMAIN.as_bytes(), b"\0", host.as_str().as_bytes(), b"\0", self.0.as_bytes()].concat()
    }
}

fn key(token: &SecretString) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, token.expose_secret().as_bytes())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_holder_of_the_token_at_that_address_gives_the_answer() {
        let challenge = Challenge::generate().unwrap();
        let (token, host) = (SecretString::from("token"), Url::parse("http://127.0.0.1:8432").unwrap());
        let proof = challenge.answer(&token, &host);
        assert!(challenge.accepts(&proof, &token, &host));
        let moved = Url::parse("http://127.0.0.1:8433").unwrap();
        let fresh = Challenge::generate().unwrap();
        assert!(!challenge.accepts(&proof, &token, &moved));
        assert!(!challenge.accepts(&proof, &SecretString::from("other"), &host));
        assert!(!fresh.accepts(&proof, &token, &host));
        assert!(!challenge.accepts("", &token, &host));
        assert_eq!(Challenge::parse(challenge.as_str()), Some(challenge));
    }

    #[test]
    fn a_challenge_has_one_form() {
        for text in ["", "00", &"g".repeat(64), &"0".repeat(65)] {
            assert_eq!(Challenge::parse(text), None, "{text}");
        }
    }
}
