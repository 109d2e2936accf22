//! A table is dropped by mistake: a branch from a second before brings its definition and its rows back.
//!
//! `cargo run --example 05_time_travel`

mod shared;

use std::time::Duration;

use chrono::{DateTime, Utc};
use clap::Parser;
use futures_util::TryStreamExt as _;
use lakebase::{Expiry, hours};
use shared::{
    Options, Result,
    service::Service,
    shop::{self, Shop},
    ui,
};
use sqlx::PgConnection;

const BRANCH: &str = "before-the-accident";
const ITEMS: &str = "SELECT count(*) FROM ecommerce.order_items";

#[tokio::main]
async fn main() -> std::process::ExitCode {
    let options = Options::parse();
    shared::run("Back to a second before the accident", |service| show(service, options)).await
}

async fn show(service: Service, options: Options) -> Result<()> {
    let shop = Shop::open(&service).await?;
    let mut production = shop.production.connect().await?;
    let rows = shop::count(&mut production, ITEMS).await?;
    // On the first run the table is younger than the second that is gone back.
    tokio::time::sleep(Duration::from_secs(2)).await;

    ui::step(1, "The accident: a table is dropped in production");
    let moment: DateTime<Utc> =
        sqlx::query_scalar("SELECT clock_timestamp()").fetch_one(&mut production).await?;
    sqlx::query("DROP TABLE ecommerce.order_items").execute(&mut production).await?;
    ui::field("dropped at", moment.format("%H:%M:%S%.3f UTC"));
    ui::field("rows lost", rows);

    ui::step(2, "A branch of production from a second before");
    shop.project.branch(BRANCH)?.delete().allow_missing().await?;
    let create = shop.production.create_branch(BRANCH, Expiry::after(hours(24)));
    let (before, took) = ui::timed("branching", create.at_time(moment - Duration::from_secs(1))).await;
    let before = before?;
    ui::field("branch", &before.name);
    ui::field("created in", ui::duration(took));
    let mut past = before.connect().await?;
    ui::field("rows there", shop::count(&mut past, ITEMS).await?);

    ui::step(3, "What production lacks");
    let difference = before.compare_schema(&shop.production).await?;
    ui::say(difference.summary());
    ui::say(&difference);

    ui::step(4, "The table and its rows, back in production");
    let plan = difference.migration()?;
    let applied = plan.apply(&mut production).await?;
    ui::field("statements", applied.statements);
    ui::field("rows copied", copy_items(&mut past, &mut production).await?);
    let after = shop::count(&mut production, ITEMS).await?;
    if after != rows {
        return Err(format!("production had {rows} rows and now has {after}").into());
    }
    let left = before.compare_schema(&shop.production).await?;
    if !left.is_empty() {
        return Err(format!("the schemas still differ:\n{left}").into());
    }
    ui::ok(format!("{after} rows and the same schema as before"));

    ui::step(5, "The branches");
    ui::say(shop.project.tree().await?);

    if options.cleanup {
        before.delete().await?;
        ui::ok("branch deleted");
    }
    Ok(())
}

/// Copies the rows in one stream, and continues the numbers of the id.
async fn copy_items(from: &mut PgConnection, to: &mut PgConnection) -> Result<u64> {
    let mut rows = from.copy_out_raw("COPY ecommerce.order_items TO STDOUT").await?;
    let mut table = to.copy_in_raw("COPY ecommerce.order_items FROM STDIN").await?;
    while let Some(chunk) = rows.try_next().await? {
        table.send(chunk).await?;
    }
    let copied = table.finish().await?;
    sqlx::query(
        "SELECT setval(pg_get_serial_sequence('ecommerce.order_items', 'id'), max(id)) FROM ecommerce.order_items",
    )
    .execute(to)
    .await?;
    Ok(copied)
}
