//! Schemas and rows compared.

use super::{Cli, snapshot};
use crate::support::fixture::{number, on_a_project, run};

#[tokio::test]
async fn a_schema_difference_has_the_statuses_of_diff_and_every_format() {
    on_a_project(async |fixture| {
        let cli = Cli::of(&fixture);
        run(&fixture.main, "CREATE TABLE item (id int PRIMARY KEY)").await;
        cli.ok("branch create dev --never");
        cli.run("diff dev").expect(0).says("no difference");
        snapshot!("diff_same", cli.json("diff dev", 0));
        let dev = fixture.project.branch("dev").unwrap();
        run(&dev, "ALTER TABLE item ADD COLUMN name text; CREATE VIEW names AS SELECT name FROM item").await;

        let text = cli.run("diff dev").expect(1).says("3 added in 2 objects").stdout;
        assert!(text.contains("+     name text"), "{text}");
        let side = cli.run("diff dev -f side").expect(1).stdout;
        assert!(side.lines().any(|line| line.contains("│     name text")), "{side}");
        assert!(cli.run("diff dev -f markdown").expect(1).stdout.contains("```diff"));
        assert!(cli.run("diff dev -f html").expect(1).stdout.starts_with("<!doctype html>"));
        let sql = cli.run("diff dev -f sql").expect(1).stdout;
        assert!(sql.contains("ADD COLUMN name text"), "{sql}");
        let migration = cli.run("diff dev -f migration").expect(1).stdout;
        assert!(migration.contains("ADD COLUMN name text") && !migration.contains("BEGIN"), "{migration}");
        let backwards = cli.run("diff production --against dev -f sql").expect(1).stdout;
        assert!(backwards.contains("DROP COLUMN name"), "{backwards}");
        snapshot!("diff", cli.json("diff dev", 1));
        assert_eq!(cli.run("diff dev -f json").expect(1).stdout, cli.run("--json diff dev").stdout);
        cli.run("diff").expect(2).says("--against");
        cli.run("diff nothing").expect(2).says("has no branch 'nothing'");
    })
    .await;
}

#[tokio::test]
async fn drift_ends_with_one_where_both_sides_conflict() {
    on_a_project(async |fixture| {
        let cli = Cli::of(&fixture);
        run(&fixture.main, "CREATE TABLE item (id int)").await;
        cli.ok("branch create dev --never");
        let dev = fixture.project.branch("dev").unwrap();
        run(&dev, "ALTER TABLE item ADD COLUMN name text").await;
        let text = cli.run("drift dev").expect(0).stdout;
        assert!(text.contains("only on the branch"), "{text}");
        run(&fixture.main, "ALTER TABLE item ADD COLUMN name int").await;
        let text = cli.run("drift dev").expect(1).stdout;
        assert!(text.contains("conflicts"), "{text}");
        snapshot!("drift", cli.json("drift dev", 1));
        cli.run("drift production").expect(2).says("root branch");
        assert_eq!(fixture.project.branches().await.unwrap().len(), 2, "the temporary branch is gone");
    })
    .await;
}

#[tokio::test]
async fn rows_are_compared_and_taken_to_another_branch() {
    on_a_project(async |fixture| {
        let cli = Cli::of(&fixture);
        run(
            &fixture.main,
            "CREATE TABLE item (id int PRIMARY KEY, name text); INSERT INTO item VALUES (1, 'a')",
        )
        .await;
        cli.ok("branch create dev --never");
        cli.run("data diff dev").expect(0);
        let dev = fixture.project.branch("dev").unwrap();
        run(&dev, "INSERT INTO item VALUES (2, 'b'); UPDATE item SET name = 'c' WHERE id = 1").await;
        cli.run("data diff dev").expect(1).says("1 row added, 1 changed");
        assert!(cli.run("data diff dev -f sql").expect(1).stdout.contains("INSERT"));
        assert!(cli.run("data diff dev -f markdown").expect(1).stdout.contains("item"));
        let mut found = cli.json("data diff dev", 1);
        // Their order is that of hashes with random numbers.
        let rows = found["diff"]["tables"][0]["rows"].as_array_mut().unwrap();
        rows.sort_by_key(|row| row["change"].to_string());
        snapshot!("data_diff", found);
        cli.run("data apply dev --to production").expect(2).says("add --yes");
        cli.run("data apply dev --to production --dry-run").expect(0).says("would get");
        assert_eq!(number(&fixture.main, "SELECT count(*) FROM item").await, 1);
        snapshot!("data_apply", cli.json("data apply dev --to production --only added --yes", 0));
        assert_eq!(number(&fixture.main, "SELECT count(*) FROM item WHERE name IN ('a', 'b')").await, 2);
        cli.ok("data apply dev --to production --table item --yes");
        cli.run("data diff dev").expect(0);
    })
    .await;
}

#[tokio::test]
async fn a_branch_brings_its_own_changes_and_leaves_those_of_its_source() {
    on_a_project(async |fixture| {
        let cli = Cli::of(&fixture);
        let make = "CREATE TABLE item (id int PRIMARY KEY, name text); INSERT INTO item VALUES (1, 'a'), (2, 'a'), (3, 'a')";
        run(&fixture.main, make).await;
        cli.ok("branch create dev --never");
        cli.ok("branch create other --never");
        let dev = fixture.project.branch("dev").unwrap();
        run(&dev, "UPDATE item SET name = 'dev' WHERE id = 1").await;
        run(&fixture.main, "UPDATE item SET name = 'main' WHERE id = 2").await;
        let text = cli.run("data drift dev").expect(0).stdout;
        assert!(text.contains("ours: 1 row changed") && text.contains("theirs: 1 row changed"), "{text}");
        let found = cli.json("data drift dev", 0);
        assert_eq!((&found["conflicts"], &found["drift"]["conflict_count"]), (&0.into(), &0.into()), "{found}");
        cli.run("data apply dev --to other --own-changes --yes").expect(2).says("was not made from other");
        cli.ok("data apply dev --to production --own-changes --yes");
        assert_eq!(number(&fixture.main, "SELECT count(*) FROM item WHERE name IN ('dev', 'main')").await, 2);

        run(&dev, "UPDATE item SET name = 'dev' WHERE id = 2").await;
        let text = cli.run("data drift dev -t item").expect(1).stdout;
        assert!(text.contains("both changed it"), "{text}");
        cli.run("data apply dev --to production --own-changes --yes").expect(2);
        cli.ok("data apply dev --to production --own-changes --conflicts theirs --yes");
        assert_eq!(number(&fixture.main, "SELECT count(*) FROM item WHERE name = 'main'").await, 1);
        assert_eq!(fixture.project.branches().await.unwrap().len(), 3, "the temporary branches are gone");
    })
    .await;
}
