//! A server with a certificate of its own authority: trusted when the root is added, and only then.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

use crate::{api::client::Lakebase, error::ErrorKind};

/// Serves `{}` to every connection that completes a handshake, and a refusal to one that asks for PostgreSQL's TLS.
/// Returns the address and the root as PEM.
pub(crate) async fn server() -> (String, String, tokio::task::JoinHandle<()>) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &root).unwrap();
    let private = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config =
        rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone()], private)
            .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let task = tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut first = [0];
            // A request for TLS begins with its length, a handshake with its type.
            let is_postgres = socket.peek(&mut first).await.is_ok() && first == [0];
            if is_postgres {
                let _ = socket.read_exact(&mut [0; 8]).await;
                let _ = socket.write_all(b"S").await;
            }
            let Ok(mut socket) = acceptor.accept(socket).await else { continue };
            let mut buffer = [0; 4096];
            let _ = socket.read(&mut buffer).await;
            let answer: &[u8] = match is_postgres {
                true => b"E\0\0\0\x25SFATAL\0C3D000\0Mno such database\0\0",
                false => b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}",
            };
            let _ = socket.write_all(answer).await;
            let _ = socket.shutdown().await;
        }
    });
    (host, root.pem(), task)
}

#[tokio::test]
async fn a_private_authority_is_trusted_when_it_is_added_and_only_then() {
    let (host, root, server) = server().await;
    let builder = || Lakebase::builder().host(&host).token("t");
    let trusting = builder().root_certificate(root.clone()).build().await.unwrap();
    trusting.request(crate::builder::Method::Get, "/x", None).await.unwrap();
    let started = std::time::Instant::now();
    let error =
        builder().build().await.unwrap().request(crate::builder::Method::Get, "/x", None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert!(format!("{error:?}").contains("certificate"), "{error:?}");
    assert!(started.elapsed().as_secs() < 5, "it is not tried again");
    // The name counts, too.
    let other = host.replace("localhost", "127.0.0.1");
    let client = Lakebase::builder().host(other).token("t").root_certificate(root).build().await.unwrap();
    assert_eq!(
        client.request(crate::builder::Method::Get, "/x", None).await.unwrap_err().kind(),
        ErrorKind::Connect
    );
    server.abort();
}
