//! Logins through a bad network: every one ends in time, and one that can succeed later does.

use std::time::{Duration, Instant};

use lakebase::{Branch, Lakebase, auth::Env};
use serde_json::json;
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{method, path},
};

use crate::support::fixture::{Fixture, number_on, on_a_project};
use crate::wire::proxy::{Fault, Proxy};

const LIMIT: Duration = Duration::from_secs(4);
const SLACK: Duration = Duration::from_secs(5);

/// The main branch of a project as a service describes it that names a proxy as the endpoint's host.
struct Network {
    branch: Branch,
    proxy: Proxy,
    _service: MockServer,
}

async fn behind(fixture: &Fixture, fault: impl Fn(usize) -> Fault + Send + 'static) -> Network {
    let main = &fixture.main.name;
    let mut endpoints = fixture.send(&format!("GET {main}/endpoints"), None).await;
    let hosts = &mut endpoints["endpoints"][0]["status"]["hosts"];
    let port = hosts["port"].as_u64().unwrap_or(5432);
    let upstream = format!("{}:{port}", hosts["host"].as_str().unwrap()).parse().unwrap();
    let proxy = Proxy::start(upstream, fault).await;
    hosts["host"] = json!("localhost");
    hosts["port"] = json!(proxy.address.port());
    let name = format!("{main}/endpoints/primary");
    let credential = fixture.send("POST credentials", json!({"endpoint": name})).await;
    let endpoint = endpoints["endpoints"][0].clone();
    let service = MockServer::start().await;
    for (verb, route, answer) in [
        ("GET", format!("{main}/endpoints"), endpoints),
        ("GET", name, endpoint),
        ("POST", "credentials".to_owned(), credential),
    ] {
        Mock::given(method(verb))
            .and(path(format!("/api/2.0/postgres/{route}")))
            .respond_with(ResponseTemplate::new(200).set_body_json(answer))
            .mount(&service)
            .await;
    }
    let client = Lakebase::builder().env(Env::empty()).host(service.uri()).token("t").build().await.unwrap();
    let branch = client
        .project(fixture.main.name.project().id().as_str())
        .unwrap()
        .branch(fixture.main.id().as_str())
        .unwrap();
    Network { branch, proxy, _service: service }
}

/// Faults of the way to the server; the first number of bytes cuts the answer to the TLS request, the others TLS.
fn faults() -> Vec<Fault> {
    vec![
        Fault::Close,
        Fault::CutRequest(4),
        Fault::CutAnswer(0),
        Fault::CutAnswer(1),
        Fault::CutAnswer(300),
        Fault::CutRequest(600),
        Fault::Stall(0),
        Fault::Stall(1),
        Fault::Stall(300),
        Fault::Answer(b"N".to_vec()),
        Fault::Answer(b"SHTTP/1.1 400 Bad Request\r\n\r\n".to_vec()),
        Fault::Answer(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()),
        Fault::Flood(vec![b'S'; 4096]),
        Fault::Drip(Duration::from_millis(20)),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn logins_end_in_time_whatever_the_network_does_and_say_where_they_went() {
    on_a_project(async |fixture: Fixture| {
        let user = fixture.project.owner.clone().unwrap();
        let tests = faults().into_iter().map(async |fault| {
            let every = fault.clone();
            let network = behind(&fixture, move |_| every.clone()).await;
            let asked = Instant::now();
            let opened = network.branch.connect().user(&user).timeout(LIMIT).await;
            assert!(asked.elapsed() < LIMIT + SLACK, "{fault:?}: {:?}", asked.elapsed());
            assert!(network.proxy.connections() > 0, "{fault:?}");
            match (opened, &fault) {
                // Slow is not broken.
                (Ok(_), Fault::Drip(_)) => {}
                (Ok(_), _) => panic!("{fault:?}: a connection"),
                (Err(error), _) => {
                    let text = error.to_string();
                    assert!(text.contains("localhost") && text.contains(&user), "{fault:?}: {text}");
                    assert!(
                        std::error::Error::source(&error).is_some() || text.contains("within"),
                        "{fault:?}: {text}"
                    );
                }
            }
        });
        futures_util::future::join_all(tests).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_was_cut_off_is_repeated() {
    on_a_project(async |fixture: Fixture| {
        let user = fixture.project.owner.clone().unwrap();
        for fault in [
            Fault::Close,
            Fault::CutRequest(4),
            Fault::CutAnswer(0),
            Fault::CutAnswer(1),
            Fault::CutAnswer(300),
            Fault::CutRequest(600),
            Fault::Delay(Duration::from_millis(50)),
        ] {
            let first = fault.clone();
            let network =
                behind(&fixture, move |nth| if nth == 0 { first.clone() } else { Fault::Pass }).await;
            let opened = network.branch.connect().user(&user).timeout(Duration::from_secs(20)).await;
            let mut connection = opened.unwrap_or_else(|error| panic!("{fault:?}: {error:?}"));
            assert_eq!(number_on(&mut connection, "SELECT 1::bigint").await, 1, "{fault:?}");
        }
    })
    .await;
}
