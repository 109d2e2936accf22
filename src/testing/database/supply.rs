//! Databases that are copied ahead in the background, for the tests of one process.

use std::{sync::Arc, time::Instant};

use sqlx::PgConnection;
use tokio::sync::{Mutex, mpsc};

use super::template::{Template, drop_database};
use crate::{
    error::Result,
    testing::{random_letters, unavailable},
};

/// The databases that wait for a test.
const STOCK: usize = 8;
/// Sessions that copy at the same time: as many as keep the cores of a small machine busy.
const MAKERS: usize = 2;
/// Databases of ended tests that wait to be dropped, before they are dropped ahead of further copies. Below it copies
/// come first, because tests wait for them.
const DISCARDED: usize = 64;

/// A copy, or the reason why there is none, and when it was made.
type Made = (Instant, Result<String>);

/// Databases that no test has used yet.
pub(super) struct Supply {
    stock: Mutex<mpsc::Receiver<Made>>,
    discarded: mpsc::UnboundedSender<String>,
}

/// The databases to drop, shared by all makers.
type Discarded = Arc<Mutex<mpsc::UnboundedReceiver<String>>>;

impl Supply {
    /// Starts to copy. Runs on the runtime that calls it.
    pub(super) fn start(template: &Template) -> Self {
        let (fill, stock) = mpsc::channel(STOCK);
        let (discarded, to_drop) = mpsc::unbounded_channel();
        let to_drop = Arc::new(Mutex::new(to_drop));
        for _ in 0..MAKERS {
            let maker = Maker { template: template.clone(), session: None };
            tokio::spawn(maker.work(fill.clone(), Arc::clone(&to_drop)));
        }
        Self { stock: Mutex::new(stock), discarded }
    }

    /// The next database. Callers are served in order.
    pub(super) async fn take(&self) -> Result<String> {
        let called = Instant::now();
        loop {
            match self.stock.lock().await.recv().await {
                // From before this call; a copy of now may succeed.
                Some((at, Err(_))) if at < called => {}
                Some((_, made)) => return made,
                None => return Err(unavailable("the databases of the tests are no longer made")),
            }
        }
    }

    /// Drops a database in the background.
    pub(super) fn discard(&self, name: String) {
        let _ = self.discarded.send(name);
    }
}

struct Maker {
    template: Template,
    /// Opened when it is needed, and again after it broke.
    session: Option<PgConnection>,
}

impl Maker {
    async fn work(mut self, fill: mpsc::Sender<Made>, to_drop: Discarded) {
        loop {
            if let Some(name) = beyond(&to_drop) {
                self.drop(name).await;
                continue;
            }
            tokio::select! {
                biased;
                place = fill.reserve() => {
                    let Ok(place) = place else { return };
                    let made = self.copy().await;
                    place.send((Instant::now(), made));
                }
                name = next(&to_drop) => {
                    let Some(name) = name else { return };
                    self.drop(name).await;
                }
            }
        }
    }

    async fn copy(&mut self) -> Result<String> {
        let name = format!("test_{}", random_letters());
        self.perform(Task::Copy(&name)).await?;
        Ok(name)
    }

    async fn drop(&mut self, name: String) {
        if let Err(error) = self.perform(Task::Drop(&name)).await {
            tracing::warn!(database = name, %error, "cannot drop the database of a test: it stays until the end");
        }
    }

    /// A broken session is replaced once: the compute may have been restarted since it was opened.
    async fn perform(&mut self, task: Task<'_>) -> Result<()> {
        if let Some(mut session) = self.session.take() {
            match task.run(&self.template, &mut session).await {
                Err(error) if error.sqlstate().is_none() => {
                    tracing::debug!(%error, "the session is replaced")
                }
                done => {
                    self.session = Some(session);
                    return done;
                }
            }
        }
        let mut session = self.template.admin().await?;
        let done = task.run(&self.template, &mut session).await;
        self.session = Some(session);
        done
    }
}

/// Work on one database, by its name.
#[derive(Clone, Copy)]
enum Task<'a> {
    Copy(&'a str),
    Drop(&'a str),
}

impl Task<'_> {
    async fn run(self, template: &Template, session: &mut PgConnection) -> Result<()> {
        match self {
            Self::Copy(name) => {
                template.copy(session, name).await?;
                template.configure(session, name).await
            }
            Self::Drop(name) => drop_database(session, name).await,
        }
    }
}

/// Waits for a database to drop.
async fn next(to_drop: &Discarded) -> Option<String> {
    to_drop.lock().await.recv().await
}

/// A database to drop, where too many of them wait.
fn beyond(to_drop: &Discarded) -> Option<String> {
    let mut waiting = to_drop.try_lock().ok()?;
    if waiting.len() > DISCARDED { waiting.try_recv().ok() } else { None }
}
