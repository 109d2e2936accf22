//! Addresses of endpoints.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
};

use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;

/// The port that every PostgreSQL client assumes.
const POSTGRES_PORT: u16 = 5432;
/// How many addresses are tried before a port on 127.0.0.1 must do. Where something listens on port 5432 of all
/// addresses, none of them is free.
const TRIES: u32 = 32;

/// Which addresses endpoints get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AddressPolicy {
    /// Each endpoint its own loopback address, port 5432; where that cannot be, as [`AddressPolicy::OwnPort`].
    OwnAddress,
    /// Each endpoint a free port on 127.0.0.1.
    OwnPort,
}

impl Default for AddressPolicy {
    /// Only Linux has all of 127.0.0.0/8 without configuration.
    fn default() -> Self {
        if cfg!(target_os = "linux") { AddressPolicy::OwnAddress } else { AddressPolicy::OwnPort }
    }
}

/// Binds the endpoint's listener: where it was the last time, else by the policy.
pub(super) async fn bind(
    endpoint: &str,
    preferred: Option<SocketAddr>,
    policy: AddressPolicy,
) -> Result<TcpListener, (SocketAddr, io::Error)> {
    // The state file may name any address, but only loopback is served.
    if let Some(address) = preferred.filter(|address| address.ip().is_loopback()) {
        match TcpListener::bind(address).await {
            Ok(listener) => return Ok(listener),
            Err(error) => {
                tracing::info!(lakebase.endpoint = endpoint, %address, %error, "the endpoint's former address cannot be bound");
            }
        }
    }
    if policy == AddressPolicy::OwnAddress {
        match bind_own_address(endpoint).await {
            Ok(listener) => return Ok(listener),
            Err((address, error)) => tracing::warn!(
                lakebase.endpoint = endpoint, %address, %error,
                "no loopback address with port {POSTGRES_PORT} can be bound; taking another port of 127.0.0.1 (clients must be given the port)"
            ),
        }
    }
    let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    TcpListener::bind(any_port).await.map_err(|error| (any_port, error))
}

async fn bind_own_address(endpoint: &str) -> Result<TcpListener, (SocketAddr, io::Error)> {
    let first = host_number(endpoint);
    let mut attempt = 0;
    loop {
        let address = SocketAddr::from((loopback(first.wrapping_add(attempt)), POSTGRES_PORT));
        attempt += 1;
        match TcpListener::bind(address).await {
            Ok(listener) => return Ok(listener),
            // Another server on this machine, or another endpoint of ours, has it: the next one.
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && attempt < TRIES => {}
            Err(error) => return Err((address, error)),
        }
    }
}

fn host_number(endpoint: &str) -> u32 {
    Sha256::digest(endpoint.as_bytes()).iter().take(4).fold(0, |number, &byte| number << 8 | u32::from(byte))
}

/// One of 127.1.0.1 … 127.254.255.254. Leaves out 127.0.x.y, where 127.0.0.1 and resolvers live.
fn loopback(number: u32) -> Ipv4Addr {
    const LAST: u32 = 254;
    const SECOND: u32 = 254;
    const THIRD: u32 = 256;
    let last = number % LAST + 1;
    let third = number / LAST % THIRD;
    let second = number / LAST / THIRD % SECOND + 1;
    Ipv4Addr::from(0x7f00_0000 | second << 16 | third << 8 | last)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn own_addresses_are_hosts_of_127_and_never_of_127_0(number in any::<u32>()) {
            let [a, b, _, d] = loopback(number).octets();
            prop_assert_eq!(a, 127);
            prop_assert!(b != 0 && b != 255 && d != 0 && d != 255);
        }
    }

    #[tokio::test]
    async fn two_listeners_of_one_endpoint_get_different_addresses() {
        let one = bind("same", None, AddressPolicy::default()).await.unwrap().local_addr().unwrap();
        let held = bind("same", Some(one), AddressPolicy::default()).await.unwrap();
        let other = bind("same", Some(one), AddressPolicy::default()).await.unwrap();
        assert_ne!(held.local_addr().unwrap(), other.local_addr().unwrap());
    }

    #[tokio::test]
    async fn a_former_address_elsewhere_than_on_this_machine_is_not_used() {
        let elsewhere = SocketAddr::from(([0, 0, 0, 0], 0));
        let listener = bind("uid", Some(elsewhere), AddressPolicy::OwnPort).await.unwrap();
        assert_eq!(listener.local_addr().unwrap().ip(), Ipv4Addr::LOCALHOST);
    }
}
