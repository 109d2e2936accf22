//! A small program for each driver.

use std::time::Duration;

use lakebase::{
    ConnectionInfo, LakebasePool,
    deadpool_postgres::{self, ManagerConfig, RecyclingMethod},
    diesel::{IntoSql as _, sql_types::Integer},
    diesel_async::{AsyncPgConnection, RunQueryDsl as _, pooled_connection::deadpool::Pool as DieselPool},
};
use sea_orm::{ConnectionTrait as _, DatabaseConnection, SqlxPostgresConnector, Statement};
use sqlx::postgres::PgPoolOptions;

use super::Site;

/// A program with one driver.
pub(super) trait Program: Sized {
    async fn new(site: &Site) -> Self;

    /// Sends a number to the database and returns what comes back. Fails the test where an error reaches it.
    async fn query(&self, number: i32) -> i32;

    /// Gives up the connections that it holds.
    async fn forget(&self);

    async fn close(self);
}

/// `LakebasePool`.
pub(super) struct Sqlx(LakebasePool);

impl Program for Sqlx {
    async fn new(site: &Site) -> Self {
        Self(site.main.pool().options(PgPoolOptions::new().max_connections(4)).await.unwrap())
    }

    async fn query(&self, number: i32) -> i32 {
        sqlx::query_scalar("SELECT $1").bind(number).fetch_one(&self.0).await.unwrap()
    }

    async fn forget(&self) {
        self.0.acquire().await.unwrap().close().await.unwrap();
    }

    async fn close(self) {
        self.0.close().await;
    }
}

/// `tokio-postgres`, with a connection for each query.
pub(super) struct Plain(ConnectionInfo);

impl Program for Plain {
    async fn new(site: &Site) -> Self {
        Self(site.info().await)
    }

    async fn query(&self, number: i32) -> i32 {
        let (client, connection) = self.0.connect_tokio_postgres().await.unwrap();
        let task = tokio::spawn(connection);
        let answer = client.query_one("SELECT $1::integer", &[&number]).await.unwrap().get(0);
        drop(client);
        task.await.unwrap().unwrap();
        answer
    }

    async fn forget(&self) {}

    async fn close(self) {}
}

/// A pool of `deadpool-postgres`.
pub(super) struct Deadpool(deadpool_postgres::Pool);

impl Program for Deadpool {
    async fn new(site: &Site) -> Self {
        let config = ManagerConfig { recycling_method: RecyclingMethod::Verified };
        let manager = site.info().await.deadpool_manager(config).unwrap();
        Self(deadpool_postgres::Pool::builder(manager).max_size(4).build().unwrap())
    }

    async fn query(&self, number: i32) -> i32 {
        let client = self.0.get().await.unwrap();
        client.query_one("SELECT $1::integer", &[&number]).await.unwrap().get(0)
    }

    async fn forget(&self) {
        drop(deadpool_postgres::Object::take(self.0.get().await.unwrap()));
    }

    async fn close(self) {
        self.0.close();
    }
}

/// A pool of `diesel-async`.
pub(super) struct Diesel(DieselPool<AsyncPgConnection>);

impl Program for Diesel {
    async fn new(site: &Site) -> Self {
        Self(DieselPool::builder(site.info().await.diesel_manager()).max_size(4).build().unwrap())
    }

    async fn query(&self, number: i32) -> i32 {
        let mut connection = self.0.get().await.unwrap();
        lakebase::diesel::select(number.into_sql::<Integer>()).get_result(&mut connection).await.unwrap()
    }

    async fn forget(&self) {
        drop(lakebase::diesel_async::pooled_connection::deadpool::Object::take(self.0.get().await.unwrap()));
    }

    async fn close(self) {
        self.0.close();
    }
}

/// SeaORM on the sqlx pool behind a `LakebasePool`.
pub(super) struct SeaOrm(DatabaseConnection, LakebasePool);

impl Program for SeaOrm {
    async fn new(site: &Site) -> Self {
        let options = PgPoolOptions::new().max_connections(4).acquire_timeout(Duration::from_secs(60));
        let pool = site.main.pool().options(options).await.unwrap();
        Self(SqlxPostgresConnector::from_sqlx_postgres_pool(pool.as_pg_pool().clone()), pool)
    }

    async fn query(&self, number: i32) -> i32 {
        let backend = self.0.get_database_backend();
        let statement = Statement::from_sql_and_values(backend, "SELECT $1 AS n", [number.into()]);
        let row = self.0.query_one_raw(statement).await.unwrap().unwrap();
        row.try_get("", "n").unwrap()
    }

    async fn forget(&self) {
        self.1.acquire().await.unwrap().close().await.unwrap();
    }

    async fn close(self) {
        self.1.close().await;
    }
}
