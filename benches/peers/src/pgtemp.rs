//! A server of its own for each test, by `pgtemp`.

use std::time::Instant;

use pgtemp::PgTempDBBuilder;

use crate::{Peers, Result, milliseconds};

impl Peers {
    pub(crate) async fn pgtemp(&self) -> Result<Vec<f64>> {
        let mut samples = Vec::new();
        for _ in 0..self.arguments.rounds {
            // It waits for the server only where it makes a database.
            let builder = PgTempDBBuilder::new()
                .with_dbname("test")
                .with_bin_path(&self.arguments.programs)
                .with_data_dir_prefix(&self.arguments.home);
            let begun = Instant::now();
            let server = tokio::task::spawn_blocking(|| builder.start()).await?;
            self.first_row(&server.connection_uri(), true).await?;
            samples.push(milliseconds(begun));
            tokio::task::spawn_blocking(|| server.shutdown()).await?;
        }
        Ok(samples)
    }
}
