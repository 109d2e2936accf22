//! TLS of the client: rustls with `ring`, the trust store of the operating system and the roots a caller adds.
//!
//! Nothing here touches the process-wide default of rustls, which belongs to the application.

use std::sync::{Arc, OnceLock};

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error as TlsError, OtherError, RootCertStore,
    SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
};
use rustls_platform_verifier::Verifier;

use crate::error::{Error, ErrorKind, Result};

pub(crate) fn client_config(roots: Vec<CertificateDer<'static>>) -> Result<ClientConfig> {
    config_with(verifier(roots))
}

/// The check of a server's certificate: the trust store of the operating system and `roots`.
pub(crate) fn verifier(roots: Vec<CertificateDer<'static>>) -> Arc<dyn ServerCertVerifier> {
    let provider = Arc::new(ring::default_provider());
    Arc::new(SystemTrust { provider, roots, verifier: OnceLock::new() })
}

pub(crate) fn config_with(verifier: Arc<dyn ServerCertVerifier>) -> Result<ClientConfig> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|e| Error::new(ErrorKind::Config, "TLS cannot be set up").with_source(e))?
        .dangerous() // the name rustls gives to any verifier but its own; this one verifies fully
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    Ok(config)
}

/// Reads the certificates of a PEM text and checks that each can be a root.
pub(crate) fn read_roots(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>> {
    let wrong = |message: &'static str| Error::new(ErrorKind::Config, message);
    let roots: Vec<_> = CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(|e| {
        wrong("the root certificate is no PEM text; it begins with -----BEGIN CERTIFICATE-----")
            .with_source(e)
    })?;
    if roots.is_empty() {
        return Err(wrong("the root certificate has no -----BEGIN CERTIFICATE----- block; give it as PEM"));
    }
    let mut store = RootCertStore::empty();
    for root in &roots {
        store.add(root.clone()).map_err(|e| wrong("the root certificate is damaged").with_source(e))?;
    }
    Ok(roots)
}

/// The operating system's check of a server's certificate. The trust store is read at the first handshake:
/// reading takes tens of milliseconds, and a server on `http://127.0.0.1` needs none of it.
#[derive(Debug)]
struct SystemTrust {
    provider: Arc<CryptoProvider>,
    roots: Vec<CertificateDer<'static>>,
    verifier: OnceLock<Result<Arc<Verifier>, TlsError>>,
}

/// Clients without roots of their own share one reading of the trust store.
static SHARED: OnceLock<Result<Arc<Verifier>, TlsError>> = OnceLock::new();

impl SystemTrust {
    fn verifier(&self) -> Result<&Verifier, TlsError> {
        let cell = if self.roots.is_empty() { &SHARED } else { &self.verifier };
        let loaded = cell.get_or_init(|| {
            Verifier::new_with_extra_roots(self.roots.clone(), self.provider.clone()).map(Arc::new)
        });
        loaded.as_deref().map_err(|error| {
            let help = format!(
                "no trusted root certificates on this machine ({error}); install the package \
                 ca-certificates, set SSL_CERT_FILE, or add a root certificate to the client"
            );
            TlsError::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(
                std::io::Error::other(help),
            ))))
        })
    }
}

impl ServerCertVerifier for SystemTrust {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        self.verifier()?.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
#[cfg(feature = "local")]
pub(crate) mod tests;
