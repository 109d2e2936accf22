//! Waiting: a spinner for what takes longer than a second, and Ctrl-C.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use lakebase::EphemeralBranch;
use tokio::time::{Instant, sleep};

use crate::{
    failure::{Failure, Result},
    interrupt, output,
};

/// Shorter waits show nothing.
const QUIET: Duration = Duration::from_secs(1);
/// For temporary branches that a call leaves when it is dropped.
const CLEANUP: Duration = Duration::from_secs(15);

/// Waits for a call that changes nothing, or temporary branches only. Ctrl-C drops it and removes those.
pub(crate) async fn reading<T, E>(label: &str, call: impl IntoFuture<Output = Result<T, E>>) -> Result<T>
where
    Failure: From<E>,
{
    let call = shown(label, call.into_future());
    tokio::select! {
        // First: Ctrl-C may have been pressed before the call begins.
        biased;
        () = interrupt::pressed() => {
            remove_temporary_branches().await;
            Err(Failure::interrupted())
        }
        done = call => Ok(done?),
    }
}

/// As [`reading`], for a call that shows its own progress.
#[cfg(feature = "local")]
pub(crate) async fn interruptible<T>(call: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::select! {
        biased;
        () = interrupt::pressed() => Err(Failure::interrupted()),
        done = call => done,
    }
}

/// Waits for a call that changes something. Ctrl-C does not break it off half-way: it is brought to its end, unless
/// Ctrl-C is pressed again.
pub(crate) async fn changing<T, E>(label: &str, call: impl IntoFuture<Output = Result<T, E>>) -> Result<T>
where
    Failure: From<E>,
{
    if interrupt::was_pressed() {
        return Err(Failure::interrupted());
    }
    let mut call = std::pin::pin!(shown(label, call.into_future()));
    tokio::select! {
        biased;
        () = interrupt::pressed() => {}
        done = &mut call => return Ok(done?),
    }
    output::warn("finishing what has begun, so that nothing is left half done; Ctrl-C again ends at once");
    tokio::select! {
        done = &mut call => {
            done?;
            Err(Failure::interrupted())
        }
        () = interrupt::pressed() => Err(Failure::interrupted()),
    }
}

/// Shows a spinner on a terminal once the call takes longer than a second.
async fn shown<T>(label: &str, call: impl Future<Output = T>) -> T {
    let mut call = std::pin::pin!(call);
    tokio::select! {
        done = &mut call => return done,
        () = sleep(QUIET) => {}
    }
    let spinner = ProgressBar::new_spinner().with_message(format!("{label} …"));
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
        spinner.set_style(style);
    }
    spinner.enable_steady_tick(Duration::from_millis(120));
    let done = call.await;
    spinner.finish_and_clear();
    done
}

/// Their removal was started when the call was dropped; a branch that it does not get to expires within the hour.
async fn remove_temporary_branches() {
    let deadline = Instant::now() + CLEANUP;
    while !EphemeralBranch::left_behind().is_empty() && Instant::now() < deadline {
        sleep(Duration::from_millis(50)).await;
    }
    for branch in EphemeralBranch::left_behind() {
        output::warn(format_args!("{branch} is not removed; it expires within the hour"));
    }
}

#[cfg(all(test, unix))]
mod tests {
    use rustix::process::{Signal, getpid, kill_process};

    use super::*;

    #[tokio::test]
    async fn ctrl_c_between_two_waits_ends_the_next_one() {
        interrupt::listen().unwrap();
        let done = async { Ok::<_, Failure>(1) };
        assert_eq!(reading("quick", done).await.unwrap(), 1);
        kill_process(getpid(), Signal::INT).unwrap();
        let never = std::future::pending::<Result<()>>();
        assert!(reading("endless", never).await.unwrap_err().is_interruption());
        kill_process(getpid(), Signal::INT).unwrap();
        while !interrupt::was_pressed() {
            tokio::task::yield_now().await;
        }
        let done = async { Ok::<_, Failure>(2) };
        assert_eq!(changing("quick", done).await.unwrap(), 2, "a press is answered once");
    }
}
