//! The console over HTTP: who gets in, what its pages have, what it changes.

mod safety;

use std::time::{Duration, Instant};

use crate::support::{
    console::{Client, Console},
    directory::directory,
    fixture::{number, on_a_project, run},
    mock::{MockService, project_of},
    serve::Serve,
};

fn logged_in(mock: &MockService, arguments: &[&str]) -> (Console, Client) {
    let console = Console::start(&format!("http://{}", mock.address()), "t0", arguments);
    let client = console.browser().log_in(&console.login);
    (console, client)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_picture_is_quick_with_a_thousand_branches_and_sent_only_where_it_changed() {
    let mock = project_of(1000).await;
    let (_console, client) = logged_in(&mock, &[]);
    client.get("/").expect(303);
    let begin = Instant::now();
    let page = client.get("/p/shop").expect(200).body;
    let taken = begin.elapsed();
    assert_eq!(page.matches("<a class=\"row\"").count(), 1001);
    assert!(page.contains("1001 branches"));
    // Some tens of milliseconds where nothing else runs; most of it is the list's JSON, in a debug build.
    assert!(taken < Duration::from_secs(5), "{taken:?}");
    assert!(page.len() < 2_000_000, "{} bytes", page.len());
    let address = picture_address(&page, &client);
    let again = client.get(&address);
    // The picture moves by a step now and then; it is equal to one of the next two.
    let again = if again.status == 200 { client.get(&picture_address(&again.body, &client)) } else { again };
    again.expect(204);
    let found = client.get("/p/shop/picture?q=b-777").expect(200).body;
    // It and the branches that it comes from.
    assert_eq!(found.matches("<a class=\"row\"").count(), 3);
    client.get("/p/shop/picture?q=zzz").expect(200).has("No branch of 1001");
}

/// The address that the picture of a page is polled at.
fn picture_address(page: &str, client: &Client) -> String {
    let picture = page.split_once("id=\"picture\"").unwrap().1;
    let address = picture.split_once("hx-get=\"").unwrap().1.split('"').next().unwrap();
    address.replace("&amp;", "&").strip_prefix(&client.base).unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn branches_are_created_compared_and_deleted() {
    on_a_project(async |fixture| {
        run(&fixture.main, "CREATE TABLE item (id int PRIMARY KEY, name varchar(20))").await;
        let console = Console::of(&fixture, &[]);
        let client = console.browser().log_in(&console.login);
        let at = format!("/p/{}", fixture.project.name.id());
        let csrf = client.csrf(&at);
        let form = |rest: &str| format!("csrf={csrf}{rest}");
        let made = client.post(&format!("{at}/branches"), &form("&id=dev&from=production&lifetime=24h")).expect(303);
        assert!(made.header("location").unwrap().ends_with("/b/dev"), "{made:?}");
        let dev = fixture.project.branch("dev").unwrap();
        let at_dev = format!("{at}/b/dev");
        client.get(&at_dev).expect(200).has("Created dev from production").has("expires in 23 h 59 min");
        assert!(!client.get(&at_dev).body.contains("Created dev"), "a notice is shown once");
        run(&dev, "ALTER TABLE item ALTER name TYPE varchar(40), ADD tier text; CREATE VIEW names AS SELECT name FROM item").await;
        run(&fixture.main, "ALTER TABLE item ADD tier int").await;

        let compared = client.get(&format!("{at}/compare?branch=dev&against=production")).expect(200);
        let compared = compared.has("TABLE public.item").has("character varying(<mark>20</mark>)").has("VIEW public.names");
        compared.has("ACCESS EXCLUSIVE").has("reads and writes wait");
        let query = "branch=dev&against=production";
        let sql = client.get(&format!("{at}/compare/plan.sql?{query}")).expect(200).has("BEGIN;");
        assert!(sql.header("content-disposition").unwrap().contains("dev-plan.sql"), "{sql:?}");
        client.get(&format!("{at}/compare/difference.md?{query}")).expect(200).has("```diff");
        client.get(&format!("{at}/compare?branch=dev&against=dev")).expect(200).has("No difference");

        run(&dev, "INSERT INTO item VALUES (7, '<b>seven')").await;
        let rows = client.get(&format!("{at}/rows?branch=dev&against=production")).expect(200).has("1 row added");
        rows.has("id = 7").has("&#60;b&#62;seven");
        client.get(&format!("{at_dev}/drift")).expect(200).has("a temporary branch of production");
        let drift = client.post(&format!("{at_dev}/drift"), &form("")).expect(200).has("1 conflict");
        drift.has("Only on dev").has("Only on production");
        assert_eq!(fixture.project.branches().await.unwrap().len(), 2, "the temporary branch is gone");

        client.post(&format!("{at_dev}/extend"), &form("&lifetime=7d")).expect(303);
        client.get(&at_dev).expect(200).has("dev expires in 6 d 23 h");
        client.get(&format!("{at_dev}/reset")).expect(200).has("all rows and schema changes made on it since");
        client.post(&format!("{at_dev}/reset"), &form("")).expect(303);
        assert_eq!(number(&dev, "SELECT count(*) FROM pg_views WHERE viewname = 'names'").await, 0);
        client.get(&format!("{at_dev}/delete")).expect(200).has("1 database: databricks_postgres").has("1 endpoint");
        client.post(&format!("{at_dev}/delete"), &form("")).expect(303);
        client.get(&at).expect(200).has("Deleted dev").has("Bring back");
        client.get(&at_dev).expect(404).has("Not found");
        client.post(&format!("{at_dev}/undelete"), &form("")).expect(303);
        client.post(&format!("{at}/branches"), &form("&id=Dev&from=production&lifetime=1h")).expect(400);
        client.post(&format!("{at}/branches"), &form("&id=x&from=production&lifetime=1y")).expect(400).has("30d");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_is_rehearsed_and_its_report_shown() {
    on_a_project(async |fixture| {
        run(
            &fixture.main,
            "CREATE TABLE item (id int PRIMARY KEY, name varchar(20)); INSERT INTO item VALUES (1)",
        )
        .await;
        let dev = fixture.branch("dev").await;
        run(&dev, "ALTER TABLE item ADD tier text").await;
        let console = Console::of(&fixture, &[]);
        let client = console.browser().log_in(&console.login);
        let at = format!("/p/{}", fixture.project.name.id());
        let compared = client.get(&format!("{at}/compare?branch=dev&against=production")).expect(200);
        compared.has("/b/production/rehearse?from=dev");
        let rehearse = format!("{at}/b/production/rehearse");
        let page = client.get(&format!("{rehearse}?from=dev")).expect(200);
        page.has("ADD COLUMN tier text").has("<textarea name=\"sql\"");
        let csrf = client.csrf(&rehearse);
        let sql = "ALTER+TABLE+item+ALTER+name+TYPE+int+USING+1;%0ACREATE+INDEX+ON+item+(name);";
        let report = client.post(&rehearse, &format!("csrf={csrf}&sql={sql}")).expect(200);
        let report = report.has("2</b> statements").has("ACCESS EXCLUSIVE").has("reads and writes wait");
        let report = report.has("was rewritten").has("table rewrite").has("TABLE public.item");
        report.has("### Rehearsal (").has("CREATE INDEX ON item (name);");
        let wrong = client.post(&rehearse, &format!("csrf={csrf}&sql=ALTER+TABLE+%3Cb%3E")).expect(502);
        wrong.has("It failed on the temporary branch").has("ALTER TABLE &#60;b&#62;");
        client.post(&rehearse, &format!("csrf={csrf}&sql=+")).expect(400).has("no SQL");
        assert_eq!(fixture.project.branches().await.unwrap().len(), 2, "the temporary branches are gone");
        assert_eq!(
            number(&fixture.main, "SELECT count(*) FROM pg_indexes WHERE tablename = 'item'").await,
            1
        );
        let reader = Console::of(&fixture, &["--read-only"]);
        let client = reader.browser().log_in(&reader.login);
        client.get(&rehearse).expect(200).has("shows only");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_protected_branch_and_one_with_children_are_not_deleted() {
    on_a_project(async |fixture| {
        let console = Console::of(&fixture, &[]);
        let client = console.browser().log_in(&console.login);
        let at = format!("/p/{}/b/production", fixture.project.name.id());
        let csrf = client.csrf(&at);
        client.post(&format!("{at}/protect"), &format!("csrf={csrf}&protected=yes")).expect(303);
        fixture.branch("dev").await;
        let page = client.get(&format!("{at}/delete")).expect(200).has("It is protected").has("first: dev");
        page.has("<button class=\"danger\" disabled>");
        client.post(&format!("{at}/delete"), &format!("csrf={csrf}")).expect(400);
        client.post(&format!("{at}/protect"), &format!("csrf={csrf}&protected=no")).expect(303);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_is_restored_to_a_moment() {
    on_a_project(async |fixture| {
        run(&fixture.main, "CREATE TABLE item (id int PRIMARY KEY); INSERT INTO item VALUES (1)").await;
        // The field of the page has whole seconds.
        tokio::time::sleep(Duration::from_millis(1100)).await;
        let time = chrono::Utc::now().format("%FT%T").to_string();
        tokio::time::sleep(Duration::from_millis(1100)).await;
        run(&fixture.main, "INSERT INTO item VALUES (2)").await;
        let console = Console::of(&fixture, &[]);
        let client = console.browser().log_in(&console.login);
        let at = format!("/p/{}/b/production", fixture.project.name.id());
        let page = client.get(&format!("{at}/restore?at={time}")).expect(200);
        page.has("keeps what is there now").has(&format!("name=\"at\" value=\"{time}\""));
        client.get(&format!("{at}/restore?at=yesterday")).expect(400).has("is no time");
        let csrf = client.csrf(&at);
        client.post(&format!("{at}/restore"), &format!("csrf={csrf}&at={time}")).expect(303);
        assert_eq!(number(&fixture.main, "SELECT count(*) FROM item").await, 1);
        client.get(&at).expect(200).has("what was there is in restored-");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn links_of_projects_and_branches_lead_to_the_console_of_the_server() {
    let directory = directory();
    let serve = Serve::start(&directory.path().join("data"));
    let shop = serve.client().await.create_project("shop").await.unwrap();
    let production = shop.default_branch().await.unwrap();
    let login = serve.text("console").parse().unwrap();
    let client = Client::of(&login).log_in(&login);
    let begin = format!("http://{}{}", client.host, client.base);
    let follow = |url: Option<String>| client.get(url.unwrap().strip_prefix(&begin).unwrap()).expect(200);
    follow(shop.console_url()).has("Branches of shop");
    follow(shop.branch_console_url(&production)).has("Branch production");
    let read = shop.handle().get().await.unwrap();
    follow(read.branch_console_url(&production)).has("Branch production");
    let all = serve.client().await.projects().await.unwrap();
    assert_eq!(all[0].console_url(), shop.console_url());
}

#[test]
fn the_local_server_serves_a_console_unless_it_is_turned_off() {
    let directory = directory();
    let serve = Serve::start(&directory.path().join("data"));
    let login = serve.text("console").parse().unwrap();
    let client = Client::of(&login).log_in(&login);
    client.get("/").expect(200).has("There is no project yet");
    drop(serve);
    let mut command = Serve::command(&directory.path().join("data"));
    let serve = Serve::ready(command.args(["--console", "off"])).unwrap();
    assert!(serve.line["console"].is_null(), "{}", serve.line);
}
