//! The cost of the SDK: a read beside the bare `reqwest` call that it makes (the same bytes from
//! the same server, the same settings of the HTTP client, the answer read into a struct with the same fields), a
//! credential that is kept, and reading a list of a hundred branches.
//!
//! ```text
//! cargo bench --bench sdk
//! ```
//!
//! The calls compared are made in turns within one run, so that what else the machine does hits both alike.

use std::{
    error::Error,
    hint::black_box,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use lakebase::{Lakebase, auth::Env, model::CredentialCache};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

const ROUNDS: usize = 4000;
const WARM_UP: usize = 400;
const BRANCHES: usize = 100;

#[tokio::main]
async fn main() -> Result<()> {
    // The bare client needs a process-wide provider; the SDK brings its own.
    rustls::crypto::ring::default_provider()
        .install_default()
        .map_err(|_| "a TLS provider is installed already")?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let host = format!("http://{}", listener.local_addr()?);
    tokio::spawn(serve(listener));
    let lakebase =
        Lakebase::builder().env(Env::empty()).host(&host).token("secret".to_owned()).build().await?;
    overhead(&lakebase, &host).await?;
    cached_credential(&lakebase).await?;
    list(&lakebase, &host).await
}

/// `reqwest` with the settings that the SDK gives it.
fn bare_client() -> Result<reqwest::Client> {
    let builder = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(30))
        .read_timeout(Duration::from_secs(60))
        .pool_idle_timeout(Duration::from_secs(180));
    Ok(builder.build()?)
}

/// A direct caller of the API, without the SDK.
#[derive(Deserialize)]
#[expect(dead_code, reason = "reading the fields is the point")]
struct Branch {
    name: String,
    uid: String,
    create_time: DateTime<Utc>,
    update_time: DateTime<Utc>,
    status: BranchStatus,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "reading the fields is the point")]
struct BranchStatus {
    branch_id: String,
    current_state: String,
    default: bool,
    is_protected: bool,
    logical_size_bytes: i64,
    source_branch: String,
    source_branch_lsn: String,
    source_branch_time: DateTime<Utc>,
    expire_time: DateTime<Utc>,
    state_change_time: DateTime<Utc>,
}

#[derive(Deserialize)]
struct Branches {
    branches: Vec<Branch>,
}

/// One GET by the SDK, by `reqwest` with the SDK's settings, and by `reqwest` with its own, which has no
/// timeout. The first two are what the goal is about.
async fn overhead(lakebase: &Lakebase, host: &str) -> Result<()> {
    let branch = lakebase.branch("projects/shop/branches/dev")?;
    let (bare, careless) = (bare_client()?, reqwest::Client::new());
    let url = format!("{host}/api/2.0/postgres/projects/shop/branches/dev");
    let mut times = [Vec::new(), Vec::new(), Vec::new()];
    for round in 0..ROUNDS {
        // Whoever goes next finds what the one before left warm; that should be each as often.
        for turn in 0..3 {
            let which = (round + turn) % 3;
            let begun = Instant::now();
            match which {
                0 => drop(black_box(branch.get().await?)),
                1 => drop(black_box(read_bare(&bare, &url).await?)),
                _ => drop(black_box(read_bare(&careless, &url).await?)),
            }
            if round >= WARM_UP {
                times[which].push(begun.elapsed());
            }
        }
    }
    let [sdk, bare, careless] = times.map(median);
    let ratio = |other: Duration| sdk.as_secs_f64() / other.as_secs_f64();
    verdict(
        "a read by the SDK ÷ by reqwest alone",
        "< 1.10",
        format!("{:.3} ({sdk:.1?} ÷ {bare:.1?})", ratio(bare)),
        ratio(bare) < 1.10,
    );
    println!("{:<46} {:<9} {:.3} (÷ {careless:.1?})", "  ÷ by reqwest without timeouts", "", ratio(careless));
    Ok(())
}

async fn read_bare(client: &reqwest::Client, url: &str) -> Result<Branch> {
    let answer = client.get(url).bearer_auth("secret").send().await?.error_for_status()?;
    Ok(serde_json::from_slice(&answer.bytes().await?)?)
}

async fn cached_credential(lakebase: &Lakebase) -> Result<()> {
    let endpoint = lakebase.endpoint("projects/shop/branches/dev/endpoints/primary")?;
    let cache = CredentialCache::new(&endpoint);
    cache.get().await?;
    let mut rounds = Vec::new();
    const CALLS: u32 = 10_000;
    for _ in 0..100 {
        let begun = Instant::now();
        for _ in 0..CALLS {
            black_box(cache.get().await?);
        }
        rounds.push(begun.elapsed() / CALLS);
    }
    let each = median(rounds);
    verdict(
        "a cached credential",
        "< 1 µs",
        format!("{} ns", each.as_nanos()),
        each < Duration::from_micros(1),
    );
    Ok(())
}

