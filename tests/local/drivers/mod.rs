//! Each driver over the expiry of its credential, a suspended compute and a restart of the server: no error reaches
//! its queries that another login cures, and the logins share one credential.

mod programs;

use std::{
    net::{SocketAddr, TcpListener},
    time::{Duration, Instant},
};

use ::sqlx::{Connection as _, PgConnection};
use lakebase::{
    Branch, ConnectionInfo, Lakebase,
    auth::Env,
    local::LocalLakebase,
    model::{EndpointState, Suspension},
};
use secrecy::ExposeSecret as _;
use tempfile::TempDir;

use self::programs::{Deadpool, Diesel, Plain, Program, SeaOrm, Sqlx};
use crate::support::{directory::directory, fixture::local};

/// An hour of a credential is four seconds here, and a minute of idleness one.
const CREDENTIAL_SCALE: u32 = 900;
const IDLE_SCALE: u32 = 60;

/// A server that can be restarted at its address.
struct Site {
    directory: TempDir,
    address: SocketAddr,
    server: Option<LocalLakebase>,
    main: Branch,
}

impl Site {
    async fn new(credential_scale: u32) -> Self {
        let directory = directory();
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let server = start(&directory, address, credential_scale).await;
        let host = server.host().to_string();
        let builder = Lakebase::builder().env(Env::empty()).host(host).token(server.token().clone());
        let client = builder.build().await.unwrap();
        let main = client.create_project("shop").await.unwrap().default_branch().await.unwrap().into();
        Self { directory, address, server: Some(server), main }
    }

    async fn info(&self) -> ConnectionInfo {
        self.main.connection_info().await.unwrap()
    }

    async fn stop(&mut self) {
        self.server.take().unwrap().shutdown().await;
    }

    async fn start(&mut self) {
        self.server = Some(start(&self.directory, self.address, CREDENTIAL_SCALE).await);
    }

    /// Waits until the compute of the branch is suspended.
    async fn suspended(&self) {
        let endpoint = self.main.endpoint("primary").unwrap();
        let deadline = Instant::now() + Duration::from_secs(30);
        while endpoint.get().await.unwrap().state != EndpointState::Idle {
            assert!(Instant::now() < deadline, "not suspended");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

async fn start(directory: &TempDir, address: SocketAddr, credential_scale: u32) -> LocalLakebase {
    let builder = local(directory.path()).listen(address).idle_time_scale(IDLE_SCALE);
    builder.credential_time_scale(credential_scale).start().await.unwrap()
}

/// Runs a program through everything that ends a connection.
async fn endures<P: Program>(mut site: Site) {
    let program = P::new(&site).await;
    for n in 0..5 {
        assert_eq!(program.query(n).await, n, "at the start");
    }

    let first = site.info().await.url_with_password().await.unwrap();
    let begin = Instant::now();
    let mut n = 5;
    // Three lives of a credential, with a new connection for each query.
    while begin.elapsed() < Duration::from_secs(12) {
        program.forget().await;
        assert_eq!(program.query(n).await, n, "{:?} after the start", begin.elapsed());
        n += 1;
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    let refused = PgConnection::connect(first.expose_secret()).await.unwrap_err();
    assert!(refused.to_string().contains("not authorized"), "the first credential has expired: {refused}");

    let endpoint = site.main.endpoint("primary").unwrap();
    endpoint.update().suspension(Suspension::After(Duration::from_secs(60))).await.unwrap();
    program.forget().await;
    site.suspended().await;
    assert_eq!(program.query(7).await, 7, "after a suspension");

    // The program asks while the server is away, with the connections that it has.
    site.stop().await;
    let (answer, ()) = tokio::join!(program.query(8), async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        site.start().await;
    });
    assert_eq!(answer, 8, "over a restart");
    program.close().await;
    site.stop().await;
}

/// Many connections at once ask the server for one credential.
async fn shares<P: Program>() {
    let site = Site::new(1).await;
    let before = credential(&site).await;
    let programs: Vec<P> = futures_util::future::join_all((0..20).map(|_| P::new(&site))).await;
    for _ in 0..2 {
        let queries = programs.iter().enumerate().map(async |(n, program)| {
            program.forget().await;
            assert_eq!(program.query(n as i32).await, n as i32);
        });
        futures_util::future::join_all(queries).await;
    }
    assert_eq!(credential(&site).await, before);
    for program in programs {
        program.close().await;
    }
}

/// The credential that the client keeps: another one generated would have another signature.
async fn credential(site: &Site) -> String {
    site.info().await.password().await.unwrap().token.expose_secret().to_owned()
}

macro_rules! programs {
    ($($name:ident: $program:ty;)+) => {
        $(
            mod $name {
                use super::*;

                #[tokio::test(flavor = "multi_thread")]
                async fn queries_go_on_over_expiry_suspension_and_restart() {
                    endures::<$program>(Site::new(CREDENTIAL_SCALE).await).await;
                }

                #[tokio::test(flavor = "multi_thread")]
                async fn many_connections_share_a_credential() {
                    shares::<$program>().await;
                }
            }
        )+
    };
}

programs! {
    sqlx: Sqlx;
    tokio_postgres: Plain;
    deadpool: Deadpool;
    diesel: Diesel;
    sea_orm: SeaOrm;
}
