//! The gateway beside PostgreSQL's own TLS: `pgbench -S` through either, in turns, and through PgBouncer where
//! it is installed.

use super::{
    Effort, Result,
    disk::Disk,
    fixture::Fixture,
    plain::{Plain, Target},
    table::{Goal, Table, Unit::Ratio, median},
};

const CLIENTS: &str = "8";

/// Transactions per second through the gateway, divided by those without it.
pub(crate) async fn ratio(fixture: &Fixture, disk: &Disk, effort: &Effort, table: &mut Table) -> Result<()> {
    let what = format!("pgbench -S, {CLIENTS} clients, gateway ÷ direct, both TLS, {}", disk.name);
    if !table.wants(&what) {
        return Ok(());
    }
    let production = fixture.project("pgbench", async |_| Ok(())).await?;
    let direct = Plain::like(&production, disk).await?;
    let pgbench = direct.client_program("pgbench");
    let peer = direct.pgbouncer().await?;
    let info = production.connection_info().await?;
    let gateway = Target::gateway(&info).await?;
    for target in [&gateway, &direct.target] {
        target.run(&pgbench, &["-i", "-s", "10", "-q"]).await?;
    }
    let seconds = effort.pgbench_seconds.to_string();
    let load = ["-S", "-c", CLIENTS, "-j", "2", "-T", &seconds];
    let (mut through, mut without, mut pooled) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..effort.pgbench_rounds {
        through.push(rate(&gateway.run(&pgbench, &load).await?)?);
        without.push(rate(&direct.target.run(&pgbench, &load).await?)?);
        if let Some(peer) = &peer {
            let target = Target { port: peer.port, ..direct.target.clone() };
            pooled.push(rate(&target.run(&pgbench, &load).await?)?);
        }
    }
    let is_there = peer.is_some();
    drop(peer);
    direct.stop().await?;
    let (Some(a), Some(b)) = (median(&through), median(&without)) else { return Err("no rounds".into()) };
    eprintln!("transactions per second: gateway {a:.0}, direct {b:.0}");
    let ratios = |rates: &[f64]| rates.iter().zip(&without).map(|(a, b)| a / b).collect();
    table.add(&what, Goal::AtLeast(0.8), Ratio, ratios(&through));
    let why = if is_there { "" } else { ": not measured, because pgbouncer is not installed" };
    let what = format!("for comparison: pgbench -S, PgBouncer ÷ direct, both TLS, {}{why}", disk.name);
    table.add(&what, Goal::None, Ratio, ratios(&pooled));
    Ok(())
}

/// `tps = 12345.678 (without initial connection time)`
pub(crate) fn rate(output: &str) -> Result<f64> {
    let line = output.lines().find_map(|line| line.strip_prefix("tps = ")).ok_or("pgbench gave no rate")?;
    Ok(line.split(' ').next().unwrap_or_default().parse()?)
}
