//! Several processes of the program on one profile: this test program starts itself again.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Lines, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;

use tutti_app::secrets::{SecretError, SecretStore, StoredLogin};
use tutti_spotify::Secret;

/// Before a line of a process that is meant for its test; the test program prints others.
const MARK: &str = "> ";

/// Another process of this test program, which runs one test; that one sees [`env`] and talks by lines.
pub struct Process {
    child: Child,
    stdin: Option<ChildStdin>,
    /// Until somebody listens.
    lines: Option<Lines<BufReader<ChildStdout>>>,
}

/// What the test was given that runs in another process; `None` in the first one, where it has nothing to do.
pub fn env() -> Option<Vec<String>> {
    let given = std::env::var("TUTTI_TEST_PROCESS").ok()?;
    Some(serde_json::from_str(&given).unwrap())
}

impl Process {
    pub fn start(test: &str, given: &[&str]) -> Self {
        Self::spawn(&mut Self::command(test, given))
    }

    /// As on another computer, whose user's runtime folder this is: nothing is locked there because it is locked here.
    pub fn start_on(computer: &Path, test: &str, given: &[&str]) -> Self {
        Self::spawn(Self::command(test, given).env("XDG_RUNTIME_DIR", computer).env("XDG_DATA_HOME", computer))
    }

    fn command(test: &str, given: &[&str]) -> Command {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", test, "--nocapture", "--test-threads", "1"]);
        command.env("TUTTI_TEST_PROCESS", serde_json::to_string(given).unwrap());
        command
    }

    fn spawn(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { stdin: child.stdin.take(), child, lines: Some(lines) }
    }

    pub fn tell(&mut self, word: &str) {
        writeln!(self.stdin.as_mut().unwrap(), "{word}").unwrap();
    }

    /// The next line of the test over there.
    pub fn hear(&mut self) -> String {
        let lines = self.lines.as_mut().expect("somebody else listens");
        loop {
            let line = lines.next().expect("the other process ended").unwrap();
            if let Some(said) = said(&line) {
                return said.to_owned();
            }
        }
    }

    /// From now on every line goes there, until the process ends.
    pub fn listen(&mut self, mut hears: impl FnMut(&str) + Send + 'static) {
        let lines = self.lines.take().expect("somebody else listens");
        let all = move || lines.map_while(Result::ok).for_each(|line| said(&line).into_iter().for_each(&mut hears));
        std::thread::spawn(all);
    }

    /// Ends it at once, as a crash would.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Lets it end, and asks that its test passed.
    pub fn end(mut self) {
        drop(self.stdin.take());
        assert!(self.child.wait().unwrap().success());
    }
}

/// The test program prints the test's name without a line's end before what it prints.
fn said(line: &str) -> Option<&str> {
    line.split_once(MARK).map(|(_, said)| said)
}

/// Says a line to the test that started this process.
pub fn say(line: &str) {
    println!("{MARK}{line}");
}

/// What the test that started this process says, until it says no more.
pub fn told() -> impl Iterator<Item = String> {
    std::io::stdin().lines().map(|line| line.unwrap())
}

/// Logins in a file, which every process sees, as every process sees a keychain.
#[derive(Debug)]
pub struct SharedFile {
    path: PathBuf,
    turn: Mutex<()>,
}

impl SharedFile {
    pub fn at(path: &Path) -> Self {
        Self { path: path.to_owned(), turn: Mutex::default() }
    }

    /// The key of the only login.
    pub fn only(&self) -> String {
        self.read().into_keys().next().unwrap()
    }

    fn read(&self) -> BTreeMap<String, (String, String, chrono::DateTime<chrono::Utc>)> {
        let text = std::fs::read(&self.path).unwrap_or_else(|_| b"{}".to_vec());
        serde_json::from_slice(&text).unwrap()
    }

    fn change(&self, key: &str, login: Option<&StoredLogin>) {
        let _turn = self.turn.lock().unwrap();
        let mut all = self.read();
        match login {
            Some(login) => {
                let fields = (login.refresh.expose().to_owned(), login.client_id.clone(), login.signed_in_at);
                all.insert(key.to_owned(), fields);
            }
            None => drop(all.remove(key)),
        }
        tutti_app::settings::write_atomically(&self.path, &serde_json::to_vec(&all).unwrap()).unwrap();
    }
}

impl SecretStore for SharedFile {
    fn load(&self, key: &str) -> Result<Option<StoredLogin>, SecretError> {
        let login = self.read().remove(key);
        Ok(login.map(|(refresh, client_id, signed_in_at)| StoredLogin {
            refresh: Secret::new(refresh),
            client_id,
            signed_in_at,
        }))
    }

    fn save(&self, key: &str, login: &StoredLogin) -> Result<(), SecretError> {
        self.change(key, Some(login));
        Ok(())
    }

    fn delete(&self, key: &str) -> Result<(), SecretError> {
        self.change(key, None);
        Ok(())
    }

    fn probe(&self) -> Result<(), SecretError> {
        Ok(())
    }
}
