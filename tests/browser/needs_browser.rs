//! Journeys through the console: tree, create, compare, plan, delete; with the pointer and with keys alone.

use std::{fs, path::Path, time::Duration};

use lakebase::{Expiry, hours, model::ProjectInfo};
use serde_json::Value;
use tokio::time::Instant;

use crate::{
    chromium::{Browser, DOWN, ENTER},
    support::{console::Console, directory::directory, fixture::run, mock::project_of, serve::Serve},
};

const SHOP: &str = "
    CREATE TABLE customers (id bigint PRIMARY KEY, name text NOT NULL, email varchar(80));
    CREATE TABLE orders (
        id bigint PRIMARY KEY, customer bigint REFERENCES customers, placed timestamptz, total numeric(10, 2));
    CREATE INDEX orders_placed ON orders (placed);
    CREATE VIEW revenue AS SELECT customer, sum(total) AS total FROM orders GROUP BY customer;
    CREATE FUNCTION discount(tier text) RETURNS numeric LANGUAGE sql
        RETURN CASE tier WHEN 'gold' THEN 0.10 ELSE 0 END;
    INSERT INTO customers SELECT n, 'customer ' || n FROM generate_series(1, 500) n";
const TIERS: &str = "
    ALTER TABLE customers
        ADD COLUMN tier text NOT NULL DEFAULT 'bronze', ALTER COLUMN email TYPE varchar(200),
        ADD CONSTRAINT tier_known CHECK (tier IN ('bronze', 'silver', 'gold'));
    CREATE INDEX customers_tier ON customers (tier);
    DROP INDEX orders_placed;
    CREATE OR REPLACE VIEW revenue AS
        SELECT customer, sum(total) AS total, count(*) AS orders FROM orders GROUP BY customer;
    CREATE OR REPLACE FUNCTION discount(tier text) RETURNS numeric LANGUAGE sql
        RETURN CASE tier WHEN 'gold' THEN 0.15 WHEN 'silver' THEN 0.05 ELSE 0 END";

/// A page is usable by then, with a debug build on a machine that does other work too.
const USABLE: Duration = Duration::from_secs(20);
/// A key press is answered by then.
const ANSWERED: Duration = Duration::from_secs(2);

