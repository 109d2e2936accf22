//! Promotions where the service refuses the branch at the point where the feature branch left its source.

use std::net::SocketAddr;

use lakebase::{
    Branch, ErrorKind, Expiry, Lakebase,
    auth::Env,
    hours,
    migrate::{Migration, PromotionOutcome, PromotionReport, Step, StepOutcome},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use crate::support::fixture::{self, on_a_project, run};

/// An error code and a message.
type Refusal = (&'static str, &'static str);

/// Forwards to the local server, but answers 400 to every request for a base branch.
async fn refusing_base_branches(refusal: Refusal) -> SocketAddr {
    let upstream = fixture::server().host.trim_start_matches("http://").trim_end_matches('/').to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let upstream = TcpStream::connect(&upstream).await.unwrap();
            tokio::spawn(serve(client, upstream, refusal));
        }
    });
    address
}

async fn serve(mut client: TcpStream, mut upstream: TcpStream, (code, message): Refusal) -> Option<()> {
    loop {
        let request = message_from(&mut client).await?;
        if request.starts_with(b"POST") && String::from_utf8_lossy(&request).contains("branch_id=base-") {
            let body = serde_json::json!({"error_code": code, "message": message}).to_string();
            let head = format!("HTTP/1.1 400 Bad Request\r\ncontent-length: {}\r\n\r\n", body.len());
            client.write_all(format!("{head}{body}").as_bytes()).await.ok()?;
            continue;
        }
        upstream.write_all(&request).await.ok()?;
        let answer = message_from(&mut upstream).await?;
        client.write_all(&answer).await.ok()?;
    }
}

/// One HTTP message with its body; none at the end of the connection.
async fn message_from(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut message = Vec::new();
    while !message.ends_with(b"\r\n\r\n") {
        message.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8_lossy(&message).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    let start = message.len();
    message.resize(start + length.unwrap_or(0), 0);
    stream.read_exact(&mut message[start..]).await.ok()?;
    Some(message)
}

/// The branch as seen by a client of the refusing server.
async fn seen_through(address: SocketAddr, branch: &Branch) -> Branch {
    let builder = Lakebase::builder().env(Env::empty()).host(format!("http://{address}"));
    let client = builder.token(fixture::server().token.clone()).build().await.unwrap();
    client.branch(branch.name()).unwrap()
}

#[tokio::test]
async fn only_a_refusal_that_names_the_history_leaves_the_drift_to_the_comparison() {
    on_a_project(async |fixture| {
        run(&fixture.main, "create table customers (id int)").await;
        let tier = Migration::new("add-tier", "alter table customers add column tier text");
        let feature = fixture.main.create_branch("feature", Expiry::after(hours(1))).await.unwrap();
        feature.apply(&tier).await.unwrap();

        let malformed = ("INVALID_PARAMETER_VALUE", "Field 'spec.no_such_field' is unknown");
        let promoter = seen_through(refusing_base_branches(malformed).await, feature.handle()).await;
        let error = promoter.promote(&tier).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{error:?}");
        let report = PromotionReport::of(&error).unwrap();
        assert!(
            matches!(report.outcome, PromotionOutcome::Stopped { step: Step::Drift, untouched: true, .. }),
            "{report}"
        );

        let expired = ("BAD_REQUEST", "source_branch_lsn is outside the history window of 7 days");
        let promoter = seen_through(refusing_base_branches(expired).await, feature.handle()).await;
        let report = promoter.promote(&tier).await.unwrap();
        assert_eq!(report.outcome, PromotionOutcome::Promoted, "{report}");
        let drift = report.steps.iter().find(|step| step.step == Step::Drift).unwrap();
        assert_eq!(drift.outcome, StepOutcome::Passed, "{report}");
        assert!(drift.note.contains("history window of 7 days"), "{report}");
    })
    .await;
}
