//! A server that is the first process of a container, which is killed.

use std::{
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use rustix::process::Signal;

use super::super::{
    crash::{Workload, end},
    kill, seconds, seed,
};
use crate::support::{child::lakebase_local, directory::directory, serve::Serve};

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
