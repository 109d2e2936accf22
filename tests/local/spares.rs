//! Warm spares.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use lakebase::{
    Expiry, hours,
    local::LocalLakebase,
    model::{EndpointState, Suspension},
};

use super::metrics::value;
use crate::support::{
    child::LIMIT,
    directory::directory,
    fixture::{SPARES, local, number, run},
};

/// The contract modules whose tests make branches.
const AGAIN: [&str; 8] = [
    "contract::branches",
    "contract::databases",
    "contract::endpoints",
    "contract::logins",
    "contract::reset",
    "contract::restore",
    "contract::roles",
    "contract::snapshots",
];

#[test]
fn the_contract_holds_for_branches_that_were_spares() {
    let mut again = Command::new(std::env::current_exe().unwrap());
    again.args(AGAIN).args(["--test-threads", "4"]).env(SPARES, "each").stdin(Stdio::null());
    let output = again.output().unwrap();
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "with a spare for each branch: {text}");
    let passed = text
        .lines()
        .find_map(|line| line.strip_prefix("test result: ok. ")?.split(' ').next()?.parse::<usize>().ok());
    assert!(passed.is_some_and(|passed| passed > 50), "too few tests ran: {text}");
}

/// Waits until so many spares are ready.
async fn spares(local: &LocalLakebase, expected: f64) {
    let deadline = Instant::now() + LIMIT;
    while value(local, "lakebase_spares").await != expected {
        assert!(Instant::now() < deadline, "there are {} spares", value(local, "lakebase_spares").await);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn directories(data: &Path) -> usize {
    let projects = fs::read_dir(data.join("branches")).unwrap().flatten();
    projects.map(|project| fs::read_dir(project.path()).unwrap().count()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_brings_a_spare_for_the_next_one_and_no_client_sees_it() {
    let directory = directory();
    let local = local(directory.path()).idle_time_scale(60).spares(1).start().await.unwrap();
    let project = local.client().await.unwrap().create_project("shop").await.unwrap();
    let main = project.default_branch().await.unwrap();
    let endpoint = main.handle().read_write_endpoint().await.unwrap().unwrap();
    run(&main, "CREATE TABLE item AS SELECT generate_series(1, 10) AS id").await;
    main.create_branch("first", Expiry::Never).await.unwrap();
    assert_eq!(value(&local, "lakebase_spares_total{event=\"used\"}").await, 0.0);
    spares(&local, 1.0).await;
    assert_eq!(directories(local.data_dir()), 3);
    run(&main, "DELETE FROM item WHERE id = 1").await;

    let second = main.create_branch("second", Expiry::after(hours(1))).await.unwrap();
    assert_eq!(value(&local, "lakebase_spares_total{event=\"used\"}").await, 1.0);
    assert_eq!(number(&second, "SELECT count(*) FROM item").await, 9);
    assert_eq!(second.source_branch.as_ref(), Some(&main.name));
    assert!(second.source_branch_lsn.is_some() && second.source_branch_time.is_some(), "{second:?}");
    run(&second, "INSERT INTO item VALUES (11)").await;
    assert_eq!(number(&main, "SELECT count(*) FROM item").await, 9);
    spares(&local, 1.0).await;
    assert_eq!(project.branches().await.unwrap().len(), 3);
    assert_eq!((value(&local, "lakebase_branches").await, directories(local.data_dir())), (3.0, 4));

    // It keeps its source neither awake nor busy: the source sleeps a minute after its last client.
    endpoint.update().suspension(Suspension::After(Duration::from_secs(60))).await.unwrap();
    number(&main, "SELECT 1::bigint").await;
    spares(&local, 0.0).await;
    let deadline = Instant::now() + LIMIT;
    while endpoint.handle().get().await.unwrap().state != EndpointState::Idle {
        assert!(Instant::now() < deadline, "the source is kept awake");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    local.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn spares_of_a_source_that_is_not_branched_are_given_up() {
    let directory = directory();
    // Their five minutes take one second.
    let local = local(directory.path()).idle_time_scale(300).spares(2).start().await.unwrap();
    let project = local.client().await.unwrap().create_project("shop").await.unwrap();
    let main = project.default_branch().await.unwrap();
    let _session = main.connect().await.unwrap();
    main.create_branch("first", Expiry::Never).await.unwrap();
    let deadline = Instant::now() + LIMIT;
    while value(&local, "lakebase_spares_total{event=\"made\"}").await == 0.0 {
        assert!(Instant::now() < deadline, "no spare is made");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    spares(&local, 0.0).await;
    while directories(local.data_dir()) != 2 {
        assert!(Instant::now() < deadline, "the spares are not removed");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    local.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sequences_go_on_where_those_of_the_source_are() {
    let directories = [directory(), directory()];
    let [with, without] = directories.each_ref().map(|directory| local(directory.path()));
    for builder in [with.spare_for_each_branch(), without] {
        let local = builder.start().await.unwrap();
        let project = local.client().await.unwrap().create_project("shop").await.unwrap();
        let main = project.default_branch().await.unwrap();
        run(&main, "CREATE TABLE item (id bigint GENERATED ALWAYS AS IDENTITY, text text); CREATE SEQUENCE down INCREMENT -3")
            .await;
        let add = "INSERT INTO item (text) VALUES ('new') RETURNING id";
        let down = "SELECT nextval('down')";
        for n in 1..=3 {
            assert_eq!((number(&main, add).await, number(&main, down).await), (n, 2 - 3 * n));
            let branch = main.create_branch(&format!("b{n}")[..], Expiry::Never).await.unwrap();
            assert_eq!((number(&branch, add).await, number(&branch, down).await), (n + 1, -1 - 3 * n));
        }
        local.shutdown().await;
    }
}
