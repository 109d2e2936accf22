//! The client under a bad network: every call ends in time, a creation is sent at most once unless it is safe to
//! repeat, and the error says what happened.

use std::time::{Duration, Instant};

use lakebase::{Error, Expiry, Lakebase, builder::RetryPolicy};
use serde_json::json;

use super::proxy::{Fault, Proxy};
use crate::support::mock::{MockService, child, done, project};

const BUDGET: Duration = Duration::from_secs(4);
const SILENCE: Duration = Duration::from_millis(400);
/// The delay that a loaded machine may add.
const SLACK: Duration = Duration::from_secs(4);

/// A scripted service behind a proxy, and a client that only knows the proxy.
struct Network {
    service: MockService,
    proxy: Proxy,
    lakebase: Lakebase,
}

async fn behind(scheme: &str, fault: impl Fn(usize) -> Fault + Send + 'static) -> Network {
    let service = MockService::new().await;
    service.on("GET projects/shop", project("shop")).await;
    service.on("POST projects/shop/branches", done("projects/shop/branches/dev", child("dev"))).await;
    service.on("GET projects/shop/branches/dev", child("dev")).await;
    let proxy = Proxy::start(service.address(), fault).await;
    let lakebase = Lakebase::builder()
        .host(format!("{scheme}://{}", proxy.address))
        .token("t0")
        .retry(RetryPolicy::default().deadline(BUDGET))
        .inactivity_timeout(SILENCE)
        .connect_timeout(Duration::from_secs(1))
        .build()
        .await
        .unwrap();
    Network { service, proxy, lakebase }
}

impl Network {
    async fn get(&self) -> Result<(), Error> {
        let asked = Instant::now();
        let answer = self.lakebase.project("shop").unwrap().get().await;
        assert!(asked.elapsed() < BUDGET + SLACK, "{:?}", asked.elapsed());
        answer.map(drop)
    }

    async fn create(&self) -> Result<(), Error> {
        let asked = Instant::now();
        let answer = self.lakebase.project("shop").unwrap().create_branch("dev", Expiry::Never).start().await;
        assert!(asked.elapsed() < BUDGET + SLACK, "{:?}", asked.elapsed());
        answer.map(drop)
    }

    async fn created(&self) -> usize {
        self.service.changes().await.len()
    }
}

