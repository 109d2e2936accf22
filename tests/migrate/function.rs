//! Migrations that a function runs: those of SeaORM.

use lakebase::{
    Branch, ConnectionInfo, ErrorKind, Expiry, hours,
    migrate::{self, ApplyOptions, Migration, Outcome, PromotionOutcome},
};
use sea_orm_migration::{
    MigrationName, MigrationTrait, MigratorTrait, SchemaManager,
    sea_orm::{DbErr, SqlxPostgresConnector},
};

use crate::support::fixture::{Fixture, number, on_a_project, run};

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(AddTier)]
    }
}

struct AddTier;

impl MigrationName for AddTier {
    fn name(&self) -> &'static str {
        "m20261130_000001_add_tier"
    }
}

#[sea_orm_migration::async_trait::async_trait]
impl MigrationTrait for AddTier {
    async fn up(&self, manager: &SchemaManager) -> std::result::Result<(), DbErr> {
        let sql = "ALTER TABLE customers ADD COLUMN tier text NOT NULL DEFAULT 'bronze'";
        sea_orm_migration::sea_orm::ConnectionTrait::execute_unprepared(manager.get_connection(), sql)
            .await
            .map(drop)
    }
}

async fn up(info: ConnectionInfo) -> Result {
    let pool = info.pool(Default::default()).await?;
    let database = SqlxPostgresConnector::from_sqlx_postgres_pool(pool.as_pg_pool().clone());
    let done = Migrator::up(&database, None).await;
    pool.close().await;
    Ok(done?)
}

async fn with_customers(fixture: &Fixture) -> Branch {
    run(&fixture.main, "CREATE TABLE customers (id bigint PRIMARY KEY)").await;
    fixture.main.create_branch("dev", Expiry::After(hours(1))).await.unwrap().into()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migrator_of_sea_orm_is_rehearsed_and_promoted() {
    on_a_project(async |fixture| {
        let dev = with_customers(&fixture).await;
        let migration = Migration::from_fn("sea-orm", up);
        let applied = dev.apply(&migration).await.unwrap();
        assert_eq!(applied.migrations[0].outcome, Outcome::Applied);
        let report = dev.promote(&migration).await.unwrap();
        assert_eq!(report.outcome, PromotionOutcome::Promoted, "{report}");
        let rehearsal = report.rehearsal.unwrap();
        assert!(rehearsal.diff.to_string().contains("tier"), "{}", rehearsal.diff);
        let recorded = "SELECT count(*) FROM seaql_migrations";
        assert_eq!(number(&fixture.main, recorded).await, 1);
        // SeaORM's own record keeps it from running twice.
        fixture.main.apply(&migration).await.unwrap();
        assert_eq!(number(&fixture.main, recorded).await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_fails_stops_the_promotion_in_the_rehearsal() {
    on_a_project(async |fixture| {
        let dev = with_customers(&fixture).await;
        let broken = Migration::from_fn("broken", async |info: ConnectionInfo| {
            let mut connection = info.connect().await?;
            sqlx::query("ALTER TABLE customers ADD COLUMN half text").execute(&mut connection).await?;
            Err("the second half is missing".into())
        });
        let error = dev.promote(&broken).await.unwrap_err();
        let text = format!("{error:?}");
        assert!(text.contains("migration 'broken' failed"), "{text}");
        assert!(text.contains("the second half is missing"), "{text}");
        let columns =
            "SELECT count(*) FROM pg_attribute WHERE attrelid = 'customers'::regclass AND attname = 'half'";
        assert_eq!(number(&fixture.main, columns).await, 0, "the target is untouched");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_alone_does_not_do() {
    on_a_project(async |fixture| {
        let mut connection = fixture.main.connect().await.unwrap();
        let migration = Migration::from_fn("sea-orm", up);
        let error = migrate::apply(&mut connection, &migration, &ApplyOptions::default()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.to_string().contains("Branch::apply"), "{error}");
    })
    .await;
}
