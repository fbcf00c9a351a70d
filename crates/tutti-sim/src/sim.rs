//! All accounts on one clock (tokio's, which a test may stop and put forward), the players under it, and a log.

mod log;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

pub use log::{CommandRecord, HandRecord, Log, RequestRecord};
use tokio::time::Instant;

use crate::catalogue::{Catalogue, ContextRef, id_of};
use crate::fault::{Fault, Place};
use crate::gateway::{Gateway, Request, Verdict};
use crate::player::{
    Accepted, Command, Device, Hand, HandError, PlayerConfig, Product, Refusal, Settings, Truth, VirtualPlayer,
    display_name,
};
use crate::profile::{Exchange, Profile, Ration};
use crate::random::Random;
use crate::sign_in::SignIn;

/// The first accounts have names; after them comes user13, user14, …
const NAMES: [&str; 12] =
    ["anna", "ben", "chiara", "deniz", "emil", "fay", "goran", "hana", "ines", "jonas", "kira", "luca"];
/// More than anybody runs on one machine, few enough that a typing error does not fill its memory.
pub const MOST_ACCOUNTS: usize = 5000;

/// Free accounts hear an advertisement after so many items.
const ADS_EVERY: u32 = 4;

/// What to pretend.
#[derive(Clone, Debug)]
pub struct SimConfig {
    /// 1 to [`MOST_ACCOUNTS`].
    pub accounts: usize,
    /// Users without Premium.
    pub free: Vec<String>,
    pub profile: Profile,
    pub seed: u64,
    /// Instant 0 of `now_us`; now, unless another part must share the same zero.
    pub origin: Option<Instant>,
    /// Six devices an account instead of two.
    pub many_devices: bool,
    /// Every refresh brings a new refresh token.
    pub rotating: bool,
    /// Limits instead of the profile's.
    pub ration: Option<Ration>,
}

