//! A branch for a pull request.

use sqlx::{Connection as _, PgConnection};

use super::{Cli, snapshot};
use crate::support::fixture::{on_a_project, run};

#[tokio::test]
async fn the_branch_of_a_pull_request_is_made_migrated_compared_used_and_deleted() {
    on_a_project(async |fixture| {
        let cli = Cli::of(&fixture);
        run(&fixture.main, "CREATE TABLE customers (id int PRIMARY KEY); INSERT INTO customers VALUES (7)")
            .await;
        cli.write("migrations/0001_tier.sql", "ALTER TABLE customers ADD COLUMN tier txt");
        cli.run("pr up 42 --dir migrations").expect(2).says("type \"txt\" does not exist");

        // A push with the correction: the branch is made again.
        cli.write("migrations/0001_tier.sql", "ALTER TABLE customers ADD COLUMN tier text");
        cli.run("pr up 42 --dir migrations").expect(2).says("add --yes");
        let name = cli.ok("pr up 42 --dir migrations --ttl 2h --yes");
        assert_eq!(name, format!("projects/{}/branches/ci-pr-42\n", cli.project));
        let branch = fixture.project.branch("ci-pr-42").unwrap().get().await.unwrap();
        let ends = branch.expire_time.unwrap() - chrono::Utc::now();
        assert!((110..=120).contains(&ends.num_minutes()), "{ends}");

        let comment = cli.run("pr diff 42").expect(1).stdout;
        assert!(comment.contains("pull request #42") && comment.contains("tier"), "{comment}");
        snapshot!("pr_diff", cli.json("pr diff 42", 1));
        let mut session = PgConnection::connect(cli.ok("pr url 42").trim()).await.unwrap();
        let row: (i32, Option<String>) =
            sqlx::query_as("SELECT id, tier FROM customers").fetch_one(&mut session).await.unwrap();
        assert_eq!(row, (7, None));
        session.close().await.unwrap();
        snapshot!("pr_url", cli.json("pr url 42", 0));

        cli.run("pr down 42").expect(2).says("add --yes");
        snapshot!("pr_down", cli.json("pr down 42 --yes", 0));
        cli.run("pr down 42").expect(0).says("there is no ci-pr-42");
        assert!(branch.handle().try_get().await.unwrap().is_none());
        cli.run("pr diff 42").expect(2).says("has no branch 'ci-pr-42'");
        snapshot!("pr_up", cli.json("pr up 43 --dir migrations", 0));
    })
    .await;
}
