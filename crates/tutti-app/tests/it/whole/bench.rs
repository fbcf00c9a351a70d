//! A program and its Spotify on virtual time: accounts that signed in earlier, hands, faults, and what is shown.

use std::cell::Cell;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Once};
use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, timeout_at};
use tutti_app::api::{Action, Member, Room, Snapshot};
use tutti_app::players::spotify::Way;
use tutti_app::secrets::{Memory, SecretStore, StoredLogin};
use tutti_app::settings::{AccountSettings, Endpoints, Home, Settings};
use tutti_app::{Options, Program};
use tutti_sim::fault::Fault;
use tutti_sim::player::Hand;
use tutti_sim::profile::Profile;
use tutti_sim::sim::{Sim, SimConfig};
use tutti_spotify::{SCOPES, Secret};

use super::ration;
use super::wire::{Sent, Wire};
use crate::stand::Opened;

/// Nobody was moved for so long: the room has come to rest.
const RESTED_US: i64 = 6_000_000;
/// A room has come together after this long even on the worst network.
const SETTLES_WITHIN: Duration = Duration::from_secs(240);

/// What a bench is set up with.
#[derive(Clone, Debug)]
pub struct Setting {
    pub members: usize,
    pub profile: Profile,
    pub seed: u64,
    /// All members use one client id; else each has one of their own.
    pub shared: bool,
    /// Users without Premium.
    pub free: Vec<String>,
    /// Every renewal brings a new refresh token, and the old one is worthless.
    pub rotating: bool,
}

impl Default for Setting {
    fn default() -> Self {
        Self { members: 2, profile: Profile::Broadband, seed: 7, shared: false, free: Vec::new(), rotating: false }
    }
}

pub struct Bench {
    pub sim: Arc<Sim>,
    pub program: Program,
    pub secrets: Arc<Memory>,
    wire: Arc<Wire>,
    _home: tempfile::TempDir,
}

/// What is shown at one moment.
#[derive(Clone, Debug)]
pub struct Now(pub Arc<Snapshot>);

impl Bench {
    /// The program with its accounts in the lobby, all signed in.
    pub async fn open(setting: Setting) -> Self {
        let config = SimConfig {
            accounts: setting.members,
            profile: setting.profile,
            seed: setting.seed,
            free: setting.free.clone(),
            rotating: setting.rotating,
            ..SimConfig::default()
        };
        let address = address();
        let sim = Sim::new(config, address).unwrap();
        let wire = Arc::new(Wire::to(&sim));
        let secrets = Arc::new(Memory::default());
        let mut settings = Settings::default();
        for (place, (user, _)) in sim.users().enumerate() {
            let client_id = format!("{:032x}", 0xabc_u64 + if setting.shared { 0 } else { place as u64 });
            let refresh = sim.signed_in(user, &client_id, &SCOPES.join(" ")).unwrap();
            let account_id = sim.account_id(user).unwrap().to_owned();
            let login = StoredLogin {
                refresh: Secret::new(refresh),
                client_id: client_id.clone(),
                signed_in_at: chrono::Utc::now(),
            };
            secrets.save(&account_id, &login).unwrap();
            let (name, chosen, device) = (name_of(user), true, None);
            settings.accounts.push(AccountSettings {
                account_id,
                name,
                client_id,
                chosen,
                device,
                trim_ms: 0,
                signed_in_at: None,
                ending_told: None,
            });
        }
        let home = tempfile::tempdir().unwrap();
        settings.save(&Home::at(home.path())).unwrap();
        let options = Options {
            demo: None,
            home: Home::at(home.path()),
            endpoints: Endpoints::other(&format!("http://{address}/v1"), &format!("http://{address}")).unwrap(),
            secrets: secrets.clone(),
            chosen: None,
            links: tutti_app::sign_in::Links::None,
            way: Way::over(wire.clone()),
            seed: Some(setting.seed),
            tap: None,
        };
        let program = Program::start(options, Arc::new(Opened::default())).await.unwrap();
        Self { sim, program, secrets, wire, _home: home }
    }

    /// A room in which Anna has just pressed play.
    pub async fn open_room(setting: Setting) -> Self {
        let bench = Self::open(setting).await;
        bench.program.dispatch(Action::Host);
        assert!(bench.until(SETTLES_WITHIN, |now| now.0.room.is_some()).await.is_some(), "{:#?}", bench.now());
        bench.hand("anna", Hand::resume());
        bench
    }

    /// A room in which Anna plays and everybody has followed her, and nothing more is under way.
    pub async fn in_step(setting: Setting) -> Self {
        let bench = Self::open_room(setting).await;
        assert!(bench.until(SETTLES_WITHIN, Now::together).await.is_some(), "{:#?}", bench.now());
        let deadline = Instant::now() + SETTLES_WITHIN;
        while bench.commanded_since(bench.sim.now_us() - RESTED_US) && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        bench
    }

