//! Size and suspend timeout of a compute, and the PostgreSQL settings that follow from the size.

use std::time::Duration;

use crate::{
    api::wire::{endpoint::EndpointGroup, format::Seconds},
    local::{
        control::{
            error_response::ErrorResponse,
            state::{Kind, Sizing},
        },
        engine::ComputeSettings,
    },
};

const GIB: u64 = 1 << 30;
const SHORTEST_TIMEOUT: Duration = Duration::from_secs(60);
const LONGEST_TIMEOUT: Duration = Duration::from_secs(604_800);

/// The service's defaults for a project that chooses none.
pub(in crate::local::control) const DEFAULT: Sizing =
    Sizing { min_cu: 1.0, max_cu: 1.0, suspend_after: Some(Duration::from_secs(86_400)) };

/// The chosen member of the oneof `suspension`: `Some(None)` is "never", `None` is "not given".
pub(in crate::local::control) fn suspension(
    timeout: Option<Seconds>,
    never: Option<bool>,
) -> Result<Option<Option<Duration>>, ErrorResponse> {
    match (timeout, never) {
        (None, None) => Ok(None),
        (None, Some(true)) => Ok(Some(None)),
        (None, Some(false)) => Err(ErrorResponse::invalid(
            "Field 'no_suspension' must be true when it is given; set 'suspend_timeout_duration' to suspend the endpoint",
        )),
        (Some(Seconds(timeout)), None) if (SHORTEST_TIMEOUT..=LONGEST_TIMEOUT).contains(&timeout) => {
            Ok(Some(Some(timeout)))
        }
        (Some(timeout), None) => Err(ErrorResponse::invalid(format!(
            "Field 'suspend_timeout_duration' must be between 60s and 604800s, got '{timeout}'"
        ))),
        (Some(_), Some(_)) => Err(ErrorResponse::invalid(
            "Only one of 'suspend_timeout_duration' and 'no_suspension' may be specified",
        )),
    }
}

/// Applies the limits of a spec. A single limit moves the other one along rather than cross it.
pub(in crate::local::control) fn resize(
    sizing: &mut Sizing,
    min_cu: Option<f64>,
    max_cu: Option<f64>,
    suspension: Option<Option<Duration>>,
) -> Result<(), ErrorResponse> {
    match (min_cu, max_cu) {
        (Some(min), None) => (sizing.min_cu, sizing.max_cu) = (min, sizing.max_cu.max(min)),
        (None, Some(max)) => (sizing.min_cu, sizing.max_cu) = (sizing.min_cu.min(max), max),
        (Some(min), Some(max)) => (sizing.min_cu, sizing.max_cu) = (min, max),
        (None, None) => {}
    }
    if let Some(suspension) = suspension {
        sizing.suspend_after = suspension;
    }
    check(sizing)
}

/// Half a unit or a whole number up to 112; a range ends at 64 and spans 16 at most.
pub(in crate::local::control) fn check(sizing: &Sizing) -> Result<(), ErrorResponse> {
    let Sizing { min_cu, max_cu, .. } = *sizing;
    for (field, cu) in [("autoscaling_limit_min_cu", min_cu), ("autoscaling_limit_max_cu", max_cu)] {
        if cu != 0.5 && !(cu.fract() == 0.0 && (1.0..=112.0).contains(&cu)) {
            return Err(ErrorResponse::invalid(format!(
                "Field '{field}' must be 0.5 or a whole number from 1 to 112, got {cu}"
            )));
        }
    }
    if min_cu > max_cu {
        return Err(ErrorResponse::invalid(format!(
            "Field 'autoscaling_limit_min_cu' ({min_cu}) must not exceed 'autoscaling_limit_max_cu' ({max_cu})"
        )));
    }
    if min_cu < max_cu && max_cu > 64.0 {
        return Err(ErrorResponse::invalid(format!(
            "Field 'autoscaling_limit_max_cu' of an autoscaling endpoint must be at most 64, got {max_cu}; larger sizes are fixed (minimum = maximum)"
        )));
    }
    if max_cu - min_cu > 16.0 {
        return Err(ErrorResponse::invalid(format!(
            "'autoscaling_limit_max_cu' - 'autoscaling_limit_min_cu' must be at most 16, got {}",
            max_cu - min_cu
        )));
    }
    Ok(())
}

/// A group of one is what every endpoint is; a larger one is high availability. The compute of a read-only endpoint is
/// a readable secondary itself.
pub(in crate::local::control) fn check_group(group: &EndpointGroup, kind: Kind) -> Result<(), ErrorResponse> {
    let (min, max) = (group.min.unwrap_or(1), group.max.unwrap_or(1));
    if min != max || !(1..=4).contains(&min) {
        return Err(ErrorResponse::invalid(format!(
            "'group.min' ({min}) and 'group.max' ({max}) must be equal and from 1 to 4"
        )));
    }
    if min > 1 || kind == Kind::ReadWrite && group.enable_readable_secondaries == Some(true) {
        return Err(ErrorResponse::not_implemented(
            "High availability (a group of more than one compute, readable secondaries) is",
            "leave 'group.min' and 'group.max' at 1 and the secondaries off: the next login starts a compute that died, and a read-only endpoint answers reads",
        ));
    }
    Ok(())
}

/// The PostgreSQL settings of an endpoint's size: the connections follow the service's table for the maximum.
pub(in crate::local::control) fn settings(
    sizing: &Sizing,
    pg_settings: &std::collections::BTreeMap<String, String>,
) -> ComputeSettings {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "from 0.5 to 112, as checked"
    )]
    let (max_connections, memory_bytes) =
        ((sizing.max_cu * 209.82) as u32, (sizing.max_cu * 2.0 * GIB as f64) as u64);
    ComputeSettings {
        max_connections: max_connections.min(4000),
        memory_bytes,
        pg_settings: super::pg_settings::allowed(pg_settings),
    }
}
