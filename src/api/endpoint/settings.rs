//! Sizes, suspension and groups of endpoints.

use std::{ops::RangeInclusive, time::Duration};

use serde::Serialize;

use crate::{
    api::{
        expiry::days,
        wire::{endpoint::EndpointGroup, format::Seconds},
    },
    error::{Error, Result},
};

/// When an idle endpoint is suspended. The next login wakes it.
///
/// ```
/// use lakebase::{hours, model::Suspension};
///
/// let soon = Suspension::After(hours(1));
/// assert_ne!(soon, Suspension::Never);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[non_exhaustive]
pub enum Suspension {
    /// After this long without a connection: 1 minute to 7 days, whole seconds.
    After(Duration),
    /// Never: it runs, and costs, all the time.
    Never,
}

impl Suspension {
    /// The shortest and the longest time that the service accepts.
    pub const RANGE: RangeInclusive<Duration> = Duration::from_secs(60)..=days(7);

    /// Absent means never; some answers have zero seconds instead.
    pub(crate) fn from_wire(timeout: Option<Seconds>) -> Self {
        match timeout {
            Some(Seconds(time)) if !time.is_zero() => Self::After(time),
            _ => Self::Never,
        }
    }

    /// The two members of the oneof `suspension`, of which one is set.
    pub(crate) fn members(self) -> (Option<Seconds>, Option<bool>) {
        match self {
            Self::After(time) => (Some(Seconds(time)), None),
            Self::Never => (None, Some(true)),
        }
    }

    pub(crate) fn check(self) -> Result<()> {
        match self {
            Self::After(time) if !Self::RANGE.contains(&time) => Err(Error::invalid(format!(
                "a suspension after {} s is outside of 60 s to 604800 s; use Suspension::Never to keep it running",
                time.as_secs_f64()
            ))),
            _ => Ok(()),
        }
    }
}

/// The smallest and largest size of an endpoint, in compute units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Size {
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl From<RangeInclusive<f64>> for Size {
    fn from(cu: RangeInclusive<f64>) -> Self {
        Self { min: *cu.start(), max: *cu.end() }
    }
}

/// The largest size that scales, and the largest of all; between them sizes are fixed.
const LARGEST_SCALING: f64 = 64.0;
const LARGEST: f64 = 112.0;

/// Validates both bounds of a size.
pub(crate) fn check_size(Size { min, max }: Size) -> Result<()> {
    check_bound(min)?;
    check_bound(max)?;
    let wrong = |rule: &str| Err(Error::invalid(format!("a size of {min} to {max} CU {rule}")));
    if max < min {
        return wrong("ends before it starts");
    }
    if max > LARGEST_SCALING && min < max {
        return wrong("cannot scale above 64 CU; larger sizes are fixed, with the same number twice");
    }
    if max - min > 16.0 {
        return wrong("spans more than 16 CU; raise the smaller number");
    }
    Ok(())
}

/// One end of a size: the step is 0.5 and then every whole number.
pub(crate) fn check_bound(cu: f64) -> Result<()> {
    let wrong = |rule: &str| Err(Error::invalid(format!("a size of {cu} CU {rule}")));
    if !cu.is_finite() {
        return wrong("is not a number");
    }
    if cu < 0.5 {
        return wrong("is too small, the smallest is 0.5");
    }
    if cu > LARGEST {
        return wrong("is too large, the largest is 112");
    }
    if cu > 0.5 && cu.fract() != 0.0 {
        return wrong("does not exist; sizes are 0.5 and whole numbers");
    }
    Ok(())
}

/// The service wants the same number twice.
pub(crate) fn set_computes(group: &mut Option<EndpointGroup>, number: u32) {
    let group = group.get_or_insert_default();
    (group.min, group.max) = (Some(i64::from(number)), Some(i64::from(number)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suspension_sets_one_member_and_reads_back() {
        let after = Suspension::After(Duration::from_secs(300));
        assert_eq!(after.members(), (Some(Seconds::from_secs(300)), None));
        assert_eq!(Suspension::from_wire(after.members().0), after);
        assert_eq!(Suspension::Never.members(), (None, Some(true)));
        for never in [None, Some(Seconds::from_secs(0))] {
            assert_eq!(Suspension::from_wire(never), Suspension::Never);
        }
    }

    #[test]
    fn a_suspension_outside_of_the_range_is_refused_with_the_remedy() {
        for seconds in [0, 59, 604_801] {
            let error = Suspension::After(Duration::from_secs(seconds)).check().unwrap_err().to_string();
            assert!(error.contains("60 s to 604800 s") && error.contains("Suspension::Never"), "{error}");
        }
        assert!(Suspension::After(Duration::from_secs(60)).check().is_ok());
        assert!(Suspension::After(days(7)).check().is_ok());
    }

    #[test]
    fn sizes_are_judged_by_the_rules_that_all_agree_on() {
        for (min, max, good) in [
            (0.5, 4.0, true),
            (1.0, 1.0, true),
            (8.0, 24.0, true),
            (48.0, 64.0, true),
            (112.0, 112.0, true),
            (60.0, 65.0, false),
            (113.0, 113.0, false),
            (0.25, 1.0, false),
            (4.0, 1.0, false),
            (1.0, 18.0, false),
            (0.5, 1.5, false),
            (f64::NAN, 1.0, false),
            (1.0, f64::INFINITY, false),
        ] {
            assert_eq!(check_size(Size { min, max }).is_ok(), good, "{min}..={max}");
        }
    }
}