/// A server with a project that has a schema and some branches.
async fn shop(data: &Path) -> (Serve, ProjectInfo) {
    let serve = Serve::start(data);
    let shop = serve.client().await.create_project("shop").await.unwrap();
    let production = shop.default_branch().await.unwrap();
    run(&production, SHOP).await;
    for (id, expiry) in [
        ("staging", Expiry::Never),
        ("ci-pr-41", Expiry::after(hours(1))),
        ("ci-pr-42", Expiry::after(hours(4))),
    ] {
        production.create_branch(id, expiry).await.unwrap();
    }
    let staging = shop.branch("staging").unwrap();
    staging.create_branch("experiment", Expiry::after(hours(24))).await.unwrap();
    (serve, shop)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium and its driver"]
async fn a_branch_is_created_compared_planned_and_deleted() {
    let directory = directory();
    let (serve, shop) = shop(&directory.path().join("data")).await;
    let production = shop.default_branch().await.unwrap();
    let browser = Browser::start().await;
    browser.page.goto(serve.text("console")).await;
    tree(&browser).await;
    create(&browser).await;
    run(&shop.branch("tiers").unwrap(), TIERS).await;
    branch(&browser).await;
    compare(&browser).await;
    rehearsal(&browser).await;
    rows(&browser).await;
    run(&production, "ALTER TABLE customers ALTER COLUMN email TYPE text, ADD COLUMN phone text").await;
    drift(&browser).await;
    delete(&browser, "tiers").await;
    browser.is_fine("deleted").await;
    // The branch of another program appears by itself.
    production.create_branch("made-elsewhere", Expiry::after(hours(1))).await.unwrap();
    browser.find("#b-made-elsewhere").await;
    browser.has_no_errors().await;
    browser.end().await;
}

async fn tree(browser: &Browser) {
    browser.find("#b-experiment").await;
    browser.is_fine("branches").await;
}

async fn create(browser: &Browser) {
    browser.click("#create summary").await;
    browser.write("#create input[name=id]", "tiers").await;
    browser.is_fine("create").await;
    browser.click("#create button").await;
    browser.sees("Created tiers from production").await;
}

async fn branch(browser: &Browser) {
    browser.find("#state").await;
    browser.click("form[hx-post] button").await;
    browser.find("#password #secret").await;
    browser.is_fine("password").await;
    // A branch has a moment to go back to when it is some seconds old.
    let slide =
        "if (!document.getElementById('slide')) location.reload(); return !!document.getElementById('slide')";
    browser.becomes(slide, true).await;
    browser.page.refresh().await;
    assert_eq!(browser.run("return document.querySelector('#secret')").await, Value::Null);
    let slide = "const s = document.getElementById('slide'); s.value = s.min;
        s.dispatchEvent(new Event('input', {bubbles: true})); return document.getElementById('at').value";
    let first = browser.run("return document.getElementById('at').min").await;
    assert_eq!(browser.run(slide).await, first);
    browser.is_fine("branch").await;
}

async fn compare(browser: &Browser) {
    browser.click(".heading .primary").await;
    browser.sees("TABLE public.customers").await;
    browser.is_fine("compare").await;
    browser.write("[data-filter]", "revenue").await;
    browser.becomes("return document.querySelectorAll('[data-item]:not([hidden])').length", 1).await;
    browser.click("a[href='#plan']").await;
    browser.sees("ACCESS EXCLUSIVE").await;
    browser.picture("plan").await;
    let marks = "return [...document.querySelectorAll('mark')].map(m => m.textContent).join('|')";
    let marked = browser.run(marks).await;
    assert!(marked.as_str().unwrap().contains("80|200"), "{marked}");
}

async fn rehearsal(browser: &Browser) {
    browser.click("a[href*='/rehearse?']").await;
    browser.is_fine("rehearse").await;
    browser.click("form .primary").await;
    browser.sees("Changes of the schema").await;
    browser.is_fine("rehearsal").await;
    for _ in 0..2 {
        browser.page.back().await;
    }
    browser.sees("TABLE public.customers").await;
}

async fn rows(browser: &Browser) {
    browser.click(".segments a:last-child").await;
    browser.sees("compared with").await;
    browser.is_fine("rows").await;
}

async fn drift(browser: &Browser) {
    let url =
        browser.run("return new URL(document.querySelector('nav a').href + '/b/tiers/drift').href").await;
    let url = url.as_str().unwrap();
    browser.page.goto(url).await;
    browser.click("main .primary").await;
    browser.sees("1 conflict").await;
    browser.is_fine("drift").await;
    browser.page.goto(url.trim_end_matches("/drift")).await;
}

async fn delete(browser: &Browser, id: &str) {
    browser.click(".heading .danger").await;
    browser.sees(&format!("Delete branch {id}?")).await;
    browser.is_fine("delete").await;
    browser.click("button.danger").await;
    browser.sees(&format!("Deleted {id}")).await;
    let row = format!("return document.querySelector('#b-{id}')");
    assert_eq!(browser.run(&row).await, Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium and its driver"]
async fn keys_alone_create_compare_and_delete_a_branch() {
    let directory = directory();
    let (serve, shop) = shop(&directory.path().join("data")).await;
    let browser = Browser::start().await;
    browser.page.goto(serve.text("console")).await;
    browser.find("#b-experiment").await;
    // To the filter, through the rows, into a branch.
    browser.press("/").await;
    browser.press("exp").await;
    let names = "return [...document.querySelectorAll('a.row b')].map(b => b.textContent).join()";
    browser.becomes(names, "production,staging,experiment").await;
    for _ in 0..2 {
        browser.press(DOWN).await;
    }
    let focused = "return document.activeElement.id";
    browser.becomes(focused, "b-staging").await;
    // The focus stays where the picture is replaced.
    browser.run("document.getElementById('picture').dataset.isOld = 1").await;
    browser.becomes("return !document.getElementById('picture').dataset.isOld", true).await;
    browser.becomes(focused, "b-staging").await;
    browser.press(ENTER).await;
    browser.sees("New branch from staging").await;

    browser.tab_to("details.create summary").await;
    browser.press(ENTER).await;
    browser.tab_to("details.create input[name=id]").await;
    browser.press(&format!("tiers{ENTER}")).await;
    browser.sees("Created tiers from staging").await;
    run(&shop.branch("tiers").unwrap(), TIERS).await;

    browser.tab_to(".heading .primary").await;
    browser.press(ENTER).await;
    browser.sees("TABLE public.customers").await;
    browser.tab_to("details.object summary").await;
    browser.press(ENTER).await;
    browser.becomes("return document.querySelector('details.object').open", false).await;
    browser.tab_to("a[href='#plan']").await;
    browser.press(ENTER).await;
    browser.sees("ACCESS EXCLUSIVE").await;

    browser.page.back().await;
    browser.page.back().await;
    browser.sees("A branch that expires").await;
    browser.tab_to(".heading .danger").await;
    browser.press(ENTER).await;
    browser.sees("Delete branch tiers?").await;
    browser.tab_to("button.danger").await;
    browser.press(ENTER).await;
    browser.sees("Deleted tiers").await;
    browser.has_no_errors().await;
    browser.end().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium and its driver"]
async fn a_thousand_branches_can_be_looked_at() {
    let mock = project_of(1000).await;
    let console = Console::start(&format!("http://{}", mock.address()), "t0", &[]);
    let browser = Browser::start().await;
    browser.page.goto(console.login.as_str()).await;
    browser.find("#b-b-999").await;
    browser.sees("1001 branches").await;
    browser.page.refresh().await;
    usable(&browser, "1,000 branches").await;
    browser.is_fine("thousand").await;
    let begin = Instant::now();
    browser.press("/").await;
    browser.press("b-777").await;
    browser.becomes("return document.querySelectorAll('a.row').length", 3).await;
    assert!(begin.elapsed() < USABLE, "{:?}", begin.elapsed());
    browser.has_no_errors().await;
    browser.end().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium and its driver"]
async fn a_difference_of_five_hundred_objects_can_be_read() {
    let directory = directory();
    let (serve, shop) = shop(&directory.path().join("data")).await;
    let tables = "DO $$ BEGIN FOR n IN 1..500 LOOP
        EXECUTE format('CREATE TABLE t_%s (id bigint PRIMARY KEY, name text NOT NULL, at timestamptz)', n);
        END LOOP; END $$";
    run(&shop.branch("experiment").unwrap(), tables).await;
    let browser = Browser::start().await;
    browser.page.goto(serve.text("console")).await;
    browser.click("#b-experiment").await;
    browser.click(".heading .primary").await;
    browser.sees("TABLE public.t_500").await;
    usable(&browser, "a difference of 500 objects").await;
    browser.becomes("return document.querySelectorAll('[data-item]').length", 500).await;
    browser.is_fine("many").await;
    let begin = Instant::now();
    browser.press("/").await;
    browser.press("t_321").await;
    browser.becomes("return document.querySelectorAll('[data-item]:not([hidden])').length", 1).await;
    assert!(begin.elapsed() < USABLE, "{:?}", begin.elapsed());
    browser.has_no_errors().await;
    browser.end().await;
}

/// Measures how long the page took, and how long a change of all of it takes.
async fn usable(browser: &Browser, what: &str) {
    let load = Duration::from_secs_f64(browser.load_time().await / 1000.0);
    let layout = "const begin = performance.now(); document.body.style.fontSize = '17px';
        document.body.offsetHeight; document.body.style.fontSize = ''; document.body.offsetHeight;
        return performance.now() - begin";
    let layout = Duration::from_secs_f64(browser.run(layout).await.as_f64().unwrap() / 1000.0);
    println!("{what}: loaded in {load:?}, laid out twice in {layout:?}");
    assert!(load < USABLE && layout < ANSWERED, "{what}: {load:?}, {layout:?}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium and its driver"]
async fn a_browser_ends_with_a_test_that_fails() {
    let directory = directory();
    let browser = Browser::start_in(directory.path()).await;
    browser.page.goto("about:blank").await;
    let place = directory.path().to_str().unwrap().to_owned();
    assert!(!processes_with(&place).is_empty());
    let failed = tokio::spawn(async move {
        let _browser = browser;
        panic!("as a test that fails");
    });
    assert!(failed.await.unwrap_err().is_panic());
    assert_eq!(processes_with(&place), Vec::<String>::new());
    assert!(!directory.path().exists());
}

/// The command lines that have this text.
fn processes_with(text: &str) -> Vec<String> {
    let lines = fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| {
        let line = fs::read(entry.path().join("cmdline")).ok()?;
        Some(String::from_utf8_lossy(&line).replace('\0', " "))
    });
    lines.filter(|line| line.contains(text)).collect()
}
