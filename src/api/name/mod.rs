//! Ids and names of resources.
//!
//! An *id* is the last segment that the caller chooses (`dev-readonly`), a *name* is the whole path that the
//! service uses (`projects/shop/branches/dev-readonly`). Both are checked when they are constructed, so an invalid one
//! fails before anything is sent, with the rule and the offending character in the error.
//!
//! ```
//! use lakebase::name::{BranchId, BranchName};
//!
//! let name: BranchName = "projects/shop/branches/dev-readonly".parse()?;
//! assert_eq!(name.id().as_str(), "dev-readonly");
//! assert_eq!(name.project().to_string(), "projects/shop");
//!
//! let wrong = "Dev_1".parse::<BranchId>().unwrap_err();
//! assert!(wrong.to_string().contains("'D' at position 1"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

/// The traits of every id and name, by way of its text.
macro_rules! text_traits {
    ($type:ident) => {
        impl std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({self})", stringify!($type))
            }
        }

        impl TryFrom<&str> for $type {
            type Error = InvalidName;

            fn try_from(text: &str) -> Result<Self, InvalidName> {
                text.parse()
            }
        }

        impl TryFrom<String> for $type {
            type Error = InvalidName;

            fn try_from(text: String) -> Result<Self, InvalidName> {
                text.parse()
            }
        }

        impl TryFrom<&String> for $type {
            type Error = InvalidName;

            fn try_from(text: &String) -> Result<Self, InvalidName> {
                text.parse()
            }
        }

        impl From<&$type> for $type {
            fn from(value: &$type) -> Self {
                value.clone()
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

/// Reads an id or a name in an answer of the service, which may break the rule for new ones. Ids and names of callers,
/// also in configuration files, must follow the rule.
pub(crate) trait FromService: Sized {
    fn from_service(text: &str) -> Result<Self, InvalidName>;
}

mod id;
mod operation;
mod resource;

pub use id::{BranchId, DatabaseId, EndpointId, ProjectId, RoleId, SnapshotId};
pub use operation::OperationName;
pub use resource::{BranchName, DatabaseName, EndpointName, ProjectName, RoleName, SnapshotName};

/// Why a text is not an id or a resource name.
///
/// ```
/// use lakebase::name::ProjectId;
///
/// let error = ProjectId::new("shop!").unwrap_err();
/// assert_eq!(error.value(), "shop!");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} '{value}' is not valid: {reason}")]
pub struct InvalidName {
    kind: &'static str,
    value: String,
    reason: String,
}

impl InvalidName {
    /// The text that was refused.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// The kind of name that the text should be: `branch id`, `project name` …
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    fn new(kind: &'static str, value: &str, reason: impl Into<String>) -> Self {
        Self { kind, value: value.to_owned(), reason: reason.into() }
    }
}

fn wrong_shape(kind: &'static str, text: &str, shape: &str) -> InvalidName {
    InvalidName::new(kind, text, format!("its shape is {shape}"))
}

impl From<InvalidName> for crate::error::Error {
    fn from(error: InvalidName) -> Self {
        Self::wrap(crate::error::ErrorKind::Invalid, error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_configuration_is_held_to_the_rule_and_an_answer_of_the_service_is_not() {
        assert!(serde_json::from_str::<BranchId>("\"Dev_1\"").is_err());
        assert!(serde_json::from_str::<BranchName>("\"projects/shop/branches/Dev_1\"").is_err());
        assert_eq!(BranchId::from_service("Dev_1").unwrap().as_str(), "Dev_1");
        let name = BranchName::from_service("projects/shop/branches/Dev_1").unwrap();
        assert_eq!(name.to_string(), "projects/shop/branches/Dev_1");
        assert!(BranchId::from_service("a/b").is_err());
    }

    proptest! {
        #[test]
        fn an_accepted_id_survives_every_round_trip(text in "[a-z]([a-z0-9-]{0,61}[a-z0-9])?") {
            let id = BranchId::new(&text).unwrap();
            let name = ProjectName::new("shop".parse().unwrap()).branch(id.clone());
            prop_assert_eq!(name.to_string().parse::<BranchName>().unwrap(), name.clone());
            prop_assert_eq!(serde_json::from_str::<BranchName>(&serde_json::to_string(&name).unwrap()).unwrap(), name.clone());
            let url = url::Url::parse("http://h/").unwrap().join(&name.to_string()).unwrap();
            prop_assert_eq!(url.path(), format!("/{name}"));
        }

        #[test]
        fn no_text_makes_a_parser_panic(text in "\\PC*") {
            let _ = BranchId::new(&text);
            let _ = text.parse::<EndpointName>();
            let _ = text.parse::<OperationName>();
        }
    }
}
