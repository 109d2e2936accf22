//! The state of migrations, read without changing anything.

use lakebase::{
    ErrorKind,
    migrate::{Migration, MigrationState, Migrations},
};

use crate::support::fixture::{number, on_a_project};

#[tokio::test]
async fn each_migration_has_the_state_that_the_record_has() {
    on_a_project(async |fixture| {
        let main = &fixture.main;
        let first = Migration::new("first", "CREATE TABLE first ()");
        let all = |first: &Migration| -> Migrations {
            let half = Migration::new("half", "-- no-transaction\nCREATE TABLE half (); SELECT 1 / 0");
            let other = Migration::from_fn("other-tool", async |_| Ok(()));
            vec![first.clone(), half, Migration::new("last", "CREATE TABLE last ()"), other].into()
        };
        let states = async |first: &Migration| -> Vec<MigrationState> {
            let found = main.migration_status(all(first)).await.unwrap();
            found.into_iter().map(|migration| migration.state).collect()
        };
        use MigrationState::{Applied, Changed, Partial, Pending, Unknown};
        assert_eq!(states(&first).await, [Pending, Pending, Pending, Unknown]);
        let schemas = "SELECT count(*) FROM pg_namespace WHERE nspname = '_lakebase'";
        assert_eq!(number(main, schemas).await, 0, "looking makes no table");

        main.apply(all(&first)).await.unwrap_err();
        assert_eq!(states(&first).await, [Applied, Partial { done: Some(1) }, Pending, Unknown]);
        let rewritten = Migration::new("first", "CREATE TABLE first (id int)");
        assert_eq!(states(&rewritten).await[0], Changed);
        let twice = main.migration_status([first.clone(), first]).await.unwrap_err();
        assert_eq!(twice.kind(), ErrorKind::Invalid);
    })
    .await;
}
