//! Develop a schema change on a branch, validate it, compare it with production, promote it.
//!
//! `cargo run --example 02_schema_to_prod`

mod shared;

use clap::Parser;
use lakebase::{Expiry, days, migrate::Migration};
use shared::{
    Options, Result,
    service::Service,
    shop::{self, Shop},
    ui,
};
use sqlx::{PgConnection, Row};

const LOYALTY_TIER: &str = "
ALTER TABLE ecommerce.customers ADD COLUMN IF NOT EXISTS loyalty_tier varchar(20) DEFAULT 'bronze';

UPDATE ecommerce.customers AS c
SET loyalty_tier = CASE WHEN n >= 5 THEN 'platinum' WHEN n >= 3 THEN 'gold' WHEN n >= 1 THEN 'silver' ELSE 'bronze' END
FROM (SELECT c.id, count(o.id) AS n
      FROM ecommerce.customers AS c LEFT JOIN ecommerce.orders AS o ON o.customer_id = c.id
      GROUP BY c.id) AS orders
WHERE orders.id = c.id;
";

#[tokio::main]
async fn main() -> std::process::ExitCode {
    let options = Options::parse();
    shared::run("From a schema change on a branch to production", |service| show(service, options)).await
}

async fn show(service: Service, options: Options) -> Result<()> {
    let shop = Shop::open(&service).await?;
    let production = &shop.production;

    ui::step(1, "A branch for the feature, for 7 days");
    let branching = shop::fresh_branch(production, "feature-loyalty-tier", Expiry::after(days(7)));
    let (feature, took) = ui::timed("branching", branching).await;
    let feature = feature?;
    ui::field("branch", &feature.name);
    ui::field("created in", ui::duration(took));
    ui::field("expires", feature.expire_time.map_or("never".into(), ui::countdown));

    ui::step(2, "The migration, on the branch");
    let migration = Migration::new("add-loyalty-tier", LOYALTY_TIER);
    ui::say(feature.apply(&migration).await?);

    ui::step(3, "Validation");
    let mut on_branch = feature.connect().await?;
    validate(&mut on_branch).await?;

    ui::step(4, "The difference from production");
    let diff = feature.compare_schema(production).await?;
    if diff.is_empty() {
        ui::say("none: production has the change already, from an earlier run");
    } else {
        ui::say(diff.colored());
    }
    if let Some(url) = shop.project.branch_console_url(&feature) {
        ui::field("console", url);
    }
    let mut on_production = production.connect().await?;
    match column(&mut on_production).await? {
        None => ui::ok("production is untouched"),
        Some(_) => ui::ok("production has had the column since an earlier run"),
    }

    ui::step(5, "Promotion");
    let (report, took) = ui::timed("promoting", feature.promote(&migration)).await;
    ui::say(report?);
    ui::field("took", ui::duration(took));

    ui::step(6, "Production now");
    tiers(&mut on_production).await?;
    if !feature.compare_schema(production).await?.is_empty() {
        return Err("the schemas still differ after the promotion".into());
    }
    ui::ok("branch and production have the same schema");

    if options.cleanup {
        feature.delete().await?;
        ui::ok("branch deleted");
    }
    Ok(())
}

/// Checks that the column is there and that each customer has a tier.
async fn validate(on_branch: &mut PgConnection) -> Result<()> {
    let (kind, default) = column(on_branch).await?.ok_or("there is no column loyalty_tier")?;
    ui::ok(format!("customers.loyalty_tier is {kind}, default {default}"));
    tiers(on_branch).await?;
    let filled = shop::count(on_branch, "SELECT count(loyalty_tier) FROM ecommerce.customers").await?;
    let all = shop::count(on_branch, "SELECT count(*) FROM ecommerce.customers").await?;
    if filled != all {
        return Err(format!("{filled}/{all} customers have a tier").into());
    }
    ui::ok(format!("{filled}/{all} customers have a tier"));
    Ok(())
}

async fn column(connection: &mut PgConnection) -> Result<Option<(String, String)>> {
    let row = sqlx::query(
        "SELECT format_type(a.atttypid, a.atttypmod), coalesce(pg_get_expr(d.adbin, d.adrelid), 'none')
         FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
         WHERE a.attrelid = 'ecommerce.customers'::regclass AND a.attname = 'loyalty_tier'",
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| (row.get(0), row.get(1))))
}

async fn tiers(connection: &mut PgConnection) -> Result<()> {
    let rows =
        sqlx::query("SELECT loyalty_tier, count(*) FROM ecommerce.customers GROUP BY 1 ORDER BY 2 DESC, 1")
            .fetch_all(connection)
            .await?;
    ui::table(&["tier", "customers"], rows.iter().map(|row| [row.get(0), row.get::<i64, _>(1).to_string()]));
    Ok(())
}
