//! Roles.

use lakebase::model::{AuthMethod, IdentityType, MembershipRole, RoleAttributes, RoleDefinition};
use serde_json::json;
use tokio::task::JoinSet;

use crate::support::fixture::{Fixture, expect, is_workspace, number, on_a_project, parts, run};

#[tokio::test]
async fn a_plain_role_logs_in_by_password_and_an_identity_by_token() {
    on_a_project(async |fixture: Fixture| {
        let plain = fixture.main.create_role(RoleDefinition::plain("app reader")).id("reader").await.unwrap();
        assert_eq!((&plain.identity_type, &plain.auth_method), (&IdentityType::Unspecified, &AuthMethod::Password));
        assert_eq!(plain.attributes, RoleAttributes::default());
        assert_eq!(plain.membership_roles, []);
        let none = RoleDefinition::plain("no_login").auth_method(AuthMethod::NoLogin);
        assert_eq!(fixture.main.create_role(none).await.unwrap().auth_method, AuthMethod::NoLogin);
        let sql = "SELECT count(*) FROM pg_roles WHERE (rolname, rolcanlogin) IN (('app reader', true), ('no_login', false))";
        assert_eq!(number(&fixture.main, sql).await, 2);
        if !is_workspace() {
            let user = fixture.main.create_role(RoleDefinition::user("joe@example.com")).await.unwrap();
            assert_eq!((&user.identity_type, &user.auth_method), (&IdentityType::User, &AuthMethod::Oauth));
        }
    })
    .await;
}

#[tokio::test]
async fn a_role_gets_an_id_where_none_is_given() {
    on_a_project(async |fixture: Fixture| {
        let role = fixture.main.create_role(RoleDefinition::plain("nameless")).await.unwrap();
        assert!(!role.id().to_string().is_empty());
        assert_eq!(role.handle().get().await.unwrap().postgres_role, "nameless");
        let call = format!("POST {}/roles", fixture.main.name);
        expect(&fixture.refused(&call, json!({"spec": {}})).await, 400, "INVALID_PARAMETER_VALUE", "Field");
    })
    .await;
}

#[tokio::test]
async fn a_name_that_is_taken_is_refused() {
    on_a_project(async |fixture: Fixture| {
        fixture.main.create_role(RoleDefinition::plain("app")).id("app").await.unwrap();
        run(&fixture.main, "CREATE ROLE by_hand").await;
        for (name, id) in [("app", "other"), ("other", "app"), ("by_hand", "by-hand")] {
            let error = fixture.main.create_role(RoleDefinition::plain(name)).id(id).await.unwrap_err();
            expect(&parts(&error), 400, "BAD_REQUEST", "role with that name already exists");
        }
    })
    .await;
}

#[tokio::test]
async fn attributes_change_one_by_one_and_nothing_else_does() {
    on_a_project(async |fixture: Fixture| {
        let all = RoleAttributes { createdb: true, createrole: true, bypassrls: false };
        let definition = RoleDefinition::plain("app").attributes(all);
        let role = fixture.main.create_role(definition).id("app").await.unwrap();
        let changed = role.update().createdb(false).await.unwrap();
        assert_eq!(changed.attributes, RoleAttributes { createdb: false, ..all });
        let sql = "SELECT count(*) FROM pg_roles WHERE rolname = 'app' AND rolcreaterole AND NOT rolcreatedb";
        assert_eq!(number(&fixture.main, sql).await, 1);
        for path in ["spec.postgres_role", "spec.identity_type", "spec.auth_method", "postgres_role"] {
            let call = format!("PATCH {}?update_mask={path}", role.name);
            let refused = fixture.refused(&call, json!({"spec": {"postgres_role": "x"}})).await;
            let text = format!("Unknown field path in update_mask: '{path}'");
            expect(&refused, 400, "INVALID_PARAMETER_VALUE", &text);
        }
        let spec = json!({"spec": {"postgres_role": "renamed", "attributes": {"bypassrls": true}}});
        fixture.operation(&format!("PATCH {}?update_mask=spec", role.name), spec).await;
        let read = role.handle().get().await.unwrap();
        assert_eq!((read.postgres_role.as_str(), read.attributes.bypassrls), ("app", true));
    })
    .await;
}

#[tokio::test]
async fn membership_is_given_and_taken() {
    on_a_project(async |fixture: Fixture| {
        let role = fixture.main.create_role(RoleDefinition::plain("app").superuser()).id("app").await.unwrap();
        let member = "SELECT count(*) FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member
            JOIN pg_roles g ON g.oid = m.roleid WHERE r.rolname = 'app' AND g.rolname = 'databricks_superuser'";
        assert_eq!(number(&fixture.main, member).await, 1);
        assert_eq!(role.update().membership_roles([]).await.unwrap().membership_roles, []);
        assert_eq!(number(&fixture.main, member).await, 0);
        let back = role.update().membership_roles([MembershipRole::DatabricksSuperuser]).await.unwrap();
        assert_eq!(back.membership_roles, [MembershipRole::DatabricksSuperuser]);
    })
    .await;
}

