//! A program on another computer, as far as one computer can be two: a process with a profile and locks of its own.

use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tutti_app::api::{Action, Snapshot};
use tutti_app::secrets::Memory;

use crate::processes::{Process, env, say, told};
use crate::spotify::{Spotify, sign_in};
use crate::stand::{Stand, until};

pub struct Friend {
    process: Process,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    _computer: tempfile::TempDir,
}

impl Friend {
    /// Somebody who signs in there.
    pub async fn start(spotify: &Spotify, user: &str) -> Self {
        let computer = tempfile::tempdir().unwrap();
        let given = [spotify.sim.base_url(), user];
        let mut process = Process::start_on(computer.path(), "friend::runs_on_another_computer", &given);
        let (first, mut came) = mpsc::unbounded_channel::<Arc<Snapshot>>();
        process.listen(move |line| {
            // An error means that the test has seen enough.
            let _ = first.send(Arc::new(serde_json::from_str(line).unwrap()));
        });
        let begun = came.recv().await.expect("it signs in, and shows it");
        let (shows, snapshots) = watch::channel(begun);
        tokio::spawn(async move {
            while let Some(snapshot) = came.recv().await {
                shows.send_replace(snapshot);
            }
        });
        Self { process, snapshots, _computer: computer }
    }

    pub fn act(&mut self, action: Action) {
        self.process.tell(&serde_json::to_string(&action).unwrap());
    }

    pub async fn until(&self, what: &str, shows: impl Fn(&Snapshot) -> bool) -> Arc<Snapshot> {
        until(self.snapshots.clone(), what, shows).await
    }

    /// Ends it at once, as a crash would.
    pub fn kill(self) {
        self.process.kill();
    }
}

/// In another process: shows every snapshot as a line, and does what it is told, until it is told no more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_on_another_computer() {
    let Some(given) = env() else { return };
    let [base, user] = &given[..] else { panic!("{given:?}") };
    let stand = Stand::at(base, Arc::new(Memory::default())).await;
    sign_in(&stand, user, None).await;
    let mut snapshots = stand.program.snapshots();
    tokio::spawn(async move {
        loop {
            let shown = serde_json::to_string(&**snapshots.borrow_and_update()).unwrap();
            say(&shown);
            if snapshots.changed().await.is_err() {
                return;
            }
        }
    });
    let (tell, mut wishes) = mpsc::unbounded_channel();
    std::thread::spawn(move || told().for_each(|line| tell.send(line).unwrap()));
    while let Some(line) = wishes.recv().await {
        stand.act(serde_json::from_str(&line).unwrap());
    }
    stand.program.stop().await;
}
