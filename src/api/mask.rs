//! Field masks: the paths that an update changes.

use crate::{
    api::{expiry::Expiry, wire::format::Seconds},
    error::{Error, Result},
};

/// The paths of an update. A setter that writes a value adds its path, so neither can be forgotten.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mask(Vec<&'static str>);

impl Mask {
    pub(crate) fn add(&mut self, path: &'static str) {
        if !self.0.contains(&path) {
            self.0.push(path);
        }
    }

    /// The value of `update_mask`.
    pub(crate) fn text(&self, what: &str) -> Result<String> {
        if self.0.is_empty() {
            return Err(Error::invalid(format!(
                "the update of {what} changes nothing; set at least one value before awaiting it"
            )));
        }
        Ok(self.0.join(","))
    }
}

/// The three members of the oneof `expiration`; exactly one is set.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Expiration {
    pub(crate) ttl: Option<Seconds>,
    pub(crate) expire_time: Option<chrono::DateTime<chrono::Utc>>,
    pub(crate) no_expiry: Option<bool>,
}

impl From<Expiry> for Expiration {
    fn from(expiry: Expiry) -> Self {
        let nothing = Self::default();
        match expiry {
            Expiry::After(ttl) => Self { ttl: Some(Seconds(ttl)), ..nothing },
            Expiry::At(time) => Self { expire_time: Some(time), ..nothing },
            Expiry::Never => Self { no_expiry: Some(true), ..nothing },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::expiry::hours;

    #[test]
    fn a_path_is_named_once_and_an_empty_mask_is_refused() {
        let mut mask = Mask::default();
        assert!(mask.text("branch b").unwrap_err().to_string().contains("changes nothing"));
        mask.add("spec.expiration");
        mask.add("spec.is_protected");
        mask.add("spec.expiration");
        assert_eq!(mask.text("branch b").unwrap(), "spec.expiration,spec.is_protected");
    }

    #[test]
    fn an_expiry_sets_exactly_one_member() {
        for expiry in [Expiry::after(hours(1)), Expiry::at(chrono::Utc::now()), Expiry::Never] {
            let e = Expiration::from(expiry);
            let set = [e.ttl.is_some(), e.expire_time.is_some(), e.no_expiry == Some(true)];
            assert_eq!(set.iter().filter(|set| **set).count(), 1, "{expiry:?}");
        }
    }
}
