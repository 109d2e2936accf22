//! Sessions on in-memory pipes, with a scripted compute.

mod flow;

use std::{
    any::Any,
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use proptest::prelude::*;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream},
    net::{UnixListener, UnixStream},
    task::JoinHandle,
};
use tokio_rustls::TlsConnector;

use super::*;
use crate::local::{
    admission::{Admission, Limits},
    gateway::{
        Authority,
        authority::ALPN,
        message::{self, Opening},
    },
};

const ENOUGH: usize = 64 * 1024;
const GREETING: &[u8] = b"R\0\0\0\x08\0\0\0\0K\0\0\0\x0c\0\0\0\x07keysZ\0\0\0\x05I";

/// Accepts the password `right`; its compute listens on `socket`.
struct OneSocket {
    socket: PathBuf,
    asked: AtomicBool,
}

#[async_trait]
impl Authenticator for OneSocket {
    async fn authenticate(&self, _: &str, user: &str, password: &SecretString) -> Result<(), ErrorResponse> {
        self.asked.store(true, Ordering::SeqCst);
        if password.expose_secret() == "right" { Ok(()) } else { Err(ErrorResponse::bad_password(user)) }
    }

    async fn wake(&self, _: &str) -> Result<Upstream, ErrorResponse> {
        let socket = crate::local::compute::ComputeSocket::of_any_process(&self.socket).unwrap();
        Ok(Upstream { socket, guard: Box::new(()) as Box<dyn Any + Send> })
    }
}

struct Fixture {
    dir: tempfile::TempDir,
    authenticator: Arc<OneSocket>,
    context: EndpointContext,
    closing: watch::Sender<bool>,
    compute: UnixListener,
}

type Client = tokio_rustls::client::TlsStream<DuplexStream>;

impl Fixture {
    fn new() -> Fixture {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("socket");
        let compute = UnixListener::bind(&socket).unwrap();
        let authenticator = Arc::new(OneSocket { socket, asked: AtomicBool::new(false) });
        let weak: Weak<OneSocket> = Arc::downgrade(&authenticator);
        let authority = Authority::load_or_create(dir.path()).unwrap();
        let context = EndpointContext {
            endpoint: "uid".into(),
            authenticator: weak,
            caller_runtime: Handle::current(),
            tls: authority.server_config([127, 1, 2, 3].into(), &[]).unwrap(),
            cancels: CancelKeys::default(),
            throttle: Throttle::default(),
            logins: Arc::new(Semaphore::new(1)),
            deadlines: Deadlines::default(),
        };
        Fixture { dir, authenticator, context, closing: watch::Sender::new(false), compute }
    }

    fn serve(&self) -> (DuplexStream, JoinHandle<Result<(), SessionError>>) {
        let (client, server) = tokio::io::duplex(ENOUGH);
        let (context, closing) = (self.context.clone(), self.closing.subscribe());
        let admission = Admission::new(Limits { total: 8, per_peer: 8 });
        let (permit, eviction) = admission.admit([127, 0, 0, 1].into()).unwrap();
        let session = async move {
            let connection = Connection { stream: server, permit, eviction, user: &OnceLock::new() };
            serve(&context, connection, closing).await
        };
        (client, tokio::spawn(session))
    }

    async fn tls(&self, client: DuplexStream, alpn: bool) -> io::Result<Client> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(self.dir.path().join("ca.pem")).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        if alpn {
            config.alpn_protocols = vec![ALPN.to_vec()];
        }
        let name = ServerName::try_from("127.1.2.3").unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, client).await
    }

    /// A client that asked for TLS and got it.
    async fn encrypted(&self) -> (Client, JoinHandle<Result<(), SessionError>>) {
        let (mut client, session) = self.serve();
        client.write_all(&packet(80_877_103, b"")).await.unwrap();
        assert_eq!(client.read_u8().await.unwrap(), b'S');
        (self.tls(client, false).await.unwrap(), session)
    }
}

fn packet(code: u32, body: &[u8]) -> Vec<u8> {
    [&(body.len() as u32 + 8).to_be_bytes(), &code.to_be_bytes(), body].concat()
}

