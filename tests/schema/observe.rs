//! The two observers of a database: the crate's own reading, and `pg_dump`.

use lakebase::schema::{Options, Schema};

use super::{dump::Dump, run::describe};
use crate::support::postgres::Database;

pub(super) trait Observe {
    async fn schema(&self) -> Result<Schema, String>;
    async fn dump(&self) -> Dump;
}

impl Observe for Database {
    async fn schema(&self) -> Result<Schema, String> {
        let mut connection = self.connect().await;
        Schema::read(&mut connection, &Options::default())
            .await
            .map_err(|error| format!("read: {}", describe(&error)))
    }

    async fn dump(&self) -> Dump {
        Dump::parse(&self.pg_dump().await)
    }
}
