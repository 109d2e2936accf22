//! Projects.

use std::time::Duration;

use lakebase::{
    ErrorKind,
    builder::Method,
    model::{AuthMethod, CustomTag, Grant, MembershipRole, PermissionLevel, Suspension},
};
use serde_json::json;

use crate::support::fixture::{
    Fixture, client, expect, fresh_id, is_workspace, number, on, on_a_project, parts, run,
};

#[tokio::test]
async fn a_project_begins_with_the_defaults_of_the_service() {
    on_a_project(async |fixture: Fixture| {
        let project = &fixture.project;
        assert_eq!(project.display_name, project.id().to_string());
        assert_eq!(project.history_retention, Some(Duration::from_secs(604_800)));
        assert!(!project.native_login);
        assert_eq!(project.default_branch.as_ref(), Some(&fixture.main.name));
        assert_eq!(project.branch_logical_size_limit_bytes, Some(8_796_093_022_208));
        let defaults = &project.default_endpoint_settings;
        assert_eq!((defaults.min_cu, defaults.max_cu), (Some(1.0), Some(1.0)));
        assert_eq!(defaults.suspension, Some(Suspension::After(Duration::from_secs(86_400))));
        let me = fixture.lakebase.current_user().await.unwrap();
        assert_eq!(project.owner.as_deref(), Some(me.user_name.as_str()));
    })
    .await;
}

#[tokio::test]
async fn a_project_begins_with_a_branch_an_endpoint_a_role_and_a_database() {
    on_a_project(async |fixture: Fixture| {
        let main = &fixture.main;
        assert_eq!(main.id().to_string(), "production");
        assert!(main.is_default && !main.is_protected && main.expire_time.is_none());
        assert_eq!((&main.source_branch, &main.source_branch_lsn), (&None, &None));
        let endpoints = main.endpoints().await.unwrap();
        assert_eq!(endpoints.iter().map(|e| e.id().to_string()).collect::<Vec<_>>(), ["primary"]);
        let roles = main.roles().await.unwrap();
        assert_eq!(roles[0].postgres_role, *fixture.project.owner.as_ref().unwrap());
        assert_eq!(roles[0].auth_method, AuthMethod::Oauth);
        assert_eq!(roles[0].membership_roles, [MembershipRole::DatabricksSuperuser]);
        let databases = main.databases().await.unwrap();
        assert_eq!(databases[0].postgres_database, "databricks_postgres");
        assert_eq!(databases[0].role.as_ref(), Some(&roles[0].name));
    })
    .await;
}

