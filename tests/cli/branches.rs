//! Branches: listed, created, read, changed, deleted.

use super::{Cli, snapshot};
use crate::support::fixture::{number, on_a_project, run};

#[tokio::test]
async fn branches_are_listed_as_a_table_and_drawn_as_a_tree() {
    on_a_project(async |fixture| {
        let cli = Cli::of(&fixture);
        cli.ok("branch create dev --ttl 24h");
        let table = cli.ok("branches");
        let lines: Vec<_> = table.lines().collect();
        assert!(lines[0].starts_with("branch      state"), "{table}");
        assert!(lines[1].starts_with("production  READY") && lines[1].ends_with("default"), "{table}");
        assert!(
            lines[2].starts_with("dev         READY") && lines[2].contains("production  in 1 d"),
            "{table}"
        );
        let tree = cli.ok("tree");
        assert!(tree.contains("└─ production (default") && tree.contains("   └─ dev · READY"), "{tree}");
        snapshot!("branches", cli.json("branches", 0));
        snapshot!("tree", cli.json("tree", 0));
    })
    .await;
}

#[tokio::test]
async fn a_branch_is_created_read_prolonged_protected_and_deleted() {
    on_a_project(async |fixture| {
        let cli = Cli::of(&fixture);
        // There is no lifetime by default.
        cli.run("branch create dev").expect(2).says("--ttl <TIME>|--never");
        snapshot!("branch_create", cli.json("branch create dev --ttl 2h", 0));
        cli.run("branch create dev --ttl 2h").expect(2).says("exists");
        let refused = cli.run("branch create more --from dev --never").expect(2);
        refused.says("`lakebase branch extend dev --never` takes its expiry away");
        let shown = cli.ok("branch get dev");
        assert!(
            shown.starts_with("dev\n") && shown.contains("in 2 h") && shown.contains("endpoint"),
            "{shown}"
        );
        snapshot!("branch_get", cli.json("branch get dev", 0));

        cli.run("branch extend dev --ttl 7d").expect(0).says("expires in 7 d");
        snapshot!("branch_extend", cli.json("branch extend dev --never", 0));
        cli.run("branch protect dev").expect(0).says("dev is protected");
        cli.run("branch delete dev --yes").expect(2).says("protected");
        snapshot!("branch_protect", cli.json("branch protect dev --off", 0));

        cli.run("branch delete dev").expect(2).says("add --yes");
        cli.ok("branch delete dev --yes");
        snapshot!("branch_undelete", cli.json("branch undelete dev", 0));
        assert!(fixture.project.branch("dev").unwrap().try_get().await.unwrap().is_some());
        snapshot!("branch_delete", cli.json("branch delete dev --purge --yes", 0));
        assert!(fixture.project.branch("dev").unwrap().try_get().await.unwrap().is_none());
    })
    .await;
}

#[tokio::test]
async fn a_branch_is_reset_and_restored() {
    on_a_project(async |fixture| {
        let cli = Cli::of(&fixture);
        run(&fixture.main, "CREATE TABLE item AS SELECT 1 AS id").await;
        cli.ok("branch create dev --never");
        let dev = fixture.project.branch("dev").unwrap();
        run(&dev, "INSERT INTO item VALUES (2)").await;
        let before = chrono::Utc::now().to_rfc3339();
        tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
        run(&dev, "DELETE FROM item").await;

        cli.run("branch restore dev --at yesterday").expect(2).says("'10m ago'");
        cli.run(&format!("branch restore dev --at {before}")).expect(2).says("add --yes");
        let restored = cli.json(&format!("branch restore dev --at {before} --keep-as was --yes"), 0);
        snapshot!("branch_restore", restored);
        assert_eq!(number(&dev, "SELECT count(*) FROM item").await, 2);
        let was = fixture.project.branch("was").unwrap();
        assert_eq!(number(&was, "SELECT count(*) FROM item").await, 0);

        // A branch with children is not reset.
        cli.run("branch reset dev --yes").expect(2);
        cli.ok("branch delete was --purge --yes");
        cli.run("branch reset dev").expect(2).says("loses all that was changed");
        snapshot!("branch_reset", cli.json("branch reset dev --yes", 0));
        assert_eq!(number(&dev, "SELECT count(*) FROM item").await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_branch_of_the_past_is_created_by_time_and_by_position() {
    on_a_project(async |fixture| {
        let cli = Cli::of(&fixture);
        run(&fixture.main, "CREATE TABLE item AS SELECT 1 AS id").await;
        let mut session = fixture.main.connect().await.unwrap();
        let lsn: String =
            sqlx::query_scalar("SELECT pg_current_wal_lsn()::text").fetch_one(&mut session).await.unwrap();
        run(&fixture.main, "INSERT INTO item VALUES (2)").await;
        cli.ok(&format!("branch create past --ttl 1h --at {lsn}"));
        assert_eq!(number(&fixture.project.branch("past").unwrap(), "SELECT count(*) FROM item").await, 1);
        cli.run_words(&["branch", "create", "now", "--ttl", "1h", "--from", "past", "--at", "1s ago"]);
        cli.run("branch create x --ttl 1h --at 0/zz").expect(2).says("log position");
    })
    .await;
}
