//! A database of a test's own on the shared server.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use lakebase::schema::{Options, Schema};

use super::cluster::Cluster;
use super::dump::Dump;
use super::run::describe;

/// Dropped with the value.
pub(super) struct Database {
    cluster: Arc<Cluster>,
    name: String,
}

impl Database {
    /// Makes one and runs the script in it.
    pub(super) async fn create(cluster: &Arc<Cluster>, script: String) -> Result<Self, String> {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("case_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let database = Self { cluster: Arc::clone(cluster), name };
        let create = format!("CREATE DATABASE {} TEMPLATE template0 STRATEGY wal_log", database.name);
        database.off_thread(move |cluster, _| cluster.psql("postgres", &create)).await?;
        database.psql(script).await?;
        Ok(database)
    }

    /// The database of the same name on a server that is a copy of this one's.
    pub(super) fn copy_on(&self, branch: &Arc<Cluster>) -> Self {
        Self { cluster: Arc::clone(branch), name: self.name.clone() }
    }

    pub(super) async fn psql(&self, script: String) -> Result<String, String> {
        self.off_thread(move |cluster, name| cluster.psql(name, &script)).await
    }

    pub(super) async fn dump(&self) -> Dump {
        self.off_thread(|cluster, name| Dump::parse(&cluster.dump(name))).await
    }

    pub(super) async fn connect(&self) -> sqlx::PgConnection {
        self.cluster.connect(&self.name).await
    }

    pub(super) async fn schema(&self) -> Result<Schema, String> {
        let mut connection = self.connect().await;
        Schema::read(&mut connection, &Options::default())
            .await
            .map_err(|error| format!("read: {}", describe(&error)))
    }

    pub(super) fn url(&self) -> String {
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
        // On a thread of its own, because it would hold up the other cases. Nothing depends on its end: what is left
        // when the process ends goes with the server's directory.
        std::thread::spawn(move || cluster.psql("postgres", &drop));
    }
}
