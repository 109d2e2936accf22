//! Rows of endpoints.

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::api::{name::EndpointId, wire::endpoint::EndpointType};

/// Size of a compute and its suspend timeout.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::local::control) struct Sizing {
    pub(in crate::local::control) min_cu: f64,
    pub(in crate::local::control) max_cu: f64,
    /// `None`: never suspended.
    pub(in crate::local::control) suspend_after: Option<Duration>,
}

/// Settings of endpoints that are created later.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::local::control) struct EndpointDefaults {
    pub(in crate::local::control) sizing: Sizing,
    pub(in crate::local::control) pg_settings: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::local::control) struct Endpoint {
    pub(in crate::local::control) id: EndpointId,
    pub(in crate::local::control) uid: String,
    pub(in crate::local::control) created: DateTime<Utc>,
    pub(in crate::local::control) updated: DateTime<Utc>,
    pub(in crate::local::control) kind: Kind,
    pub(in crate::local::control) sizing: Sizing,
    pub(in crate::local::control) disabled: bool,
    pub(in crate::local::control) pg_settings: BTreeMap<String, String>,
    /// The gateway's address for it; kept, so that a client's configuration outlives a restart.
    pub(in crate::local::control) address: Option<SocketAddr>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::local::control) enum Kind {
    /// The server on the branch's own directory.
    ReadWrite,
    /// A standby of it.
    ReadOnly,
}

impl From<Kind> for EndpointType {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::ReadWrite => Self::ReadWrite,
            Kind::ReadOnly => Self::ReadOnly,
        }
    }
}

/// Host and port as clients see them: port 5432 is their default and left out.
pub(in crate::local::control) fn host_and_port(address: SocketAddr) -> (String, Option<i64>) {
    let host = match address.ip() {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => ip.to_string(),
    };
    (host, (address.port() != 5432).then(|| i64::from(address.port())))
}