#[tokio::test]
async fn an_id_that_is_taken_is_refused() {
    on_a_project(async |fixture: Fixture| {
        let error = fixture.lakebase.create_project(&fixture.project.id().to_string()[..]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
        assert!(parts(&error).2.contains("already exists"), "{error}");
    })
    .await;
}

#[tokio::test]
async fn a_deleted_project_shows_its_end_keeps_its_id_and_comes_back_with_its_branches() {
    on_a_project(async |fixture: Fixture| {
        let project = &fixture.project;
        fixture.branch("b").await;
        run(&fixture.main, "CREATE TABLE kept (id int)").await;
        project.delete().await.unwrap();
        let tombstone = project.handle().get().await.unwrap();
        let (deleted, purged) = (tombstone.delete_time.unwrap(), tombstone.purge_time.unwrap());
        assert_eq!((purged - deleted).num_days(), 7);
        let listed = async |deleted: bool| {
            let list = fixture.lakebase.projects();
            let list = if deleted { list.show_deleted() } else { list };
            list.await.unwrap().iter().any(|other| other.name == project.name)
        };
        assert_eq!((listed(false).await, listed(true).await), (false, true));
        let error = fixture.lakebase.create_project(&project.id().to_string()[..]).start().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
        let branches = project.branches().await.unwrap_err();
        assert_eq!(branches.kind(), ErrorKind::NotFound);

        project.handle().undelete().await.unwrap();
        assert_eq!(project.handle().get().await.unwrap().delete_time, None);
        assert_eq!(project.branches().await.unwrap().len(), 2);
        assert_eq!(number(&fixture.main, "SELECT count(*) FROM kept").await, 0);

        project.delete().await.unwrap();
        project.delete().purge().await.unwrap();
        assert_eq!(project.handle().try_get().await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn a_purged_project_leaves_its_id_free() {
    on_a_project(async |fixture: Fixture| {
        let id = fixture.project.id().to_string();
        fixture.project.delete().purge().await.unwrap();
        expect(
            &fixture.refused(&format!("GET projects/{id}"), None).await,
            404,
            "NOT_FOUND",
            "project id not found",
        );
        fixture.lakebase.create_project(id.as_str()).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_project_with_a_protected_branch_stays() {
    let lakebase = client().await;
    let create = lakebase.create_project(fresh_id("contract").as_str()).protect_default_branch();
    let project = create.await.unwrap();
    on(lakebase, project, async |fixture: Fixture| {
        assert!(fixture.main.is_protected);
        let error = fixture.project.delete().purge().await.unwrap_err();
        assert_eq!(error.status(), Some(400));
        assert!(parts(&error).2.contains("protected"), "{error}");
        fixture.main.update().protected(false).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn new_defaults_are_for_endpoints_made_later() {
    on_a_project(async |fixture: Fixture| {
        let early = fixture.branch("early").await.endpoint("primary").unwrap();
        let quick = Suspension::After(Duration::from_secs(300));
        let update = fixture.project.update().default_autoscaling(0.5..=2.0).default_suspension(quick);
        let settings = update.await.unwrap().default_endpoint_settings.clone();
        assert_eq!((settings.min_cu, settings.max_cu), (Some(0.5), Some(2.0)));
        let late = fixture.branch("late").await.endpoint("primary").unwrap().get().await.unwrap();
        assert_eq!((late.min_cu, late.max_cu, late.suspension), (Some(0.5), Some(2.0), quick));
        let early = early.get().await.unwrap();
        assert_eq!((early.min_cu, early.max_cu), (Some(1.0), Some(1.0)));
        assert_eq!(early.suspension, Suspension::After(Duration::from_secs(86_400)));
    })
    .await;
}

#[tokio::test]
async fn the_default_moves_to_another_branch() {
    on_a_project(async |fixture: Fixture| {
        let next = fixture.branch("next").await;
        let project = fixture.project.update().default_branch(next.name.clone()).await.unwrap();
        assert_eq!(project.default_branch.as_ref(), Some(&next.name));
        assert!(next.handle().get().await.unwrap().is_default);
        assert!(!fixture.main.handle().get().await.unwrap().is_default);
        let child = project.create_branch("child", lakebase::Expiry::Never).await.unwrap();
        assert_eq!(child.source_branch.as_ref(), Some(&next.name));
    })
    .await;
}

#[tokio::test]
async fn tags_are_replaced_as_a_whole_and_cleared_by_an_empty_list() {
    on_a_project(async |fixture: Fixture| {
        let (a, b) = (CustomTag::new("team", "checkout"), CustomTag::new("cost", "7"));
        let tagged = fixture.project.update().custom_tags([a, b.clone()]).await.unwrap();
        assert_eq!(tagged.custom_tags.len(), 2);
        let fewer = fixture.project.update().custom_tags([b.clone()]).await.unwrap();
        assert_eq!(fewer.custom_tags, [b]);
        let none = fixture.project.update().custom_tags([]).await.unwrap();
        assert_eq!(none.custom_tags, []);
        assert_eq!(fixture.project.handle().get().await.unwrap().custom_tags, []);
    })
    .await;
}

#[tokio::test]
async fn history_is_kept_for_two_to_thirty_five_days() {
    on_a_project(async |fixture: Fixture| {
        let call = format!("PATCH {}?update_mask=spec.history_retention_duration", fixture.project.name);
        for wrong in ["172799s", "3024001s", "0s"] {
            let body = json!({"spec": {"history_retention_duration": wrong}});
            expect(
                &fixture.refused(&call, body).await,
                400,
                "INVALID_PARAMETER_VALUE",
                "Field 'spec.history",
            );
        }
        let days = Duration::from_secs(172_800);
        assert_eq!(
            fixture.project.update().history_retention(days).await.unwrap().history_retention,
            Some(days)
        );
    })
    .await;
}

#[tokio::test]
async fn permissions_are_kept_and_the_owner_keeps_the_project() {
    on_a_project(async |fixture: Fixture| {
        if is_workspace() {
            // The principals would have to exist.
            fixture.project.permissions().get().await.unwrap();
            return;
        }
        let permissions = fixture.project.permissions();
        let owner = fixture.project.owner.clone().unwrap();
        let names = |list: lakebase::model::AccessList| -> Vec<String> {
            let show = |entry: &lakebase::model::AccessEntry| {
                format!("{} {}", entry.principal.name(), entry.permissions[0].level)
            };
            list.entries.iter().map(show).collect()
        };
        let manage = format!("{owner} CAN_MANAGE");
        assert_eq!(names(permissions.get().await.unwrap()), [manage.as_str()]);
        let app = Grant::service_principal("app", PermissionLevel::CanUse);
        assert_eq!(names(permissions.update([app]).await.unwrap()), [manage.as_str(), "app CAN_USE"]);
        let group = Grant::group("team", PermissionLevel::CanManage);
        let app = Grant::service_principal("app", PermissionLevel::CanManage);
        let both = [manage.as_str(), "app CAN_MANAGE", "team CAN_MANAGE"];
        assert_eq!(names(permissions.update([app, group.clone()]).await.unwrap()), both);
        assert_eq!(names(permissions.set([group]).await.unwrap()), [manage.as_str(), "team CAN_MANAGE"]);
        assert_eq!(names(permissions.set([]).await.unwrap()), [manage.as_str()]);

        let path = format!("/api/2.0/permissions/database-projects/{}", fixture.project.id());
        for (entry, text) in [
            (json!({"user_name": "a"}), "Field 'access_control_list.permission_level' is required"),
            (json!({"permission_level": "CAN_USE"}), "Exactly one of 'user_name'"),
            (json!({"user_name": "a", "group_name": "b", "permission_level": "CAN_USE"}), "Exactly one of"),
            (
                json!({"user_name": "a", "permission_level": "IS_OWNER"}),
                "'IS_OWNER' is not a permission level",
            ),
        ] {
            let body = json!({"access_control_list": [entry]});
            let error = fixture.lakebase.request(Method::Put, &path, body).await.unwrap_err();
            expect(&parts(&error), 400, "INVALID_PARAMETER_VALUE", text);
        }
        let missing = fixture.lakebase.project("no-such-project").unwrap().permissions().get().await;
        assert!(missing.unwrap_err().is_not_found());
    })
    .await;
}
