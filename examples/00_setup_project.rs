//! Creates the project of the demonstration, fills it, and shows its contents.
//!
//! `cargo run --example 00_setup_project`

mod shared;

use clap::Parser;
use shared::{Options, Result, service::Service, shop::Shop, ui};
use sqlx::{PgConnection, Row};

#[tokio::main]
async fn main() -> std::process::ExitCode {
    Options::parse();
    shared::run("Set up the project", setup).await
}

async fn setup(service: Service) -> Result<()> {
    ui::step(1, "The project");
    let (shop, took) = ui::timed("creating the project", Shop::without_rows(&service)).await;
    let shop = shop?;
    ui::field("project", shop.project.id());
    ui::field(
        "state",
        if shop.created { format!("created in {}", ui::duration(took)) } else { "exists already".into() },
    );
    ui::field(
        "PostgreSQL",
        shop.project.pg_version.map_or_else(|| "not reported".into(), |version| version.to_string()),
    );
    ui::field(
        "console",
        shop.project.console_url().unwrap_or_else(|| "none; `lakebase console` serves one".into()),
    );

    ui::step(2, "Its branches");
    ui::say(shop.project.tree().await?);

    ui::step(3, "The endpoint of the default branch");
    let endpoint = shop.production.ensure_endpoint().await?;
    let connection = endpoint.connection_info().await?;
    ui::field("endpoint", endpoint.handle().name());
    ui::field("host", connection.host);
    ui::field("port", connection.port);
    ui::field("database", connection.database);

    ui::step(4, "A login with a fresh credential, over TLS");
    let credential = endpoint.handle().credential().await?;
    ui::field("expires", ui::countdown(credential.expire_time));
    let mut production = shop.production.connect().await?;
    let version: String = sqlx::query_scalar("SELECT version()").fetch_one(&mut production).await?;
    ui::field("server", version);

    ui::step(5, "The schema `ecommerce` and its rows");
    let (seeded, took) = ui::timed("filling the tables", shop.seed()).await;
    match seeded? {
        true => ui::ok(format!("created and filled in {}", ui::duration(took))),
        false => ui::ok("exists already; nothing was changed"),
    }

    ui::step(6, "The contents");
    show_contents(&mut production).await
}

/// The rows of each table, and what is in them.
async fn show_contents(production: &mut PgConnection) -> Result<()> {
    let counts = sqlx::query(
        "SELECT 'customers', count(*) FROM ecommerce.customers
         UNION ALL SELECT 'products', count(*) FROM ecommerce.products
         UNION ALL SELECT 'orders', count(*) FROM ecommerce.orders
         UNION ALL SELECT 'order_items', count(*) FROM ecommerce.order_items",
    );
    let rows = counts.fetch_all(&mut *production).await?;
    ui::table(&["table", "rows"], rows.iter().map(|row| [row.get(0), row.get::<i64, _>(1).to_string()]));

    let rows = sqlx::query("SELECT id, name, email FROM ecommerce.customers ORDER BY id LIMIT 5")
        .fetch_all(&mut *production)
        .await?;
    ui::table(
        &["id", "name", "email"],
        rows.iter().map(|row| [row.get::<i32, _>(0).to_string(), row.get(1), row.get(2)]),
    );

    let orders = sqlx::query(
        "SELECT status, count(*), avg(total)::decimal(10, 2)::text FROM ecommerce.orders
         GROUP BY status ORDER BY status",
    );
    let rows = orders.fetch_all(&mut *production).await?;
    ui::table(
        &["status", "orders", "average total"],
        rows.iter().map(|row| [row.get(0), row.get::<i64, _>(1).to_string(), row.get(2)]),
    );

    let rows = sqlx::query(
        "SELECT category, count(*), min(price)::text, max(price)::text FROM ecommerce.products
         GROUP BY category ORDER BY category",
    )
    .fetch_all(&mut *production)
    .await?;
    ui::table(
        &["category", "products", "from", "to"],
        rows.iter().map(|row| [row.get(0), row.get::<i64, _>(1).to_string(), row.get(2), row.get(3)]),
    );
    Ok(())
}
