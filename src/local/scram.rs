//! SCRAM-SHA-256 verifiers: the form in which PostgreSQL stores a password.
//!
//! RFC 5803 names the parts of a verifier, RFC 5802 the derivation, RFC 4013 how characters that look alike become
//! the same.

use std::{borrow::Cow, fmt, io, num::NonZeroU32};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use ring::{
    digest, hmac, pbkdf2,
    rand::{SecureRandom as _, SystemRandom},
};
use secrecy::{ExposeSecret as _, SecretString};

/// Rounds of hashing for a generated password: it has 256 random bits, which more rounds would not protect any better.
const GENERATED_ROUNDS: NonZeroU32 = NonZeroU32::MIN;

/// PostgreSQL's own (`scram_iterations`).
const POSTGRES_ROUNDS: NonZeroU32 = NonZeroU32::MIN.saturating_add(4095);

/// The maximum, far above [`POSTGRES_ROUNDS`]. A user can supply the verifier of a role, and each login attempt costs
/// its number of rounds.
const MAX_ROUNDS: u32 = 1_000_000;

/// `SCRAM-SHA-256$rounds:salt$stored key:server key`. It is not a password: a login needs the password itself.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Verifier {
    rounds: NonZeroU32,
    salt: Vec<u8>,
    stored_key: Vec<u8>,
    server_key: Vec<u8>,
}

impl Verifier {
    /// Parses PostgreSQL's text; `None` for another form (`password_encryption = md5`) and for absurdly many rounds,
    /// which are not accepted.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (head, keys) = text.strip_prefix("SCRAM-SHA-256$")?.split_once('$')?;
        let (rounds, salt) = head.split_once(':')?;
        let (stored, server) = keys.split_once(':')?;
        Some(Self {
            rounds: rounds.parse().ok().filter(|rounds: &NonZeroU32| rounds.get() <= MAX_ROUNDS)?,
            salt: STANDARD.decode(salt).ok()?,
            stored_key: STANDARD.decode(stored).ok()?,
            server_key: STANDARD.decode(server).ok()?,
        })
    }

    /// Derives the verifier of a generated password.
    ///
    /// # Errors
    ///
    /// If the system gives no random bytes for the salt.
    pub(super) fn of_generated(password: &SecretString) -> io::Result<Self> {
        Ok(Self::derive(password.expose_secret(), GENERATED_ROUNDS, random::<16>()?.to_vec()))
    }

    /// Derives the verifier of the password of a role, as PostgreSQL does.
    ///
    /// # Errors
    ///
    /// If the system gives no random bytes for the salt.
    pub(super) fn of_role(password: &SecretString) -> io::Result<Self> {
        Ok(Self::derive(password.expose_secret(), POSTGRES_ROUNDS, random::<16>()?.to_vec()))
    }

    /// Stands in for the verifier of a role that has none: it takes as long to check and accepts no password.
    pub(super) fn of_no_password() -> Self {
        let key = || vec![0; digest::SHA256_OUTPUT_LEN];
        Self { rounds: POSTGRES_ROUNDS, salt: vec![0; 16], stored_key: key(), server_key: key() }
    }

    fn derive(password: &str, rounds: NonZeroU32, salt: Vec<u8>) -> Self {
        let mut salted = [0; digest::SHA256_OUTPUT_LEN];
        let prepared = prepared(password);
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, rounds, &salt, prepared.as_bytes(), &mut salted);
        let key = hmac::Key::new(hmac::HMAC_SHA256, &salted);
        let client_key = hmac::sign(&key, b"Client Key");
        let stored_key = digest::digest(&digest::SHA256, client_key.as_ref()).as_ref().to_vec();
        let server_key = hmac::sign(&key, b"Server Key").as_ref().to_vec();
        Self { rounds, salt, stored_key, server_key }
    }

    /// Whether this is the password. Takes thousands of rounds of hashing.
    pub(super) fn accepts(&self, password: &str) -> bool {
        let derived = Self::derive(password, self.rounds, self.salt.clone());
        // Compared by their signatures, which takes the same time wherever they differ.
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.salt);
        hmac::verify(&key, &derived.stored_key, hmac::sign(&key, &self.stored_key).as_ref()).is_ok()
    }
}

impl fmt::Display for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [salt, stored, server] =
            [&self.salt, &self.stored_key, &self.server_key].map(|part| STANDARD.encode(part));
        write!(f, "SCRAM-SHA-256${}:{salt}${stored}:{server}", self.rounds)
    }
}

/// Generates a password of 256 random bits, in characters that need no quoting.
///
/// # Errors
///
/// If the system gives no random bytes.
pub(super) fn generate_password() -> io::Result<SecretString> {
    Ok(SecretString::from(URL_SAFE_NO_PAD.encode(random::<32>()?)))
}

fn random<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| io::Error::other("the system gives no random bytes for a password"))?;
    Ok(bytes)
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
        let verifier = Verifier::parse(PENCIL).unwrap();
        assert!(verifier.accepts("pencil"));
        assert!(!verifier.accepts("pencils"));
        assert!(!verifier.accepts(""));
    }

    #[test]
    fn what_is_no_verifier_is_none() {
        for text in [
            "",
            "md5aabbcc",
            "SCRAM-SHA-256$0:AA==$AA==:AA==",
            "SCRAM-SHA-256$4096",
            "SCRAM-SHA-256$1:*$*:*",
            "SCRAM-SHA-256$1000001:AA==$AA==:AA==",
        ] {
            assert!(Verifier::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_role_without_a_password_takes_as_long_as_one_with_and_is_never_let_in() {
        let (known, none) = (Verifier::parse(PENCIL).unwrap(), Verifier::of_no_password());
        assert_eq!((none.rounds, none.salt.len()), (known.rounds, known.salt.len()));
        assert_eq!(none.rounds.get(), 4096);
        assert!(!none.accepts("pencil") && !none.accepts(""));
    }

    #[test]
    fn a_generated_password_opens_its_verifier_as_postgresql_stores_it() {
        assert_eq!(Verifier::parse(PENCIL).unwrap().to_string(), PENCIL);
        let salt = STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
        let derived = Verifier::derive("pencil", NonZeroU32::new(4096).unwrap(), salt);
        assert_eq!(derived.to_string(), PENCIL);
        let (one, two) = (generate_password().unwrap(), generate_password().unwrap());
        assert_ne!(one.expose_secret(), two.expose_secret());
        for verifier in [Verifier::of_generated(&one).unwrap(), Verifier::of_role(&one).unwrap()] {
            assert!(verifier.accepts(one.expose_secret()) && !verifier.accepts(two.expose_secret()));
        }
    }
}
