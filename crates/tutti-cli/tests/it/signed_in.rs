//! Signing in and playing in step over real HTTP, with a keychain in a session of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use serde_json::Value;
use tutti_sim::player::Hand;
use tutti_sim::profile::Profile;
use tutti_sim::sim::{Sim, SimConfig};
use tutti_sim::web_api;

use crate::stand::{Ended, Tutti, until};

#[test]
fn accounts_sign_in_and_play_in_step_and_the_music_stays() {
    let (runtime, sim) = spotify(2);
    let Some(session) = Session::open() else {
        return eprintln!("no Secret Service can be started here: only its absence is tested");
    };
    let tutti = session.tutti().at(sim.base_url());
    sign_in(&tutti, "anna", &["--client-id", &"a".repeat(32), "--name", "Anna 🎺"]).says(0, "Talking to");
    let ben = sign_in(&tutti, "ben", &["--client-id", &"b".repeat(32)]);
    ben.says(0, "Open this address");
    assert!(!ben.err.contains("until restart"), "{ben:?}");
    sign_in(&tutti, "anna", &["--name", "Somebody else"]).says(1, "same Spotify account");
    let devices = tutti.run(&["devices"]).out;
    assert!(devices.contains("Anna 🎺") && devices.contains("Ben's phone"), "{devices}");

    let mut sync = tutti.command(&["sync", "--account", "anna 🎺", "--account", "ben", "--json"]).spawn().unwrap();
    let mut lines = BufReader::new(sync.stdout.take().unwrap()).lines();
    let mut line = || serde_json::from_str::<Value>(&lines.next().unwrap().unwrap()).unwrap();
    until("both are seen", || line()["members"].as_array().unwrap().iter().all(|member| !member["title"].is_null()));
    sim.hand("ben", Hand::resume()).unwrap();
    let in_step = |line: &Value, leader: &str| {
        let members = line["members"].as_array().unwrap();
        line["leader"] == leader
            && members.iter().all(|m| m["timing_error_ms"].as_f64().is_some_and(|e| e.abs() < 250.0))
    };
    until("Anna follows Ben", || in_step(&line(), "Ben"));
    sim.hand("anna", Hand::Seek { position_ms: 70_000 }).unwrap();
    until("Ben follows Anna", || in_step(&line(), "Anna 🎺"));
    tutti.run(&["sync", "--account", "anna 🎺", "--account", "ben"]).says(1, "already plays in another session");

    interrupt(&sync);
    assert!(sync.wait().unwrap().success());
    let (_, truth) = sim.truth();
    assert!(truth.iter().all(|(_, truth)| truth.playing && truth.reported_ms > 69_000.0), "{truth:?}");
    assert_eq!(
        tutti.run(&["logout", "ben"]).out,
        "Ben is signed out, and the sign-in was deleted from this computer.\n"
    );

    let doctor = tutti.run(&["doctor"]);
    assert_eq!(doctor.code, Some(0), "{doctor:?}");
    assert!(doctor.out.contains("Sign-ins can be kept") && doctor.out.contains("Plays on"), "{doctor:?}");

    sim.revoke("anna").unwrap();
    let doctor = tutti.run(&["doctor"]);
    doctor.says(1, "Something needs to be done");
    assert!(doctor.out.contains("problem  Anna 🎺") && doctor.out.contains("tutti login"), "{doctor:?}");
    let revoked = tutti.run(&["devices"]);
    revoked.says(3, "no longer accepts Anna 🎺");
    drop(runtime);
    tutti.run(&["devices"]).says(1, "does not answer");
}

#[test]
#[cfg(target_os = "linux")]
fn without_a_secret_service_a_sign_in_is_kept_until_restart_or_nobody_is_sent_to_a_browser() {
    let (_runtime, sim) = spotify(1);
    let tutti = Tutti::new().at(sim.base_url());
    if !kernel_keeps_logins() {
        let ended = tutti.run(&["login", "--client-id", "a", "--no-browser"]);
        ended.says(1, "no keychain");
        return assert_eq!(ended.out, "");
    }

    let ended = sign_in(&tutti, "anna", &["--client-id", "a"]);
    let devices = tutti.run(&["devices"]);
    let forgotten = tutti.run(&["logout", "anna"]);

    ended.says(0, "sign-in is kept until restart, at most three days unused");
    assert!(ended.out.ends_with("Anna is connected.\n"), "{ended:?}");
    assert!(devices.out.contains("Anna's phone"), "{devices:?}");
    assert_eq!(forgotten.out, "Anna is signed out, and the sign-in was deleted from this computer.\n");
    let profile = tutti_app::secrets::profile_digits(tutti.home.path());
    // The kernel sweeps up a little later what was deleted.
    until("no key of the profile is left", || {
        !std::fs::read_to_string("/proc/keys").unwrap_or_default().contains(&profile)
    });
}

