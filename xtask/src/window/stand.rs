//! What surrounds the programs of a story: a keychain on the session bus, a pretend Spotify, and a browser that only notes.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use zbus::blocking::fdo::DBusProxy;
use zbus::blocking::{Connection, Proxy};
use zbus::names::BusName;
use zbus::zvariant::OwnedObjectPath;

use super::{OPENS, until};

/// An answer over loopback that takes longer is none.
const ANSWERS: Duration = Duration::from_secs(20);
const SECRETS: &str = "org.freedesktop.secrets";
/// Notes what a browser would be opened with, beside the settings of who opens it.
const BROWSER: &str = "#!/bin/sh\nprintf '%s\\n' \"$1\" >> \"$TUTTI_HOME/opened\"\n";

/// A process that ends with this.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// A folder that goes with this.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

/// Everything around the programs; all of it is gone with this, the folder after those who write into it.
pub struct Stand {
    bus: Connection,
    keychain: Process,
    _spotify: Process,
    folder: Folder,
    /// The pretend Spotify's address.
    spotify: String,
}

impl Stand {
    /// Starts it with this many accounts; what its programs say goes into files beside `picture`.
    pub fn start(simulator: &Path, accounts: usize, picture: &Path) -> Result<Self> {
        let folder = Folder(std::env::temp_dir().join(format!("tutti-story-{}", std::process::id())));
        fs::create_dir_all(folder.0.join("bin"))?;
        let browser = folder.0.join("bin/xdg-open");
        fs::write(&browser, BROWSER)?;
        fs::set_permissions(&browser, fs::Permissions::from_mode(0o755))?;

        let log = fs::File::create(picture.with_file_name("story-keychain.log"))?;
        let mut keychain = Command::new("gnome-keyring-daemon");
        keychain.args(["--foreground", "--unlock", "--components=secrets"]);
        keychain.envs(["HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR"].map(|name| (name, &folder.0)));
        keychain.stdin(Stdio::piped()).stdout(log.try_clone()?).stderr(log);
        let mut keychain = Process(keychain.spawn().context("gnome-keyring-daemon could not be started")?);
        keychain.0.stdin.take().context("the keychain takes no password")?.write_all(b"\n")?;

        let log = fs::File::create(picture.with_file_name("story-spotify.log"))?;
        let mut spotify = Command::new(simulator);
        spotify.args(["serve", "--profile", "lan", "--accounts", &accounts.to_string()]);
        spotify.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        let started = spotify.spawn();
        let mut spotify = Process(started.with_context(|| format!("{} could not be started", simulator.display()))?);
        let mut line = String::new();
        BufReader::new(spotify.0.stdout.take().context("the simulator says nothing")?).read_line(&mut line)?;
        let ready: Value = serde_json::from_str(&line).with_context(|| format!("the simulator said: {line}"))?;
        let address = ready["base_url"].as_str().context("the simulator gives no address")?.to_owned();

        let bus = Connection::session()?;
        let stand = Self { bus, keychain, _spotify: spotify, folder, spotify: address };
        // Who asks a service that is not there yet has the bus start another one.
        let names = DBusProxy::new(&stand.bus)?;
        let there = || Ok(names.name_has_owner(BusName::try_from(SECRETS)?)?.then_some(()));
        until(OPENS, "the keychain on the bus", there)?;
        let owner = names.get_connection_unix_process_id(BusName::try_from(SECRETS)?)?;
        ensure!(owner == stand.keychain.0.id(), "another keychain is on this bus: process {owner}");
        Ok(stand)
    }

    /// What belongs into the environment of a program.
    pub fn surroundings(&self) -> Vec<(String, OsString)> {
        let mut path = self.folder.0.join("bin").into_os_string();
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        vec![
            ("PATH".to_owned(), path),
            ("TUTTI_SPOTIFY_API".to_owned(), format!("{}/v1", self.spotify).into()),
            ("TUTTI_SPOTIFY_ACCOUNTS".to_owned(), self.spotify.clone().into()),
        ]
    }

    /// Acts by hand on somebody's simulated phone.
    pub fn hand(&self, user: &str, action: &str) -> Result<()> {
        let body = serde_json::json!({ "action": action }).to_string();
        let answer = ask("POST", &format!("{}/_sim/accounts/{user}/hand", self.spotify), &body)?;
        ensure!(answer.starts_with("HTTP/1.1 200"), "{user}'s phone: {answer}");
        Ok(())
    }

    /// Somebody removes the app from their account: their sign-in is worth nothing any more.
    pub fn revoke(&self, user: &str) -> Result<()> {
        let answer = ask("POST", &format!("{}/_sim/accounts/{user}/revoke", self.spotify), "")?;
        ensure!(answer.starts_with("HTTP/1.1 204"), "{user}'s app: {answer}");
        Ok(())
    }

    /// How many entries of Tutti the keychain has for this account.
    pub fn entries(&self, account: &str) -> Result<usize> {
        let mut count = 0;
        for collection in self.collections()? {
            let items: Vec<OwnedObjectPath> =
                Proxy::new(&self.bus, SECRETS, collection, "org.freedesktop.Secret.Collection")?
                    .get_property("Items")?;
            for item in items {
                let item = Proxy::new(&self.bus, SECRETS, item, "org.freedesktop.Secret.Item")?;
                let attributes: HashMap<String, String> = item.get_property("Attributes")?;
                let ours = attributes.get("service").is_some_and(|service| service.starts_with("Tutti"));
                count += usize::from(ours && attributes.values().any(|value| value == account));
            }
        }
        Ok(count)
    }

    fn collections(&self) -> Result<Vec<OwnedObjectPath>> {
        let service = Proxy::new(&self.bus, SECRETS, "/org/freedesktop/secrets", "org.freedesktop.Secret.Service")?;
        Ok(service.get_property("Collections")?)
    }
}

/// What a browser asks for; the whole answer, which is not followed.
pub fn get(address: &str) -> Result<String> {
    ask("GET", address, "")
}

/// Where an answer sends the browser.
pub fn location(answer: &str) -> Option<String> {
    let line = answer.lines().take_while(|line| !line.is_empty()).find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("location").then_some(value)
    });
    line.map(|value| value.trim().to_owned())
}

fn ask(method: &str, address: &str, body: &str) -> Result<String> {
    let (host, path) = address
        .strip_prefix("http://")
        .and_then(|rest| rest.split_once('/'))
        .with_context(|| format!("{address} is no address of this computer"))?;
    let mut stream = TcpStream::connect(host).with_context(|| format!("nobody answers at {host}"))?;
    stream.set_read_timeout(Some(ANSWERS))?;
    write!(
        stream,
        "{method} /{path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).with_context(|| format!("{host} did not answer"))?;
    Ok(answer)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn only_a_head_sends_a_browser_elsewhere() {
        assert_eq!(
            location("HTTP/1.1 303 See Other\r\nLocation: tutti://callback?code=a\r\n\r\n").unwrap(),
            "tutti://callback?code=a"
        );
        assert_eq!(location("HTTP/1.1 200 OK\r\n\r\nlocation: elsewhere"), None);
    }
}
