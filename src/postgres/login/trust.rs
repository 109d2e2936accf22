//! A server with a certificate of a private authority, as behind a company's gateway: HTTP and every driver trust it,
//! or none does.

use std::process::Command;

use url::Url;

use super::tests::{generating, info};
use crate::{
    api::client::Lakebase,
    error::{ErrorKind, Result},
    http::{RawMethod, tls::tests::server},
    postgres::info::{ConnectionInfo, Roots, TlsMode},
};

/// The kind of the first failure over HTTP and with each driver. The server refuses all logins, so `Database` says that
/// its certificate was accepted.
async fn outcomes(http: Result<Lakebase>, info: &ConnectionInfo) -> [Option<ErrorKind>; 3] {
    let request = async { http?.request(RawMethod::Get, "/x", None).await };
    [
        request.await.err().map(|error| error.kind()),
        info.connect().await.err().map(|error| error.kind()),
        info.connect_tokio_postgres().await.err().map(|error| error.kind()),
    ]
}

async fn connection(host: &str, root: &str) -> ConnectionInfo {
    let url: Url = host.parse().unwrap();
    let mut info = info(&generating(3600), None).await;
    info.host = url.host_str().unwrap().to_owned();
    info.port = url.port().unwrap();
    info.roots = Roots(root.as_bytes().into());
    info
}

const TRUSTED: [Option<ErrorKind>; 3] = [None, Some(ErrorKind::Database), Some(ErrorKind::Database)];
const REFUSED: [Option<ErrorKind>; 3] = [Some(ErrorKind::Connect); 3];

/// Set in the copy of this process that has the authority in the store of its operating system.
const COPY: &str = "LAKEBASE_TEST_TRUSTED_HOST";

#[tokio::test]
async fn http_and_every_driver_trust_the_same_authorities() {
    if let Ok(host) = std::env::var(COPY) {
        let client = Lakebase::builder().host(&host).token("t").build().await;
        assert_eq!(outcomes(client, &connection(&host, "").await).await, TRUSTED);
        return;
    }
    let (host, root, server) = server().await;
    let client = || Lakebase::builder().host(&host).token("t");
    let trusting = client().root_certificate(root.clone()).build().await;
    assert_eq!(outcomes(trusting, &connection(&host, &root).await).await, TRUSTED);
    assert_eq!(outcomes(client().build().await, &connection(&host, "").await).await, REFUSED);

    let directory = tempfile::tempdir().unwrap();
    let store = directory.path().join("store.pem");
    for (content, succeeds) in [(root.as_str(), true), ("rubbish", false)] {
        std::fs::write(&store, content).unwrap();
        let mut copy = Command::new(std::env::current_exe().unwrap());
        copy.args(["--exact", "postgres::login::trust::http_and_every_driver_trust_the_same_authorities"])
            .env(COPY, &host)
            .env("SSL_CERT_FILE", &store)
            .env_remove("SSL_CERT_DIR");
        let output = tokio::task::spawn_blocking(move || copy.output().unwrap()).await.unwrap();
        assert_eq!(output.status.success(), succeeds, "{}", String::from_utf8_lossy(&output.stdout));
    }
    server.abort();
}

#[tokio::test]
async fn the_mode_of_tls_says_how_much_is_verified() {
    let (host, root, server) = server().await;
    let other_name = host.replace("localhost", "127.0.0.1");
    for (host, root, mode, kind) in [
        (&other_name, root.as_str(), TlsMode::VerifyFull, ErrorKind::Connect),
        (&other_name, root.as_str(), TlsMode::VerifyCa, ErrorKind::Database),
        (&other_name, "", TlsMode::VerifyCa, ErrorKind::Connect),
        (&other_name, "", TlsMode::Require, ErrorKind::Database),
        (&host, root.as_str(), TlsMode::VerifyFull, ErrorKind::Database),
    ] {
        let mut info = connection(host, root).await;
        info.tls = mode;
        let failures =
            [info.connect().await.unwrap_err(), info.connect_tokio_postgres().await.err().unwrap()];
        for error in failures {
            assert_eq!(error.kind(), kind, "{host} {mode:?}: {error:?}");
            let part = if kind == ErrorKind::Connect {
                "certificate cannot be verified"
            } else {
                "refused the login"
            };
            assert!(error.to_string().contains(part), "{error:?}");
        }
    }
    server.abort();
}

#[tokio::test]
async fn a_file_of_authorities_with_rubbish_is_an_error() {
    let (host, _, server) = server().await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("ca.pem");
    std::fs::write(&file, "-----BEGIN CERTIFICATE-----\nrubbish\n-----END CERTIFICATE-----\n").unwrap();
    for file in [file, directory.path().join("missing.pem")] {
        let mut info = connection(&host, "").await;
        info.ca_cert = Some(file);
        let errors = [info.connect().await.unwrap_err(), info.connect_tokio_postgres().await.err().unwrap()];
        for error in errors {
            assert!(matches!(error.kind(), ErrorKind::Connect | ErrorKind::Config), "{error:?}");
        }
    }
    server.abort();
}
