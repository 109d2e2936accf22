use lakebase::{
    ErrorKind,
    model::{AuthMethod, IdentityType, MembershipRole, RoleAttributes, RoleDefinition},
};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::support::mock::{MockService, done, gone};

const ALL: &str = "projects/shop/branches/dev/roles";
const ADA: &str = "projects/shop/branches/dev/roles/ada";

fn role() -> Value {
    json!({
        "name": ADA, "role_id": "ada", "parent": "projects/shop/branches/dev",
        "create_time": "2026-08-01T10:00:00Z", "update_time": "2026-08-01T10:00:00Z",
        "status": {
            "role_id": "ada", "postgres_role": "ada@example.com", "identity_type": "IDENTITY_TYPE_UNSPECIFIED",
            "auth_method": "LAKEBASE_OAUTH_V1", "membership_roles": ["DATABRICKS_SUPERUSER", "SOMETHING_NEW"],
            "attributes": {"bypassrls": false, "createdb": true, "createrole": false}
        }
    })
}

#[tokio::test]
async fn a_role_is_made_read_listed_and_dropped() {
    let service = MockService::new().await;
    service.on(&format!("POST {ALL}"), done(ADA, role())).await;
    service.on(&format!("GET {ADA}"), role()).await;
    service.on(&format!("GET {ALL}"), json!({"roles": [role()]})).await;
    service.on(&format!("DELETE {ADA}"), gone(ADA)).await;
    let dev = service.branch();
    let attributes = RoleAttributes { createdb: true, ..RoleAttributes::default() };
    let ada = RoleDefinition::user("ada@example.com")
        .auth_method(AuthMethod::Oauth)
        .attributes(attributes)
        .superuser();
    let made = dev.create_role(ada).id("ada").replace_existing().await.unwrap();
    assert_eq!((made.identity_type.clone(), made.attributes), (IdentityType::Unspecified, attributes));
    assert_eq!(made.membership_roles[1].as_str(), "SOMETHING_NEW");
    assert_eq!(made.handle().get().await.unwrap(), made);
    assert_eq!(dev.roles().await.unwrap(), std::slice::from_ref(&made));
    made.delete().reassign_owned_to(dev.role("app").unwrap()).await.unwrap();
    let body = json!({"spec": {
        "postgres_role": "ada@example.com", "identity_type": "USER", "auth_method": "LAKEBASE_OAUTH_V1",
        "attributes": {"bypassrls": false, "createdb": true, "createrole": false},
        "membership_roles": ["DATABRICKS_SUPERUSER"]
    }});
    assert_eq!(
        service.changes().await,
        [
            format!("POST {ALL}?role_id=ada&replace_existing=true {body}"),
            format!("DELETE {ADA}?reassign_owned_to=projects/shop/branches/dev/roles/app"),
        ]
    );
}

#[tokio::test]
async fn an_update_names_single_attributes() {
    let service = MockService::new().await;
    service.on(&format!("PATCH {ADA}"), done(ADA, role())).await;
    let ada = service.branch().role("ada").unwrap();
    ada.update().createdb(true).membership_roles([MembershipRole::DatabricksSuperuser]).await.unwrap();
    ada.update().attributes(RoleAttributes::default()).membership_roles([]).await.unwrap();
    let one =
        json!({"spec": {"attributes": {"createdb": true}, "membership_roles": ["DATABRICKS_SUPERUSER"]}});
    let all = json!({"spec": {
        "attributes": {"bypassrls": false, "createdb": false, "createrole": false}, "membership_roles": []
    }});
    let path = "spec.attributes";
    assert_eq!(
        service.changes().await,
        [
            format!("PATCH {ADA}?update_mask={path}.createdb,spec.membership_roles {one}"),
            format!(
                "PATCH {ADA}?update_mask={path}.createdb,{path}.createrole,{path}.bypassrls,spec.membership_roles {all}"
            ),
        ]
    );
    assert_eq!(ada.update().await.unwrap_err().kind(), ErrorKind::Invalid);
}

#[tokio::test]
async fn a_busy_branch_is_asked_again_and_a_second_role_refused() {
    let service = MockService::new().await;
    let busy =
        "Your project already has conflicting operations in progress. Please wait until they are complete";
    service.refuse_once(&format!("POST {ALL}"), 400, "BAD_REQUEST", busy).await;
    service.once(&format!("POST {ALL}"), done(ADA, role())).await;
    service.refuse(&format!("POST {ALL}"), 400, "BAD_REQUEST", "role with that name already exists").await;
    let dev = service.branch();
    dev.create_role(RoleDefinition::plain("ada")).await.unwrap();
    let error = dev.create_role(RoleDefinition::plain("ada")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    service.refuse(&format!("DELETE {ADA}"), 404, "NOT_FOUND", "role id not found").await;
    dev.role("ada").unwrap().delete().allow_missing().await.unwrap();
}

#[tokio::test]
async fn a_password_is_revealed_as_a_secret() {
    let service = MockService::new().await;
    service.on(&format!("POST {ADA}/password"), json!({"password": "s3cret"})).await;
    let ada = service.branch().role("ada").unwrap();
    let password = ada.reveal_password().await.unwrap();
    assert_eq!(password.expose_secret(), "s3cret");
    assert!(!format!("{password:?}").contains("s3cret"));
    assert_eq!(service.calls().await, [format!("POST {ADA}/password {{}}")]);
    let service = MockService::new().await;
    let text = "role \"ada@example.com\" has no password";
    service.refuse(&format!("POST {ADA}/password"), 400, "INVALID_PARAMETER_VALUE", text).await;
    let error = service.branch().role("ada").unwrap().reveal_password().await.unwrap_err();
    assert_eq!((error.kind(), error.service_message()), (ErrorKind::Invalid, Some(text)));
}

#[tokio::test]
async fn a_replacement_names_only_what_it_sets_and_needs_an_id() {
    let service = MockService::new().await;
    service.on(&format!("POST {ALL}"), done(ADA, role())).await;
    let dev = service.branch();
    let definition = RoleDefinition::plain("ada").createdb(false).bypassrls(true);
    dev.create_role(definition.clone()).id("ada").replace_existing().await.unwrap();
    let body =
        json!({"spec": {"postgres_role": "ada", "attributes": {"bypassrls": true, "createdb": false}}});
    assert_eq!(service.changes().await, [format!("POST {ALL}?role_id=ada&replace_existing=true {body}")]);
    let error = dev.create_role(definition).replace_existing().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.to_string().contains(".id("), "{error}");
    assert_eq!(service.changes().await.len(), 1);
}
