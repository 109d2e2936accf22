//! Sessions that write to a branch all the time, in transactions of two rows.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicI64, Ordering},
};

use sqlx::Connection as _;
use tokio::task::JoinHandle;

use super::{Engine, admin, run};

/// Three writers, each with the number of its last committed transaction.
pub(super) struct Writers {
    committed: Arc<[AtomicI64; 3]>,
    done: Arc<AtomicBool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Writers {
    /// Starts them on the branch `main`, the first one with a setting of its own.
    pub(super) async fn start(engine: &Engine, of_the_first: &'static str) -> Self {
        run(engine, "main", "CREATE TABLE pairs (writer int, n bigint, half int, padding text)").await;
        let (committed, done) = (Arc::<[AtomicI64; 3]>::default(), Arc::new(AtomicBool::new(false)));
        let start = |writer: usize| {
            let (engine, committed, done) = (engine.clone(), Arc::clone(&committed), Arc::clone(&done));
            let setting = if writer == 0 { of_the_first } else { "SELECT 1" };
            tokio::spawn(async move { write(&engine, writer, setting, &committed[writer], &done).await })
        };
        let tasks = (0..3).map(start).collect();
        Self { committed, done, tasks }
    }

    /// Waits until each has committed so many transactions; returns how many each has.
    pub(super) async fn when_each_has(&self, transactions: i64) -> Vec<i64> {
        while self.committed.iter().any(|n| n.load(Ordering::SeqCst) < transactions) {
            tokio::task::yield_now().await;
        }
        self.committed.iter().map(|n| n.load(Ordering::SeqCst)).collect()
    }

    pub(super) async fn stop(self) {
        self.done.store(true, Ordering::SeqCst);
        for task in self.tasks {
            task.await.unwrap();
        }
    }
}

async fn write(
    engine: &Engine,
    writer: usize,
    setting: &'static str,
    committed: &AtomicI64,
    done: &AtomicBool,
) {
    let mut session = admin(engine, "main").await;
    sqlx::raw_sql(setting).execute(&mut session).await.unwrap();
    for n in 1_i64.. {
        if done.load(Ordering::SeqCst) {
            break;
        }
        let mut transaction = session.begin().await.unwrap();
        for half in 0..2 {
            sqlx::query("INSERT INTO pairs VALUES ($1, $2, $3, repeat('x', 500))")
                .bind(i32::try_from(writer).unwrap())
                .bind(n)
                .bind(half)
                .execute(&mut *transaction)
                .await
                .unwrap();
        }
        transaction.commit().await.unwrap();
        committed.store(n, Ordering::SeqCst);
    }
}
