use std::time::Duration;

use chrono::{TimeDelta, Utc};

use super::{
    expiry, ids,
    mask::{self, BranchField, DatabaseField, EndpointField, MaskField, ProjectField, RoleField},
    sizing,
};
use crate::{
    api::{
        expiry::Expiry,
        name::BranchId,
        wire::{branch::BranchSpec, format::Seconds},
    },
    local::control::state::Sizing,
};

#[test]
fn a_missing_and_a_malformed_id_are_refused_in_the_service_s_words() {
    assert_eq!(
        ids::parse::<BranchId>("branch_id", "").unwrap_err().message,
        "Field 'branch_id' is required, expected non-default value (not \"\")!"
    );
    assert_eq!(
        ids::parse::<BranchId>("database_id", "Invalid_DB_ID").unwrap_err().message,
        "Field database_id must match pattern ^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$, got 'Invalid_DB_ID'."
    );
    for bad in ["..", "a/b", "ü", "-a", "a-", "a\0", &"a".repeat(64)] {
        assert!(ids::parse::<BranchId>("branch_id", bad).is_err(), "{bad:?}");
    }
    ids::parse::<BranchId>("branch_id", "a").unwrap();
}

#[test]
fn masks_know_their_paths() {
    fn good<F: MaskField + std::fmt::Debug>(mask: &str) {
        assert!(mask::parse::<F>(mask).is_ok(), "{mask}");
    }
    fn bad<F: MaskField + std::fmt::Debug>(path: &str) {
        let error = mask::parse::<F>(&format!("spec,{path}")).err().unwrap();
        assert_eq!(error.message, format!("Unknown field path in update_mask: '{path}'"));
    }
    good::<ProjectField>(
        "spec,spec.display_name,spec.default_endpoint_settings.suspension,initial_branch_spec",
    );
    good::<BranchField>("spec.is_protected,spec.expiration");
    good::<EndpointField>("spec.suspension,spec.settings,spec.settings.pg_settings,spec.group.min");
    good::<RoleField>("spec,spec.attributes,spec.attributes.createdb,spec.membership_roles");
    good::<DatabaseField>("spec.postgres_database,spec.role");
    bad::<EndpointField>("spec.suspend_timeout_duration");
    bad::<BranchField>("spec.ttl");
    bad::<BranchField>("spec.no_expiry");
    bad::<ProjectField>("spec.project_default_settings.suspension");
    bad::<ProjectField>("display_name");
    bad::<RoleField>("spec.postgres_role");
    assert!(mask::parse::<BranchField>("").is_err());
}

#[test]
fn a_named_field_must_be_in_the_body_and_a_partial_spec_need_not() {
    let none = |_| Ok(false);
    let branch = |mask: &str| mask::parse::<BranchField>(mask).unwrap();
    let error = mask::apply(&branch("spec.expiration"), none).unwrap_err();
    assert_eq!(error.message, "Field 'spec.expiration' is in update_mask but not provided in request");
    mask::apply(&branch("spec"), none).unwrap();
    mask::apply(&branch("*"), none).unwrap_err();
    // All fields of a message but the map of settings.
    let defaults = mask::parse::<ProjectField>("spec.default_endpoint_settings").unwrap();
    mask::apply(&defaults, |field| Ok(field != ProjectField::PgSettings)).unwrap();
    mask::apply(&defaults, |field| Ok(field != ProjectField::Suspension)).unwrap_err();
}

#[test]
fn exactly_one_member_of_the_expiration_may_be_given() {
    let ttl = Some(Seconds::from_secs(60));
    let never = |no_expiry| BranchSpec { no_expiry: Some(no_expiry), ..Default::default() };
    assert_eq!(expiry::chosen(&BranchSpec::default()), Ok(None));
    assert_eq!(expiry::chosen(&never(true)), Ok(Some(Expiry::Never)));
    assert!(expiry::chosen(&never(false)).is_err());
    assert!(expiry::chosen(&BranchSpec { ttl, ..never(true) }).is_err());
}

#[test]
fn a_ttl_counts_from_creation_and_ends_within_thirty_days() {
    let now = Utc::now();
    let day = TimeDelta::days(1);
    let after = |days: u64| Expiry::After(Duration::from_secs(days * 86_400));
    assert_eq!(expiry::resolve(after(2), now - day, now), Ok(Some(now + day)));
    assert!(expiry::resolve(after(1), now - day - day, now).is_err(), "it would have ended yesterday");
    assert!(expiry::resolve(after(30), now, now).is_ok());
    let error = expiry::resolve(after(31), now, now).unwrap_err();
    assert!(error.message.starts_with("expiration time exceeds the maximum expiration time [TraceId: "));
    assert!(expiry::resolve(Expiry::After(Duration::MAX), now, now).is_err());
    assert!(expiry::resolve(Expiry::At(now - day), now, now).is_err());
}

#[test]
fn sizes_follow_the_rules() {
    let check = |min_cu, max_cu| sizing::check(&Sizing { min_cu, max_cu, suspend_after: None }).is_ok();
    for (min, max) in [(0.5, 0.5), (0.5, 16.0), (1.0, 1.0), (48.0, 64.0), (112.0, 112.0), (80.0, 80.0)] {
        assert!(check(min, max), "{min}-{max}");
    }
    for (min, max) in [
        (0.25, 1.0),
        (0.0, 1.0),
        (1.5, 2.0),
        (4.0, 2.0),
        (0.5, 17.0),
        (64.0, 65.0),
        (113.0, 113.0),
        (f64::NAN, 1.0),
    ] {
        assert!(!check(min, max), "{min}-{max}");
    }
}

#[test]
fn connections_follow_the_largest_size() {
    for (cu, connections) in
        [(0.5, 104), (1.0, 209), (2.0, 419), (4.0, 839), (8.0, 1678), (16.0, 3357), (32.0, 4000)]
    {
        let sizing = Sizing { min_cu: 0.5, max_cu: cu, suspend_after: None };
        assert_eq!(sizing::settings(&sizing, &Default::default()).max_connections, connections, "{cu}");
    }
}

#[test]
fn suspension_is_a_timeout_in_bounds_or_never() {
    let seconds = |n| Some(Seconds::from_secs(n));
    assert_eq!(sizing::suspension(None, Some(true)), Ok(Some(None)));
    assert_eq!(sizing::suspension(seconds(60), None), Ok(Some(Some(Duration::from_secs(60)))));
    assert_eq!(sizing::suspension(None, None), Ok(None));
    for (timeout, never) in
        [(seconds(59), None), (seconds(604_801), None), (None, Some(false)), (seconds(60), Some(true))]
    {
        assert!(sizing::suspension(timeout, never).is_err(), "{timeout:?} {never:?}");
    }
}
