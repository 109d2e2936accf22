//! The README and the guides. Their code is compiled with the documentation tests, and run where it can be; docs.rs shows
//! them here.

macro_rules! guides {
    ($($name:ident: $file:literal),+ $(,)?) => {
        $(#[doc = include_str!(concat!("../", $file))] pub mod $name {})+
    };
}

guides! {
    readme: "README.md",
    getting_started: "docs/getting-started.md",
    authentication: "docs/authentication.md",
    local_lakebase: "docs/local-lakebase.md",
    branches_and_expiry: "docs/branches-and-expiry.md",
    schema_comparison: "docs/schema-comparison.md",
    promotion: "docs/promotion.md",
    testing_with_branches: "docs/testing-with-branches.md",
    ci: "docs/ci.md",
    coming_from_the_notebooks: "docs/coming-from-the-notebooks.md",
    design: "docs/design.md",
}