    /// The same as `POST /_sim/accounts/{user}/fault`.
    pub fn fault(&self, user: &str, fault: &Value) {
        self.sim.fault(user, Fault::from_json(fault.clone()).unwrap()).unwrap();
    }

    /// Somebody acts in their Spotify app; false if it would not offer that now.
    pub fn hand(&self, user: &str, hand: Hand) -> bool {
        self.sim.hand(user, hand).is_ok()
    }

    pub fn now(&self) -> Now {
        Now(self.program.snapshots().borrow().clone())
    }

    /// Waits until it is shown; after which virtual time that was, if it was before the deadline.
    pub async fn until(&self, within: Duration, shows: impl Fn(&Now) -> bool) -> Option<Duration> {
        let begun = Instant::now();
        let mut snapshots = self.program.snapshots();
        loop {
            if shows(&Now(snapshots.borrow_and_update().clone())) {
                return Some(begun.elapsed());
            }
            if begun.elapsed() >= within {
                return None;
            }
            // An error means that nothing changed meanwhile.
            let _ = timeout_at(Instant::now() + Duration::from_millis(50), snapshots.changed()).await;
        }
    }

    /// Everything that was sent so far.
    pub fn sent(&self) -> Vec<Sent> {
        self.wire.sent()
    }

    /// What was sent and should not have been.
    pub fn breaches(&self) -> Vec<String> {
        ration::breaches(&self.sent())
    }

    /// The end of the last wait that Spotify has asked for.
    pub fn waits_until_us(&self) -> i64 {
        self.sent().iter().filter_map(ration::waits_until_us).max().unwrap_or(0)
    }

    pub fn commanded_since(&self, since_us: i64) -> bool {
        self.sim.log().commands().any(|command| command.at_us > since_us)
    }

    /// Whether the player was read with an answer after that instant of the simulator's clock.
    pub fn read_since(&self, user: &str, since_us: i64) -> bool {
        let log = self.sim.log();
        let mut looks = log.requests().filter(|request| request.endpoint == "GET /v1/me/player");
        looks.any(|look| look.at_us > since_us && &*look.user == user && matches!(look.status, 200 | 204))
    }

    /// Whether it plays, in truth.
    pub fn plays(&self, user: &str) -> bool {
        self.sim.truth().1.iter().any(|(name, truth)| &**name == user && truth.playing)
    }

    pub async fn stop(self) {
        self.program.stop().await;
    }
}

impl Now {
    pub fn room(&self) -> &Room {
        self.0.room.as_ref().expect("a room")
    }

    pub fn member(&self, name: &str) -> &Member {
        self.room().members.iter().find(|member| member.name == name).expect("a member")
    }

    pub fn leads(&self, name: &str) -> bool {
        self.member(name).leads
    }

    /// The code of what is wrong with a member.
    pub fn trouble(&self, name: &str) -> Option<&str> {
        self.member(name).trouble.as_ref().map(|trouble| trouble.code.as_str())
    }

    /// Somebody leads, and everybody is near.
    pub fn together(&self) -> bool {
        let near = |member: &Member| member.timing.is_some_and(|timing| timing.error_ms.abs() < 250.0);
        let room = self.room();
        room.leader.is_some() && room.members.iter().all(near)
    }
}

/// Runs a test on a clock that stands still while anything can be done, and jumps when nothing can. What blocks goes one
/// after the other on one thread, so that the same seed is the same run.
pub fn on_virtual_time(test: impl Future<Output = ()>) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().start_paused(true).max_blocking_threads(1);
    runtime.build().unwrap().block_on(test);
}

/// Panics on this thread so far. A program's task that panics is gone without a word, and a test must not miss that.
pub fn panics() -> u32 {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            PANICS.with(|panics| panics.set(panics.get() + 1));
            usual(info);
        }));
    });
    PANICS.with(Cell::get)
}

thread_local! {
    static PANICS: Cell<u32> = const { Cell::new(0) };
}

pub fn name_of(user: &str) -> String {
    let (first, rest) = user.split_at(1);
    first.to_uppercase() + rest
}

/// An address where nobody listens, another one for each bench of each process: accounts are locked by it.
fn address() -> std::net::SocketAddr {
    static BENCHES: AtomicU32 = AtomicU32::new(0);
    let [.., high, middle, low] = std::process::id().to_be_bytes();
    let port = 1_024 + (BENCHES.fetch_add(1, Ordering::Relaxed) % 60_000) as u16;
    ([127, high, middle, low], port).into()
}
