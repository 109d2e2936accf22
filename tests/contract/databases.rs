//! Databases.

use lakebase::model::RoleDefinition;
use serde_json::json;

use crate::support::fixture::{Fixture, expect, number_on, on_a_project, parts};

#[tokio::test]
async fn a_database_belongs_to_a_role_that_exists() {
    on_a_project(async |fixture: Fixture| {
        let call = format!("POST {}/databases?database_id=d", fixture.main.name);
        let text = "Field 'database.spec.role' is required, expected non-default value (not \"\")!";
        let refused = fixture.refused(&call, json!({"spec": {"postgres_database": "d"}})).await;
        expect(&refused, 400, "INVALID_PARAMETER_VALUE", text);
        let missing = format!("{}/roles/does-not-exist", fixture.main.name);
        let refused =
            fixture.refused(&call, json!({"spec": {"postgres_database": "d", "role": missing}})).await;
        expect(&refused, 404, "NOT_FOUND", "role not found; role_id:\"does-not-exist\" [TraceId: ");
    })
    .await;
}

#[tokio::test]
async fn a_database_is_made_connected_to_renamed_given_away_and_dropped() {
    on_a_project(async |fixture: Fixture| {
        let (main, owner) = (&fixture.main, fixture.owner().await);
        let made = main.create_database("App \"Db\"", owner.clone()).await.unwrap();
        assert_eq!((made.postgres_database.as_str(), made.role.as_ref()), ("App \"Db\"", Some(&owner)));
        let mut inside = main.connect().database("App \"Db\"").await.unwrap();
        assert_eq!(number_on(&mut inside, "SELECT 1::bigint").await, 1);
        sqlx::Connection::close(inside).await.unwrap();
        let app = main.create_role(RoleDefinition::plain("app")).id("app").await.unwrap();
        let changed = made.update().postgres_database("shop").owner(app.name.clone()).await.unwrap();
        assert_eq!((changed.postgres_database.as_str(), changed.role.as_ref()), ("shop", Some(&app.name)));
        assert_eq!((changed.id(), changed.create_time), (made.id(), made.create_time));
        let mut inside = main.connect().database("shop").await.unwrap();
        let sql = "SELECT count(*) FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba WHERE datname = 'shop' AND rolname = 'app'";
        assert_eq!(number_on(&mut inside, sql).await, 1);
        changed.delete().await.unwrap();
        assert_eq!(changed.handle().try_get().await.unwrap(), None);
        assert!(main.connect().database("shop").await.is_err());
    })
    .await;
}

#[tokio::test]
async fn a_database_gets_an_id_where_none_is_given_and_can_be_replaced_by_it() {
    on_a_project(async |fixture: Fixture| {
        let (owner, app) = (fixture.owner().await, RoleDefinition::plain("app"));
        let app = fixture.main.create_role(app).id("app").await.unwrap();
        let made = fixture.main.create_database("nameless", owner).await.unwrap();
        assert!(!made.id().to_string().is_empty());
        assert_eq!(made.handle().get().await.unwrap().postgres_database, "nameless");
        let id = made.id().to_string();
        let replace = fixture.main.create_database("named", app.name.clone()).id(&id[..]).replace_existing();
        let replaced = replace.await.unwrap();
        assert_eq!((replaced.postgres_database.as_str(), &replaced.role), ("named", &Some(app.name)));
        assert_eq!((&replaced.name, replaced.create_time), (&made.name, made.create_time));
    })
    .await;
}

#[tokio::test]
async fn a_name_that_is_taken_is_refused() {
    on_a_project(async |fixture: Fixture| {
        let owner = fixture.owner().await;
        fixture.main.create_database("app", owner.clone()).id("app").await.unwrap();
        for (name, id) in
            [("app", "other"), ("other", "app"), ("postgres", "pg"), ("databricks_postgres", "x")]
        {
            let error = fixture.main.create_database(name, owner.clone()).id(id).await.unwrap_err();
            expect(&parts(&error), 400, "BAD_REQUEST", "database with that name already exists");
        }
    })
    .await;
}
