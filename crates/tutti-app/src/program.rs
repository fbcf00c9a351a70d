//! The handle to the running program: what windows, the browser host and the terminal hold of it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

use crate::api::{Action, Snapshot};
use crate::controller::{Controller, Message, Opened};
use crate::cover::{Cover, Covers};
use crate::demo::apart::Tap;
use crate::players::spotify::Way;
use crate::problem::Problem;
use crate::secrets::{Keychain, SecretStore};
use crate::settings::{Endpoints, Home};
use crate::shell::{News, Shell};
use crate::sign_in::Links;
use crate::tray;

/// The program writes a file or two when it stops.
const STOP_DEADLINE: Duration = Duration::from_secs(3);

/// What a program is started with.
#[derive(Debug, Clone)]
pub struct Options {
    /// Open on the demo: simulated accounts, nothing is written to the profile.
    pub demo: Option<DemoOptions>,
    pub home: Home,
    pub endpoints: Endpoints,
    /// Where sign-ins are kept.
    pub secrets: Arc<dyn SecretStore>,
    /// The accounts to bring together in this run, by id; none = those chosen in the settings.
    pub chosen: Option<Vec<String>>,
    /// Which links of the system's reach this program.
    pub links: Links,
    /// What requests for signed-in accounts go over.
    pub way: Way,
    /// For the dither of looks; none = another one each time.
    pub seed: Option<u64>,
    /// Where what goes on in the room is said, for measurements.
    pub tap: Option<Tap>,
}

/// The simulated world of a demo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoOptions {
    /// Simulated accounts, 2 to 32.
    pub members: usize,
    /// `ideal`, `lan` or `broadband`: how the simulated network and players behave.
    pub profile: String,
    pub seed: u64,
    /// A simulator that runs already, by its base address; none = one in this process.
    pub simulator: Option<String>,
    /// Simulated friends act by hand every 10 s or so.
    pub friends: bool,
}

impl Default for DemoOptions {
    fn default() -> Self {
        Self { members: 5, profile: "broadband".into(), seed: 7, simulator: None, friends: false }
    }
}

impl DemoOptions {
    /// The usual demo, on the simulator that `TUTTI_DEMO_SIMULATOR` names if it is set.
    pub fn from_env() -> Self {
        let simulator = std::env::var("TUTTI_DEMO_SIMULATOR").ok().filter(|address| !address.is_empty());
        Self { simulator, ..Self::default() }
    }
}

impl Options {
    /// The profile and servers that the environment names (`TUTTI_HOME`, `TUTTI_SPOTIFY_API`,
    /// `TUTTI_SPOTIFY_ACCOUNTS`). Errors are sentences for the user.
    pub fn from_env(demo: bool) -> anyhow::Result<Self> {
        Self::at(Home::from_env().map_err(Problem::from)?, demo)
    }

    /// The same in this profile, whatever `TUTTI_HOME` says.
    pub fn at(home: Home, demo: bool) -> anyhow::Result<Self> {
        let secrets = Arc::new(Keychain::new(home.own_keychain()));
        let endpoints = Endpoints::from_env().map_err(Problem::from)?;
        Ok(Self {
            demo: demo.then(DemoOptions::from_env),
            home,
            endpoints,
            secrets,
            chosen: None,
            links: Links::None,
            way: Way::default(),
            seed: None,
            tap: None,
        })
    }
}

/// The running program. Clones are handles to the same one.
#[derive(Clone)]
pub struct Program {
    to: mpsc::UnboundedSender<Message>,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    covers: Covers,
}

impl Program {
    /// Starts the program; it runs until [`Program::stop`]. Errors are sentences for the user.
    pub async fn start(options: Options, shell: Arc<dyn Shell>) -> anyhow::Result<Self> {
        let (to, inbox) = mpsc::unbounded_channel();
        let covers = Covers::new(&options.endpoints);
        let controller = Controller::new(options, shell, to.clone(), covers.clone());
        let snapshots = controller.snapshots();
        tokio::spawn(controller.run(inbox));
        Ok(Self { to, snapshots, covers })
    }

    /// Hands in what a user asked for. What comes of it is seen in the snapshots.
    pub fn dispatch(&self, action: Action) {
        self.send(Message::Action(action));
    }

    /// A link of the system's, `tutti://…`: an invite becomes a question, the answer of a sign-in's page goes to the
    /// sign-in that waits for it, and nothing else happens.
    pub fn open_link(&self, link: &str) {
        self.send(Message::Link(Opened::read(link)));
    }

    /// The newest snapshot, and a sign when there is a newer one.
    pub fn snapshots(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.snapshots.clone()
    }

    /// The picture of a cover key that the newest snapshot carries; `None` for any other key.
    pub async fn cover(&self, key: &str) -> Option<Cover> {
        self.covers.get(key).await
    }

    /// A click on the tray.
    pub fn tray_entry(&self, entry: tray::Entry) {
        self.send(Message::Tray(entry));
    }

    /// What the desktop says by itself.
    pub fn desktop(&self, news: News) {
        self.send(Message::Desktop(news));
    }

    /// Ends the program; the music stays as it is. Returns when everything is written.
    pub async fn stop(&self) {
        let (done, stopped) = oneshot::channel();
        self.send(Message::Stop(done));
        // An error means that it had stopped before.
        let _ = stopped.await;
    }

    /// The same where the system waits for it: a disk that takes longer than this must not keep it.
    pub async fn stop_in_time(&self) {
        if tokio::time::timeout(STOP_DEADLINE, self.stop()).await.is_err() {
            tracing::warn!("the program took too long to stop");
        }
    }

    fn send(&self, message: Message) {
        if self.to.send(message).is_err() {
            tracing::debug!("the program has stopped already");
        }
    }
}
