//! Uids and ids that the service generates.

/// A random UUID (version 4) as text.
pub(crate) fn uuid() -> String {
    let random = fastrand::u128(..);
    let bits = (random & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
    let hex = format!("{bits:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

const ADJECTIVES: [&str; 24] = [
    "amber", "autumn", "bold", "bright", "calm", "crimson", "curly", "damp", "dawn", "gentle", "green",
    "icy", "late", "little", "lively", "misty", "noble", "patient", "proud", "quiet", "royal", "silent",
    "spring", "wild",
];
const NOUNS: [&str; 24] = [
    "bird", "brook", "cloud", "dew", "dream", "feather", "field", "fire", "fog", "forest", "frost", "glade",
    "hill", "lake", "leaf", "meadow", "moon", "paper", "pine", "rain", "river", "snow", "star", "wave",
];

/// `br-crimson-fire-d28lb2ez`: words that are easy to distinguish, and a unique suffix.
pub(super) fn uid(prefix: &str) -> String {
    let (a, n) = (ADJECTIVES[fastrand::usize(..24)], NOUNS[fastrand::usize(..24)]);
    format!("{prefix}-{a}-{n}-{}", tail(8))
}

/// The id of a role or database whose creator chose none: `rol-x7k2-9dk3mz01`.
pub(super) fn generated_id(prefix: &str) -> String {
    format!("{prefix}-{}-{}", tail(4), tail(8))
}

/// An operation id as the service shapes them: base64, so it may hold `+`, `/` and `=`.
pub(super) fn operation_id() -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    STANDARD.encode(fastrand::u128(..).to_be_bytes())
}

fn tail(length: usize) -> String {
    let letters = b"abcdefghijklmnopqrstuvwxyz0123456789";
    (0..length).map(|_| char::from(letters[fastrand::usize(..letters.len())])).collect()
}

/// The role id of an identity: the part before the `@` in lower case, everything else as `-`.
pub(super) fn role_id_of(identity: &str) -> String {
    let local = identity.split('@').next().unwrap_or_default().to_ascii_lowercase();
    let clean: String = local.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let clean = clean.trim_matches('-');
    let id = if clean.starts_with(|c: char| c.is_ascii_lowercase()) {
        clean.to_owned()
    } else {
        format!("sp-{clean}")
    };
    let id: String = id.chars().take(63).collect();
    id.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::name::{BranchId, RoleId};

    #[test]
    fn a_uuid_has_the_version_and_variant_bits() {
        let uuid = uuid();
        assert_eq!(uuid.len(), 36);
        assert_eq!(&uuid[14..15], "4");
        assert!("89ab".contains(&uuid[19..20]), "{uuid}");
    }

    #[test]
    fn generated_ids_follow_the_id_rule() {
        assert!(BranchId::new(uid("br")).is_ok());
        assert!(RoleId::new(generated_id("rol")).is_ok());
        for user in ["Jane.Doe@example.com", "7a-x", "@", "", &"x.".repeat(50)] {
            assert!(RoleId::new(role_id_of(user)).is_ok(), "{user}");
        }
        assert_eq!(role_id_of("Jane.Doe+x@example.com"), "jane-doe-x");
    }
}
