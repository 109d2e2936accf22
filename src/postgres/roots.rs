//! The file of a certificate authority.

use std::path::Path;

use rustls::pki_types::CertificateDer;

use crate::{
    error::{Error, ErrorKind, Result},
    http::tls,
};

/// Reads the authorities of a file, and refuses one that has none; the errors of the drivers do not name it.
pub(super) fn read_file(file: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let context = || format!("reading the certificate authority {}", file.display());
    let pem = std::fs::read(file).map_err(|error| {
        let message = "the file cannot be read; name a PEM file, or none to trust what HTTP trusts";
        Error::new(ErrorKind::Config, message).with_source(error).with_context(context())
    })?;
    tls::read_roots(&pem).map_err(|error| error.with_context(context()))
}
