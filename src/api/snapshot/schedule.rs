//! Schedules of automatic snapshots.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};

use crate::{
    api::{
        branch::Branch,
        client::Lakebase,
        operation::Operation,
        request::{read, sent_when_awaited, start},
        resource::sealed::Read,
        wire::{
            format::{Seconds, open_enum},
            snapshot::{Cadence as WireCadence, ScheduleRule as WireRule, SnapshotSchedule as Wire},
        },
    },
    error::{Error, Result},
    http::Request,
};

open_enum! {
    /// A day of the week.
    ///
    /// ```
    /// assert_eq!(lakebase::model::Weekday::Monday.as_str(), "MONDAY");
    /// ```
    pub enum Weekday {
        /// Monday.
        Monday => "MONDAY",
        /// Tuesday.
        Tuesday => "TUESDAY",
        /// Wednesday.
        Wednesday => "WEDNESDAY",
        /// Thursday.
        Thursday => "THURSDAY",
        /// Friday.
        Friday => "FRIDAY",
        /// Saturday.
        Saturday => "SATURDAY",
        /// Sunday.
        Sunday => "SUNDAY",
    }
}

/// How often a snapshot is taken, at a full hour (0 to 23) of UTC.
///
/// ```
/// use lakebase::model::{Cadence, Weekday};
///
/// let sunday_night = Cadence::Weekly { day: Weekday::Sunday, hour: 3 };
/// # let _ = sunday_night;
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[non_exhaustive]
pub enum Cadence {
    /// Every day.
    Daily {
        /// 0 to 23, UTC.
        hour: u8,
    },
    /// Once a week.
    Weekly {
        /// On this day.
        day: Weekday,
        /// 0 to 23, UTC.
        hour: u8,
    },
    /// Once a month; a day that the month does not have is its last one.
    Monthly {
        /// 1 to 31.
        day: u8,
        /// 0 to 23, UTC.
        hour: u8,
    },
    /// A cadence that this version of the crate does not know.
    Unknown,
}

/// One line of a schedule: how often, and how long each snapshot is kept.
///
/// ```
/// use lakebase::{days, model::{Cadence, ScheduleRule}};
///
/// let nightly = ScheduleRule::new(Cadence::Daily { hour: 2 }, days(7));
/// assert_eq!(nightly.retention, days(7));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[non_exhaustive]
pub struct ScheduleRule {
    /// When snapshots are taken.
    pub cadence: Cadence,
    /// How long each is kept, at least an hour; it holds for snapshots taken from now on.
    pub retention: Duration,
}

impl ScheduleRule {
    /// Creates a rule of a schedule.
    pub fn new(cadence: Cadence, retention: Duration) -> Self {
        Self { cadence, retention }
    }

    fn check(&self) -> Result<()> {
        let (hour, day) = match self.cadence {
            Cadence::Daily { hour } | Cadence::Weekly { hour, .. } => (hour, 1),
            Cadence::Monthly { day, hour } => (hour, day),
            Cadence::Unknown => {
                return Err(Error::invalid("a schedule cannot be set to a cadence that is not known"));
            }
        };
        if hour > 23 {
            return Err(Error::invalid(format!("the hour {hour} of a schedule is not one of 0 to 23")));
        }
        if !(1..=31).contains(&day) {
            return Err(Error::invalid(format!("the day {day} of a schedule is not one of 1 to 31")));
        }
        if self.retention < Duration::from_secs(3600) {
            let kept = self.retention.as_secs_f64();
            return Err(Error::invalid(format!(
                "a snapshot kept for {kept} s is too short, the least is an hour"
            )));
        }
        Ok(())
    }
}

/// The snapshots that the service takes of a branch by itself; without rules, it takes none.
///
/// ```no_run
/// # async fn example(branch: lakebase::Branch) -> lakebase::Result<()> {
/// use lakebase::{days, model::{Cadence, ScheduleRule}};
///
/// branch.set_snapshot_schedule([ScheduleRule::new(Cadence::Daily { hour: 2 }, days(7))]).await?;
/// assert_eq!(branch.snapshot_schedule().await?.rules.len(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SnapshotSchedule {
    /// Snapshots that fall together are one, kept for the longest time.
    pub rules: Vec<ScheduleRule>,
}

impl Read for SnapshotSchedule {
    const ITEMS: &'static str = "";

    fn read<'de, D: Deserializer<'de>>(_: &Lakebase, answer: D) -> Result<Self, D::Error> {
        let wire = Wire::deserialize(answer)?;
        Ok(Self { rules: wire.schedule.into_iter().map(ScheduleRule::from).collect() })
    }
}

