//! Threads that copy between clients and computes.

use std::{io, num::NonZero, sync::Arc, thread};

use tokio::{
    runtime::{Builder, Handle},
    sync::oneshot,
};

/// Copying is the smaller part of what short queries cost, so these serve more cores than they are.
const MAX_WORKERS: usize = 8;

/// Threads with a runtime each, on which sessions run. A session stays on the thread it began on.
///
/// A session does little but wake and copy, thousands of times a second. On a runtime of several threads each
/// wake-up may go to another thread, which costs processor time for every query. On one
/// thread all sessions wait while it waits for a core, and a large result holds up all small ones.
///
/// The threads end with the last clone.
#[derive(Clone, Debug)]
pub(super) struct Workers(Arc<(Worker, Vec<Worker>)>);

#[derive(Debug)]
struct Worker {
    handle: Handle,
    /// The thread ends when this is dropped.
    _stop: oneshot::Sender<()>,
}

impl Workers {
    /// Starts one worker for each core.
    ///
    /// # Errors
    ///
    /// When the system gives no thread, or nothing to wait for sockets with.
    pub(super) fn start() -> io::Result<Workers> {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        Workers::of(cores.min(MAX_WORKERS))
    }

    fn of(workers: usize) -> io::Result<Workers> {
        let first = Worker::start()?;
        let others = (1..workers).map(|_| Worker::start()).collect::<io::Result<_>>()?;
        Ok(Workers(Arc::new((first, others))))
    }

    /// The worker with the fewest sessions.
    pub(super) fn emptiest(&self) -> &Handle {
        let (first, others) = &*self.0;
        let sessions = |worker: &Worker| worker.handle.metrics().num_alive_tasks();
        &others
            .iter()
            .fold(first, |least, worker| if sessions(worker) < sessions(least) { worker } else { least })
            .handle
    }
}

impl Worker {
    fn start() -> io::Result<Worker> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel();
        thread::Builder::new().name("lakebase-gateway".to_owned()).spawn(move || {
            // Ends with an error when the sender is dropped; what runs then is dropped with the runtime.
            let _ = runtime.block_on(stopped);
        })?;
        Ok(Worker { handle, _stop: stop })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn sessions_go_where_the_fewest_are() {
        let workers = Workers::of(3).unwrap();
        let mut sessions = Vec::new();
        for _ in 0..6 {
            let worker = workers.emptiest().clone();
            sessions.push((worker.id(), worker.spawn(std::future::pending::<()>())));
        }
        for (worker, _) in &sessions {
            assert_eq!(sessions.iter().filter(|(other, _)| other == worker).count(), 2);
        }
        let (left, session) = sessions.remove(4);
        session.abort();
        let _ = session.await;
        // A task is counted for a moment after it was joined.
        let counted = async {
            while workers.emptiest().id() != left {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(10), counted).await.unwrap();
    }
}
