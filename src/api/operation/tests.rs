use std::sync::Arc;

use futures_util::TryStreamExt as _;
use serde_json::json;

use super::*;
use crate::api::{
    request::start,
    wait::{OPERATION_DEADLINE, READY_DEADLINE},
};
use crate::{
    api::branch::BranchInfo,
    http::script::{Script, Sent, Step, ok, refusal, with_header},
};

fn operation(json: Value) -> Option<Result<Value, wire::error::ErrorBody>> {
    end_of(serde_json::from_value(json).unwrap())
}

#[test]
fn an_operation_has_an_end_only_when_it_is_done() {
    assert!(operation(json!({"name": "projects/p/operations/x"})).is_none());
    assert!(operation(json!({"name": "projects/p/operations/x", "done": null})).is_none());
    assert!(operation(json!({"done": false, "response": {}})).is_none());
    assert_eq!(operation(json!({"done": true, "response": {"a": 1}})).unwrap().unwrap(), json!({"a": 1}));
    assert_eq!(operation(json!({"done": true})).unwrap().unwrap(), Value::Null);
    assert!(operation(json!({"done": true, "error": {"message": "no"}})).unwrap().is_err());
}

#[test]
fn a_missing_operation_is_tolerated_only_when_it_is_young() {
    let missing = Error::new(ErrorKind::NotFound, "operation id not found");
    assert!(not_there_yet(&missing, Duration::from_secs(1)));
    assert!(!not_there_yet(&missing, Duration::from_secs(11)));
    assert!(!not_there_yet(&Error::invalid("x"), Duration::ZERO));
}

const NAME: &str = "projects/shop/branches/dev/operations/AbC+12==";

async fn client(script: &Arc<Script>) -> Lakebase {
    Lakebase::builder().host("https://ws.example").token("t0").exchange(script.clone()).build().await.unwrap()
}

async fn operation_of(script: &Arc<Script>) -> Operation<BranchInfo> {
    client(script).await.operation(NAME).unwrap()
}

fn running() -> Step {
    ok(&json!({"name": NAME}).to_string())
}

fn done() -> Step {
    let branch = json!({"name": "projects/shop/branches/dev", "status": {"current_state": "READY"}});
    ok(&json!({"name": NAME, "done": true, "response": branch}).to_string())
}

/// Runs for this long, then it is done.
fn lasting(seconds: u64) -> Arc<Script> {
    let begin = Instant::now();
    Script::new(move |_, _: &Sent| match begin.elapsed() < Duration::from_secs(seconds) {
        true => running(),
        false => done(),
    })
}

#[tokio::test(start_paused = true)]
async fn an_operation_is_looked_at_at_once_then_in_growing_pauses_of_ten_seconds_at_most() {
    let script = lasting(300);
    let branch = operation_of(&script).await.await.unwrap();
    assert_eq!(branch.id().as_str(), "dev");
    let looks: Vec<_> = script.sent().iter().map(|sent| sent.at).collect();
    assert_eq!(looks[0], Duration::ZERO);
    assert!(looks[4] < Duration::from_secs(1), "small changes are noticed soon: {looks:?}");
    assert!(looks.windows(2).all(|pair| pair[1] - pair[0] <= Duration::from_millis(10_010)), "{looks:?}");
    // Full jitter: five seconds on average, once the pauses have grown.
    assert!((30..=150).contains(&looks.len()), "{}", looks.len());
}

#[tokio::test(start_paused = true)]
async fn an_operation_that_never_ends_is_given_up_after_fifteen_minutes_and_can_be_resumed() {
    let script = lasting(1000);
    let begin = Instant::now();
    let mut operation = operation_of(&script).await;
    let error = operation.wait().await.unwrap_err();
    assert_eq!((error.kind(), begin.elapsed()), (ErrorKind::Timeout, OPERATION_DEADLINE));
    assert_eq!(error.operation(), Some(NAME));
    assert!(error.to_string().contains("still runs after 900 s"), "{error}");
    assert_eq!(operation.wait().await.unwrap().id().as_str(), "dev");
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_is_cancelled_is_taken_up_again() {
    let script = lasting(60);
    let mut operation = operation_of(&script).await;
    assert!(tokio::time::timeout(Duration::from_secs(20), operation.wait()).await.is_err());
    operation.wait().await.unwrap();
    let asked = script.count();
    operation.wait().await.unwrap();
    assert_eq!(script.count(), asked, "the end is known");
}

#[tokio::test(start_paused = true)]
async fn a_change_refused_during_reconciliation_is_sent_again_for_three_minutes() {
    let busy = || refusal(409, r#"{"error_code":"ABORTED","message":"reconciliation still in progress"}"#);
    let delete = || Request::delete("projects/shop/branches/dev", "deleting branch dev");
    let script = Script::new(move |_, _| busy());
    let begin = Instant::now();
    let error = start::<()>(&client(&script).await, delete()).await.unwrap_err();
    assert_eq!((error.kind(), begin.elapsed()), (ErrorKind::Timeout, READY_DEADLINE));
    assert!(error.to_string().contains("reconciliation still in progress"), "{error}");

    let script = Script::steps(vec![busy(), busy(), ok(&json!({"name": NAME, "done": true}).to_string())]);
    start::<()>(&client(&script).await, delete()).await.unwrap().await.unwrap();
    assert_eq!(script.count(), 3);
}

#[tokio::test]
async fn a_response_that_cannot_be_read_says_where_and_names_the_operation() {
    let wrong =
        json!({"name": NAME, "done": true, "response": {"name": "projects/shop/branches/dev", "uid": 7}});
    let error = operation_of(&Script::steps(vec![ok(&wrong.to_string())])).await.await.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Protocol, Some(NAME)));
    assert!(error.to_string().contains("at uid: invalid type: integer"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn states_are_streamed_and_a_delay_that_the_service_asks_for_is_kept() {
    let script = Script::steps(vec![with_header(running(), "retry-after", "30"), running(), done()]);
    let states: Vec<_> = operation_of(&script).await.states().try_collect().await.unwrap();
    assert!(
        matches!(states.as_slice(), [Progress::Running, Progress::Running, Progress::Done(_)]),
        "{states:?}"
    );
    let looks: Vec<_> = script.sent().iter().map(|sent| sent.at).collect();
    assert_eq!(looks[0], Duration::ZERO);
    assert!((30..31).contains(&(looks[1] - looks[0]).as_secs()), "{looks:?}");
    assert!(looks[2] - looks[1] < Duration::from_secs(1), "{looks:?}");

    // Waiting keeps it as well.
    let script = Script::steps(vec![with_header(running(), "retry-after", "30"), done()]);
    operation_of(&script).await.await.unwrap();
    assert_eq!(script.started_elapsed().as_secs(), 30);
}

#[tokio::test(start_paused = true)]
async fn the_states_of_an_operation_end_with_its_error_and_at_the_deadline() {
    let failed = json!({"name": NAME, "done": true, "error": {"error_code": "ABORTED", "message": "no"}});
    let script = Script::steps(vec![running(), ok(&failed.to_string())]);
    let states: Vec<_> = operation_of(&script).await.states().collect().await;
    assert!(matches!(states.as_slice(), [Ok(Progress::Running), Err(_)]), "{states:?}");
    assert_eq!(states[1].as_ref().unwrap_err().operation(), Some(NAME));

    let script = Script::steps(vec![running()]);
    let states: Vec<_> = operation_of(&script).await.states().collect().await;
    let error = states.last().unwrap().as_ref().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(script.started_elapsed(), Duration::from_secs(15 * 60));
}