impl From<WireRule> for ScheduleRule {
    fn from(wire: WireRule) -> Self {
        let small =
            |number: Option<i64>| number.and_then(|number| u8::try_from(number).ok()).unwrap_or_default();
        let cadence = match (wire.daily_schedule, wire.weekly_schedule, wire.monthly_schedule) {
            (Some(at), ..) => Cadence::Daily { hour: small(at.hour) },
            (None, Some(at), _) => Cadence::Weekly {
                day: Weekday::from(at.day_of_week.as_deref().unwrap_or_default()),
                hour: small(at.hour),
            },
            (None, None, Some(at)) => Cadence::Monthly { day: small(at.day), hour: small(at.hour) },
            (None, None, None) => Cadence::Unknown,
        };
        Self { cadence, retention: wire.retention.map(|seconds| seconds.0).unwrap_or_default() }
    }
}

impl From<ScheduleRule> for WireRule {
    fn from(rule: ScheduleRule) -> Self {
        let wire = Self { retention: Some(Seconds(rule.retention)), ..Self::default() };
        let at = |hour: u8| WireCadence { hour: Some(i64::from(hour)), ..WireCadence::default() };
        match rule.cadence {
            Cadence::Daily { hour } => Self { daily_schedule: Some(at(hour)), ..wire },
            Cadence::Weekly { day, hour } => {
                let weekly = WireCadence { day_of_week: Some(day.as_str().to_owned()), ..at(hour) };
                Self { weekly_schedule: Some(weekly), ..wire }
            }
            Cadence::Monthly { day, hour } => {
                let monthly = WireCadence { day: Some(i64::from(day)), ..at(hour) };
                Self { monthly_schedule: Some(monthly), ..wire }
            }
            Cadence::Unknown => wire,
        }
    }
}

impl Branch {
    /// Reads the schedule of automatic snapshots of this branch.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound) when the branch does not exist.
    pub async fn snapshot_schedule(&self) -> Result<SnapshotSchedule> {
        let path = format!("{}/snapshot-schedule", self.name());
        read(self.client(), Request::get(&path, format!("reading the snapshot schedule of {}", self.name())))
            .await
    }

    /// Replaces the schedule; no rules at all switch it off.
    pub fn set_snapshot_schedule(
        &self,
        rules: impl IntoIterator<Item = ScheduleRule>,
    ) -> SetSnapshotSchedule {
        SetSnapshotSchedule { branch: self.clone(), rules: rules.into_iter().collect() }
    }
}

/// A request to replace the schedule of a branch: [`Branch::set_snapshot_schedule`].
///
/// ```no_run
/// # async fn example(branch: lakebase::Branch) -> lakebase::Result<()> {
/// branch.set_snapshot_schedule([]).await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Awaiting it: [`Invalid`](crate::ErrorKind::Invalid) for an hour, a day or a retention outside of its range, before
/// anything is sent; [`NotFound`](crate::ErrorKind::NotFound) when the branch does not exist. Also the errors of
/// [waiting](crate::Operation#errors) and of [any call](crate::builder::RawRequest#errors).
#[derive(Debug, Clone)]
#[must_use = "nothing is sent until the request is awaited"]
pub struct SetSnapshotSchedule {
    branch: Branch,
    rules: Vec<ScheduleRule>,
}

impl SetSnapshotSchedule {
    /// Sends the change and returns the operation without waiting.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::ErrorKind::Invalid) for a rule outside of its range,
    /// [`NotFound`](crate::ErrorKind::NotFound) when the branch does not exist.
    pub async fn start(self) -> Result<Operation<SnapshotSchedule>> {
        let Self { branch, rules } = self;
        let context = format!("setting the snapshot schedule of {}", branch.name());
        rules
            .iter()
            .try_for_each(ScheduleRule::check)
            .map_err(|error| error.with_context(context.clone()))?;
        let body = Wire { name: None, schedule: rules.into_iter().map(WireRule::from).collect() };
        let request = Request::patch(&format!("{}/snapshot-schedule", branch.name()), &body, context)?;
        start(branch.client(), request.query("update_mask", "schedule").idempotent()).await
    }

    async fn run(self) -> Result<SnapshotSchedule> {
        self.start().await?.await
    }
}

sent_when_awaited!(SetSnapshotSchedule => SnapshotSchedule);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::expiry::{days, hours};

    #[test]
    fn every_cadence_survives_the_way_to_the_service_and_back() {
        for cadence in [
            Cadence::Daily { hour: 0 },
            Cadence::Weekly { day: Weekday::Sunday, hour: 23 },
            Cadence::Monthly { day: 31, hour: 3 },
        ] {
            let rule = ScheduleRule::new(cadence, days(7));
            assert!(rule.check().is_ok());
            assert_eq!(ScheduleRule::from(WireRule::from(rule.clone())), rule);
        }
    }

    #[test]
    fn hours_days_and_retentions_outside_of_their_range_are_refused() {
        for (rule, part) in [
            (ScheduleRule::new(Cadence::Daily { hour: 24 }, days(1)), "0 to 23"),
            (ScheduleRule::new(Cadence::Monthly { day: 0, hour: 1 }, days(1)), "1 to 31"),
            (ScheduleRule::new(Cadence::Daily { hour: 1 }, hours(1) - Duration::from_secs(1)), "an hour"),
            (ScheduleRule::new(Cadence::Unknown, days(1)), "not known"),
        ] {
            let error = rule.check().unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
