//! The name of an operation.

use std::{fmt, str::FromStr, sync::Arc};

use super::{InvalidName, wrong_shape};

/// The name of an operation: `{resource}/operations/{operation_id}`.
///
/// The id is the service's own and may contain `+`, `/` and `=`, so it is everything behind `/operations/`.
///
/// ```
/// use lakebase::name::OperationName;
///
/// let name: OperationName = "projects/shop/branches/dev/operations/AbC+/12==".parse()?;
/// assert_eq!(name.resource(), "projects/shop/branches/dev");
/// assert_eq!(name.id(), "AbC+/12==");
/// # Ok::<(), lakebase::error::InvalidName>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OperationName {
    text: Arc<str>,
    resource: usize,
}

impl OperationName {
    const MARK: &'static str = "/operations/";

    /// The name of the resource that the operation works on.
    pub fn resource(&self) -> &str {
        &self.text[..self.resource]
    }

    /// The service's id of the operation.
    pub fn id(&self) -> &str {
        &self.text[self.resource + Self::MARK.len()..]
    }

    /// The whole name as text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    fn read(text: &str) -> Result<Self, InvalidName> {
        let wrong = || wrong_shape("operation name", text, "{resource}/operations/{operation_id}");
        let at = text.find(Self::MARK).ok_or_else(wrong)?;
        let clean = |part: &str| !part.is_empty() && !part.contains(char::is_control);
        if !clean(&text[..at])
            || !clean(&text[at + Self::MARK.len()..])
            || text.split('/').any(|part| part == "..")
        {
            return Err(wrong());
        }
        Ok(Self { text: text.into(), resource: at })
    }
}

impl fmt::Display for OperationName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for OperationName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        Self::read(text)
    }
}

text_traits!(OperationName);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_name_needs_a_resource_and_an_id() {
        for text in [
            "operations/x",
            "/operations/x",
            "projects/p/operations/",
            "projects/p",
            "projects/../operations/x",
        ] {
            assert!(text.parse::<OperationName>().is_err(), "{text}");
        }
    }
}
