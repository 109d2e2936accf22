//! Ids, resource names and positions in the log.
#![cfg_attr(feature = "libfuzzer", no_main)]

lakebase_fuzz::target!("name", lakebase::fuzzing::name);