/// Reading a hundred branches into models, beside reading them into structs.
async fn list(lakebase: &Lakebase, host: &str) -> Result<()> {
    let project = lakebase.project("shop")?;
    let bare = bare_client()?;
    let url = format!("{host}/api/2.0/postgres/projects/shop/branches");
    let (mut sdk, mut plain) = (Vec::new(), Vec::new());
    for _ in 0..500 {
        let begun = Instant::now();
        assert_eq!(project.branches().all().await?.len(), BRANCHES);
        sdk.push(begun.elapsed());
        let begun = Instant::now();
        let answer = bare.get(&url).bearer_auth("secret").send().await?.error_for_status()?;
        let read: Branches = serde_json::from_slice(&answer.bytes().await?)?;
        assert_eq!(black_box(read.branches).len(), BRANCHES);
        plain.push(begun.elapsed());
    }
    let (sdk, plain) = (median(sdk), median(plain));
    let ratio = sdk.as_secs_f64() / plain.as_secs_f64();
    println!(
        "{:<46} {:<9} {ratio:.3} ({sdk:.1?} ÷ {plain:.1?})",
        "a list of 100 branches ÷ by reqwest alone", ""
    );
    Ok(())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn verdict(what: &str, goal: &str, measured: String, met: bool) {
    println!("{what:<46} {goal:<9} {measured:<36} {}", if met { "met" } else { "NOT MET" });
}

/// A server that costs as little as possible: canned answers to requests without bodies, or with bodies in one piece.
async fn serve(listener: TcpListener) -> std::io::Result<()> {
    let answers: &'static Answers = Box::leak(Box::new(Answers::new()));
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(answer_all(stream, answers));
    }
}

struct Answers {
    branch: Vec<u8>,
    branches: Vec<u8>,
    credential: Vec<u8>,
}

impl Answers {
    fn new() -> Self {
        let all: Vec<_> = (0..BRANCHES).map(|n| branch(&format!("dev-{n}"))).collect();
        let ends = Utc::now() + lakebase::hours(1);
        Self {
            branch: http(&branch("dev")),
            branches: http(&json!({ "branches": all })),
            credential: http(&json!({"token": "secret", "expire_time": ends.to_rfc3339()})),
        }
    }

    fn to(&self, head: &str) -> &[u8] {
        let path = head.split(' ').nth(1).unwrap_or_default().split('?').next().unwrap_or_default();
        if path.ends_with("/credentials") {
            &self.credential
        } else if path.ends_with("/branches") {
            &self.branches
        } else {
            &self.branch
        }
    }
}

async fn answer_all(mut stream: TcpStream, answers: &Answers) -> std::io::Result<()> {
    let (mut unread, mut buffer) = (Vec::new(), [0; 8192]);
    loop {
        let read = stream.read(&mut buffer).await?;
        if read == 0 {
            return Ok(());
        }
        unread.extend_from_slice(buffer.get(..read).unwrap_or_default());
        while let Some(end) = whole_request(&unread) {
            let request: Vec<u8> = unread.drain(..end).collect();
            stream.write_all(answers.to(&String::from_utf8_lossy(&request))).await?;
        }
    }
}

/// Where the first request ends, once it is all there.
fn whole_request(bytes: &[u8]) -> Option<usize> {
    let head_end = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(bytes.get(..head_end)?).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    let end = head_end + length.unwrap_or(0);
    (bytes.len() >= end).then_some(end)
}

fn http(body: &Value) -> Vec<u8> {
    let body = body.to_string();
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn branch(id: &str) -> Value {
    json!({
        "name": format!("projects/shop/branches/{id}"),
        "uid": "br-cool-field-d2vxtxwf",
        "parent": "projects/shop",
        "create_time": "2026-03-02T09:00:00Z",
        "update_time": "2026-03-02T09:00:01Z",
        "status": {
            "current_state": "READY",
            "default": false,
            "is_protected": false,
            "logical_size_bytes": 31_457_280,
            "source_branch": "projects/shop/branches/production",
            "source_branch_lsn": "0/1C3A5B8",
            "source_branch_time": "2026-03-02T09:00:00Z",
            "expire_time": "2026-03-03T09:00:00Z",
            "state_change_time": "2026-03-02T09:00:01Z",
            "branch_id": id
        }
    })
}
