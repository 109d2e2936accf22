//! Threads that do file work, as the account that owns the files.

use std::{
    collections::VecDeque,
    fmt, io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError},
    thread,
    time::Duration,
};

use rustix::io::Errno;
use tokio::sync::oneshot;

use super::{Account, privileges::give_up_root};
use crate::local::engine_error::EngineError;

/// The number of file operations that may hang before others wait for them.
const MAX_THREADS: usize = 64;
/// An idle thread ends after this time.
const IDLE_LIMIT: Duration = Duration::from_secs(10);

/// Runs the work, or learns why the thread could not become the account's.
type Job = Box<dyn FnOnce(Result<(), Errno>) + Send>;

/// Threads that do file work off the async threads.
///
/// With an account, giving up root is the first thing that each of them does. They are no threads of the
/// async runtime, which waits for its own when it ends: one that hangs in the file system does not keep the
/// process from ending.
#[derive(Clone)]
pub(in crate::local) struct FileWorkers(Arc<Handle>);

/// Closes the pool with the last clone; submitted work still runs.
struct Handle(Arc<Pool>);

struct Pool {
    account: Option<Account>,
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    threads: usize,
    idle: usize,
    closed: bool,
}

impl FileWorkers {
    /// Threads of `account`, started as they are needed.
    pub(in crate::local) fn new(account: Option<Account>) -> Self {
        let pool = Pool { account, queue: Mutex::default(), changed: Condvar::new() };
        Self(Arc::new(Handle(Arc::new(pool))))
    }

    /// Threads with the rights of this process, for files that the account cannot reach.
    pub(in crate::local) fn privileged() -> &'static Self {
        static WORKERS: OnceLock<FileWorkers> = OnceLock::new();
        WORKERS.get_or_init(|| Self::new(None))
    }

    /// Does `work` on one of the threads.
    ///
    /// # Errors
    ///
    /// Those of `work`; an [`EngineError`] when no thread can be started, cannot give up root, or the work
    /// panics.
    pub(in crate::local) async fn run<T, E>(
        &self,
        work: impl FnOnce() -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<EngineError> + Send + 'static,
    {
        let (answer, done) = oneshot::channel();
        let account = self.0.0.account.clone();
        self.submit(Box::new(move |ready| {
            let result = match ready {
                Ok(()) => work(),
                Err(errno) => Err(cannot_become(account.as_ref(), errno).into()),
            };
            // The caller may be gone.
            let _ = answer.send(result);
        }))?;
        done.await.unwrap_or_else(|_| Err(EngineError::failed("file work ended with a panic").into()))
    }

    /// Does `work` some time soon; for what no caller waits for.
    pub(in crate::local) fn detach(&self, work: impl FnOnce() + Send + 'static) {
        let submitted = self.submit(Box::new(move |ready| {
            if ready.is_ok() {
                work();
            }
        }));
        if let Err(error) = submitted {
            tracing::warn!(%error, "file work is left to the next start");
        }
    }

    fn submit(&self, job: Job) -> Result<(), EngineError> {
        let pool = &self.0.0;
        let mut queue = pool.lock();
        queue.jobs.push_back(job);
        if queue.idle >= queue.jobs.len() || queue.threads >= MAX_THREADS {
            pool.changed.notify_one();
            return Ok(());
        }
        queue.threads += 1;
        let worker = Arc::clone(pool);
        let started = thread::Builder::new().name("lakebase-files".to_owned()).spawn(move || worker.work());
        let Err(error) = started else { return Ok(()) };
        queue.threads -= 1;
        if queue.threads > 0 {
            // The others come to it.
            pool.changed.notify_one();
            return Ok(());
        }
        queue.jobs.pop_back();
        Err(EngineError::Io { context: "start a thread for file work".to_owned(), source: error })
    }
}

impl fmt::Debug for FileWorkers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileWorkers").field("account", &self.0.0.account).finish_non_exhaustive()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.changed.notify_all();
    }
}

impl Pool {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        let ready = self.account.as_ref().map_or(Ok(()), give_up_root);
        while let Some(job) = self.next() {
            // The caller learns of a panic from the channel that is dropped with the job.
            let _ = catch_unwind(AssertUnwindSafe(|| job(ready)));
        }
    }

    /// `None` when the thread is to end, which is then counted.
    fn next(&self) -> Option<Job> {
        let mut queue = self.lock();
        loop {
            if let Some(job) = queue.jobs.pop_front() {
                return Some(job);
            }
            if queue.closed {
                break;
            }
            queue.idle += 1;
            let (again, waited) =
                self.changed.wait_timeout(queue, IDLE_LIMIT).unwrap_or_else(PoisonError::into_inner);
            queue = again;
            queue.idle -= 1;
            if waited.timed_out() && queue.jobs.is_empty() {
                break;
            }
        }
        queue.threads -= 1;
        None
    }
}

fn cannot_become(account: Option<&Account>, errno: Errno) -> EngineError {
    EngineError::Account {
        user: account.map(|account| account.name.clone()).unwrap_or_default(),
        reason: format!(
            "root cannot become this user ({}); it takes the capabilities CAP_SETUID and CAP_SETGID",
            io::Error::from(errno)
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn work_that_hangs_delays_no_other_and_a_panic_is_an_error() {
        let workers = FileWorkers::new(None);
        let (release, hang) = mpsc::channel::<()>();
        let others = workers.clone();
        let hanging =
            tokio::spawn(async move { others.run(move || Ok::<_, EngineError>(hang.recv())).await });
        assert_eq!(workers.run(|| Ok::<_, EngineError>(7)).await.unwrap(), 7);
        let error = workers.run::<(), EngineError>(|| panic!("on purpose")).await.unwrap_err();
        assert!(error.to_string().contains("panic"), "{error}");
        drop(release);
        hanging.await.unwrap().unwrap().unwrap_err();
    }

    #[tokio::test]
    async fn what_was_submitted_is_done_although_the_workers_are_dropped() {
        let workers = FileWorkers::new(None);
        let (answer, done) = oneshot::channel();
        workers.detach(move || answer.send(()).unwrap());
        drop(workers);
        done.await.unwrap();
    }
}

#[cfg(test)]
mod needs_root {
    use super::*;

    #[tokio::test]
    #[ignore = "needs root"]
    async fn files_made_by_the_workers_are_the_account_s() {
        use std::os::unix::fs::MetadataExt as _;
        let account = Account::choose(None).unwrap().expect("root has an account for PostgreSQL");
        let dir = tempfile::tempdir().unwrap();
        std::os::unix::fs::chown(dir.path(), Some(account.uid), Some(account.gid)).unwrap();
        let (uid, file) = (account.uid, dir.path().join("file"));
        let workers = FileWorkers::new(Some(account));
        let made = file.clone();
        let secret = workers.run(move || {
            std::fs::write(&made, "x").map_err(EngineError::io("write", &made))?;
            Ok::<_, EngineError>(std::fs::read("/etc/shadow").map_err(|error| error.kind()))
        });
        assert_eq!(secret.await.unwrap(), Err(io::ErrorKind::PermissionDenied));
        assert_eq!(file.metadata().unwrap().uid(), uid);
    }
}
