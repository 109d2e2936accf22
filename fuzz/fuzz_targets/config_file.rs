//! `.databrickscfg` files.
#![cfg_attr(feature = "libfuzzer", no_main)]

lakebase_fuzz::target!("config_file", lakebase::fuzzing::config_file);
