//! A Chromium that a test drives.

use std::{
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::{
    driver::Driver,
    support::{child, directory::directory},
};

pub(super) const TAB: &str = "\u{e004}";
pub(super) const ENTER: &str = "\u{e007}";
pub(super) const DOWN: &str = "\u{e015}";

/// Longer than any page takes here, also on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);

/// Without a sandbox, because root has none; without the calls home that a fresh profile makes.
const ARGUMENTS: [&str; 10] = [
    "headless",
    "no-sandbox",
    "disable-gpu",
    "disable-quic",
    "disable-dev-shm-usage",
    "no-first-run",
    "disable-background-networking",
    "disable-component-update",
    "disable-sync",
    "window-size=1280,860",
];

/// Runs the driver (`$2` …) until standard input closes, which it does with the test, however that ends. Then all
/// processes that have the directory `$1` in their arguments or environment are killed and the directory is removed:
/// a driver that is killed leaves its browser.
const SCRIPT: &str = r#"
trap '' INT TERM HUP
dir=$1; shift
TMPDIR=$dir HOME=$dir "$@" 2>/dev/null &
read -r _
for _ in 1 2 3 4 5 6 7 8 9 10; do
    left=0
    for file in $(grep -lsF "$dir" /proc/[0-9]*/cmdline /proc/[0-9]*/environ); do
        pid=${file#/proc/}; pid=${pid%/*}
        [ "$pid" = $$ ] || { kill -KILL "$pid" 2>/dev/null && left=1; }
    done
    [ $left = 1 ] || break
    sleep 0.1
done
wait
for _ in 1 2 3 4 5; do rm -rf "$dir" 2>/dev/null && exit; sleep 0.2; done
"#;

/// The driver and its browser, which end when it is dropped and when the process of the tests ends.
struct Processes(Child);

impl Drop for Processes {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// A browser with a profile of its own.
pub(super) struct Browser {
    pub(super) page: Driver,
    _processes: Processes,
}

impl Browser {
    pub(super) async fn start() -> Self {
        Self::start_in(&directory().keep()).await
    }

    /// Starts it with all of its files in a directory that is removed with it.
    pub(super) async fn start_in(directory: &Path) -> Self {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", SCRIPT, "sh"]).arg(directory).args(["chromedriver", "--port=0"]);
        shell.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut processes = Processes(shell.spawn().expect("/bin/sh runs"));
        let line =
            child::line(processes.0.stdout.take().unwrap(), |line| line.contains("successfully on port "));
        let line = line.expect("chromedriver is installed (Debian: chromium, chromium-driver)");
        let port: u16 = line.rsplit(' ').next().unwrap().trim_end_matches('.').parse().unwrap();
        let mut arguments: Vec<String> = ARGUMENTS.map(|argument| format!("--{argument}")).to_vec();
        arguments.push(format!("--user-data-dir={}", directory.join("profile").display()));
        Self { page: Driver::begin(port, &arguments).await, _processes: processes }
    }

    pub(super) async fn end(self) {
        self.page.end().await;
    }

    /// Waits for an element and gives its id.
    pub(super) async fn find(&self, css: &str) -> String {
        let deadline = Instant::now() + LIMIT;
        loop {
            if let Some(found) = self.page.element(css).await {
                return found;
            }
            assert!(Instant::now() < deadline, "there is no {css}");
            sleep(Duration::from_millis(50)).await;
        }
    }

    pub(super) async fn click(&self, css: &str) {
        let found = self.find(css).await;
        // Out from below the head, which stays at the top.
        let script = format!("document.querySelector({}).scrollIntoView({{block: 'center'}})", json!(css));
        self.run(&script).await;
        self.page.click(&found).await.unwrap_or_else(|error| panic!("{css}: {error}"));
    }

    pub(super) async fn write(&self, css: &str, text: &str) {
        self.page.keys(&self.find(css).await, text).await;
    }

    pub(super) async fn run(&self, script: &str) -> Value {
        self.page.run(script).await
    }

    /// Waits until a script gives this value.
    pub(super) async fn becomes(&self, script: &str, wanted: impl Into<Value>) {
        let (deadline, wanted) = (Instant::now() + LIMIT, wanted.into());
        loop {
            let found = self.run(script).await;
            if found == wanted {
                return;
            }
            assert!(Instant::now() < deadline, "{script} gives {found}, and not {wanted}");
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until the page has this text.
    pub(super) async fn sees(&self, text: &str) {
        let deadline = Instant::now() + LIMIT;
        loop {
            let body = self.run("return document.body.innerText").await;
            if body.as_str().is_some_and(|body| body.contains(text)) {
                return;
            }
            assert!(Instant::now() < deadline, "{text:?} is not in {body}");
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Presses keys in the element that has the focus.
    pub(super) async fn press(&self, keys: &str) {
        self.page.press(keys).await;
    }

    /// Presses Tab until an element has the focus, and looks whether a person can see that it has.
    pub(super) async fn tab_to(&self, css: &str) {
        for _ in 0..80 {
            self.press(TAB).await;
            let script = format!(
                "const at = document.activeElement; if (!at.matches({})) return null;
                 const style = getComputedStyle(at); return style.outlineStyle !== 'none' && style.outlineWidth !== '0px'",
                json!(css)
            );
            match self.run(&script).await {
                Value::Null => {}
                seen => return assert_eq!(seen, true, "the focus on {css} cannot be seen"),
            }
        }
        panic!(
            "Tab does not lead to {css} from {}",
            self.run("return document.activeElement.outerHTML").await
        );
    }

    /// Has the page take this color scheme and size.
    pub(super) async fn looks(&self, scheme: &str, width: u32, height: u32) {
        let media = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.page.chromium("Emulation.setEmulatedMedia", media).await;
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600});
        self.page.chromium("Emulation.setDeviceMetricsOverride", size).await;
    }

    /// Checks a page in light and dark and at a phone's width, and keeps pictures of it.
    pub(super) async fn is_fine(&self, name: &str) {
        for (scheme, width, height, suffix) in
            [("light", 390, 844, "-phone"), ("dark", 1280, 860, "-dark"), ("light", 1280, 860, "")]
        {
            self.looks(scheme, width, height).await;
            self.is_accessible(&format!("{name}{suffix}")).await;
            self.picture(&format!("{name}{suffix}")).await;
        }
    }

    /// Fails where axe finds a violation of WCAG A or AA or of its best practices, and where the page is wider than
    /// the screen.
    async fn is_accessible(&self, what: &str) {
        let axe = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/axe/axe.min.js");
        self.run(&format!("{};return 1", std::fs::read_to_string(axe).unwrap())).await;
        let script = "const done = arguments[arguments.length - 1];
            const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
            const line = v => v.id + ': ' + v.nodes.slice(0, 4).map(n => n.html + ' ' + n.failureSummary).join(' | ');
            axe.run({runOnly: tags}).then(
              found => done(found.violations.map(line)),
              error => done(['axe failed: ' + error]));";
        let found = self.page.run_async(script).await;
        assert_eq!(found, json!([]), "{what}");
        let over = self.run("return document.documentElement.scrollWidth - innerWidth").await;
        assert!(over.as_i64().unwrap() <= 0, "{what} is wider than the screen by {over}");
    }

    /// The milliseconds from the request of the page to its end.
    pub(super) async fn load_time(&self) -> f64 {
        self.becomes("return document.readyState", "complete").await;
        self.run("return performance.getEntriesByType('navigation')[0].loadEventEnd").await.as_f64().unwrap()
    }

    /// Nothing was refused, failed or complained about on any page since the last look.
    pub(super) async fn has_no_errors(&self) {
        let mut log = self.page.log().await;
        log.retain(|entry| entry["level"] == "SEVERE" || entry["level"] == "WARNING");
        assert!(log.is_empty(), "{log:?}");
    }

    /// Keeps a picture of the page in the directory that `LAKEBASE_SCREENSHOTS` names.
    pub(super) async fn picture(&self, name: &str) {
        if let Some(directory) = std::env::var_os("LAKEBASE_SCREENSHOTS") {
            let file = Path::new(&directory).join(format!("console-{name}.png"));
            std::fs::write(file, self.page.screenshot().await).unwrap();
        }
    }
}