#[test]
fn of_two_sign_ins_at_once_neither_loses_the_other() {
    let (_runtime, sim) = spotify(2);
    let Some(session) = Session::open() else { return };
    let tutti = session.tutti().at(sim.base_url());
    let (anna, page) = begin(&tutti, &["--client-id", &"a".repeat(32)]);

    sign_in(&tutti, "ben", &["--client-id", &"a".repeat(32)]).says(0, "Open this address");
    finish(anna, &page, "sim_user=anna").says(0, "Open this address");

    let accounts = tutti.run(&["accounts"]);
    assert!(accounts.out.contains("Anna") && accounts.out.contains("Ben"), "{accounts:?}");
}

#[test]
fn consent_that_is_denied_is_said() {
    let (_runtime, sim) = spotify(1);
    let Some(session) = Session::open() else { return };
    let tutti = session.tutti().at(sim.base_url());

    let ended = browse(&tutti, &["--client-id", "a"], "sim_decision=cancel");

    ended.says(1, "Access was refused");
    assert!(ended.err.ends_with("tutti login\n"), "{ended:?}");
}

/// Asked of the kernel itself: a container may forbid it. Asking gives the thread a session keyring, which programs that
/// it starts would inherit: so it is a thread of its own.
#[cfg(target_os = "linux")]
pub fn kernel_keeps_logins() -> bool {
    let ask = || {
        let key = linux_keyutils_keyring_store::Cred::build_from_specifiers(
            Some("Tutti test"),
            &Default::default(),
            false,
            "",
            "",
        );
        key.is_ok_and(|key| key.persistent.is_some())
    };
    std::thread::spawn(ask).join().unwrap()
}

/// A pretend Spotify; it ends with the runtime.
pub fn spotify(accounts: usize) -> (tokio::runtime::Runtime, Arc<Sim>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let config = SimConfig { accounts, profile: Profile::Lan, ..SimConfig::default() };
    let sim = web_api::prepare(&listener, config).unwrap();
    runtime.spawn(web_api::serve(listener, sim.clone(), std::future::pending()));
    (runtime, sim)
}

pub fn sign_in(tutti: &Tutti, user: &str, flags: &[&str]) -> Ended {
    browse(tutti, flags, &format!("sim_user={user}"))
}

/// Starts `tutti login`, and does with its page what a person at a browser does.
fn browse(tutti: &Tutti, flags: &[&str], added: &str) -> Ended {
    let (login, page) = begin(tutti, flags);
    finish(login, &page, added)
}

/// Starts `tutti login`, which waits; and its page.
fn begin(tutti: &Tutti, flags: &[&str]) -> (Child, String) {
    let args = [&["login", "--no-browser"], flags].concat();
    let mut login = tutti.command(&args).spawn().unwrap();
    let mut page = String::new();
    BufReader::new(login.stdout.as_mut().unwrap()).read_line(&mut page).unwrap();
    (login, page)
}

/// Does with the page what a person at a browser does.
fn finish(login: Child, page: &str, added: &str) -> Ended {
    if let Some(back) = location(&get(&format!("{}&{added}", page.trim()))) {
        assert!(get(&back).starts_with("HTTP/1.1 200"));
    }
    login.wait_with_output().unwrap().into()
}

/// One request by hand; the whole answer.
fn get(address: &str) -> String {
    let (host, path) = address.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    write!(stream, "GET /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn location(answer: &str) -> Option<String> {
    answer.lines().find_map(|line| line.strip_prefix("location: ")).map(str::to_owned)
}

pub fn interrupt(child: &Child) {
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

/// A session bus with an unlocked keyring, and a home of its own.
pub struct Session {
    bus: Child,
    address: String,
    _home: tempfile::TempDir,
}

impl Session {
    /// None where these programs are not installed.
    pub fn open() -> Option<Self> {
        let home = tempfile::tempdir().unwrap();
        let script = "printf pass | gnome-keyring-daemon --unlock --components=secrets >/dev/null && \
                      echo \"$DBUS_SESSION_BUS_ADDRESS\" && exec cat";
        let mut bus = Command::new("dbus-run-session")
            .args(["--", "sh", "-c", script])
            .env("HOME", home.path())
            .env("XDG_DATA_HOME", home.path())
            .env("XDG_RUNTIME_DIR", home.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut address = String::new();
        BufReader::new(bus.stdout.as_mut().unwrap()).read_line(&mut address).unwrap();
        let address = address.trim().to_owned();
        if address.is_empty() {
            bus.wait().unwrap();
            return None;
        }
        Some(Self { bus, address, _home: home })
    }

    pub fn address(&self) -> &str {
        &self.address
    }

    pub fn tutti(&self) -> Tutti {
        Tutti::new().env("DBUS_SESSION_BUS_ADDRESS", self.address.clone())
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // Its script ends with its input, and the session with its script.
        drop(self.bus.stdin.take());
        let _ = self.bus.wait();
    }
}
