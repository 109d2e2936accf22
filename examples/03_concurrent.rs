//! Production drifted while you worked: show the drift, branch again, replay, promote.
//!
//! `cargo run --example 03_concurrent`

mod shared;

use clap::Parser;
use lakebase::{Branch, Expiry, hours, migrate::Migration};
use shared::{
    Options, Result,
    service::Service,
    shop::{self, Shop},
    ui,
};

const PRIORITY: &str = "
ALTER TABLE ecommerce.orders ADD COLUMN IF NOT EXISTS priority varchar(10) DEFAULT 'normal';

UPDATE ecommerce.orders
SET priority = CASE WHEN total > 500 THEN 'high' WHEN total > 200 THEN 'medium' ELSE 'normal' END;
";

const EMAIL_VERIFIED: &str = "
ALTER TABLE ecommerce.customers ADD COLUMN IF NOT EXISTS email_verified boolean DEFAULT false;

UPDATE ecommerce.customers SET email_verified = true WHERE id % 3 = 0;
";

/// Removes the changes of an earlier run from production, and the record of its promotion.
const RESET: &str = "
ALTER TABLE ecommerce.orders DROP COLUMN IF EXISTS priority;
ALTER TABLE ecommerce.customers DROP COLUMN IF EXISTS email_verified;
DO $$ BEGIN
    IF to_regclass('_lakebase.migrations') IS NOT NULL THEN
        DELETE FROM _lakebase.migrations WHERE id = 'add-order-priority';
    END IF;
END $$;
";

#[tokio::main]
async fn main() -> std::process::ExitCode {
    let options = Options::parse();
    shared::run("Production drifted while you worked", |service| show(service, options)).await
}

async fn show(service: Service, options: Options) -> Result<()> {
    let shop = Shop::open(&service).await?;
    let production = &shop.production;
    sqlx::raw_sql(RESET).execute(&mut production.connect().await?).await?;

    ui::step(1, "Your branch and your migration");
    let feature = shop::fresh_branch(production, "feature-order-priority", Expiry::after(hours(48))).await?;
    let priority = Migration::new("add-order-priority", PRIORITY);
    feature.apply(&priority).await?;
    ui::ok(format!("orders.priority on {}", feature.id()));

    ui::step(2, "Meanwhile another team changes production");
    sqlx::raw_sql(EMAIL_VERIFIED).execute(&mut production.connect().await?).await?;
    ui::ok("customers.email_verified on production, not on your branch");

    ui::step(3, "The drift");
    let (drift, took) = ui::timed("comparing base, branch and production", feature.drift()).await;
    let drift = drift?;
    ui::say(&drift);
    ui::field("took", ui::duration(took));
    if !drift.conflicts().is_empty() {
        return Err("the two changes conflict; merge them by hand and run the example again".into());
    }
    ui::ok("the two changes do not conflict");

    ui::step(4, "A new branch of production as it is now, and the migration again");
    let again = shop::fresh_branch(production, "feature-order-priority-v2", Expiry::after(hours(48))).await?;
    ui::say(again.apply(&priority).await?);
    both_columns(again.handle()).await?;
    ui::ok(format!("both columns are on {}", again.id()));

    ui::step(5, "Promotion");
    ui::say(again.promote(&priority).await?);
    both_columns(production.handle()).await?;
    ui::ok("both columns are on production");

    if options.cleanup {
        feature.delete().await?;
        again.delete().await?;
        ui::ok("branches deleted");
    }
    Ok(())
}

async fn both_columns(branch: &Branch) -> Result<()> {
    let mut connection = branch.connect().await?;
    let high =
        shop::count(&mut connection, "SELECT count(*) FROM ecommerce.orders WHERE priority = 'high'").await?;
    let verified =
        shop::count(&mut connection, "SELECT count(*) FROM ecommerce.customers WHERE email_verified").await?;
    ui::table(
        &["column", "rows"],
        [
            ["orders.priority = 'high'".to_owned(), high.to_string()],
            ["customers.email_verified".to_owned(), verified.to_string()],
        ],
    );
    Ok(())
}
