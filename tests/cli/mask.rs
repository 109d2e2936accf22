//! Rules that hide personal data: their check, and branches that are masked by them.

use super::{Cli, snapshot};
use crate::support::fixture::{number, on_a_project, run};

#[tokio::test]
async fn rules_are_checked_and_a_branch_is_masked_by_them() {
    on_a_project(async |fixture| {
        let cli = Cli::of(&fixture);
        run(
            &fixture.main,
            "CREATE TABLE customers (id int PRIMARY KEY, email text, city text);
             INSERT INTO customers VALUES (1, 'ada@example.com', 'Berlin'), (2, 'ben@example.com', 'Bonn')",
        )
        .await;
        cli.run("mask check").expect(2).says("cannot read the rules in 'masking.toml'");
        cli.write("masking.toml", "[tables.customers]\nemail = \"no rule\"\n");
        cli.run("mask check").expect(2).says("the rules in 'masking.toml'");
        cli.write("masking.toml", "[tables.customers]\ncity = \"null\"\n");
        let found = cli.run("mask check").expect(1).stdout;
        assert!(found.contains("customers.email"), "{found}");
        snapshot!("mask_check", cli.json("mask check", 1));
        cli.run("branch create dev --never --mask masking.toml").expect(2).says("customers.email");
        assert_eq!(fixture.project.branches().await.unwrap().len(), 1);

        cli.write("rules/masking.toml", "[tables.customers]\ncity = \"null\"\nemail = \"fake_email\"\n");
        cli.run("mask check --rules rules/masking.toml").expect(0).says("the rules cover what looks personal");
        cli.run("branch create dev --never --mask rules/masking.toml").expect(0).says("masked");
        let dev = fixture.project.branch("dev").unwrap();
        let raw = "SELECT count(*) FROM customers WHERE city IS NOT NULL OR email IN ('ada@example.com', 'ben@example.com')";
        assert_eq!(number(&dev, raw).await, 0);
        assert_eq!(number(&fixture.main, raw).await, 2);
    })
    .await;
}
