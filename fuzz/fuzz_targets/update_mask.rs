//! Update masks.
#![cfg_attr(feature = "libfuzzer", no_main)]

lakebase_fuzz::target!("update_mask", lakebase::fuzzing::update_mask);
