use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use lakebase::{
    ErrorKind, Expiry, Lakebase,
    builder::RetryPolicy,
    model::BranchInfo,
    telemetry::{field, metric, span},
};
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use tracing_subscriber::fmt::format::FmtSpan;

use crate::support::mock::{MockService, child, done, project, running};

const DEV: &str = "projects/shop/branches/dev";

/// Every series that was recorded, such as `name{label=value} 1`; of a histogram, the number of its values.
fn recorded(snapshotter: &Snapshotter) -> Vec<String> {
    let all = snapshotter.snapshot().into_vec();
    let mut lines: Vec<String> = all
        .into_iter()
        .map(|(key, _, _, value)| {
            let key = key.key();
            let labels: Vec<_> =
                key.labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
            let value = match value {
                DebugValue::Counter(count) => count,
                DebugValue::Gauge(_) => 0,
                DebugValue::Histogram(values) => values.len() as u64,
            };
            format!("{}{{{}}} {value}", key.name(), labels.join(","))
        })
        .collect();
    lines.sort();
    lines
}

#[tokio::test]
async fn calls_resends_and_waits_are_counted() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _recording = metrics::set_default_local_recorder(&recorder);
    lakebase::telemetry::describe_metrics();
    let service = MockService::new().await;
    service.refuse_once("GET projects/shop", 503, "TEMPORARILY_UNAVAILABLE", "later").await;
    service.on("GET projects/shop", project("shop")).await;
    service.refuse("GET projects/none", 404, "NOT_FOUND", "project id not found").await;
    service.on(&format!("GET {DEV}/operations/AbC+12=="), done(DEV, child("dev"))).await;
    let retry = RetryPolicy::default().delays(Duration::from_millis(1), Duration::from_millis(1));
    let host = format!("http://{}", service.address());
    let lakebase = Lakebase::builder().host(host).token("t0").retry(retry).build().await.unwrap();
    lakebase.project("shop").unwrap().get().await.unwrap();
    lakebase.project("none").unwrap().get().await.unwrap_err();
    let operation = format!("{DEV}/operations/AbC+12==");
    lakebase.operation::<BranchInfo>(operation.as_str()).unwrap().await.unwrap();
    let (method, status, error) = (field::METHOD, field::STATUS, field::ERROR);
    let mut expected = [
        format!("{}{{{method}=GET,{error}=NotFound,{status}=404}} 1", metric::CALL_DURATION),
        format!("{}{{{method}=GET,{status}=200}} 2", metric::CALL_DURATION),
        format!("{}{{{method}=GET}} 1", metric::CALL_RESENDS),
        format!("{}{{}} 1", metric::OPERATION_DURATION),
    ];
    expected.sort();
    let counted = recorded(&snapshotter);
    for line in expected {
        assert!(counted.contains(&line), "{line}: {counted:?}");
    }
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn spans_have_the_names_of_the_constants_and_waits_their_own_deadline() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::DEBUG)
        .with_span_events(FmtSpan::CLOSE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let _logging = tracing::subscriber::set_default(subscriber);
    let service = MockService::new().await;
    service.on("POST projects/shop/branches", running(DEV)).await;
    service.on(&format!("GET {DEV}/operations/AbC+12=="), running(DEV)).await;
    let host = format!("http://{}", service.address());
    let short = Duration::from_millis(100);
    let client =
        Lakebase::builder().host(host).token("s3cret").operation_deadline(short).build().await.unwrap();
    let error = client.project("shop").unwrap().create_branch("dev", Expiry::Never).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    for part in [span::CALL, span::OPERATION, field::OPERATION, field::METHOD, "error.type=Timeout"] {
        assert!(log.contains(part), "{part}: {log}");
    }
    assert!(!log.contains("s3cret"), "{log}");
}
