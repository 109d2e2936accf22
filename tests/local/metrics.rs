//! The metrics of the local server.

use lakebase::{Expiry, local::LocalLakebase};
use secrecy::ExposeSecret as _;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::support::{
    directory::directory,
    fixture::{local, number},
};

/// The whole answer, with its head.
async fn scrape(local: &LocalLakebase, token: &str) -> String {
    let (host, port) = (local.host().host_str().unwrap(), local.host().port().unwrap());
    let mut stream = TcpStream::connect((host, port)).await.unwrap();
    let request = format!(
        "GET /metrics HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

async fn metrics(local: &LocalLakebase) -> String {
    let text = scrape(local, local.token().expose_secret()).await;
    assert!(text.starts_with("HTTP/1.1 200"), "{text}");
    text
}

fn find(text: &str, series: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("{series} is missing: {text}")).parse().unwrap()
}

/// The present value of a series.
pub(super) async fn value(local: &LocalLakebase, series: &str) -> f64 {
    find(&metrics(local).await, series)
}

#[tokio::test]
async fn metrics_count_branches_computes_logins_and_clones() {
    let directory = directory();
    let local = local(directory.path()).start().await.unwrap();
    let project = local.client().await.unwrap().create_project("shop").await.unwrap();
    let main = project.default_branch().await.unwrap();
    main.create_branch("dev", Expiry::Never).await.unwrap();
    assert_eq!(number(&main, "SELECT 1::bigint").await, 1);
    main.connect().user("nobody").await.unwrap_err();
    assert!(scrape(&local, "wrong").await.starts_with("HTTP/1.1 401"));
    let text = metrics(&local).await;
    let value = |series: &str| find(&text, series);
    assert_eq!((value("lakebase_projects"), value("lakebase_branches")), (1.0, 2.0));
    assert_eq!((value("lakebase_computes_awake"), value("lakebase_wakes_total")), (2.0, 2.0));
    assert_eq!(value("lakebase_logins_total{outcome=\"accepted\"}"), 1.0);
    assert!(value("lakebase_logins_total{outcome=\"refused\"}") >= 1.0);
    let clones = |method: &str| value(&format!("lakebase_branch_clone_seconds_count{{method=\"{method}\"}}"));
    assert_eq!(clones("reflink") + clones("copy"), 1.0);
    assert!(value("lakebase_wal_bytes") > 0.0);
    assert!(value("lakebase_disk_size_bytes") > value("lakebase_disk_free_bytes"));
    local.shutdown().await;
}