#[tokio::test]
async fn a_replacement_keeps_attributes_that_it_does_not_name_and_replaces_memberships() {
    on_a_project(async |fixture: Fixture| {
        let all = RoleAttributes { createdb: true, createrole: true, bypassrls: false };
        let definition = RoleDefinition::plain("app").attributes(all).superuser();
        let role = fixture.main.create_role(definition).id("app").await.unwrap();
        // Name, identity and method of the replacement are ignored.
        let other = RoleDefinition::user("other@example.com").createdb(false);
        let replaced = fixture.main.create_role(other).id("app").replace_existing().await.unwrap();
        assert_eq!(replaced.attributes, RoleAttributes { createdb: false, ..all });
        assert_eq!((replaced.membership_roles.len(), replaced.create_time), (0, role.create_time));
        assert_eq!((replaced.postgres_role.as_str(), &replaced.auth_method), ("app", &AuthMethod::Password));
        let sql =
            "SELECT count(*) FROM pg_roles r WHERE rolname = 'app' AND rolcreaterole AND NOT rolcreatedb
            AND NOT EXISTS (SELECT FROM pg_auth_members m WHERE m.member = r.oid)";
        assert_eq!(number(&fixture.main, sql).await, 1);
        // Without an id this is the ordinary creation.
        let call = format!("POST {}/roles?replace_existing=true", fixture.main.name);
        let refused = fixture.refused(&call, json!({"spec": {"postgres_role": "app"}})).await;
        expect(&refused, 400, "BAD_REQUEST", "role with that name already exists");
    })
    .await;
}

#[tokio::test]
async fn a_mask_of_the_whole_role_replaces_its_memberships() {
    on_a_project(async |fixture: Fixture| {
        let all = RoleAttributes { createdb: true, createrole: true, bypassrls: true };
        let definition = RoleDefinition::plain("app").attributes(all).superuser();
        let role = fixture.main.create_role(definition).id("app").await.unwrap();
        let call = |mask: &str| format!("PATCH {}?update_mask={mask}", role.name);
        let read = async |operation: serde_json::Value| {
            let status = &operation["response"]["status"];
            let on = |name: &str| status["attributes"][name].as_bool().unwrap();
            let members = status["membership_roles"].as_array().map_or(0, Vec::len);
            (on("createdb"), on("createrole"), on("bypassrls"), members)
        };
        let superuser = json!(["DATABRICKS_SUPERUSER"]);
        let partial = json!({"spec": {"attributes": {"createdb": false}}});
        let whole = json!({"spec": {
            "attributes": {"createdb": true, "createrole": true, "bypassrls": false}, "membership_roles": superuser
        }});
        let spec = fixture.operation(&call("spec"), partial.clone()).await;
        assert_eq!(read(spec).await, (false, true, true, 0));
        for mask in ["*", "spec,spec.attributes.createdb", "spec,spec.membership_roles"] {
            let text = "Field 'spec.attributes.";
            expect(&fixture.refused(&call(mask), partial.clone()).await, 400, "INVALID_PARAMETER_VALUE", text);
            let changed = fixture.operation(&call(mask), whole.clone()).await;
            assert_eq!(read(changed).await, (true, true, false, 1), "{mask}");
        }
        let leaf = fixture.operation(&call("spec.attributes.createdb"), partial).await;
        assert_eq!(read(leaf).await, (false, true, false, 1));
        let path = "spec.auth_method";
        let refused = fixture.refused(&call(&format!("spec,{path}")), whole).await;
        let text = format!("Unknown field path in update_mask: '{path}'");
        expect(&refused, 400, "INVALID_PARAMETER_VALUE", &text);
    })
    .await;
}

#[tokio::test]
async fn a_role_that_owns_something_goes_only_when_another_takes_it_over() {
    on_a_project(async |fixture: Fixture| {
        let app = fixture.main.create_role(RoleDefinition::plain("app")).id("app").await.unwrap();
        let successor =
            fixture.main.create_role(RoleDefinition::plain("successor")).id("successor").await.unwrap();
        fixture.main.create_database("app_db", app.name.clone()).id("app-db").await.unwrap();
        let error = app.delete().await.unwrap_err();
        assert_eq!(error.status().unwrap_or(400), 400, "{error}");
        assert!(error.to_string().contains("app_db"), "{error}");
        app.handle().get().await.unwrap();
        app.delete().reassign_owned_to(successor.name.clone()).await.unwrap();
        assert_eq!(app.handle().try_get().await.unwrap(), None);
        let sql = "SELECT count(*) FROM pg_database d JOIN pg_roles r ON r.oid = datdba
            WHERE datname = 'app_db' AND rolname = 'successor'";
        assert_eq!(number(&fixture.main, sql).await, 1);
        let database = fixture.main.handle().database("app-db").unwrap().get().await.unwrap();
        assert_eq!(database.role.as_ref(), Some(&successor.name));
    })
    .await;
}

#[tokio::test]
async fn roles_and_databases_may_be_asked_for_at_once() {
    on_a_project(async |fixture: Fixture| {
        let owner = fixture.owner().await;
        let mut made = JoinSet::new();
        for n in 0..4 {
            let (main, owner) = (fixture.main.clone(), owner.clone());
            // The service may refuse one of two at once; the client tries again.
            made.spawn(async move {
                main.create_role(RoleDefinition::plain(format!("r{n}"))).await.unwrap();
                main.create_database(format!("d{n}"), owner).await.unwrap();
            });
        }
        made.join_all().await;
        assert_eq!(fixture.main.roles().await.unwrap().len(), 5);
        assert_eq!(fixture.main.databases().await.unwrap().len(), 5);
    })
    .await;
}
