//! Times of the parts of branches, as the server counts them.

use std::collections::BTreeMap;

use super::{Result, fixture::Fixture};

/// The sums and counts of all parts by now.
pub(crate) struct Timeline(BTreeMap<String, (f64, f64)>);

impl Timeline {
    pub(crate) async fn now(fixture: &Fixture) -> Result<Self> {
        let mut parts = BTreeMap::<String, (f64, f64)>::new();
        for line in fixture.metrics().await?.lines() {
            let Some((kind, rest)) =
                line.strip_prefix("lakebase_part_seconds_").and_then(|rest| rest.split_once("{part=\""))
            else {
                continue;
            };
            let (part, value) = rest.split_once("\"} ").ok_or("a metric cannot be read")?;
            let times = parts.entry(part.to_owned()).or_default();
            match kind {
                "sum" => times.0 = value.parse()?,
                _ => times.1 = value.parse()?,
            }
        }
        Ok(Self(parts))
    }

    /// Prints how long each part took since then, on average and of how many.
    pub(crate) async fn print_since(self, fixture: &Fixture, what: &str) -> Result<()> {
        eprintln!("\n{what}: mean of the parts");
        for (part, (sum, count)) in Self::now(fixture).await?.0 {
            let (sum_before, count_before) = self.0.get(&part).copied().unwrap_or_default();
            let (sum, count) = (sum - sum_before, count - count_before);
            if count > 0.0 {
                eprintln!("{:9.2} ms  {part} ({count})", sum / count * 1000.0);
            }
        }
        Ok(())
    }
}
