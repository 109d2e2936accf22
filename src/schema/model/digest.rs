//! Digests of compared attributes.

use std::fmt;

use serde::Serialize;

/// A digest of the compared attributes of a schema: equal exactly when [`compare`](crate::schema::compare) finds no
/// difference.
///
/// ```
/// # fn show(schema: &lakebase::schema::Schema) {
/// println!("{}", schema.fingerprint());
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(pub(super) u128);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Like FNV-1a over 128 bits, eight bytes at a time: stable between versions of the compiler, and no secret is at
/// stake.
pub(super) struct Fnv(pub(super) u128);

impl Default for Fnv {
    fn default() -> Self {
        Self(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d)
    }
}

impl Fnv {
    pub(super) fn text(&mut self, text: &str) {
        let (words, rest) = text.as_bytes().as_chunks::<8>();
        for word in words {
            self.word(u64::from_le_bytes(*word));
        }
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        self.word(u64::from_le_bytes(last));
        // The length distinguishes a text from one padded with zeros, and separates it from the next one.
        self.word(text.len() as u64);
    }

    /// Mixes the state by a bijection that feeds its upper half back to the lower.
    pub(super) fn word(&mut self, word: u64) {
        self.0 = (self.0 ^ u128::from(word)).wrapping_mul(0x2360_ed05_1fc6_5da4_4385_df64_9fcc_f645);
        self.0 ^= self.0 >> 64;
    }
}