impl Default for SimConfig {
    fn default() -> Self {
        Self {
            accounts: 4,
            free: Vec::new(),
            profile: Profile::default(),
            seed: 7,
            origin: None,
            many_devices: false,
            rotating: false,
            ration: None,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    #[error("there must be 1 to {MOST_ACCOUNTS} accounts, not {0}")]
    Accounts(usize),
    #[error("there is no account \"{0}\" that could be free")]
    Free(String),
}

/// Why something done by hand was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ActError {
    #[error("there is no account \"{0}\"")]
    UnknownUser(String),
    #[error(transparent)]
    Hand(#[from] HandError),
}

/// Accounts; shared between the server and whoever runs it in process.
pub struct Sim {
    origin: Instant,
    wall_ms_at_zero: i64,
    catalogue: Arc<Catalogue>,
    profile: Profile,
    base_url: String,
    accounts: Vec<Account>,
    sign_in: Mutex<SignIn>,
    gateway: Mutex<Gateway>,
    /// Places in the list of accounts.
    places: HashMap<Arc<str>, usize>,
    network: Mutex<Random>,
    log: Mutex<Log>,
    pub(crate) connections_total: AtomicU64,
    pub(crate) connections_open: AtomicU64,
}

/// One account and everything that is drawn for it.
pub(crate) struct Account {
    pub(crate) user: Arc<str>,
    /// Spotify's stable `account_id`.
    pub(crate) account_id: String,
    pub(crate) display_name: String,
    pub(crate) product: Product,
    player: Mutex<VirtualPlayer>,
    network: Mutex<Random>,
}

impl Sim {
    /// Accounts that answer at `http://<address>`.
    ///
    /// # Errors
    /// When there are too many or no accounts, or a free account does not exist.
    pub fn new(config: SimConfig, address: SocketAddr) -> Result<Arc<Self>, ConfigError> {
        if !(1..=MOST_ACCOUNTS).contains(&config.accounts) {
            return Err(ConfigError::Accounts(config.accounts));
        }
        let names: Vec<String> = (0..config.accounts).map(user_name).collect();
        if let Some(unknown) = config.free.iter().find(|free| !names.contains(free)) {
            return Err(ConfigError::Free(unknown.clone()));
        }
        let origin = config.origin.unwrap_or_else(Instant::now);
        let wall_ms_at_zero = unix_ms() - origin.elapsed().as_millis() as i64;
        let catalogue = Arc::new(Catalogue::new());
        let accounts = names.iter().enumerate().map(|(index, user)| {
            let mut player = PlayerConfig::new(user, config.profile, config.seed);
            player.settings = Settings::of_account(index, config.profile);
            if config.free.contains(user) {
                player.product = Product::Free;
                if config.profile != Profile::Ideal {
                    player.settings.ads_every = ADS_EVERY;
                }
            }
            if config.many_devices {
                player.devices = Device::all(user, config.profile, config.seed);
            }
            player.wall_ms_at_zero = wall_ms_at_zero;
            Account::new(index, player, &catalogue)
        });
        let accounts: Vec<Account> = accounts.collect();
        let trouble = config.profile.trouble();
        let ration = config.ration.unwrap_or(trouble.ration);
        // Tokens of an earlier run must not work in this one, also under the same seed.
        let mut sign_in = SignIn::new(config.seed ^ unix_ms() as u64);
        sign_in.rotating = config.rotating;
        Ok(Arc::new(Self {
            origin,
            wall_ms_at_zero,
            profile: config.profile,
            base_url: format!("http://{address}"),
            places: accounts.iter().enumerate().map(|(index, account)| (account.user.clone(), index)).collect(),
            gateway: Mutex::new(Gateway::new(accounts.len(), trouble, ration, config.seed)),
            accounts,
            catalogue,
            sign_in: Mutex::new(sign_in),
            network: Mutex::new(Random::named(config.seed, "network")),
            log: Mutex::default(),
            connections_total: AtomicU64::new(0),
            connections_open: AtomicU64::new(0),
        }))
    }

    /// Unix time of instant 0, ms.
    pub fn wall_ms_at_zero(&self) -> i64 {
        self.wall_ms_at_zero
    }

    /// Time since the origin, µs.
    pub fn now_us(&self) -> i64 {
        self.origin.elapsed().as_micros() as i64
    }

    /// Instant 0 of `now_us`.
    pub fn origin(&self) -> Instant {
        self.origin
    }

    /// `http://127.0.0.1:PORT`
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    pub fn catalogue(&self) -> &Arc<Catalogue> {
        &self.catalogue
    }

    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// Users in order, each with its product.
    pub fn users(&self) -> impl Iterator<Item = (&str, Product)> {
        self.accounts.iter().map(|account| (&*account.user, account.product))
    }

    /// The truth about every account at one and the same instant.
    pub fn truth(&self) -> (i64, Vec<(Arc<str>, Truth)>) {
        // With all players held nobody can push one of them past the instant that is read.
        let mut held: Vec<_> = self.accounts.iter().map(Account::player).collect();
        let now_us = self.now_us();
        let players = self.accounts.iter().zip(&mut held);
        let truths = players.map(|(account, player)| (account.user.clone(), player.truth(now_us)));
        (now_us, truths.collect())
    }

    /// Somebody acts in their own Spotify app, now.
    ///
    /// # Errors
    /// When there is no such user, or the app would not offer it.
    pub fn hand(&self, user: &str, hand: Hand) -> Result<HandRecord, ActError> {
        let account = self.account(user)?;
        let record = {
            let mut player = account.player();
            let at_us = self.now_us();
            player.hand(at_us, hand.clone())?;
            HandRecord { at_us, user: account.user.clone(), hand, after: player.truth(at_us) }
        };
        lock(&self.log).note_hand(record.clone());
        Ok(record)
    }

    /// Fault: all devices of an account vanish or come back.
    ///
    /// # Errors
    /// When there is no such user.
    pub fn set_online(&self, user: &str, online: bool) -> Result<(), ActError> {
        let mut player = self.account(user)?.player();
        player.set_online(self.now_us(), online);
        Ok(())
    }

    /// The user removes the app from their account: its tokens stop working.
    ///
    /// # Errors
    /// When there is no such user.
    pub fn revoke(&self, user: &str) -> Result<(), ActError> {
        let index = self.index_of(user).ok_or_else(|| ActError::UnknownUser(user.to_owned()))?;
        self.sign_in().revoke(index);
        Ok(())
    }

    /// Spotify's stable id of an account.
    ///
    /// # Errors
    /// When there is no such user.
    pub fn account_id(&self, user: &str) -> Result<&str, ActError> {
        Ok(&self.account(user)?.account_id)
    }

    /// The refresh token of somebody who consented just now, without a browser.
    ///
    /// # Errors
    /// When there is no such user.
    pub fn signed_in(&self, user: &str, client_id: &str, scope: &str) -> Result<String, ActError> {
        let index = self.index_of(user).ok_or_else(|| ActError::UnknownUser(user.to_owned()))?;
        let now_us = self.now_us();
        Ok(self.sign_in().remember(now_us, index, client_id, scope))
    }

    /// Something goes wrong for this account, from now on.
    ///
    /// # Errors
    /// When there is no such user.
    pub fn fault(&self, user: &str, fault: Fault) -> Result<(), ActError> {
        let index = self.index_of(user).ok_or_else(|| ActError::UnknownUser(user.to_owned()))?;
        let now_us = self.now_us();
        match fault {
            Fault::TokenExpired {} => self.sign_in().expire(now_us, index),
            Fault::TokenRevoked {} => self.sign_in().revoke(index),
            Fault::TokenAged { days } => self.sign_in().age(index, days),
            Fault::Clear {} => {
                self.accounts[index].player().fault(now_us, Fault::Clear {});
                self.gateway().fault(now_us, index, Fault::Clear {});
            }
            fault if fault.place() == Place::Player => {
                let mut player = self.accounts[index].player();
                player.fault(self.now_us(), fault);
            }
            fault => self.gateway().fault(now_us, index, fault),
        }
        Ok(())
    }

    /// Limits, apps and the faults of the gateway.
    pub fn gateway(&self) -> MutexGuard<'_, Gateway> {
        lock(&self.gateway)
    }

    /// What becomes of a request, which is counted.
    pub(crate) fn judge(&self, at_us: i64, user: usize, client_id: &str, command: bool) -> Verdict {
        self.gateway().judge(at_us, Request { user, client_id, command })
    }

    /// Looks at one account's player at this instant.
    pub fn with_player<T>(&self, user: &str, look: impl FnOnce(&mut VirtualPlayer, i64) -> T) -> Result<T, ActError> {
        let mut player = self.account(user)?.player();
        Ok(look(&mut player, self.now_us()))
    }

    /// Hand actions, commands and requests so far.
    pub fn log(&self) -> MutexGuard<'_, Log> {
        lock(&self.log)
    }

