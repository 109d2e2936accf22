//! `update_mask`.

use serde_json::{Value, json};

use crate::support::fixture::{Fixture, expect, on_a_project};

const CODE: &str = "INVALID_PARAMETER_VALUE";

#[tokio::test]
async fn an_unknown_path_is_refused_before_everything_else() {
    on_a_project(async |fixture: Fixture| {
        let (project, main) = (&fixture.project.name, &fixture.main.name);
        for (resource, path) in [
            (project.to_string(), "display_name"),
            (project.to_string(), "spec.project_default_settings.suspension"),
            (main.to_string(), "spec.ttl"),
            (main.to_string(), "spec.no_expiry"),
            (main.to_string(), "spec.expire_time"),
            (format!("{main}/endpoints/primary"), "spec.suspend_timeout_duration"),
            (format!("{main}/endpoints/primary"), "spec.endpoint_type"),
        ] {
            // Together with a known path whose value is missing, which would be refused as well.
            for mask in [path.to_owned(), format!("spec,{path}")] {
                let refused =
                    fixture.refused(&format!("PATCH {resource}?update_mask={mask}"), json!({})).await;
                expect(&refused, 400, CODE, &format!("Unknown field path in update_mask: '{path}'"));
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_known_path_must_be_in_the_body() {
    on_a_project(async |fixture: Fixture| {
        let (project, main) = (&fixture.project.name, &fixture.main.name);
        for (resource, path, missing) in [
            (project.to_string(), "spec.display_name", "spec.display_name"),
            (project.to_string(), "spec.custom_tags", "spec.custom_tags"),
            (main.to_string(), "spec.is_protected", "spec.is_protected"),
            (main.to_string(), "spec.expiration", "spec.expiration"),
            (format!("{main}/endpoints/primary"), "spec.suspension", "spec.suspension"),
            (
                project.to_string(),
                "spec.default_endpoint_settings",
                "spec.default_endpoint_settings.autoscaling_limit_min_cu",
            ),
        ] {
            let call = format!("PATCH {resource}?update_mask={path}");
            let text = format!("Field '{missing}' is in update_mask but not provided in request");
            expect(&fixture.refused(&call, json!({"spec": {}})).await, 400, CODE, &text);
        }
    })
    .await;
}

#[tokio::test]
async fn a_whole_message_requires_all_its_fields_but_the_settings() {
    on_a_project(async |fixture: Fixture| {
        let call = format!("PATCH {}?update_mask=spec.default_endpoint_settings", fixture.project.name);
        let sizes = json!({"autoscaling_limit_min_cu": 1, "autoscaling_limit_max_cu": 2});
        let refused = fixture.refused(&call, json!({"spec": {"default_endpoint_settings": sizes}})).await;
        let text = "Field 'spec.default_endpoint_settings.suspension' is in update_mask but not provided in request";
        expect(&refused, 400, CODE, text);
        let all = json!({"autoscaling_limit_min_cu": 1, "autoscaling_limit_max_cu": 2, "suspend_timeout_duration": "300s"});
        let operation = fixture.operation(&call, json!({"spec": {"default_endpoint_settings": all}})).await;
        let settings = &operation["response"]["status"]["default_endpoint_settings"];
        assert_eq!(settings["suspend_timeout_duration"], "300s", "{operation}");
    })
    .await;
}

#[tokio::test]
async fn a_partial_spec_leaves_the_rest_and_a_star_wants_everything() {
    on_a_project(async |fixture: Fixture| {
        let project = &fixture.project.name;
        let body = json!({"spec": {"display_name": "Partly"}});
        let operation = fixture.operation(&format!("PATCH {project}?update_mask=spec"), body.clone()).await;
        let status = &operation["response"]["status"];
        assert_eq!(
            (&status["display_name"], &status["history_retention_duration"]),
            (&json!("Partly"), &json!("604800s"))
        );
        let refused = fixture.refused(&format!("PATCH {project}?update_mask=*"), body.clone()).await;
        assert_eq!((refused.0, refused.1.as_str()), (400, CODE), "{refused:?}");
        let refused = fixture.refused(&format!("PATCH {project}"), body.clone()).await;
        expect(&refused, 400, CODE, "Field 'update_mask' is required");
        let tolerated = format!("PATCH {project}?update_mask=spec.display_name%2Cinitial_branch_spec");
        fixture.operation(&tolerated, body).await;
    })
    .await;
}

#[tokio::test]
async fn what_the_mask_does_not_name_is_ignored() {
    on_a_project(async |fixture: Fixture| {
        let call = format!("PATCH {}/endpoints/primary?update_mask=spec.suspension", fixture.main.name);
        let body = json!({"spec": {"no_suspension": true, "autoscaling_limit_max_cu": 99, "disabled": true}});
        let operation = fixture.operation(&call, body).await;
        let status: &Value = &operation["response"]["status"];
        assert_eq!(
            (status["disabled"].as_bool(), status["autoscaling_limit_max_cu"].as_f64()),
            (Some(false), Some(1.0))
        );
    })
    .await;
}
