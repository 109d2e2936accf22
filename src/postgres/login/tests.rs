use std::{
    borrow::Cow,
    error::Error as StdError,
    fmt,
    sync::{
        Mutex,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
};

use ::sqlx::{
    self, ConnectOptions as _,
    error::{DatabaseError, ErrorKind as SqlxKind},
    postgres::PgConnectOptions,
};
use tokio::time::Instant;

use chrono::DateTime;

use super::*;
use crate::{
    api::client::Lakebase,
    http::script::{Script, ok},
    postgres::info::{ConnectionInfo, Roots, TlsMode},
};

/// A server that generates `t0`, `t1`, … with this life in seconds.
pub(in crate::postgres) fn generating(life: i64) -> Arc<Script> {
    Script::new(move |count, _| {
        let end = (Utc::now() + chrono::TimeDelta::seconds(life)).to_rfc3339();
        ok(&format!("{{\"token\":\"t{count}\",\"expire_time\":\"{end}\"}}"))
    })
}

pub(in crate::postgres) async fn info(
    script: &Arc<Script>,
    endpoint_created: Option<DateTime<Utc>>,
) -> ConnectionInfo {
    let endpoint = script_endpoint(script).await;
    ConnectionInfo {
        host: "h".into(),
        port: 5432,
        database: "d".into(),
        user: "u".into(),
        tls: TlsMode::VerifyFull,
        ca_cert: None,
        pooled: false,
        cache: crate::api::credential::CredentialCache::new(&endpoint),
        limit: Duration::from_secs(120),
        endpoint_created,
        roots: Roots(Arc::default()),
    }
}

async fn script_endpoint(script: &Arc<Script>) -> crate::api::endpoint::Endpoint {
    let lakebase = Lakebase::builder().host("https://ws.example").token("x").exchange(script.clone());
    lakebase.build().await.unwrap().endpoint("projects/p/branches/b/endpoints/primary").unwrap()
}

pub(in crate::postgres) fn password(options: &PgConnectOptions) -> String {
    options.to_url_lossy().password().unwrap_or_default().to_owned()
}

#[derive(Debug)]
struct Refusal(&'static str);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "refused with {}", self.0)
    }
}

impl StdError for Refusal {}

impl DatabaseError for Refusal {
    fn message(&self) -> &str {
        "refused"
    }

    fn code(&self) -> Option<Cow<'_, str>> {
        Some(self.0.into())
    }

    fn as_error(&self) -> &(dyn StdError + Send + Sync + 'static) {
        self
    }

    fn as_error_mut(&mut self) -> &mut (dyn StdError + Send + Sync + 'static) {
        self
    }

    fn into_error(self: Box<Self>) -> Box<dyn StdError + Send + Sync + 'static> {
        self
    }

    fn kind(&self) -> SqlxKind {
        SqlxKind::Other
    }
}

fn refused(code: &'static str) -> sqlx::Error {
    sqlx::Error::Database(Box::new(Refusal(code)))
}

#[test]
fn only_failures_that_pass_are_tried_again() {
    for (code, outcome) in [
        ("57P03", LoginOutcome::Retry),
        ("08006", LoginOutcome::Retry),
        ("08P01", LoginOutcome::Retry),
        ("28P01", LoginOutcome::Renew),
        ("28000", LoginOutcome::Renew),
        ("42501", LoginOutcome::GiveUp),
        ("57P01", LoginOutcome::Retry),
        ("57P02", LoginOutcome::Retry),
        ("57014", LoginOutcome::GiveUp),
        ("3D000", LoginOutcome::GiveUp),
        ("53300", LoginOutcome::GiveUp),
        ("", LoginOutcome::GiveUp),
    ] {
        assert_eq!(refused(code).outcome(), outcome, "{code}");
    }
    let dial = |kind: io::ErrorKind| sqlx::Error::Io(kind.into()).outcome();
    assert_eq!(dial(io::ErrorKind::ConnectionRefused), LoginOutcome::Retry);
    assert_eq!(dial(io::ErrorKind::UnexpectedEof), LoginOutcome::Retry);
    assert_eq!(dial(io::ErrorKind::InvalidData), LoginOutcome::GiveUp);
    assert_eq!(sqlx::Error::Tls("bad certificate".into()).outcome(), LoginOutcome::GiveUp);
}

