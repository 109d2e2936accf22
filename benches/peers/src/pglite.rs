//! PostgreSQL in WebAssembly, in the memory of a JavaScript program.

use tokio::process::Command;

use crate::{Peers, Result};

/// A round takes seconds.
const MOST_ROUNDS: usize = 5;

impl Peers {
    /// Milliseconds with the data as SQL, and from a dump of the data directory.
    pub(crate) async fn pglite(&self) -> Result<[Vec<f64>; 2]> {
        let place =
            self.arguments.pglite.as_ref().ok_or("the npm package @electric-sql/pglite is not installed")?;
        let script = place.join("pglite.mjs");
        let rounds = self.arguments.rounds.min(MOST_ROUNDS).to_string();
        let mut command = Command::new("node");
        command.arg(script).arg(&self.arguments.data).args([&self.arguments.row, &rounds]).current_dir(place);
        let output = command.output().await.map_err(|error| format!("node: {error}"))?;
        if !output.status.success() {
            return Err(format!("node: {}", String::from_utf8_lossy(&output.stderr)).into());
        }
        let mut samples = [Vec::new(), Vec::new()];
        for line in String::from_utf8(output.stdout)?.lines() {
            for (name, samples) in ["\"replayed\":", "\"loaded\":"].iter().zip(&mut samples) {
                let number = line.split_once(name).ok_or("no such number")?.1;
                samples.push(number.trim_end_matches('}').split(',').next().unwrap_or_default().parse()?);
            }
        }
        Ok(samples)
    }
}
