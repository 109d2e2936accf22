//! TLS of the drivers that take a rustls connector: the authorities of the HTTP client.

use std::sync::Arc;

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error as TlsError, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    pki_types::{CertificateDer, ServerName, UnixTime},
};

use crate::{
    error::Result,
    http::tls,
    postgres::{
        info::{ConnectionInfo, TlsMode},
        roots::read_file,
    },
};

/// The configuration for a server: the store of the operating system, what the client was given, and the file of a
/// local server.
pub(super) fn client_config(info: &ConnectionInfo) -> Result<ClientConfig> {
    let mut roots = match info.roots.0.trim_ascii() {
        b"" => Vec::new(),
        pem => tls::read_roots(pem)?,
    };
    if let Some(file) = &info.ca_cert {
        roots.extend(read_file(file)?);
    }
    let verifier = tls::verifier(roots);
    tls::config_with(match info.tls {
        TlsMode::VerifyFull => verifier,
        mode => Arc::new(Lenient { verifier, mode }),
    })
}

/// A check that overlooks what the mode allows.
#[derive(Debug)]
struct Lenient {
    verifier: Arc<dyn ServerCertVerifier>,
    mode: TlsMode,
}

impl ServerCertVerifier for Lenient {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        if self.mode == TlsMode::Require {
            return Ok(ServerCertVerified::assertion());
        }
        // The name is checked after everything else.
        match self.verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            Err(TlsError::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            result => result,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        self.verifier.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        self.verifier.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}
