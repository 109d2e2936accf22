//! Private parsers, opened to the fuzz targets in `fuzz/`. Compiled with `--cfg fuzzing` only.

use std::{fmt::Display, path::Path, str::FromStr};

use crate::api::{lsn::Lsn, name};

/// Reads a first packet and a password message as the gateway does.
#[cfg(feature = "local")]
pub fn startup_packet(data: &[u8]) {
    crate::local::fuzzing::startup_packet(data);
}

/// Reads a request body of every resource as the REST API does.
#[cfg(feature = "local")]
pub fn json_body(data: &[u8]) {
    crate::local::fuzzing::json_body(data);
}

/// Resolves an update mask of every resource.
#[cfg(feature = "local")]
pub fn update_mask(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        crate::local::fuzzing::update_mask(text);
    }
}

/// Reads a `.databrickscfg` and selects profiles of it.
pub fn config_file(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        crate::auth::fuzz_config_file(Path::new("/home/fuzz/.databrickscfg"), text);
    }
}

/// Parses ids, resource names and log positions; what is accepted must print as text that is accepted again.
///
/// # Panics
///
/// When it is not.
pub fn name(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    round_trip::<name::ProjectId>(text);
    round_trip::<name::BranchId>(text);
    round_trip::<name::EndpointId>(text);
    round_trip::<name::ProjectName>(text);
    round_trip::<name::BranchName>(text);
    round_trip::<name::EndpointName>(text);
    round_trip::<name::RoleName>(text);
    round_trip::<name::DatabaseName>(text);
    round_trip::<name::OperationName>(text);
    round_trip::<Lsn>(text);
}

fn round_trip<T: FromStr + Display + PartialEq>(text: &str) {
    if let Ok(value) = text.parse::<T>() {
        let again = value.to_string().parse::<T>();
        assert!(again.is_ok_and(|again| again == value), "{text:?} prints as {value}");
    }
}
