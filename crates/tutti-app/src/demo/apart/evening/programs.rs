//! The programs of an evening: signed in, started, ended and started again.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use super::Programs;
use crate::demo::apart::process::Process;
use crate::demo::apart::said::Said;
use crate::demo::apart::wire::Wire;
use crate::demo::apart::{Line, boot_us};
use crate::demo::failed;
use crate::demo::headless::Play;
use crate::invite::Invite;
use crate::problem::Problem;
use crate::settings::short_hash;

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The computers of all who are there; each has one program.
pub(super) struct House<'a> {
    play: &'a Play,
    programs: Programs,
    desks: Vec<Desk>,
    relay: Option<Child>,
    port: u16,
    /// For everybody's own way to the relay.
    wires: Vec<Wire>,
    said: Arc<Mutex<Said>>,
    changed: watch::Receiver<u64>,
    to_lines: mpsc::UnboundedSender<(usize, Line)>,
    gathers: Option<JoinHandle<Result<(), Problem>>>,
}

/// A computer and its program.
struct Desk {
    place: usize,
    folder: PathBuf,
    process: Option<Process>,
}

impl<'a> House<'a> {
    /// Everybody is signed in on their computer, and in the room; the first user twice.
    pub async fn open(play: &'a Play, programs: Programs) -> Result<Self, Problem> {
        let members = play.stage.people.len();
        let places: Vec<usize> = (0..members).chain([0]).collect();
        let said = Arc::new(Mutex::new(Said::default()));
        let (to_lines, lines) = mpsc::unbounded_channel();
        let (changes, changed) = watch::channel(0);
        let gathers = tokio::spawn(gather(lines, Arc::clone(&said), places.clone(), changes));
        let port = free_port()?;
        let mut house = Self {
            play,
            programs,
            desks: Vec::new(),
            relay: None,
            port,
            wires: Vec::new(),
            said,
            changed,
            to_lines,
            gathers: Some(gathers),
        };
        house.start_relay().await?;
        for (number, &place) in places.iter().enumerate() {
            let folder = house.programs.folder.join(number.to_string());
            fs::create_dir_all(&folder).map_err(broken)?;
            house.desks.push(Desk { place, folder, process: None });
            house.wires.push(Wire::to(house.port).await.map_err(broken)?);
            house.sign_in(number).await?;
        }
        for number in 0..places.len() {
            house.start(number).await?;
        }
        Ok(house)
    }

    pub fn count(&self) -> usize {
        self.desks.len()
    }

    pub fn members(&self) -> usize {
        self.desks.len() - 1
    }

    pub fn play(&self) -> &Play {
        self.play
    }

    pub fn wire(&self, number: usize) -> &Wire {
        &self.wires[number]
    }

