//! The threads that copy.

use std::{io, num::NonZero, sync::Arc, thread};

use tokio::{
    runtime::{Builder, Handle},
    sync::oneshot,
};

/// Copying is the smaller part of what short queries cost, so these serve more cores than they are.
const MAX_LANES: usize = 8;

/// Threads with a runtime each, on which sessions run. A session stays on the thread it began on.
///
/// A session does little but wake and copy, thousands of times a second. On a runtime of several threads each
/// wake-up may go to another thread, which costs processor time for every query. On one
/// thread all sessions wait while it waits for a core, and a large result holds up everybody's small ones.
///
/// The threads end with the last clone.
#[derive(Clone, Debug)]
pub(super) struct Lanes(Arc<(Lane, Vec<Lane>)>);

#[derive(Debug)]
struct Lane {
    handle: Handle,
    /// The thread ends when this is dropped.
    _stop: oneshot::Sender<()>,
}

impl Lanes {
    /// One for each core.
    ///
    /// # Errors
    ///
    /// When the system gives no thread, or nothing to wait for sockets with.
    pub(super) fn start() -> io::Result<Lanes> {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        Lanes::of(cores.min(MAX_LANES))
    }

    fn of(lanes: usize) -> io::Result<Lanes> {
        let first = Lane::start()?;
        let others = (1..lanes).map(|_| Lane::start()).collect::<io::Result<_>>()?;
        Ok(Lanes(Arc::new((first, others))))
    }

    /// That with the fewest sessions.
    pub(super) fn emptiest(&self) -> &Handle {
        let (first, others) = &*self.0;
        let sessions = |lane: &Lane| lane.handle.metrics().num_alive_tasks();
        &others
            .iter()
            .fold(first, |least, lane| if sessions(lane) < sessions(least) { lane } else { least })
            .handle
    }
}

impl Lane {
    fn start() -> io::Result<Lane> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel();
        thread::Builder::new().name("lakebase-gateway".to_owned()).spawn(move || {
            // Ends with an error when the sender is dropped; what runs then is dropped with the runtime.
            let _ = runtime.block_on(stopped);
        })?;
        Ok(Lane { handle, _stop: stop })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn sessions_go_where_the_fewest_are() {
        let lanes = Lanes::of(3).unwrap();
        let mut sessions = Vec::new();
        for _ in 0..6 {
            let lane = lanes.emptiest().clone();
            sessions.push((lane.id(), lane.spawn(std::future::pending::<()>())));
        }
        for (lane, _) in &sessions {
            assert_eq!(sessions.iter().filter(|(other, _)| other == lane).count(), 2);
        }
        let (left, session) = sessions.remove(4);
        session.abort();
        let _ = session.await;
        // Who waits for a task hears of its end a moment before it is no longer counted.
        let counted = async {
            while lanes.emptiest().id() != left {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(10), counted).await.unwrap();
    }
}
