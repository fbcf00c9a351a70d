//! A disk that is full: what cannot be kept is said, the session goes on, and nothing that was kept is lost.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tutti_app::api::{Action, Setting, Snapshot, Theme};
use tutti_app::settings::{Endpoints, Home, Settings};
use tutti_sim::player::Hand;

use crate::room::member;
use crate::spotify::Spotify;
use crate::stand::Stand;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_said_when_something_has_to_be_kept_and_the_music_goes_on() {
    let Some(disk) = Disk::mount() else {
        return eprintln!("skipped: a disk to fill can only be made on Linux as root");
    };
    let spotify = Spotify::open(2).await;
    let base = spotify.sim.base_url().to_owned();
    let stand = Stand::start(|options| {
        options.home = Home::at(&disk.0);
        options.endpoints = Endpoints::other(&format!("{base}/v1"), &base).unwrap();
    })
    .await;
    for user in ["anna", "ben"] {
        spotify.sign_in(&stand, user, None).await;
    }
    spotify.sim.hand("anna", Hand::resume()).unwrap();
    stand.act(Action::Host);
    stand.until("both in step", |snapshot| leads(snapshot, "Anna") && at(snapshot, "Ben") > 0.0).await;

    disk.fill();
    stand.act(Action::Set { setting: Setting::Theme(Theme::Dark) });

    let text = stand.notice("settings_not_written").await;
    assert!(text.contains(disk.0.to_str().unwrap()) && text.contains("No space left"), "{text}");
    // Requests are counted and sent, although nothing of them can be noted.
    spotify.sim.hand("ben", Hand::Seek { position_ms: 90_000 }).unwrap();
    stand.until("Anna follows Ben", |snapshot| leads(snapshot, "Ben") && at(snapshot, "Anna") > 89_000.0).await;
    assert_eq!(kept(&disk.0).accounts.len(), 2, "what was there is whole");

    disk.free();
    stand.act(Action::Set { setting: Setting::Theme(Theme::Light) });
    stand
        .until("it is kept again", |snapshot| snapshot.settings.theme == Theme::Light && snapshot.settings.saved > 0)
        .await;
    assert_eq!(kept(&disk.0).accounts.len(), 2);
}

fn leads(snapshot: &Snapshot, name: &str) -> bool {
    snapshot.room.is_some() && member(snapshot, name).leads
}

fn at(snapshot: &Snapshot, name: &str) -> f64 {
    member(snapshot, name).player.as_ref().map_or(-1.0, |player| player.position_ms)
}

fn kept(home: &Path) -> Settings {
    serde_json::from_slice(&fs::read(home.join("settings.json")).unwrap()).unwrap()
}

/// A disk of half a megabyte.
struct Disk(PathBuf);

impl Disk {
    fn mount() -> Option<Self> {
        if !cfg!(target_os = "linux") {
            return None;
        }
        let folder = tempfile::tempdir().unwrap().keep();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=512k,mode=700", "tutti-test"]).arg(&folder).stderr(Stdio::null());
        if mount.status().is_ok_and(|status| status.success()) {
            return Some(Self(folder));
        }
        fs::remove_dir(&folder).unwrap();
        None
    }

    fn fill(&self) {
        let mut ballast = fs::File::create(self.ballast()).unwrap();
        while ballast.write_all(&[0; 256]).is_ok() {}
    }

    fn free(&self) {
        fs::remove_file(self.ballast()).unwrap();
    }

    fn ballast(&self) -> PathBuf {
        self.0.join("ballast")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // What is still open there goes with this process.
        let gone = Command::new("umount").arg("-l").arg(&self.0).status();
        if gone.is_ok_and(|status| status.success()) {
            let _ = fs::remove_dir(&self.0);
        }
    }
}
