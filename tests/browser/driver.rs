//! The WebDriver protocol, as far as the tests need it: JSON over HTTP to chromedriver.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use reqwest::{Client, Method};
use serde_json::{Value, json};

/// The key of an element's id, fixed by the protocol.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A session with a browser.
pub(super) struct Driver {
    client: Client,
    /// The address of the session.
    session: String,
}

/// Sends a command; the error is what the driver says of it.
async fn send(client: &Client, method: Method, url: &str, body: Value) -> Result<Value, String> {
    let request = client.request(method.clone(), url);
    let request = if method == Method::POST { request.json(&body) } else { request };
    let answer = request.send().await.map_err(|error| format!("{url}: {error}"))?;
    let failed = !answer.status().is_success();
    let mut answer: Value = answer.json().await.map_err(|error| format!("{url}: {error}"))?;
    let value = answer["value"].take();
    if failed { Err(format!("{}: {}", value["error"], value["message"])) } else { Ok(value) }
}

impl Driver {
    /// Begins a session of the driver at this port, with these arguments of the browser.
    pub(super) async fn begin(port: u16, arguments: &[String]) -> Self {
        // The client asks for a provider of TLS, and uses none.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().no_proxy().build().unwrap();
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": {"args": arguments},
            "goog:loggingPrefs": {"browser": "ALL"},
        }}});
        let url = format!("http://127.0.0.1:{port}/session");
        let begun = send(&client, Method::POST, &url, wanted).await.unwrap();
        let session = format!("{url}/{}", begun["sessionId"].as_str().unwrap());
        Self { client, session }
    }

    async fn post(&self, command: &str, body: Value) -> Result<Value, String> {
        send(&self.client, Method::POST, &format!("{}/{command}", self.session), body).await
    }

    async fn get(&self, command: &str) -> Value {
        send(&self.client, Method::GET, &format!("{}/{command}", self.session), Value::Null).await.unwrap()
    }

    pub(super) async fn goto(&self, url: &str) {
        self.post("url", json!({"url": url})).await.unwrap();
    }

    pub(super) async fn refresh(&self) {
        self.post("refresh", json!({})).await.unwrap();
    }

    pub(super) async fn back(&self) {
        self.post("back", json!({})).await.unwrap();
    }

    /// The id of the first element that a CSS selector finds.
    pub(super) async fn element(&self, css: &str) -> Option<String> {
        let found = self.post("element", json!({"using": "css selector", "value": css})).await;
        Some(found.ok()?[ELEMENT].as_str()?.to_owned())
    }

    pub(super) async fn click(&self, element: &str) -> Result<Value, String> {
        self.post(&format!("element/{element}/click"), json!({})).await
    }

    pub(super) async fn keys(&self, element: &str, text: &str) {
        self.post(&format!("element/{element}/value"), json!({"text": text})).await.unwrap();
    }

    /// Sends keys to the element that has the focus.
    pub(super) async fn press(&self, text: &str) {
        let active = self.get("element/active").await;
        self.keys(active[ELEMENT].as_str().unwrap(), text).await;
    }

    pub(super) async fn run(&self, script: &str) -> Value {
        let done = self.post("execute/sync", json!({"script": script, "args": []})).await;
        done.unwrap_or_else(|error| panic!("{error} in {}", &script[..script.len().min(300)]))
    }

    /// Runs a script that calls its last argument with the result.
    pub(super) async fn run_async(&self, script: &str) -> Value {
        self.post("execute/async", json!({"script": script, "args": []})).await.unwrap()
    }

    /// Sends a command of Chromium's own protocol.
    pub(super) async fn chromium(&self, command: &str, parameters: Value) {
        self.post("goog/cdp/execute", json!({"cmd": command, "params": parameters})).await.unwrap();
    }

    /// The lines of the browser's console since the last call.
    pub(super) async fn log(&self) -> Vec<Value> {
        self.post("se/log", json!({"type": "browser"})).await.unwrap().as_array().unwrap().clone()
    }

    pub(super) async fn screenshot(&self) -> Vec<u8> {
        STANDARD.decode(self.get("screenshot").await.as_str().unwrap()).unwrap()
    }

    pub(super) async fn end(&self) {
        send(&self.client, Method::DELETE, &self.session, Value::Null).await.unwrap();
    }
}
