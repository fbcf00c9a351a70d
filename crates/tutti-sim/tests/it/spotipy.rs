//! An independent witness: spotipy, where Python is, plays against default answers, unchanged but for its base addresses.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use crate::server::Server;

#[tokio::test]
async fn spotipy_plays_everything_that_it_knows() {
    let Some(python) = tokio::task::spawn_blocking(python_with_spotipy).await.unwrap() else {
        println!("There is no Python with spotipy here, and none could be made: this witness was not heard.");
        return;
    };
    let server = Server::ideal().await;
    let catalogue = server.sim.catalogue().clone();
    let item = |album: usize, place: usize| catalogue.item(catalogue.albums()[album].items[place]).clone();
    let known = json!({
        "uris": [item(2, 0).uri, item(2, 1).uri],
        "queued": item(5, 3).uri,
        "isrc": item(2, 0).isrc,
        "album": catalogue.albums()[2].uri,
        "album_tracks": catalogue.albums()[2].items.len(),
        "artist": catalogue.artists()[2].uri,
        "show": catalogue.shows()[0].uri,
        "episode": catalogue.item(catalogue.shows()[0].items[0]).uri,
        "playlist": catalogue.playlists()[0].uri,
    });
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/witness.py");
    let mut command = Command::new(python);
    command.arg("-B").arg(script).arg(server.sim.base_url()).arg(known.to_string());
    // A proxy would be asked for the simulator's address.
    for name in ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"] {
        command.env_remove(name);
    }
    let ended = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&ended.stdout);
    let errors = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success() && said.contains("spotipy is content"), "{said}{errors}");
}

/// The machine's Python when it has spotipy, else one of our own beside the build, made once.
fn python_with_spotipy() -> Option<PathBuf> {
    let system =
        ["python3", "python"].map(PathBuf::from).into_iter().find(|python| runs(python, "-c", "import venv"))?;
    if has_spotipy(&system) {
        return Some(system);
    }
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("spotipy");
    let bin = if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" };
    let own = home.join(bin);
    if !has_spotipy(&own) {
        let made = Command::new(&system).args(["-m", "venv"]).arg(&home).output().ok()?;
        let quick = ["--timeout", "10", "--retries", "1"];
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "spotipy>=2.25,<3"];
        let installed =
            made.status.success() && Command::new(&own).args(pip).args(quick).output().ok()?.status.success();
        if !installed {
            return None;
        }
    }
    has_spotipy(&own).then_some(own)
}

fn has_spotipy(python: &Path) -> bool {
    runs(python, "-c", "import spotipy")
}

fn runs(python: &Path, flag: &str, what: &str) -> bool {
    Command::new(python).args([flag, what]).output().is_ok_and(|ended| ended.status.success())
}
