//! The secrets of one login in a browser: state, verifier and challenge (RFC 7636).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    digest::{SHA256, digest},
    rand::{SecureRandom as _, SystemRandom},
};
use secrecy::SecretString;

use crate::error::{Error, ErrorKind, Result};

pub(super) struct Pkce {
    /// Comes back with the redirect, which proves that it belongs to this login.
    pub(super) state: String,
    pub(super) verifier: SecretString,
    /// The hash of the verifier, so that the address of the page does not suffice to redeem the code.
    pub(super) challenge: String,
}

impl Pkce {
    pub(super) fn new() -> Result<Self> {
        let verifier = random()?;
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
        Ok(Self { state: random()?, verifier: verifier.into(), challenge })
    }
}

/// 256 random bits as text.
fn random() -> Result<String> {
    let mut bytes = [0; 32];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| Error::new(ErrorKind::Config, "the operating system has no random numbers"))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