    /// Accepted TCP connections: in all, and open now.
    pub fn connections(&self) -> (u64, u64) {
        let total = self.connections_total.load(Ordering::Relaxed);
        (total, self.connections_open.load(Ordering::Relaxed))
    }

    pub(crate) fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    pub(crate) fn index_of(&self, user: &str) -> Option<usize> {
        self.places.get(user).copied()
    }

    /// Codes and tokens.
    pub fn sign_in(&self) -> MutexGuard<'_, SignIn> {
        lock(&self.sign_in)
    }

    /// A command of the Web API, now.
    pub(crate) fn command(&self, index: usize, command: Command, lost: bool) -> Result<Accepted, Refusal> {
        let account = &self.accounts[index];
        let (at_us, outcome) = {
            let mut player = account.player();
            let at_us = self.now_us();
            let outcome = match lost {
                false => player.command(at_us, command.clone()),
                true => player.lose_command(at_us, command.clone()),
            };
            (at_us, outcome)
        };
        let user = account.user.clone();
        lock(&self.log).note_command(CommandRecord { at_us, user, command, outcome: outcome.clone() });
        outcome
    }

    /// How long a request travels; without an account it is a request to the accounts service.
    pub(crate) fn exchange(&self, index: Option<usize>, command: bool) -> Exchange {
        let mut network = lock(index.map_or(&self.network, |index| &self.accounts[index].network));
        match command {
            true => self.profile.command_exchange(&mut network),
            false => self.profile.get_exchange(&mut network),
        }
    }

    /// A few random bytes for things that nobody may rely on.
    pub(crate) fn noise(&self) -> u64 {
        lock(&self.network).next_u64()
    }

    fn account(&self, user: &str) -> Result<&Account, ActError> {
        let index = self.index_of(user).ok_or_else(|| ActError::UnknownUser(user.to_owned()))?;
        Ok(&self.accounts[index])
    }
}

