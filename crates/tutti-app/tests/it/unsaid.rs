//! Where no token and no secret of a room ever is: in what is logged, in a file of the profile, in what a window is shown.

use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};

use tutti_app::api::{Action, Snapshot};
use tutti_sim::fault::Fault;
use tutti_sim::player::Hand;

use crate::spotify::Spotify;

/// Everything that is logged on this thread, on which the whole program and its Spotify run.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<Vec<u8>>>);

impl Write for Said {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_token_is_in_a_log_a_file_or_a_snapshot_and_a_room_s_secret_in_no_log_and_no_file() {
    let said = Said::default();
    let to = said.clone();
    let all = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(move || to.clone()).finish();
    let _listens = tracing::subscriber::set_default(all);
    let spotify = Spotify::open(2).await;
    let stand = spotify.stand().await;
    let mut snapshots = stand.program.snapshots();
    let shown = Arc::new(Mutex::new(String::new()));
    let shows = Arc::clone(&shown);
    tokio::spawn(async move {
        while snapshots.changed().await.is_ok() {
            let snapshot = serde_json::to_string(&**snapshots.borrow_and_update()).unwrap();
            shows.lock().unwrap().push_str(&snapshot);
        }
    });

    // A sign-in, a session, a song, a renewal, a sign-in that is worth nothing any more, and the end of it.
    spotify.sign_in(&stand, "anna", None).await;
    stand.act(Action::HostSession { relay: None, listen: Some("127.0.0.1:0".into()) });
    let room = stand.until("the room", |snapshot| snapshot.room.is_some()).await;
    let invite = room.room.as_ref().unwrap().network.as_ref().unwrap().invite.clone();
    spotify.sim.hand("anna", Hand::resume()).unwrap();
    stand.until("Anna leads", leads).await;
    spotify.sim.fault("anna", Fault::TokenExpired {}).unwrap();
    let renewals = || spotify.sim.log().requests().filter(|request| request.endpoint == "POST /api/token").count();
    let before = renewals();
    stand.until("a renewal", |_| renewals() > before).await;
    let tokens = tokens(&spotify);
    assert!(tokens.len() >= 3, "{tokens:?}");
    spotify.sim.revoke("anna").unwrap();
    let troubled = |snapshot: &Snapshot| snapshot.room.as_ref().is_some_and(|room| room.members[0].trouble.is_some());
    stand.until("Anna's trouble", troubled).await;
    stand.program.stop().await;

    let log = String::from_utf8(said.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("TRACE") && log.contains("tutti_app"), "something is logged");
    let shown = shown.lock().unwrap().clone();
    assert!(shown.contains(&invite), "something is shown");
    let files = files(stand.home.path());
    assert!(files.contains("Anna"), "something is written");
    for token in &tokens {
        for (place, text) in [("log", &log), ("snapshots", &shown), ("files", &files)] {
            assert!(!text.contains(token.as_str()), "a token in the {place}: {}", around(text, token));
        }
    }
    let secret = invite.split(['/', '?']).nth(3).unwrap();
    assert_eq!(secret.len(), 32, "{invite}");
    for (place, text) in [("log", &log), ("files", &files)] {
        assert!(!text.contains(secret), "the room's secret in the {place}: {}", around(text, secret));
    }
}

fn leads(snapshot: &Snapshot) -> bool {
    snapshot.room.as_ref().is_some_and(|room| room.members.iter().any(|member| member.leads))
}

/// All that the pretend Spotify has given out, of which it keeps nothing else that is so long.
fn tokens(spotify: &Spotify) -> Vec<String> {
    let kept = format!("{:?}", spotify.sim.sign_in());
    let long = kept
        .split('"')
        .filter(|word| word.len() >= 40 && word.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)));
    long.map(str::to_owned).collect()
}

/// What the files of a folder have, one after the other.
fn files(folder: &Path) -> String {
    let mut all = String::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        if entry.path().is_dir() {
            all.push_str(&files(&entry.path()));
        } else {
            all.push_str(&String::from_utf8_lossy(&std::fs::read(entry.path()).unwrap()));
        }
    }
    all
}

/// The line that it is in.
fn around(text: &str, word: &str) -> String {
    text.lines().find(|line| line.contains(word)).unwrap_or_default().chars().take(300).collect()
}
