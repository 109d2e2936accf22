//! Migrations.

use super::{Cli, snapshot};
use crate::support::fixture::{number, on_a_project, run};

#[tokio::test]
async fn migrations_are_applied_to_a_branch_rehearsed_and_promoted() {
    on_a_project(async |fixture| {
        let cli = Cli::of(&fixture);
        run(&fixture.main, "CREATE TABLE item (id int PRIMARY KEY)").await;
        cli.run("migrate status production").expect(2).says("directory with --dir");
        cli.write("migrations/1_name.sql", "ALTER TABLE item ADD COLUMN name text");
        cli.ok("branch create dev --never");

        let table = cli.run("migrate status dev").expect(1).stdout;
        assert_eq!(table, "migration  state\n1_name     pending\n");
        snapshot!("migrate_status", cli.json("migrate status dev", 1));
        let report = cli.ok("migrate apply dev");
        assert!(report.contains("1_name: applied"), "{report}");
        cli.ok("migrate status dev");
        snapshot!("migrate_apply", cli.json("migrate apply dev", 0));

        let report = cli.ok("migrate rehearse production");
        assert!(report.contains("rehearsed in") && report.contains("name text"), "{report}");
        cli.run("migrate rehearse production --stop-on table-rewrite").expect(0);
        snapshot!("migrate_rehearse", cli.json("migrate rehearse production", 0));
        cli.run("migrate promote dev --dry-run").expect(0);
        cli.run("migrate status production").expect(1);
        snapshot!("migrate_promote", cli.json("migrate promote dev", 0));
        cli.ok("migrate status production");
        let again = cli.ok("migrate promote dev");
        assert!(again.contains("nothing to do"), "{again}");

        cli.write("migrations/1_name.sql", "ALTER TABLE item ADD COLUMN name varchar");
        let changed = cli.run("migrate status dev").expect(1).stdout;
        assert!(changed.contains("applied with another text"), "{changed}");
        assert_eq!(fixture.project.branches().await.unwrap().len(), 2, "temporary branches are gone");
    })
    .await;
}

#[tokio::test]
async fn data_is_lost_on_production_only_with_a_yes() {
    on_a_project(async |fixture| {
        let cli = Cli::of(&fixture);
        run(&fixture.main, "CREATE TABLE item (id int PRIMARY KEY, name text)").await;
        cli.write("db/1_drop.sql", "ALTER TABLE item DROP COLUMN name");
        cli.ok("branch create dev --never");
        cli.ok("migrate apply dev --dir db");
        let report = cli.run("migrate promote dev --dir db").expect(1).stdout;
        assert!(report.contains("data loss") && report.contains("the target is untouched"), "{report}");
        cli.run("migrate rehearse production --dir db --stop-on data-loss").expect(1);
        cli.run("migrate apply production --dir db").expect(2).says("add --yes");
        cli.ok("migrate promote dev --dir db --yes");
        let columns = "SELECT count(*) FROM information_schema.columns WHERE table_name = 'item'";
        assert_eq!(number(&fixture.main, columns).await, 1);
        cli.run("migrate promote dev --dir db --stop-on everything").expect(2).says("data-loss");
        cli.write("db/2_wrong.sql", "ALTER TABLE item ADD COLUMN x txt");
        cli.run("migrate apply dev --dir db").expect(2).says("type \"txt\" does not exist");
    })
    .await;
}