#[tokio::test(start_paused = true)]
async fn a_refused_credential_is_generated_again_once() {
    let script = generating(3600);
    let info = info(&script, None).await;
    let tried = Mutex::new(Vec::new());
    let open = info.log_in(|credential| {
        tried.lock().unwrap().push(password(&info.options(&credential)));
        let first = tried.lock().unwrap().len() == 1;
        async move { if first { Err(refused("28P01")) } else { Ok(()) } }
    });
    open.await.unwrap();
    assert_eq!(*tried.lock().unwrap(), ["t0", "t1"]);

    let error = info.log_in::<(), sqlx::Error, _>(|_| async { Err(refused("28P01")) }).await.unwrap_err();
    assert_eq!((error.kind(), script.count()), (ErrorKind::Database, 3));
    assert_eq!(error.sqlstate().as_deref(), Some("28P01"));
    assert!(error.to_string().contains("role and database"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_fresh_branch_that_refuses_logins_for_a_while_is_waited_for() {
    let script = generating(3600);
    let info = info(&script, Some(Utc::now())).await;
    let tries = AtomicU32::new(0);
    let open = info.log_in(|_| {
        let good = tries.fetch_add(1, SeqCst) > 8;
        async move { if good { Ok(()) } else { Err(refused("28P01")) } }
    });
    open.await.unwrap();
    assert_eq!(script.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_compute_that_does_not_wake_ends_at_the_deadline_with_the_last_cause() {
    let script = generating(3600);
    let info = info(&script, None).await;
    let begin = Instant::now();
    let error = info.log_in::<(), sqlx::Error, _>(|_| async { Err(refused("57P03")) }).await.unwrap_err();
    assert_eq!((error.kind(), begin.elapsed()), (ErrorKind::Timeout, Duration::from_secs(120)));
    assert!(error.source().unwrap().to_string().contains("57P03"));
}

#[tokio::test(start_paused = true)]
async fn a_pooler_that_refuses_is_named() {
    let mut info = info(&generating(3600), None).await;
    info.pooled = true;
    let error = info.log_in::<(), sqlx::Error, _>(|_| async { Err(refused("28P01")) }).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Database);
    assert!(error.to_string().contains("without .pooled()"), "{error}");
    // Its clients are too many, for now.
    let error = info.log_in::<(), sqlx::Error, _>(|_| async { Err(refused("08P01")) }).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.to_string().contains("the connection pooler did not accept"), "{error}");
    let options = info.options(&info.cache.get().await.unwrap()).to_url_lossy();
    assert!(options.query().unwrap_or_default().contains("statement-cache-capacity=0"), "{options}");
}

#[tokio::test(start_paused = true)]
async fn a_missing_right_is_not_tried_again() {
    let info = info(&generating(3600), None).await;
    let tries = AtomicU32::new(0);
    let open = info.log_in::<(), sqlx::Error, _>(|_| {
        tries.fetch_add(1, SeqCst);
        async { Err(refused("42501")) }
    });
    assert_eq!(open.await.unwrap_err().kind(), ErrorKind::Database);
    assert_eq!(tries.load(SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn a_lack_of_connections_says_so_rather_than_naming_the_role() {
    let info = info(&generating(3600), None).await;
    let error = info.log_in::<(), sqlx::Error, _>(|_| async { Err(refused("53300")) }).await.unwrap_err();
    assert!(error.to_string().contains("no resources left for another connection"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn logins_to_one_endpoint_share_a_credential() {
    let script = generating(3600);
    let info = info(&script, None).await;
    let endpoint = script_endpoint(&script).await;
    info.cache.get().await.unwrap();
    assert_eq!(script.count(), 1);
    for _ in 0..3 {
        crate::api::credential::CredentialCache::new(&endpoint).get().await.unwrap();
    }
    assert_eq!(script.count(), 2, "another client has a cache of its own");
}
