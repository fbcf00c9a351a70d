//! A program on a profile of its own, and waiting for what its snapshots show.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;
use tutti_app::api::{Action, Snapshot};
use tutti_app::players::spotify::Way;
use tutti_app::secrets::{Memory, SecretStore};
use tutti_app::settings::{Endpoints, Home};
use tutti_app::shell::{Desktop, Shell};
use tutti_app::sign_in::Links;
use tutti_app::window::Place;
use tutti_app::{DemoOptions, Options, Program};

use crate::computer::Computer;

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Notes which addresses were opened; on a desktop, if there is one.
#[derive(Default)]
pub struct Opened(pub Mutex<Vec<String>>, pub Option<Computer>);

impl Shell for Opened {
    fn open_address(&self, address: &str) -> Result<(), String> {
        self.0.lock().unwrap().push(address.to_owned());
        Ok(())
    }

    fn show_window(&self, _place: Option<Place>) {}

    fn quit(&self) {}

    fn desktop(&self) -> Option<&dyn Desktop> {
        self.1.as_ref().map(|computer| computer as &dyn Desktop)
    }
}

pub struct Stand {
    pub program: Program,
    pub shell: Arc<Opened>,
    pub home: tempfile::TempDir,
}

pub fn options(home: &tempfile::TempDir) -> Options {
    Options {
        demo: None,
        home: Home::at(home.path()),
        endpoints: Endpoints::default(),
        secrets: Arc::new(Memory::default()),
        chosen: None,
        links: Links::Given,
        way: Way::default(),
        seed: None,
        tap: None,
    }
}

impl Stand {
    pub async fn start(change: impl FnOnce(&mut Options)) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut options = options(&home);
        change(&mut options);
        let shell = Arc::new(Opened::default());
        let program = Program::start(options, shell.clone()).await.unwrap();
        Self { program, shell, home }
    }

    pub async fn demo(members: usize, profile: &str) -> Self {
        let demo = DemoOptions { members, profile: profile.into(), ..DemoOptions::default() };
        Self::start(|options| options.demo = Some(demo)).await
    }

    /// At another server than Spotify.
    pub async fn at(base: &str, secrets: Arc<dyn SecretStore>) -> Self {
        let endpoints = Endpoints::other(&format!("{base}/v1"), base).unwrap();
        Self::start(|options| {
            options.endpoints = endpoints;
            options.secrets = secrets;
        })
        .await
    }

    /// The same profile in another run.
    pub async fn again(self, base: &str, secrets: Arc<dyn SecretStore>) -> Self {
        let mut options = options(&self.home);
        options.endpoints = Endpoints::other(&format!("{base}/v1"), base).unwrap();
        options.secrets = secrets;
        let shell = Arc::new(Opened::default());
        let program = Program::start(options, shell.clone()).await.unwrap();
        Self { program, shell, home: self.home }
    }

    /// The same profile in another run, with a window.
    pub async fn on_desktop(self, base: &str, secrets: Arc<dyn SecretStore>) -> Self {
        let mut options = options(&self.home);
        options.endpoints = Endpoints::other(&format!("{base}/v1"), base).unwrap();
        options.secrets = secrets;
        let shell = Arc::new(Opened(Mutex::default(), Some(Computer::default())));
        let program = Program::start(options, shell.clone()).await.unwrap();
        Self { program, shell, home: self.home }
    }

    pub fn act(&self, action: Action) {
        self.program.dispatch(action);
    }

    /// The first snapshot that shows what is waited for.
    pub async fn until(&self, what: &str, shows: impl Fn(&Snapshot) -> bool) -> Arc<Snapshot> {
        until(self.program.snapshots(), what, shows).await
    }

    /// Waits for a notice and answers its words.
    pub async fn notice(&self, code: &str) -> String {
        let has = |snapshot: &Snapshot| snapshot.notices.iter().any(|notice| notice.code == code);
        let snapshot = self.until(&format!("notice {code}"), has).await;
        let notice = snapshot.notices.iter().find(|notice| notice.code == code).unwrap();
        assert!(!notice.text.contains(['{', '}']), "{}", notice.text);
        notice.text.clone()
    }
}

/// The first of these that shows what is waited for.
pub async fn until(
    snapshots: watch::Receiver<Arc<Snapshot>>,
    what: &str,
    shows: impl Fn(&Snapshot) -> bool,
) -> Arc<Snapshot> {
    let mut seen = snapshots.clone();
    let found = tokio::time::timeout(PATIENCE, seen.wait_for(|snapshot| shows(snapshot))).await;
    if let Ok(snapshot) = found {
        return snapshot.unwrap().clone();
    }
    panic!("never: {what}; last: {:#?}", snapshots.borrow())
}
