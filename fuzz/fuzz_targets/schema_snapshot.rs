//! Recorded schemas: reading, comparing with another one and with itself, planning, printing.
#![cfg_attr(feature = "libfuzzer", no_main)]

use std::sync::LazyLock;

use lakebase::schema::{Schema, compare};

static OTHER: LazyLock<Schema> = LazyLock::new(|| {
    serde_json::from_slice(include_bytes!("../corpus/schema_snapshot/shop.json"))
        .expect("the corpus can be read")
});

lakebase_fuzz::target!("schema_snapshot", |data| {
    let Ok(schema) = serde_json::from_slice::<Schema>(data) else { return };
    assert!(compare(&schema, &schema).is_empty(), "a schema differs from itself");
    for diff in [compare(&OTHER, &schema), compare(&schema, &OTHER)] {
        let _ = (diff.to_string(), diff.markdown(), diff.html());
        if let Ok(plan) = diff.migration() {
            let _ = plan.to_sql();
        }
    }
});
