//! Production data on a development branch: queries and changes do not affect production.
//!
//! `cargo run --example 01_data_only`

mod shared;

use clap::Parser;
use lakebase::{Expiry, hours};
use shared::{
    Options, Result,
    service::Service,
    shop::{self, Shop},
    ui,
};
use sqlx::{PgConnection, Row};

#[tokio::main]
async fn main() -> std::process::ExitCode {
    let options = Options::parse();
    shared::run("Production data on a development branch", |service| show(service, options)).await
}

async fn show(service: Service, options: Options) -> Result<()> {
    let shop = Shop::open(&service).await?;

    ui::step(1, "A branch of production for 24 hours");
    let branching = shop::fresh_branch(&shop.production, "dev-readonly", Expiry::after(hours(24)));
    let (dev, took) = ui::timed("branching", branching).await;
    let dev = dev?;
    ui::field("branch", &dev.name);
    ui::field("created in", ui::duration(took));
    ui::field(
        "storage added",
        dev.copy.as_ref().map_or("not reported".into(), |copy| ui::bytes(copy.bytes_added)),
    );
    ui::field("expires", dev.expire_time.map_or("never".into(), ui::countdown));

    ui::step(2, "It has production's data");
    let mut branch = dev.connect().await?;
    let mut production = shop.production.connect().await?;
    compare_counts(&mut branch, &mut production).await?;

    ui::step(3, "The five customers who spent most");
    let rows = sqlx::query(
        "SELECT c.name, count(*), sum(o.total)::text
         FROM ecommerce.customers c JOIN ecommerce.orders o ON o.customer_id = c.id
         GROUP BY c.id, c.name ORDER BY sum(o.total) DESC, c.id LIMIT 5",
    )
    .fetch_all(&mut branch)
    .await?;
    ui::table(
        &["customer", "orders", "spent"],
        rows.iter().map(|row| [row.get(0), row.get::<i64, _>(1).to_string(), row.get(2)]),
    );

    ui::step(4, "A new customer, on the branch only");
    sqlx::query(
        "INSERT INTO ecommerce.customers (name, email) VALUES ('Test Customer', 'test.customer@example.com')",
    )
    .execute(&mut branch)
    .await?;
    let customers = "SELECT count(*) FROM ecommerce.customers";
    ui::field("branch", format!("{} customers", shop::count(&mut branch, customers).await?));
    ui::field("production", format!("{} customers", shop::count(&mut production, customers).await?));
    ui::ok("production never saw the insert");

    if options.cleanup {
        dev.delete().await?;
        ui::ok("branch deleted");
    }
    Ok(())
}

async fn compare_counts(branch: &mut PgConnection, production: &mut PgConnection) -> Result<()> {
    let mut rows = Vec::new();
    for (table, sql) in [
        ("customers", "SELECT count(*) FROM ecommerce.customers"),
        ("products", "SELECT count(*) FROM ecommerce.products"),
        ("orders", "SELECT count(*) FROM ecommerce.orders"),
        ("order_items", "SELECT count(*) FROM ecommerce.order_items"),
    ] {
        let here = shop::count(branch, sql).await?;
        let there = shop::count(production, sql).await?;
        let same = if here == there { "equal" } else { "DIFFERENT" };
        rows.push([table.to_owned(), here.to_string(), there.to_string(), same.to_owned()]);
    }
    ui::table(&["table", "branch", "production", ""], rows);
    Ok(())
}