fn startup() -> Vec<u8> {
    packet(3 << 16, b"user\0me\0application_name\0a\xffb\0\0")
}

fn password(text: &str) -> Vec<u8> {
    [b"p", &(text.len() as u32 + 5).to_be_bytes()[..], text.as_bytes(), b"\0"].concat()
}

async fn log_in(client: &mut Client, text: &str) {
    client.write_all(&startup()).await.unwrap();
    let mut asked = [0; 9];
    client.read_exact(&mut asked).await.unwrap();
    assert_eq!(asked, message::ASK_PASSWORD);
    client.write_all(&password(text)).await.unwrap();
}

async fn rest(client: &mut (impl AsyncRead + Unpin)) -> String {
    let mut said = Vec::new();
    client.read_to_end(&mut said).await.unwrap();
    String::from_utf8_lossy(&said).into_owned()
}

/// A compute that has read a login.
async fn read_login(fixture: &Fixture) -> UnixStream {
    let (mut compute, _) = fixture.compute.accept().await.unwrap();
    let mut got = vec![0; startup().len()];
    compute.read_exact(&mut got).await.unwrap();
    assert_eq!(got, startup());
    compute
}

/// A compute that takes one login.
async fn take_login(fixture: &Fixture) -> UnixStream {
    let mut compute = read_login(fixture).await;
    compute.write_all(GREETING).await.unwrap();
    compute
}

/// A client and its compute after the login.
async fn in_conversation(fixture: &Fixture) -> (Client, UnixStream, JoinHandle<Result<(), SessionError>>) {
    let (mut client, session) = fixture.encrypted().await;
    log_in(&mut client, "right").await;
    let compute = take_login(fixture).await;
    let mut greeting = vec![0; GREETING.len()];
    client.read_exact(&mut greeting).await.unwrap();
    assert_eq!(greeting, GREETING);
    (client, compute, session)
}

#[tokio::test]
async fn bytes_go_both_ways_after_the_login() {
    let fixture = Fixture::new();
    let (mut client, mut compute, session) = in_conversation(&fixture).await;
    let mut got = [0; 4];
    client.write_all(b"ping").await.unwrap();
    client.flush().await.unwrap();
    compute.read_exact(&mut got).await.unwrap();
    assert_eq!(&got, b"ping");
    compute.write_all(b"Z\0\0\0\x05I").await.unwrap();
    client.read_exact(&mut got).await.unwrap();
    assert_eq!(&got, b"Z\0\0\0");
    client.write_all(b"X\0\0\0\x04").await.unwrap();
    client.shutdown().await.unwrap();
    assert_eq!(compute.read_u8().await.unwrap(), b'X');
    drop(compute);
    session.await.unwrap().unwrap();
    assert_eq!(fixture.context.cancels.len(), 0);
}

#[tokio::test]
async fn tls_may_start_without_asking_when_its_protocol_is_named() {
    let fixture = Fixture::new();
    let (client, _session) = fixture.serve();
    let mut client = fixture.tls(client, true).await.unwrap();
    log_in(&mut client, "wrong").await;
    assert!(rest(&mut client).await.contains("password authentication failed for user 'me'"));

    let (client, session) = fixture.serve();
    let mut client = fixture.tls(client, false).await.unwrap();
    assert!(rest(&mut client).await.contains("without ALPN"));
    assert!(matches!(session.await.unwrap(), Err(SessionError::Refused { .. })));
}

#[tokio::test]
async fn gssapi_is_declined_and_plaintext_refused() {
    let fixture = Fixture::new();
    let (mut client, _session) = fixture.serve();
    client.write_all(&packet(80_877_104, b"")).await.unwrap();
    assert_eq!(client.read_u8().await.unwrap(), b'N');
    client.write_all(&startup()).await.unwrap();
    let said = rest(&mut client).await;
    assert!(said.contains("C28000\0MSSL connection is required\0"), "{said:?}");
}

