//! Migration scripts: splitting into statements.
#![cfg_attr(feature = "libfuzzer", no_main)]

use lakebase::migrate::Migration;

lakebase_fuzz::target!("sql_script", |data| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(statements) = Migration::new("fuzz", text).statements() {
        let length: usize = statements.iter().map(|statement| statement.text().len()).sum();
        assert!(length <= text.len(), "the statements are longer than their script");
    }
});
