//! The window in a browser, spoken to as a browser does, and as one that should not.

use futures::StreamExt;
use reqwest::header::{CACHE_CONTROL, HOST, LOCATION, ORIGIN, REFERRER_POLICY};
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};
use tutti_app::api::Snapshot;
use tutti_app::web_host::WebHost;

use crate::stand::Stand;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_sees_snapshots_and_acts() {
    let (stand, base) = host().await;
    let http = Client::new();

    let mut events = http.get(format!("{base}events")).send().await.unwrap().bytes_stream();
    let mut text = String::new();
    let first = loop {
        text.push_str(std::str::from_utf8(&events.next().await.unwrap().unwrap()).unwrap());
        if let Some((event, _)) = text.split_once("\n\n") {
            break serde_json::from_str::<Snapshot>(event.strip_prefix("data: ").unwrap()).unwrap();
        }
    };
    assert_eq!(first.version, 1);

    let origin = base.split('/').take(3).collect::<Vec<_>>().join("/");
    let dispatch = |body: &'static str| http.post(format!("{base}dispatch")).header(ORIGIN, &origin).body(body).send();
    assert_eq!(dispatch(r#"{"type":"show","screen":"connect"}"#).await.unwrap().status(), StatusCode::NO_CONTENT);
    stand.until("the connect screen", |snapshot| snapshot.screen == tutti_app::api::Screen::Connect).await;

    let refused = dispatch(r#"{"type":"fly"}"#).await.unwrap();
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    assert!(refused.text().await.unwrap().contains("did not understand"));
    let large = http.post(format!("{base}dispatch")).header(ORIGIN, &origin).body("x".repeat(20_000)).send();
    assert_eq!(large.await.unwrap().status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(http.get(format!("{base}cover/abc")).send().await.unwrap().status(), StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_are_refused_with_words() {
    let (_stand, base) = host().await;
    let http = Client::new();
    let origin = base.split('/').take(3).collect::<Vec<_>>().join("/");

    let rebound = http.get(&base).header(HOST, "evil.example").send().await.unwrap();
    assert_eq!(rebound.status(), StatusCode::FORBIDDEN);
    assert!(rebound.headers()["content-security-policy"].to_str().unwrap().contains("frame-ancestors 'none'"));
    assert!(rebound.text().await.unwrap().contains("127.0.0.1"));
    let foreign =
        http.post(format!("{base}dispatch")).header(ORIGIN, "http://evil.example").body("{}").send().await.unwrap();
    assert_eq!(foreign.status(), StatusCode::FORBIDDEN);
    let guessed = http.get(format!("{origin}/{}/events", "0".repeat(32))).send().await.unwrap();
    assert_eq!(guessed.status(), StatusCode::FORBIDDEN);
    assert!(guessed.text().await.unwrap().contains("token"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_for_the_browser_leads_to_the_window_once_and_then_says_what_to_do() {
    let stand = Stand::start(|_| {}).await;
    let host = WebHost::bind(0).await.unwrap();
    let (base, once) = (host.address(), host.address_once());
    tokio::spawn(host.run(stand.program.clone(), std::future::pending()));
    let token = base.trim_end_matches('/').rsplit('/').next().unwrap();
    let origin = base.strip_suffix(&format!("/{token}/")).unwrap();
    assert!(once.starts_with(&format!("{origin}/open/")) && !once.contains(token), "{once}");
    let http = Client::builder().redirect(Policy::none()).build().unwrap();
    let open = |address: &str| http.get(address).send();

    let wrong = open(&format!("{origin}/open/{}", "0".repeat(32))).await.unwrap();
    assert_eq!(wrong.status(), StatusCode::FORBIDDEN);
    assert!(wrong.text().await.unwrap().contains("Open the whole address"));
    for path in ["open/", "open/events", "open/cover/abc", "open/assets/index.js"] {
        assert_eq!(open(&format!("{origin}/{path}")).await.unwrap().status(), StatusCode::FORBIDDEN, "{path}");
    }
    assert_eq!(http.head(&once).send().await.unwrap().status(), StatusCode::METHOD_NOT_ALLOWED);

    let led = open(&once).await.unwrap();
    assert_eq!(led.status(), StatusCode::SEE_OTHER);
    for (name, value) in [(LOCATION, &*base), (REFERRER_POLICY, "no-referrer"), (CACHE_CONTROL, "no-store")] {
        assert_eq!(led.headers()[&name], value);
    }
    assert_ne!(open(&base).await.unwrap().status(), StatusCode::FORBIDDEN);

    let again = open(&once).await.unwrap();
    assert_eq!(again.status(), StatusCode::GONE);
    let words = again.text().await.unwrap();
    assert!(words.contains("Open the address that Tutti printed in the terminal") && !words.contains(token), "{words}");
}

#[tokio::test]
async fn a_port_that_is_in_use_is_said_with_its_address() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();

    let problem = WebHost::bind(port).await.unwrap_err();

    assert_eq!(problem.code(), "port_taken");
    assert!(problem.text().contains(&format!("127.0.0.1:{port}")));
}

async fn host() -> (Stand, String) {
    let stand = Stand::start(|_| {}).await;
    let host = WebHost::bind(0).await.unwrap();
    let base = host.address();
    tokio::spawn(host.run(stand.program.clone(), std::future::pending()));
    (stand, base)
}