fn text(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

fn http(status: &str, headers: &str, body: &str) -> Fault {
    let length = if headers.contains("Content-Length") {
        String::new()
    } else {
        format!("Content-Length: {}\r\n", body.len())
    };
    Fault::Answer(
        format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{length}{headers}Connection: close\r\n\r\n{body}")
            .into_bytes(),
    )
}

/// Faults after which nothing tells whether the request arrived.
fn losses() -> Vec<Fault> {
    vec![
        Fault::Close,
        Fault::CutRequest(40),
        Fault::CutAnswer(0),
        Fault::CutAnswer(20),
        Fault::CutAnswer(150),
        Fault::Stall(0),
        Fault::Stall(30),
        Fault::Stall(150),
        http("200 OK", "Content-Length: 9000\r\n", "{\"name\":"),
        http("200 OK", "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "zz\r\n"),
        Fault::Answer(b"HTTP/1.1 2".to_vec()),
        Fault::Answer(b"\x15\x03\x01\x00\x02\x02\x28".to_vec()),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_is_repeated_after_every_loss() {
    for fault in losses() {
        let first = fault.clone();
        let network = behind("http", move |nth| if nth == 0 { first.clone() } else { Fault::Pass }).await;
        network.get().await.unwrap_or_else(|error| panic!("{fault:?}: {}", text(&error)));
        assert_eq!(network.proxy.connections(), 2, "{fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_creation_that_was_lost_is_not_sent_twice_and_says_so() {
    for fault in losses() {
        let first = fault.clone();
        let network = behind("http", move |nth| if nth == 0 { first.clone() } else { Fault::Pass }).await;
        let error = network.create().await.unwrap_err();
        assert!(network.created().await <= 1, "{fault:?}: sent {} times", network.created().await);
        assert_eq!(network.proxy.connections(), 1, "{fault:?}");
        let text = text(&error);
        let named = text.contains("creating") && text.contains("projects/shop/branches/dev");
        assert!(named && (text.contains("broke") || text.contains("silent")), "{fault:?}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_stays_broken_is_given_up_in_time() {
    for fault in losses() {
        let every = fault.clone();
        let network = behind("http", move |_| every.clone()).await;
        let error = network.get().await.unwrap_err();
        let text = text(&error);
        assert!(text.contains("projects/shop") || text.contains("project"), "{fault:?}: {text}");
        assert!(!text.contains("t0"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn storms_of_429_and_503_are_waited_out_and_nothing_is_made_twice() {
    for status in ["429 Too Many Requests", "503 Service Unavailable"] {
        let body = json!({"error_code": "REQUEST_LIMIT_EXCEEDED", "message": "slow down"}).to_string();
        let storm = http(status, "Retry-After: 0\r\n", &body);
        let during = storm.clone();
        let network = behind("http", move |nth| if nth < 2 { during.clone() } else { Fault::Pass }).await;
        network.create().await.unwrap_or_else(|error| panic!("{status}: {}", text(&error)));
        assert_eq!(network.created().await, 1, "{status}");

        let network = behind("http", move |_| storm.clone()).await;
        let error = network.create().await.unwrap_err();
        assert_eq!(network.created().await, 0);
        assert!(
            text(&error).contains("slow down") && text(&error).contains("gave up after"),
            "{}",
            text(&error)
        );
    }
    // A pause that is longer than the budget is not begun.
    let far = http("503 Service Unavailable", "Retry-After: 3600\r\n", "{}");
    let network = behind("http", move |_| far.clone()).await;
    let asked = Instant::now();
    network.get().await.unwrap_err();
    assert!(asked.elapsed() < SLACK, "{:?}", asked.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_answer_is_waited_for_and_a_drip_ends_with_the_budget() {
    let network = behind("http", |_| Fault::Delay(Duration::from_millis(200))).await;
    network.get().await.unwrap_or_else(|error| panic!("{}", text(&error)));
    let network = behind("http", |_| Fault::Drip(Duration::from_millis(100))).await;
    let error = network.get().await.unwrap_err();
    assert!(text(&error).contains("silent") || text(&error).contains("deadline"), "{}", text(&error));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_without_end_is_refused_at_a_size() {
    let endless = format!("HTTP/1.1 200 OK\r\n\r\n{}", " ".repeat(64 * 1024)).into_bytes();
    let network = behind("http", move |_| Fault::Flood(endless.clone())).await;
    let error = network.create().await.unwrap_err();
    assert!(text(&error).contains("more than 64 MB"), "{}", text(&error));
    let error = network.get().await.unwrap_err();
    assert!(text(&error).contains("more than 64 MB"), "{}", text(&error));
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_that_fails_is_said_at_once() {
    for fault in [
        Fault::Pass,
        Fault::Answer(b"\x15\x03\x03\x00\x02\x02\x28".to_vec()),
        Fault::Answer(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()),
    ] {
        let every = fault.clone();
        let network = behind("https", move |_| every.clone()).await;
        let asked = Instant::now();
        let error = network.create().await.unwrap_err();
        assert!(text(&error).contains("cannot reach https://127.0.0.1"), "{fault:?}: {}", text(&error));
        assert!(text(&error).contains("http://"), "{fault:?}: {}", text(&error));
        assert!(asked.elapsed() < SLACK, "{fault:?}: {:?}", asked.elapsed());
        assert_eq!(network.created().await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_are_not_the_services_are_named() {
    for (fault, expected) in [
        (http("200 OK", "", "<html>proxy</html>"), "JSON"),
        (http("200 OK", "", ""), "JSON"),
        (http("302 Found", "Location: http://login.example/\r\n", ""), "redirects to"),
        (http("407 Proxy Authentication Required", "", "no"), "407"),
    ] {
        let every = fault.clone();
        let network = behind("http", move |_| every.clone()).await;
        for error in [network.get().await.unwrap_err(), network.create().await.unwrap_err()] {
            assert!(text(&error).contains(expected), "{fault:?}: {}", text(&error));
        }
    }
}
