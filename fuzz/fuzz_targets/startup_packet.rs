//! First packets and passwords that the gateway reads.
#![cfg_attr(feature = "libfuzzer", no_main)]

lakebase_fuzz::target!("startup_packet", lakebase::fuzzing::startup_packet);