impl Account {
    fn new(index: usize, config: PlayerConfig, catalogue: &Arc<Catalogue>) -> Self {
        let (user, seed) = (config.user.clone(), config.seed);
        let product = config.product;
        let mut player = VirtualPlayer::new(config, catalogue.clone());
        player.load(0, ContextRef::Album(index % catalogue.albums().len()));
        Self {
            account_id: id_of(&format!("account/{user}"))[..10].to_owned(),
            display_name: display_name(&user),
            product,
            player: Mutex::new(player),
            network: Mutex::new(Random::named(seed, &format!("network of {user}"))),
            user: user.into(),
        }
    }

    pub(crate) fn player(&self) -> MutexGuard<'_, VirtualPlayer> {
        lock(&self.player)
    }
}

fn user_name(index: usize) -> String {
    NAMES.get(index).map_or_else(|| format!("user{}", index + 1), |&name| name.to_owned())
}

/// The wall clock, put forward with the clock that the accounts run on.
fn unix_ms() -> i64 {
    let forward = Instant::now().saturating_duration_since(Instant::from_std(std::time::Instant::now()));
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| (since + forward).as_millis() as i64)
}

/// A panic elsewhere leaves plain data behind: the others go on.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn accounts_start_idle_on_different_albums_and_some_are_free() {
        let config = SimConfig { accounts: 14, free: vec!["ben".to_owned()], ..SimConfig::default() };
        let sim = sim(config).unwrap();
        let users: Vec<_> = sim.users().collect();
        assert_eq!(users[1], ("ben", Product::Free));
        assert_eq!(users[13], ("user14", Product::Premium));
        let (_, truths) = sim.truth();
        assert!(truths.iter().all(|(_, truth)| !truth.playing && truth.device_id.is_some()));
        assert_ne!(truths[0].1.uri, truths[1].1.uri);
    }

    #[test]
    fn hand_actions_are_logged_with_their_instant_and_what_came_of_them() {
        let sim = sim(SimConfig { origin: Some(Instant::now()), ..SimConfig::default() }).unwrap();
        let record = sim.hand("anna", Hand::resume()).unwrap();
        assert!(record.after.playing && record.at_us <= sim.now_us());
        assert_eq!(sim.hand("anna", Hand::resume()), Err(ActError::Hand(HandError::AlreadyPlaying)));
        assert_eq!(sim.log().hands().cloned().collect::<Vec<_>>(), [record]);
        let unknown = sim.hand("zoe", Hand::Pause).unwrap_err();
        assert_eq!(unknown.to_string(), "there is no account \"zoe\"");
    }

    #[test]
    fn impossible_configurations_are_refused_in_words() {
        let none = SimConfig { accounts: 0, ..SimConfig::default() };
        let words = sim(none).err().unwrap().to_string();
        assert_eq!(words, "there must be 1 to 5000 accounts, not 0");
        let stranger = SimConfig { free: vec!["zoe".to_owned()], ..SimConfig::default() };
        assert_eq!(sim(stranger).err(), Some(ConfigError::Free("zoe".to_owned())));
    }

    fn sim(config: SimConfig) -> Result<Arc<Sim>, ConfigError> {
        Sim::new(config, SocketAddr::from(([127, 0, 0, 1], 1)))
    }
}
