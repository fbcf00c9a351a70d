//! Hubs that end, are killed, come back, and meet: as processes of their own.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::client_async;
use tutti_core::gate::Limits;
use tutti_relay::Config;

use crate::client::{Client, Relay, claim};

/// The program itself; it is killed with this.
struct Process {
    child: Child,
    address: SocketAddr,
}

impl Process {
    fn start(listen: &str, args: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tutti-relay"));
        command.args(["--listen", listen]).args(args).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().split_once("://").unwrap().1.parse().unwrap();
        Self { child, address }
    }

    /// As a service is stopped; it ends by itself.
    #[cfg(unix)]
    async fn terminate(mut self) -> Option<i32> {
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
        tokio::task::spawn_blocking(move || self.child.wait().unwrap().code()).await.unwrap()
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It has ended, or ends now.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// What a member brings to the next hub: the room as it was last told of it.
fn brought(member: &Client, room: &Value) -> Value {
    json!({
        "member": member.member(), "next_member": 2, "room": room,
        "now_us": member.came_in_us(), "clock": member.welcome["clock"],
    })
}

#[cfg(unix)]
#[tokio::test]
async fn a_relay_that_is_stopped_sends_everybody_away_in_order() {
    let relay = Process::start("127.0.0.1:0", &[]);
    let mut ada = Client::join(relay.address, "Ada", 1).await;
    let mut hesitant = Client::connect(relay.address).await;

    let ended = tokio::spawn(relay.terminate());

    assert_eq!(ada.until("leaving").await, json!({ "type": "leaving", "within_ms": 2_000 }));
    assert_eq!(ada.next().await, None);
    assert_eq!(hesitant.refused().await, "hub_full");
    assert_eq!(ended.await.unwrap(), Some(0));
}

#[tokio::test]
async fn after_a_relay_was_killed_its_members_bring_the_room_back_as_it_was() {
    let relay = Process::start("127.0.0.1:0", &[]);
    let address = relay.address;
    let mut ada = Client::join(address, "Ada", 1).await;
    let mut ben = Client::join(address, "Ben", 2).await;
    ben.say(claim(1, 0, "Blue", ben.came_in_us())).await;
    let room = ada.until("room").await;

    relay.kill();
    while ada.next().await.is_some() {}
    while ben.next().await.is_some() {}
    let relay = Process::start(&address.to_string(), &[]);
    let again = Client::join_with(address, "Ben", 2, |hello| hello["brings"] = brought(&ben, &room)).await;
    let mut first = Client::join_with(address, "Ada", 1, |hello| {
        hello["brings"] = brought(&ada, &room);
        hello["resume"] = ada.welcome["token"].clone();
    })
    .await;

    assert_eq!((first.member(), again.member()), (ada.member(), ben.member()), "everybody has their number");
    let back = &first.welcome["room"];
    assert_eq!(back["playback"]["item"], room["playback"]["item"]);
    assert_eq!(
        (&back["leader"], &back["epoch"], &back["actions"]),
        (&room["leader"], &room["epoch"], &room["actions"])
    );
    assert!(back["term"].as_u64() > room["term"].as_u64());
    if cfg!(target_os = "linux") {
        assert_eq!(first.welcome["clock"], ada.welcome["clock"], "the same machine has the same clock");
        assert_eq!(back["playback"]["at_us"], room["playback"]["at_us"]);
    }
    let new = Client::join(address, "Cleo", 3).await;
    assert_eq!(new.member(), 2, "no number is given twice");
    first.is_well().await;
    relay.kill();
}

#[tokio::test]
async fn two_hubs_that_hold_one_room_become_one_as_soon_as_a_member_of_the_newer_comes_over() {
    let (one, other) = (Relay::start(Config::default()).await, Relay::start(Config::default()).await);
    let mut ada = Client::join(one.address, "Ada", 1).await;
    ada.say(claim(1, 0, "Old", ada.came_in_us())).await;
    ada.until("answer").await;
    let mut ben = Client::join(other.address, "Ben", 2).await;
    let (now, mut room) = (ben.came_in_us(), Value::Null);
    for id in 0..3 {
        ben.say(claim(id, u64::from(id > 0), "New", now + id as i64)).await;
        room = ben.until("room").await;
        ben.until("answer").await;
    }

    let over = Client::join_with(one.address, "Ben", 2, |hello| hello["brings"] = brought(&ben, &room)).await;

    assert_eq!(ada.refused().await, "newer_hub");
    assert_eq!(over.welcome["room"]["playback"]["item"]["title"], "New");
    let back = Client::join(one.address, "Ada", 1).await;
    assert_eq!(back.welcome["room"]["playback"]["item"]["title"], "New");
    assert_ne!(back.member(), over.member());
    one.end().await;
    other.end().await;
}

#[tokio::test]
async fn a_hub_inside_a_program_ends_within_seconds_also_when_somebody_does_not_listen() {
    let relay = Relay::start(Config { limits: Limits::default(), ..Config::default() }).await;
    let _deaf = Client::join(relay.address, "Ada", 1).await;

    tokio::time::timeout(std::time::Duration::from_secs(15), relay.end()).await.unwrap();
}

#[tokio::test]
async fn a_relay_with_a_certificate_speaks_tls_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
    let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let relay = Process::start("127.0.0.1:0", &["--tls-cert", &text(&certificate), "--tls-key", &text(&key)]);

    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(made.cert.der().to_vec())).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let tcp = TcpStream::connect(relay.address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let tls = TlsConnector::from(Arc::new(config)).connect(name, tcp).await.unwrap();
    let (mut socket, _) = client_async("wss://localhost/room", tls).await.unwrap();
    let first = futures::StreamExt::next(&mut socket).await.unwrap().unwrap();
    let challenge: Value = serde_json::from_str(first.to_text().unwrap()).unwrap();
    assert_eq!(challenge["type"], "challenge");

    let plain = tokio_tungstenite::connect_async(format!("ws://{}/room", relay.address)).await;
    assert!(plain.is_err(), "without TLS nothing is said");
    relay.kill();
}
