//! URLs, variables and programs that connect.

use sqlx::{Connection as _, PgConnection};

use super::{Cli, snapshot};
use crate::support::fixture::{on_a_project, run};

#[tokio::test]
async fn a_url_and_variables_connect_to_the_branch() {
    on_a_project(async |fixture| {
        let cli = Cli::of(&fixture);
        cli.ok("branch create dev --never");
        let dev = fixture.project.branch("dev").unwrap();
        run(&dev, "CREATE TABLE only_here ()").await;
        let url = cli.ok("url dev");
        let mut session = PgConnection::connect(url.trim()).await.unwrap();
        sqlx::query("SELECT FROM only_here").execute(&mut session).await.unwrap();
        let bare = cli.ok("url dev --no-password");
        assert!(bare.contains("@127.") && !bare.contains(":eyJ") && bare.len() < url.len(), "{bare}");

        let script = format!("{}\nexec psql -X -At -c 'SELECT count(*) FROM only_here'", cli.ok("env dev"));
        let mut shell = std::process::Command::new("/bin/sh");
        let ran = crate::support::child::output(shell.args(["-c", &script]));
        assert_eq!(String::from_utf8(ran.stdout).unwrap().trim(), "0", "{:?}", String::from_utf8(ran.stderr));
        let dotenv = cli.ok("env dev --dotenv");
        assert!(dotenv.starts_with("DATABASE_URL='postgresql://") && !dotenv.contains("export"), "{dotenv}");
        snapshot!("url", cli.json("url dev", 0));
        snapshot!("env", cli.json("env dev", 0));
    })
    .await;
}

#[tokio::test]
async fn a_mask_hides_the_password_from_a_log_of_ci_and_is_refused_elsewhere() {
    on_a_project(async |fixture| {
        let mut cli = Cli::of(&fixture);
        let refused = cli.run("url production --mask").expect(2).says("leave --mask away");
        assert!(refused.stdout.is_empty() && !refused.stderr.contains("add-mask"), "{refused:?}");
        cli.variables.push(("GITHUB_ACTIONS", "true".to_owned()));
        let ran = cli.run("url production --mask").expect(0);
        assert!(ran.stderr.contains(&format!("::add-mask::{}", ran.stdout.trim())), "{ran:?}");
        assert_eq!(ran.stdout.lines().count(), 1);
        assert_eq!(cli.run("env production --mask").expect(0).stderr.matches("::add-mask::").count(), 2);
    })
    .await;
}

#[tokio::test]
async fn psql_gets_its_password_by_the_environment() {
    on_a_project(async |fixture| {
        let cli = Cli::of(&fixture);
        let ran = cli.run_words(&["psql", "-c", "select 41 + 1 as answer", "--", "-At"]).expect(0);
        assert_eq!(ran.says("branch production (the default)").stdout, "42\n");
        cli.write("two.sql", "select 2;");
        assert_eq!(cli.ok("psql production -f two.sql -- -At"), "2\n");
        let in_order = ["psql", "-f", "two.sql", "-c", "select 3", "-f", "two.sql", "--", "-At"];
        assert_eq!(cli.run_words(&in_order).expect(0).stdout, "2\n3\n2\n");
        // The exit status is that of psql.
        cli.run_words(&["psql", "-c", "select oops"]).expect(1).says("oops");
        let arguments = cli.run_words(&["psql", "-c", r"\! tr '\0' ' ' < /proc/$PPID/cmdline", "--", "-At"]);
        assert!(arguments.stdout.contains("psql -c") && !arguments.stdout.contains("eyJ"), "{arguments:?}");
        // Nothing in the environment leads it elsewhere.
        let mut led_astray = Cli::of(&fixture);
        for (name, value) in
            [("PGHOSTADDR", "127.0.0.254"), ("PGSERVICE", "other"), ("PGOPTIONS", "-c oops=1")]
        {
            led_astray.variables.push((name, value.to_owned()));
        }
        assert_eq!(led_astray.run_words(&["psql", "-c", "select 1", "--", "-At"]).expect(0).stdout, "1\n");
        let shown = led_astray.run_words(&["exec", "--allow-default", "--", "env"]).expect(0).stdout;
        assert!(
            shown.contains("PGHOST=") && !shown.contains("PGHOSTADDR") && !shown.contains("PGSERVICE"),
            "{shown}"
        );
    })
    .await;
}

#[tokio::test]
async fn a_program_runs_with_the_branch_and_never_with_the_default_one_by_accident() {
    on_a_project(async |fixture| {
        let cli = Cli::of(&fixture);
        cli.ok("branch create dev --never");
        let ran =
            cli.run_words(&["exec", "dev", "--", "sh", "-c", "echo $LAKEBASE_BRANCH; exit 7"]).expect(7);
        assert_eq!(ran.stdout, format!("projects/{}/branches/dev\n", cli.project));
        for arguments in ["exec -- true", "exec production -- true"] {
            cli.run(arguments).expect(2).says("the default branch of the project").says("--allow-default");
        }
        cli.ok("exec --allow-default -- true");
        cli.ok("branch protect dev");
        cli.run("exec dev -- true").expect(2).says("protected");
        cli.run("exec dev --allow-default -- /no/such/program").expect(2).says("cannot run /no/such/program");
        cli.run("exec dev").expect(2).says("required");
        cli.ok("branch protect dev --off");
    })
    .await;
}
