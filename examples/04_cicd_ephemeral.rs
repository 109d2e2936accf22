//! A branch per pull request: three at once, each migrated and tested on production's data, one of them fails.
//!
//! `cargo run --example 04_cicd_ephemeral`

mod shared;

use clap::Parser;
use futures_util::future::join_all;
use lakebase::{Branch, Expiry, hours, migrate::Migration};
use shared::{
    Options, Result,
    service::Service,
    shop::{self, Shop},
    ui,
};

struct PullRequest {
    number: u32,
    title: &'static str,
    migration: &'static str,
    test: &'static str,
    /// The name of the rows that the test counts.
    counts: &'static str,
}

const PULL_REQUESTS: [PullRequest; 3] = [
    PullRequest {
        number: 42,
        title: "Add customer loyalty tiers",
        migration: "ALTER TABLE ecommerce.customers ADD COLUMN IF NOT EXISTS loyalty_tier varchar(20) DEFAULT 'bronze'",
        test: "SELECT count(loyalty_tier) FROM ecommerce.customers",
        counts: "customers with a tier",
    },
    PullRequest {
        number: 43,
        title: "Add order priority (missing backfill)",
        // Production may have the column from another example; the pull request defines it anew.
        migration: "ALTER TABLE ecommerce.orders DROP COLUMN IF EXISTS priority;
                    ALTER TABLE ecommerce.orders ADD COLUMN priority varchar(10) DEFAULT 'normal'",
        test: "SELECT count(*) FROM ecommerce.orders WHERE total > 500 AND priority = 'high'",
        counts: "orders over 500 with priority 'high'",
    },
    PullRequest {
        number: 44,
        title: "Add product ratings",
        migration:
            "ALTER TABLE ecommerce.products ADD COLUMN IF NOT EXISTS avg_rating decimal(3, 2) DEFAULT 0.00;
                    UPDATE ecommerce.products SET avg_rating = round((1 + random() * 4)::numeric, 2)",
        test: "SELECT count(*) FROM ecommerce.products WHERE avg_rating BETWEEN 1.0 AND 5.0",
        counts: "products rated between 1.0 and 5.0",
    },
];

#[tokio::main]
async fn main() -> std::process::ExitCode {
    let options = Options::parse();
    shared::run("A branch per pull request", |service| show(service, options)).await
}

async fn show(service: Service, options: Options) -> Result<()> {
    let shop = Shop::open(&service).await?;
    let mut production = shop.production.connect().await?;
    let columns = "SELECT count(*) FROM information_schema.columns WHERE table_schema = 'ecommerce'";
    let before = shop::count(&mut production, columns).await?;

    ui::step(1, "Three branches at once, for one hour each");
    let all = join_all(PULL_REQUESTS.iter().map(|request| check(request, shop.production.handle())));
    let (outcomes, took) = ui::timed("branching, migrating, testing", all).await;
    ui::field("took", ui::duration(took));

    ui::step(2, "The report");
    let rows = PULL_REQUESTS.iter().zip(&outcomes).map(|(request, outcome)| {
        let (result, found) = match outcome {
            Ok(0) => ("FAILED", format!("0 {}", request.counts)),
            Ok(n) => ("passed", format!("{n} {}", request.counts)),
            Err(error) => ("FAILED", error.to_string()),
        };
        [format!("#{}", request.number), request.title.to_owned(), result.to_owned(), found]
    });
    ui::table(&["pull request", "title", "result", "found"], rows);
    let passed = outcomes.iter().filter(|outcome| matches!(outcome, Ok(1..))).count();
    let total = outcomes.len();
    ui::say(format!("{passed} passed, {} failed, {total} total", total - passed));

    ui::step(3, "Production");
    let customers = shop::count(&mut production, "SELECT count(*) FROM ecommerce.customers").await?;
    let after = shop::count(&mut production, columns).await?;
    if before != after {
        return Err(format!("production had {before} columns and now has {after}").into());
    }
    ui::ok(format!("unchanged: {after} columns, {customers} customers"));

    if options.cleanup {
        for request in &PULL_REQUESTS {
            shop.project.branch(branch_id(request))?.delete().allow_missing().await?;
        }
        ui::ok("branches deleted");
    }
    Ok(())
}

/// Branches, migrates and runs the test; an error is this pull request's own.
async fn check(request: &PullRequest, production: &Branch) -> Result<i64> {
    let branch = shop::fresh_branch(production, &branch_id(request), Expiry::after(hours(1))).await?;
    let migration = Migration::new(branch_id(request), request.migration);
    branch.apply(&migration).await?;
    shop::count(&mut branch.connect().await?, request.test).await
}

fn branch_id(request: &PullRequest) -> String {
    format!("ci-pr-{}", request.number)
}
