//! The certificate authority of one data directory.

use std::{
    fmt,
    io::Write as _,
    net::IpAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use chrono::{DateTime, Datelike as _, TimeDelta, Utc};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, SanType,
};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer},
};

const COMMON_NAME: &str = "Lakebase local authority";
const AUTHORITY_DAYS: i64 = 3650;
/// Some systems refuse server certificates that live longer than 825 days.
const LEAF_DAYS: i64 = 800;

/// A failure to load or create certificates.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AuthorityError {
    #[error("{action} {}", path.display())]
    File { action: &'static str, path: PathBuf, source: std::io::Error },
    #[error("reading the authority's key {}; remove it and ca.pem beside it to have new ones made", path.display())]
    Key { path: PathBuf, source: rcgen::Error },
    #[error("{} is there without ca.key beside it; remove it to have both made anew", path.display())]
    KeyMissing { path: PathBuf },
    #[error("making a certificate")]
    Make(#[source] rcgen::Error),
    #[error("setting up TLS")]
    Tls(#[source] rustls::Error),
}

/// Signs the certificates that endpoints show. Made once per data directory; clients trust its `ca.pem`.
#[derive(Clone)]
pub(crate) struct Authority(Arc<Inner>);

struct Inner {
    certificate: PathBuf,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// Reads `ca.pem` and `ca.key` in `dir`, or creates them: the certificate readable for all, the key with mode 0600.
    ///
    /// # Errors
    ///
    /// When the files cannot be read or written, or only one of them is there.
    pub(crate) fn load_or_create(dir: &Path) -> Result<Authority, AuthorityError> {
        let (certificate, key) = (dir.join("ca.pem"), dir.join("ca.key"));
        let found = match std::fs::read_to_string(&key) {
            Ok(pem) => Some(pem),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(source) => return Err(AuthorityError::File { action: "reading", path: key, source }),
        };
        let key_pair = match found {
            Some(pem) => {
                KeyPair::from_pem(&pem).map_err(|source| AuthorityError::Key { path: key, source })?
            }
            // Clients may have stored this certificate already: another one in its permit must be decided on.
            None if certificate.exists() => return Err(AuthorityError::KeyMissing { path: certificate }),
            None => {
                let pair = KeyPair::generate().map_err(AuthorityError::Make)?;
                write_new(&key, 0o600, &pair.serialize_pem())?;
                pair
            }
        };
        let params = authority_params(Utc::now());
        // The key is written first: after a crash between the two, the certificate is created for the existing key.
        if !certificate.exists() {
            let made = params.self_signed(&key_pair).map_err(AuthorityError::Make)?;
            write_new(&certificate, 0o644, &made.pem())?;
        }
        // Only name, key and key usages go from here into the certificates it signs; those never change.
        Ok(Authority(Arc::new(Inner { certificate, issuer: Issuer::new(params, key_pair) })))
    }

    /// The certificate that clients are to trust (`sslrootcert`).
    pub(crate) fn certificate_file(&self) -> &Path {
        &self.0.certificate
    }

    /// TLS for a listener at `address`, also known by `names`.
    pub(crate) fn server_config(
        &self,
        address: IpAddr,
        names: &[&str],
    ) -> Result<Arc<ServerConfig>, AuthorityError> {
        let key = KeyPair::generate().map_err(AuthorityError::Make)?;
        let certificate = certificate_params(address, names, Utc::now())?
            .signed_by(&key, &self.0.issuer)
            .map_err(AuthorityError::Make)?;
        let chain: Vec<CertificateDer<'static>> = vec![certificate.der().clone()];
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(AuthorityError::Tls)?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(AuthorityError::Tls)?;
        // https://www.postgresql.org/docs/17/protocol-flow.html#PROTOCOL-FLOW-SSL
        config.alpn_protocols = vec![ALPN.to_vec()];
        Ok(Arc::new(config))
    }
}

/// The protocol name that PostgreSQL clients offer; needed for TLS that starts without asking.
pub(super) const ALPN: &[u8] = b"postgresql";

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { certificate, issuer: _ } = &*self.0;
        f.debug_struct("Authority").field("certificate", certificate).finish_non_exhaustive()
    }
}

fn authority_params(now: DateTime<Utc>) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = name(COMMON_NAME);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    valid_for(&mut params, now, AUTHORITY_DAYS);
    params
}

fn certificate_params(
    address: IpAddr,
    names: &[&str],
    now: DateTime<Utc>,
) -> Result<CertificateParams, AuthorityError> {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let mut params = CertificateParams::new(names).map_err(AuthorityError::Make)?;
    params.subject_alt_names.push(SanType::IpAddress(address));
    // Clients older than PostgreSQL 15 look for an address only here.
    params.distinguished_name = name(&address.to_string());
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    valid_for(&mut params, now, LEAF_DAYS);
    Ok(params)
}

fn name(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    name
}

fn valid_for(params: &mut CertificateParams, now: DateTime<Utc>, days: i64) {
    let day = |at: DateTime<Utc>| rcgen::date_time_ymd(at.year(), at.month() as u8, at.day() as u8);
    // A day back, for clocks that differ and zones that lag.
    params.not_before = day(now - TimeDelta::days(1));
    params.not_after = day(now + TimeDelta::days(days));
}

/// Creates the file by one rename, so that no reader sees a partial file.
fn write_new(path: &Path, mode: u32, text: &str) -> Result<(), AuthorityError> {
    let at = |action| move |source| AuthorityError::File { action, path: path.to_owned(), source };
    let dir = path.parent().unwrap_or(Path::new("."));
    // A temporary file is readable for its owner alone from the moment it exists.
    let mut file = tempfile::NamedTempFile::new_in(dir).map_err(at("making a file beside"))?;
    file.write_all(text.as_bytes()).map_err(at("writing"))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let permissions = std::fs::Permissions::from_mode(mode);
        file.as_file().set_permissions(permissions).map_err(at("setting the permissions of"))?;
    }
    file.as_file().sync_all().map_err(at("writing"))?;
    file.persist_noclobber(path).map_err(|error| at("writing")(error.error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn an_authority_is_made_once_and_its_key_is_for_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let authority = Authority::load_or_create(dir.path()).unwrap();
        let text = std::fs::read_to_string(authority.certificate_file()).unwrap();
        let mode = |name: &str| dir.path().join(name).metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("ca.pem"), mode("ca.key")), (0o644, 0o600));
        let again = Authority::load_or_create(dir.path()).unwrap();
        assert_eq!(std::fs::read_to_string(again.certificate_file()).unwrap(), text);
        assert!(!format!("{again:?}").contains("PRIVATE"));
    }

    #[test]
    fn half_an_authority_is_completed_or_refused() {
        let dir = tempfile::tempdir().unwrap();
        Authority::load_or_create(dir.path()).unwrap();
        std::fs::remove_file(dir.path().join("ca.pem")).unwrap();
        Authority::load_or_create(dir.path()).unwrap();
        std::fs::remove_file(dir.path().join("ca.key")).unwrap();
        let error = Authority::load_or_create(dir.path()).unwrap_err();
        assert!(error.to_string().contains("without ca.key"), "{error}");
    }
}
