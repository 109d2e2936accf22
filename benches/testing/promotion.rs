//! A promotion, and what it takes beyond its statements.

use std::time::{Duration, Instant};

use lakebase::{
    Branch, Expiry, hours,
    migrate::{Migration, PromotionReport},
};

use crate::{
    branches::fresh,
    support::{Result, table::milliseconds},
};

/// Milliseconds beyond the statements, and of the whole.
pub(crate) async fn measure(runs: usize) -> Result<[Vec<f64>; 2]> {
    let mut samples = [const { Vec::new() }; 2];
    let production = production().await?;
    for run in 0..=runs {
        let (report, taken) = promote(&production, run).await?;
        let applied = report.applied.iter().flat_map(|applied| &applied.migrations);
        let own: Duration = applied.flat_map(|m| &m.statements).map(|statement| statement.duration).sum();
        if run > 0 {
            let round = [taken.saturating_sub(own), taken];
            samples.iter_mut().zip(round).for_each(|(samples, taken)| samples.push(milliseconds(taken)));
        }
    }
    Ok(samples)
}

/// The branch that the test branches are made from.
async fn production() -> Result<Branch> {
    let branch = fresh().await?;
    let production = branch.get().await?.source()?;
    branch.close().await?;
    Ok(production)
}

async fn promote(production: &Branch, run: usize) -> Result<(PromotionReport, Duration)> {
    let column = format!("tier_{run}");
    let migration = Migration::new(
        &column,
        format!(
            "ALTER TABLE ecommerce.customers ADD COLUMN {column} text DEFAULT 'bronze';
             CREATE INDEX ON ecommerce.customers ({column})"
        ),
    );
    let id = format!("feature-{run}");
    let feature = production.create_branch(id.as_str(), Expiry::after(hours(1))).await?;
    feature.apply(&migration).await?;
    let begun = Instant::now();
    let report = feature.promote(&migration).await?;
    let taken = begun.elapsed();
    feature.delete().purge().await?;
    Ok((report, taken))
}