#[tokio::test]
async fn plaintext_put_in_front_of_tls_is_not_taken_for_the_clients() {
    let fixture = Fixture::new();
    let (mut client, session) = fixture.serve();
    let smuggled = [packet(80_877_103, b""), startup(), password("right")].concat();
    client.write_all(&smuggled).await.unwrap();
    assert_eq!(client.read_u8().await.unwrap(), b'S');
    assert!(matches!(session.await.unwrap(), Err(SessionError::Client { action: TLS_ACTION, .. })));
    assert!(!fixture.authenticator.asked.load(Ordering::SeqCst));
}

#[tokio::test]
async fn a_cancel_request_is_passed_on_with_its_key_and_an_unknown_one_is_not() {
    let fixture = Fixture::new();
    let (_client, _compute, _session) = in_conversation(&fixture).await;
    let request = packet(80_877_102, b"\0\0\0\x07keys");
    let (mut canceller, session) = fixture.serve();
    canceller.write_all(&request).await.unwrap();
    let (mut compute, _) = fixture.compute.accept().await.unwrap();
    let mut got = vec![0; request.len()];
    compute.read_exact(&mut got).await.unwrap();
    assert_eq!(got, request);
    drop(compute);
    assert_eq!(rest(&mut canceller).await, "");
    session.await.unwrap().unwrap();

    let (mut canceller, session) = fixture.serve();
    canceller.write_all(&packet(80_877_102, b"\0\0\0\x07else")).await.unwrap();
    assert_eq!(rest(&mut canceller).await, "");
    session.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_compute_that_dies_between_messages_is_explained_and_one_that_said_why_is_not() {
    let fixture = Fixture::new();
    let cases: [(&[u8], bool); 3] = [
        (b"", true),
        (b"E\0\0\0\x0dSFATAL\0\0\0", false),
        // In the middle of a message nothing can be added.
        (b"D\0\0\0\x0dhalf", false),
    ];
    for (last, explained) in cases {
        let (mut client, mut compute, session) = in_conversation(&fixture).await;
        compute.write_all(last).await.unwrap();
        drop(compute);
        let said = rest(&mut client).await;
        drop(client);
        assert_eq!(said.contains("C57P01"), explained, "{said:?}");
        let _ = session.await.unwrap();
    }
}

#[tokio::test]
async fn a_postmaster_that_cannot_fork_says_so_without_a_length() {
    let fixture = Fixture::new();
    let (mut client, session) = fixture.encrypted().await;
    log_in(&mut client, "right").await;
    let mut compute = read_login(&fixture).await;
    let text = b"Ecould not fork new process for connection: Resource temporarily unavailable\n\0";
    compute.write_all(text).await.unwrap();
    drop(compute);
    let answer = rest(&mut client).await;
    assert!(answer.contains("53000"), "{answer}");
    assert!(answer.contains("connection: Resource temporarily unavailable\0"), "{answer}");
    drop(client);
    assert!(matches!(session.await.unwrap(), Err(SessionError::Refused { .. })));
}

#[tokio::test]
async fn closing_ends_a_conversation_with_57p01() {
    let fixture = Fixture::new();
    let (mut client, _compute, session) = in_conversation(&fixture).await;
    fixture.closing.send_replace(true);
    assert!(rest(&mut client).await.contains("C57P01"));
    drop(client);
    assert!(matches!(session.await.unwrap(), Err(SessionError::Closed)));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_says_nothing_is_dropped_after_ten_seconds() {
    let fixture = Fixture::new();
    let began = tokio::time::Instant::now();
    let (_client, session) = fixture.serve();
    assert!(matches!(session.await.unwrap(), Err(SessionError::HandshakeTimeout)));
    assert_eq!(began.elapsed().as_secs(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_begins_and_stops_is_dropped_whatever_it_began_with() {
    let fixture = Fixture::new();
    let request = packet(80_877_103, b"");
    let hello = [&request[..], &[0x16, 3, 1, 2, 0, 1]].concat();
    for (bytes, seconds) in [(&request[..5], 10), (&request[..], 20), (&hello[..], 20)] {
        let began = tokio::time::Instant::now();
        let (mut client, session) = fixture.serve();
        client.write_all(bytes).await.unwrap();
        let ended = session.await.unwrap();
        assert!(matches!(ended, Err(SessionError::HandshakeTimeout)), "{ended:?}");
        assert!(began.elapsed().as_secs() <= seconds, "{:?}", began.elapsed());
    }
}

#[tokio::test]
async fn a_client_that_never_reads_does_not_hold_up_the_end_of_its_endpoint() {
    let fixture = Fixture::new();
    let (client, mut compute, session) = in_conversation(&fixture).await;
    let flood = tokio::spawn(async move { while compute.write_all(&[b'x'; 4096]).await.is_ok() {} });
    // Until nothing more is taken.
    tokio::time::sleep(Duration::from_millis(100)).await;
    fixture.closing.send_replace(true);
    let ended = tokio::time::timeout(Duration::from_secs(10), session).await;
    assert!(matches!(ended.unwrap().unwrap(), Err(SessionError::Closed)));
    flood.await.unwrap();
    drop(client);
}

#[tokio::test(start_paused = true)]
async fn a_login_that_cannot_be_decided_yet_waits_a_bounded_time() {
    let fixture = Fixture::new();
    let _turn = fixture.context.logins.acquire().await.unwrap();
    let (mut client, session) = fixture.encrypted().await;
    log_in(&mut client, "right").await;
    assert!(rest(&mut client).await.contains("C57P03\0Mtoo many logins"));
    drop(client);
    assert!(matches!(session.await.unwrap(), Err(SessionError::Refused { .. })));
}

#[tokio::test]
async fn refusals_carry_a_hint() {
    let fixture = Fixture::new();
    let (mut client, session) = fixture.encrypted().await;
    log_in(&mut client, "wrong").await;
    let said = rest(&mut client).await;
    assert!(
        said.contains("C28P01\0Mpassword authentication failed for user 'me'\0HCheck the user name"),
        "{said:?}"
    );
    drop(client);
    assert!(matches!(session.await.unwrap(), Err(SessionError::Refused { .. })));
}

#[tokio::test]
async fn packets_that_break_the_rules_are_refused_by_name() {
    let cases: [(Vec<u8>, &str); 6] = [
        (vec![0, 0, 0, 7, 0, 3, 0, 0], "invalid length of startup packet"),
        (vec![0, 1, 0, 0, 0, 3, 0, 0], "invalid length of startup packet"),
        (packet(2 << 16, b"\0"), "unsupported frontend protocol 2.0"),
        (packet(3 << 16, b"user\0me\0"), "expected terminator"),
        (packet(3 << 16, b"\0"), "no PostgreSQL user name"),
        (packet(80_877_102, b"\0\0\0\x07"), "invalid length of cancel request"),
    ];
    let fixture = Fixture::new();
    for (bytes, text) in cases {
        let (mut client, _session) = fixture.encrypted().await;
        client.write_all(&bytes).await.unwrap();
        let said = rest(&mut client).await;
        assert!(said.contains(text), "{bytes:?}: {said:?}");
    }
    let (mut client, _session) = fixture.encrypted().await;
    client.write_all(&startup()).await.unwrap();
    client.write_all(b"p\x7f\0\0\0").await.unwrap();
    assert!(rest(&mut client).await.contains("invalid length of password message"));
}

proptest! {
    #[test]
    fn any_first_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let _ = runtime.block_on(message::read_opening(&mut &bytes[..]));
        let _ = runtime.block_on(message::read_password(&mut &bytes[..]));
    }

    #[test]
    fn any_start_up_body_is_survived_and_what_is_read_is_what_is_sent_on(
        code in prop::sample::select(vec![3u32 << 16, (3 << 16) | 2, 80_877_102, 80_877_103, 80_877_104, 2 << 16]),
        body in prop::collection::vec(prop::sample::select(b"user\0\0\0ab\xff".to_vec()), 0..64),
        user in "[a-z]{1,8}",
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let read = |bytes: &[u8]| runtime.block_on(message::read_opening(&mut &*bytes));
        let _ = read(&packet(code, &body));
        let named = [b"user\0", user.as_bytes(), b"\0", &body, b"\0"].concat();
        if let Ok((_, Opening::Startup(startup))) = read(&packet(3 << 16, &named)) {
            let again = read(&startup.encode());
            prop_assert_eq!(again.unwrap().1, Opening::Startup(startup));
        }
    }
}
