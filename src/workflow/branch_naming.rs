//! Branch ids from pull requests and git refs.

use crate::api::name::{BranchId, InvalidName};

/// The longest id that the service accepts.
const LONGEST: usize = 63;
/// A hyphen and eight hexadecimal digits.
const HASH: usize = 9;

impl BranchId {
    /// The id for a pull request: `ci-pr-42`.
    ///
    /// ```
    /// assert_eq!(lakebase::name::BranchId::from_pull_request(42)?.as_str(), "ci-pr-42");
    /// # Ok::<(), lakebase::error::InvalidName>(())
    /// ```
    ///
    /// # Errors
    ///
    /// None in practice: every number gives an id.
    pub fn from_pull_request(number: u64) -> Result<Self, InvalidName> {
        Self::new(format!("ci-pr-{number}"))
    }

    /// A unique id: the prefix and ten random letters.
    #[cfg(feature = "schema")]
    pub(crate) fn unique(prefix: &str) -> Result<Self, InvalidName> {
        let suffix: String = std::iter::repeat_with(fastrand::lowercase).take(10).collect();
        Self::new(format!("{prefix}-{suffix}"))
    }

    /// The id for a git branch or tag: the same one every time, and a different one for every other ref.
    ///
    /// A ref that is a valid id stays as it is. Any other ref is converted to the alphabet of ids, shortened where it
    /// is too long, and ends in eight digits of a hash of the whole ref, so that `feature/a` and `feature-a` differ.
    /// The prefix `refs/heads/` is ignored.
    ///
    /// ```
    /// use lakebase::name::BranchId;
    ///
    /// assert_eq!(BranchId::from_git_ref("hotfix")?.as_str(), "hotfix");
    /// assert_eq!(BranchId::from_git_ref("feature/Foo_Bar")?.as_str(), "feature-foo-bar-d37f47e4");
    /// # Ok::<(), lakebase::error::InvalidName>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidName`] for an empty ref.
    pub fn from_git_ref(git_ref: impl AsRef<str>) -> Result<Self, InvalidName> {
        let name = git_ref.as_ref();
        let name = name.strip_prefix("refs/heads/").unwrap_or(name);
        match Self::new(name) {
            Ok(id) if !ends_like_a_hash(name) => Ok(id),
            Err(empty) if name.is_empty() => Err(empty),
            _ => Self::new(with_hash(name)),
        }
    }
}

/// Whether a ref ends like the id of another one; it then gets a hash too, so that the two differ.
fn ends_like_a_hash(name: &str) -> bool {
    name.rsplit_once('-')
        .is_some_and(|(_, end)| end.len() == HASH - 1 && end.chars().all(|c| c.is_ascii_hexdigit()))
}

fn with_hash(name: &str) -> String {
    let mut text = String::new();
    for c in name.chars().map(|c| c.to_ascii_lowercase()) {
        match c {
            'a'..='z' | '0'..='9' => text.push(c),
            _ if text.ends_with('-') => {}
            _ => text.push('-'),
        }
    }
    let text = text.trim_matches('-');
    let text = if text.starts_with(|c: char| c.is_ascii_lowercase()) {
        text.to_owned()
    } else {
        format!("b-{text}")
    };
    let kept = text.get(..text.len().min(LONGEST - HASH)).unwrap_or_default().trim_end_matches('-');
    format!("{kept}-{:08x}", hash(name))
}

/// FNV-1a, folded to 32 bits: stable across machines and releases.
fn hash(text: &str) -> u32 {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    (hash ^ (hash >> 32)) as u32
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    fn id(name: &str) -> String {
        BranchId::from_git_ref(name).unwrap().to_string()
    }

    #[test]
    fn a_ref_that_is_an_id_stays() {
        assert_eq!(id("main"), "main");
        assert_eq!(id("refs/heads/fix-42"), "fix-42");
    }

    #[test]
    fn refs_that_look_alike_get_different_ids() {
        let refs = [
            "feature/a",
            "feature-a",
            "Feature/a",
            "feature_a",
            "feature//a",
            "refs/tags/feature-a",
            "/feature/a",
        ];
        assert_eq!(refs.map(id).into_iter().collect::<HashSet<_>>().len(), refs.len());
        let copied = id("feature/a");
        assert_ne!(id(&copied), copied);
    }

    #[test]
    fn strange_refs_give_ids_too() {
        for name in
            ["42", "ümläut", "日本", "-", "_", "a/", "-a", &"x".repeat(300), &format!("{}-", "y".repeat(62))]
        {
            assert!(id(name).len() <= 63, "{name}");
        }
        assert!(BranchId::from_git_ref("").is_err());
        assert!(BranchId::from_git_ref("refs/heads/").is_err());
        assert!(BranchId::from_pull_request(u64::MAX).is_ok());
    }

    proptest! {
        #[test]
        fn any_ref_gives_a_stable_id(name in ".{1,100}") {
            prop_assume!(name != "refs/heads/");
            prop_assert_eq!(id(&name), id(&name));
        }
    }
}
