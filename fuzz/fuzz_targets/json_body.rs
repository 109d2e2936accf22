//! Bodies that the REST API of the local Lakebase reads, and answers that the client reads.
#![cfg_attr(feature = "libfuzzer", no_main)]

lakebase_fuzz::target!("json_body", lakebase::fuzzing::json_body);
