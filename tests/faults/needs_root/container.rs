//! A server that is the first process of a container, which is killed.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use super::super::{
    crash::{Workload, end},
    kill, seconds, seed,
};
use crate::support::{
    child::{LIMIT, lakebase_local},
    directory::directory,
    fixture::run,
    serve::Serve,
};

/// The server as the first process of a PID namespace of its own, as in a container.
fn in_a_container(data: &Path) -> Serve {
    let command = Serve::command(data);
    let mut unshare = Command::new("unshare");
    unshare.args(["--pid", "--fork", "--mount-proc", "--kill-child"]);
    unshare.arg(lakebase_local().get_program()).args(command.get_args());
    unshare.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    Serve::ready(&mut unshare).expect("the server starts")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs root"]
async fn acknowledged_work_outlives_a_killed_container() {
    let seed = seed();
    eprintln!("LAKEBASE_FAULTS_SEED={seed}");
    fastrand::seed(seed);
    let directory = directory();
    let data = directory.path().join("data");
    let mut serve = in_a_container(&data);
    let mut workload = Workload::new(&serve.client().await, seed).await;
    let end_of_rounds = seconds().map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let mut round = 0;
    while end_of_rounds.map_or(round < 4, |end| Instant::now() < end) {
        round += 1;
        workload
            .work(&serve, || {
                serve.signal(Signal::KILL);
                true
            })
            .await;
        serve.ended();
        kill::none_left(&data);
        // The process ids of the last container are given out again.
        serve = in_a_container(&data);
        workload.verify(&serve, &data).await;
        eprintln!("round {round}: {} calls acknowledged", workload.acknowledged());
    }
    drop(serve);
    kill::none_left(&data);
    // Outside of a container, every branch recovers from the last kill before its pages are checked.
    let serve = Serve::start(&data);
    workload.verify(&serve, &data).await;
    end(serve, &data);
}

/// The process that `unshare` started: the first of the container.
fn first_process(serve: &Serve) -> Pid {
    let children = format!("/proc/{0}/task/{0}/children", serve.pid());
    let first = fs::read_to_string(children).unwrap();
    Pid::from_raw(first.split_whitespace().next().unwrap().parse().unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs root"]
async fn the_first_process_of_a_container_reaps_orphans_and_passes_signals_on() {
    let directory = directory();
    let data = directory.path().join("data");
    let mut serve = in_a_container(&data);
    let project = serve.client().await.create_project("shop").await.unwrap();
    let main = project.default_branch().await.unwrap();
    run(&main, "CREATE TABLE item (n int)").await;
    let processes = kill::processes(&data);
    assert!(processes.len() > 3, "a postmaster and its children: {processes:?}");
    kill::Victim::Postmaster.strike(&serve, &data);
    let deadline = Instant::now() + LIMIT;
    // A zombie is still in the list of processes.
    while processes.iter().any(|process| Path::new("/proc").join(process.pid.to_string()).exists()) {
        assert!(Instant::now() < deadline, "not reaped: {processes:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    run(&main, "INSERT INTO item VALUES (1)").await;
    kill_process(first_process(&serve), Signal::TERM).unwrap();
    assert!(serve.ended().success(), "a clean stop");
    kill::none_left(&data);
    assert!(!data.join("server.json").exists());
}
