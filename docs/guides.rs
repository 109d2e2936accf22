//! The README and the guides as modules: their code is compiled with the documentation tests, and run where it can be;
//! docs.rs shows them here.

macro_rules! guides {
    ($($name:ident: $file:literal),+ $(,)?) => {
        $(#[doc = include_str!($file)] pub mod $name {})+
    };
}

guides! {
    readme: "../README.md",
    getting_started: "getting-started.md",
    cli: "cli.md",
    console: "console.md",
    authentication: "authentication.md",
    pools: "pools.md",
    drivers: "drivers.md",
    local_lakebase: "local-lakebase.md",
    observability: "observability.md",
    branches_and_expiry: "branches-and-expiry.md",
    schema_comparison: "schema-comparison.md",
    data: "data.md",
    promotion: "promotion.md",
    testing_with_branches: "testing-with-branches.md",
    ci: "ci.md",
    coming_from_the_notebooks: "coming-from-the-notebooks.md",
    design: "design.md",
}
