//! A database of a test's own.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::cluster::{self, Cluster};

/// Dropped with the value.
pub(crate) struct Database {
    cluster: Arc<Cluster>,
    name: String,
}

impl Database {
    /// An empty one on the server that the tests share.
    pub(crate) async fn new() -> Self {
        let cluster = tokio::task::spawn_blocking(cluster::shared).await.expect("PostgreSQL starts");
        Self::create(&cluster, String::new()).await.expect("a database")
    }

    /// Creates one and runs the script in it.
    pub(crate) async fn create(cluster: &Arc<Cluster>, script: String) -> Result<Self, String> {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("case_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let database = Self { cluster: Arc::clone(cluster), name };
        let create = format!("CREATE DATABASE {} TEMPLATE template0 STRATEGY wal_log", database.name);
        database.off_thread(move |cluster, _| cluster.psql("postgres", &create)).await?;
        if !script.is_empty() {
            database.psql(script).await?;
        }
        Ok(database)
    }

    /// The database of the same name on a server that is a copy of this one's.
    pub(crate) fn copy_on(&self, branch: &Arc<Cluster>) -> Self {
        Self { cluster: Arc::clone(branch), name: self.name.clone() }
    }

    pub(crate) async fn psql(&self, script: String) -> Result<String, String> {
        self.off_thread(move |cluster, name| cluster.psql(name, &script)).await
    }

    /// The output of `pg_dump --schema-only`.
    pub(crate) async fn pg_dump(&self) -> String {
        self.off_thread(Cluster::dump).await
    }

    pub(crate) async fn connect(&self) -> sqlx::PgConnection {
        self.cluster.connect(&self.name).await
    }

    pub(crate) fn url(&self) -> String {
        self.cluster.url(&self.name)
    }

    async fn off_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Cluster, &str) -> T + Send + 'static,
    ) -> T {
        let (cluster, name) = (Arc::clone(&self.cluster), self.name.clone());
        tokio::task::spawn_blocking(move || work(&cluster, &name))
            .await
            .expect("client programs do not panic")
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        let cluster = Arc::clone(&self.cluster);
        // On a thread of its own, because it would hold up the other cases. Nothing depends on its end: the rest goes
        // with the server's directory when the process ends.
        std::thread::spawn(move || cluster.psql("postgres", &drop));
    }
}