    pub fn said(&self) -> MutexGuard<'_, Said> {
        lock(&self.said)
    }

    /// Of the first user's two computers: the one that drives, and the other one.
    pub fn devices(&self) -> (usize, usize) {
        let second = self.members();
        let first_drives = self.said().drives.get(&0).is_some_and(|&(_, on)| on);
        if first_drives { (0, second) } else { (second, 0) }
    }

    /// Starts this computer's program, and waits until it is in the room.
    pub async fn start(&mut self, number: usize) -> Result<(), Problem> {
        let link = self.said().invite.clone();
        let args = match link {
            None => {
                let relay = format!("ws://localhost:{}", self.wires[number].port);
                vec!["host".to_owned(), "--relay".to_owned(), relay, "--own-device".to_owned()]
            }
            Some(own) => vec!["join".to_owned(), self.link(number, &own)?, "--yes".to_owned()],
        };
        let mut command = self.command(number);
        command.args(args).args(["--measured"]).stderr(self.log(number)?);
        let since = now_us();
        let begun = Process::begin(&mut command, None::<&()>, number, self.to_lines.clone());
        self.desks[number].process = Some(begun.map_err(broken)?);
        let place = self.desks[number].place;
        self.until(&format!("program {number} is in the room"), |said| {
            let first = said.is_in(place) || number > 0;
            said.reached.get(&number).is_some_and(|&(at_us, on)| on && at_us > since) && first && said.invite.is_some()
        })
        .await?;
        // One after the other, so that numbers in the room are places on the stage.
        self.until(&format!("program {number} has its place"), |said| said.is_in(place)).await
    }

    /// The invite over this computer's wire; only the first user's computers get the one that makes them theirs.
    fn link(&self, number: usize, own: &str) -> Result<String, Problem> {
        let mut invite = Invite::parse(own)?;
        if self.desks[number].place != 0 {
            invite.user = None;
        }
        for hub in &mut invite.hubs {
            hub.port = self.wires[number].port;
        }
        Ok(invite.link())
    }

    pub fn kill(&mut self, number: usize) {
        if let Some(process) = self.desks[number].process.take() {
            process.kill();
        }
        self.said().gone(number);
    }

    /// Ends it as Ctrl-C does.
    pub async fn interrupt(&mut self, number: usize) -> Result<(), Problem> {
        let Some(process) = self.desks[number].process.take() else { return Ok(()) };
        let mut kill = tokio::process::Command::new("kill");
        kill.args(["-INT", &process.id().to_string()]).status().await.map_err(broken)?;
        let ended = tokio::task::spawn_blocking(move || process.end());
        timeout(PATIENCE, ended).await.map_err(|_| failed("a program did not end"))?.map_err(broken)?;
        self.said().gone(number);
        Ok(())
    }

    pub async fn start_relay(&mut self) -> Result<(), Problem> {
        let mut command = (self.programs.relay)(self.port);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        self.relay = Some(child.map_err(broken)?);
        let end = Instant::now() + PATIENCE;
        while TcpStream::connect(("127.0.0.1", self.port)).await.is_err() {
            if Instant::now() > end {
                return Err(failed("the relay does not listen"));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    pub fn kill_relay(&mut self) {
        if let Some(mut relay) = self.relay.take()
            && let Err(error) = relay.kill().and_then(|()| relay.wait())
        {
            tracing::warn!(%error, "the relay was not ended");
        }
    }

    /// Waits until what was said is so.
    pub async fn until(&self, what: &str, is_so: impl Fn(&Said) -> bool) -> Result<(), Problem> {
        let mut changed = self.changed.clone();
        let wait = changed.wait_for(|_| is_so(&self.said()));
        match timeout(PATIENCE, wait).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) => Err(failed(format!("the programs went before: {what}"))),
            Err(_) => Err(failed(format!("never: {what}{}", self.logs()))),
        }
    }

    /// Everybody goes, and is signed out; everything that was said.
    pub async fn close(mut self) -> Result<Said, Problem> {
        for number in 0..self.desks.len() {
            self.interrupt(number).await?;
        }
        self.kill_relay();
        for desk in 0..self.desks.len() {
            let mut logout = self.command(desk);
            logout.args(["logout"]).stdout(Stdio::null()).stderr(Stdio::null());
            tokio::process::Command::from(logout).status().await.map_err(broken)?;
        }
        let (gathers, said) = (self.gathers.take(), Arc::clone(&self.said));
        // With it go the lines.
        drop(self);
        if let Some(gathers) = gathers {
            gathers.await.map_err(broken)??;
        }
        let said = std::mem::take(&mut *lock(&said));
        Ok(said)
    }

    /// `tutti login`, and what a person at a browser does with its page.
    async fn sign_in(&self, number: usize) -> Result<(), Problem> {
        let person = &self.play.stage.people[self.desks[number].place];
        // Each computer has a client id of its own.
        let client_id =
            format!("{}{}", short_hash(format!("{} {number}", person.user).as_bytes()), short_hash(b"evening"));
        let mut login = self.command(number);
        login.args(["login", "--no-browser", "--client-id", &client_id, "--name", &person.name]);
        login.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(self.log(number)?);
        let mut login = tokio::process::Command::from(login).spawn().map_err(broken)?;
        let stdout = login.stdout.take().ok_or_else(|| failed("no output"))?;
        let mut lines = BufReader::new(stdout).lines();
        let page = timeout(PATIENCE, lines.next_line()).await.map_err(broken)?.map_err(broken)?;
        let Some(page) = page.filter(|page| page.starts_with("http")) else {
            return Err(failed(format!("no sign-in begins{}", self.logs())));
        };
        self.play.stage.consent(&format!("{page}&sim_user={}", person.user)).await?;
        let ended = timeout(PATIENCE, login.wait()).await.map_err(broken)?.map_err(broken)?;
        if ended.success() { Ok(()) } else { Err(failed(format!("{} is not signed in{}", person.user, self.logs()))) }
    }

    fn command(&self, number: usize) -> Command {
        let folder = &self.desks[number].folder;
        let base = &self.play.stage.endpoints.accounts;
        let mut command = Command::new(&self.programs.tutti);
        command.envs(self.programs.env.iter().map(|(name, value)| (name, value)));
        command.env("TUTTI_HOME", folder.join("profile")).env("TUTTI_SPOTIFY_API", format!("{base}/v1"));
        command.env("TUTTI_SPOTIFY_ACCOUNTS", base).env_remove("TUTTI_DEMO_SIMULATOR");
        // Nothing is locked there because it is locked here.
        command.env("XDG_RUNTIME_DIR", folder).env("XDG_DATA_HOME", folder);
        command
    }

    fn log(&self, number: usize) -> Result<File, Problem> {
        let path = self.desks[number].folder.join("log.txt");
        File::options().create(true).append(true).open(path).map_err(broken)
    }

    /// What the programs complained of, for whoever looks for a cause.
    fn logs(&self) -> String {
        let logs = self.desks.iter().map(|desk| fs::read_to_string(desk.folder.join("log.txt")).unwrap_or_default());
        logs.enumerate().map(|(number, log)| format!("\nprogram {number}:\n{log}")).collect()
    }
}

impl Drop for House<'_> {
    fn drop(&mut self) {
        for number in 0..self.desks.len() {
            self.kill(number);
        }
        self.kill_relay();
    }
}

/// Takes what all say until none of them is left.
async fn gather(
    mut lines: mpsc::UnboundedReceiver<(usize, Line)>,
    said: Arc<Mutex<Said>>,
    places: Vec<usize>,
    changes: watch::Sender<u64>,
) -> Result<(), Problem> {
    while let Some((number, line)) = lines.recv().await {
        lock(&said).take(number, places[number], line)?;
        changes.send_modify(|count| *count += 1);
    }
    Ok(())
}

fn lock(said: &Mutex<Said>) -> MutexGuard<'_, Said> {
    said.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Nobody else takes it in the moment until the relay does.
fn free_port() -> Result<u16, Problem> {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).map_err(broken)?;
    Ok(listener.local_addr().map_err(broken)?.port())
}

fn broken(error: impl std::fmt::Display) -> Problem {
    failed(error.to_string())
}

/// Now, µs since this machine was started.
pub(super) fn now_us() -> i64 {
    boot_us()
}
