//! Ids: the last segment of a name, which the caller chooses.

use std::{fmt, str::FromStr, sync::Arc};

use super::{FromService, InvalidName};

const RULE: &str =
    "an id has 1 to 63 characters of a-z, 0-9 and '-', starts with a letter and does not end with '-'";

/// The rule that the service states in its own refusals: `^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$`.
fn check_id(kind: &'static str, text: &str) -> Result<(), InvalidName> {
    let reason = if text.is_empty() {
        format!("it is empty; {RULE}")
    } else if let Some((at, wrong)) = text.chars().enumerate().find(|&(at, c)| !allowed(at, c)) {
        format!("{wrong:?} at position {} is not allowed; {RULE}", at + 1)
    } else if text.len() > 63 {
        format!("it has {} characters; {RULE}", text.len())
    } else if text.ends_with('-') {
        format!("it ends with '-'; {RULE}")
    } else {
        return Ok(());
    };
    Err(InvalidName::new(kind, text, reason))
}

fn allowed(position: usize, c: char) -> bool {
    c.is_ascii_lowercase() || (position > 0 && (c.is_ascii_digit() || c == '-'))
}

/// The rule for new ids does not apply to ids in answers, which only have to be one path segment.
fn check_segment(kind: &'static str, text: &str) -> Result<(), InvalidName> {
    if text.is_empty() || text == "." || text == ".." || text.contains(|c: char| c == '/' || c.is_control()) {
        return Err(InvalidName::new(kind, text, "it is not one path segment"));
    }
    Ok(())
}

macro_rules! id {
    ($(#[$doc:meta])* $id:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $id(Arc<str>);

        impl $id {
            /// Checks the text against the id rule.
            ///
            /// # Errors
            ///
            /// [`InvalidName`] with the rule and the first character that breaks it.
            pub fn new(text: impl AsRef<str>) -> Result<Self, InvalidName> {
                check_id($kind, text.as_ref())?;
                Ok(Self(text.as_ref().into()))
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromService for $id {
            fn from_service(text: &str) -> Result<Self, InvalidName> {
                check_segment($kind, text)?;
                Ok(Self(text.into()))
            }
        }

        text_traits!($id);

        impl AsRef<str> for $id {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl fmt::Display for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl FromStr for $id {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, InvalidName> {
                Self::new(text)
            }
        }
    };
}

id! {
    /// The id of a project: the part that its creator chooses.
    ///
    /// ```
    /// assert_eq!(lakebase::name::ProjectId::new("shop")?.as_str(), "shop");
    /// # Ok::<(), lakebase::error::InvalidName>(())
    /// ```
    ProjectId, "project id"
}
id! {
    /// The id of a branch within its project.
    ///
    /// ```
    /// assert!(lakebase::name::BranchId::new("ci-pr-42").is_ok());
    /// assert!(lakebase::name::BranchId::new("feature/42").is_err());
    /// ```
    BranchId, "branch id"
}
id! {
    /// The id of an endpoint (a compute) within its branch.
    ///
    /// ```
    /// assert!(lakebase::name::EndpointId::new("primary").is_ok());
    /// ```
    EndpointId, "endpoint id"
}
id! {
    /// The id of a role within its branch; not the PostgreSQL role name.
    ///
    /// ```
    /// assert!(lakebase::name::RoleId::new("app-reader").is_ok());
    /// ```
    RoleId, "role id"
}
id! {
    /// The id of a database within its branch; not the PostgreSQL database name.
    ///
    /// ```
    /// assert!(lakebase::name::DatabaseId::new("databricks-postgres").is_ok());
    /// ```
    DatabaseId, "database id"
}
id! {
    /// The id of a snapshot within its project.
    ///
    /// ```
    /// assert!(lakebase::name::SnapshotId::new("before-release").is_ok());
    /// ```
    SnapshotId, "snapshot id"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_names_the_rule_and_the_first_wrong_character() {
        for (text, part) in [
            ("", "it is empty"),
            ("Dev", "'D' at position 1"),
            ("1dev", "'1' at position 1"),
            ("-dev", "'-' at position 1"),
            ("de_v", "'_' at position 3"),
            ("dév", "'é' at position 2"),
            ("dev/..", "'/' at position 4"),
            ("dev\0", "'\\0' at position 4"),
            ("dev-", "it ends with '-'"),
            (&"a".repeat(64), "it has 64 characters"),
        ] {
            let message = BranchId::new(text).unwrap_err().to_string();
            assert!(message.contains(part), "{text:?}: {message}");
            assert!(message.starts_with("branch id '"), "{message}");
            assert!(message.contains("1 to 63 characters"), "{message}");
        }
    }

    #[test]
    fn ids_at_the_edges_are_accepted() {
        for text in ["a", "a1", "a-b", &"a".repeat(63)] {
            assert_eq!(BranchId::new(text).unwrap().as_str(), text);
        }
    }
}
