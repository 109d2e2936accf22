//! A server of its own for each test, by `postgresql_embedded`, of an installed PostgreSQL.

use std::time::{Duration, Instant};

use postgresql_embedded::{PostgreSQL, Settings};

use crate::{Peers, Result, milliseconds};

impl Peers {
    pub(crate) async fn embedded(&self) -> Result<Vec<f64>> {
        let installation = self.arguments.programs.parent().ok_or("no installation of PostgreSQL")?;
        let mut samples = Vec::new();
        for round in 0..self.arguments.rounds {
            let place = self.arguments.home.join(format!("embedded-{round}"));
            std::fs::create_dir(&place)?;
            let mut settings = Settings::new();
            settings.installation_dir = installation.to_owned();
            settings.trust_installation_dir = true;
            settings.timeout = Some(Duration::from_secs(60));
            settings.data_dir = place.join("data");
            settings.password_file = place.join("password");
            settings.socket_dir = Some(place.clone());
            let begun = Instant::now();
            let mut server = PostgreSQL::new(settings);
            server.setup().await?;
            server.start().await?;
            server.create_database("test").await?;
            let settings = server.settings();
            let address = format!(
                "postgresql://{}:{}@127.0.0.1:{}/test",
                settings.username, settings.password, settings.port
            );
            self.first_row(&address, true).await?;
            samples.push(milliseconds(begun));
            // Removes the folder of the password, which the data is in too.
            server.stop().await?;
            drop(server);
        }
        Ok(samples)
    }
}
