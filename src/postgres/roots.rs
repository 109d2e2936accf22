//! The certificate authorities that PostgreSQL connections trust: those that HTTP trusts.

use std::{fmt, path::Path, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use tokio::sync::OnceCell;

use crate::{
    error::{Error, ErrorKind, Result},
    http::tls,
};

/// The store of the operating system as PEM, read once: reading takes tens of milliseconds.
static SYSTEM: OnceCell<String> = OnceCell::const_new();

/// Certificates as PEM.
#[derive(Clone)]
pub(super) struct Roots(Arc<[u8]>);

impl Roots {
    pub(super) fn to_pem(&self) -> Vec<u8> {
        self.0.to_vec()
    }
}

impl fmt::Debug for Roots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Roots").field("bytes", &self.0.len()).finish()
    }
}

/// The store of the operating system and the certificates that the client was given.
pub(super) async fn trusted(of_client: &[u8]) -> Result<Roots> {
    let system = SYSTEM.get_or_try_init(|| async {
        let read = tokio::task::spawn_blocking(system_store).await;
        read.map_err(|error| {
            Error::new(ErrorKind::Config, "the system's trusted certificates cannot be read")
                .with_source(error)
        })
    });
    Ok(Roots([of_client, b"\n", system.await?.as_bytes()].concat().into()))
}

/// Nothing where the store cannot be read: the driver trusts the public authorities in any case.
fn system_store() -> String {
    let store = rustls_native_certs::load_native_certs();
    for error in &store.errors {
        tracing::debug!(%error, "a certificate of the system's store cannot be read");
    }
    // The driver refuses to connect with a certificate that cannot be an authority.
    let usable = store
        .certs
        .iter()
        .filter(|certificate| rustls::RootCertStore::empty().add((*certificate).clone()).is_ok());
    usable.map(|certificate| pem(certificate)).collect()
}

/// Refuses a file that is no certificate authority; the driver's error does not name it.
pub(super) fn check_file(file: &Path) -> Result<()> {
    let context = || format!("reading the certificate authority {}", file.display());
    let pem = std::fs::read(file).map_err(|error| {
        let message = "the file cannot be read; name a PEM file, or none to trust what HTTP trusts";
        Error::new(ErrorKind::Config, message).with_source(error).with_context(context())
    })?;
    tls::read_roots(&pem).map(drop).map_err(|error| error.with_context(context()))
}

fn pem(der: &[u8]) -> String {
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", STANDARD.encode(der))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_certificates_of_the_client_come_before_those_of_the_system() {
        let own = pem(b"own").into_bytes();
        let all = trusted(&own).await.unwrap();
        assert!(all.to_pem().starts_with(&own));
        assert_eq!(all.to_pem().len(), own.len() + 1 + system_store().len());
        assert!(!format!("{all:?}").contains("CERTIFICATE"));
    }
}
