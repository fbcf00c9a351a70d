//! The demo: simulated accounts, signed in through the real flow over HTTP; their tokens stay in memory.

pub mod apart;
mod friends;
pub mod headless;
mod simulator;
mod timing;

use std::sync::Arc;

use futures::future::try_join_all;
use serde::Deserialize;

use crate::api::{Hand, Heard, HeardPlayer, Song};
use crate::players::Player;
use crate::problem::Problem;
use crate::program::DemoOptions;
use crate::ration::{Rationed, Rations};
use crate::settings::{Endpoints, short_hash};
use crate::sign_in::{self, Pending};
use crate::view::MemberShown;
pub use headless::{HeadlessOptions, headless};
use simulator::Simulator;
pub use timing::timing;

/// Fewer cannot show anything; more would not fit a screen.
pub const MEMBERS: std::ops::RangeInclusive<usize> = 2..=32;
/// Songs that can be chosen on the phones: enough to choose from, few enough for a menu.
const SONGS: usize = 24;
/// Friends stay for an evening.
const FRIENDS_FOR_S: u32 = 4 * 3_600;

/// A demo that is ready: everybody is signed in.
pub struct Stage {
    pub endpoints: Endpoints,
    pub people: Vec<Person>,
    pub songs: Vec<Song>,
    simulator: Simulator,
}

/// A simulated account.
#[derive(Clone)]
pub struct Person {
    /// The simulator's name for the account.
    pub user: String,
    pub account_id: String,
    pub name: String,
    pub player: Arc<Rationed>,
}

#[derive(Deserialize)]
struct Accounts {
    accounts: Vec<SimAccount>,
}

#[derive(Deserialize)]
struct SimAccount {
    user: String,
}

#[derive(Deserialize)]
struct Context {
    by: String,
    items: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    uri: String,
    name: String,
}

impl Stage {
    /// Starts the simulator, or takes the one that is named, and signs everybody in.
    pub async fn set(options: &DemoOptions) -> Result<Self, Problem> {
        if !MEMBERS.contains(&options.members) {
            let (least, most) = (MEMBERS.start().to_string(), MEMBERS.end().to_string());
            return Err(Problem::new("demo_members").with("least", least).with("most", most));
        }
        let simulator = Simulator::start(options).await?;
        let base = simulator.base();
        let endpoints = Endpoints::other(&format!("{base}/v1"), base)?;
        let there: Accounts = simulator.get("accounts").await?;
        let users: Vec<String> = there.accounts.into_iter().map(|account| account.user).take(options.members).collect();
        if users.len() < options.members {
            let why = format!("{} of {} accounts", users.len(), options.members);
            return Err(failed(why));
        }
        let rations = Rations::default();
        let sign_ins = users.iter().map(|user| sign_in(&simulator, &endpoints, &rations, user));
        let people = try_join_all(sign_ins).await?;
        let songs = songs(simulator.get::<Vec<Context>>("catalogue").await?);
        Ok(Self { endpoints, people, songs, simulator })
    }

    /// Somebody acts by hand in their simulated app.
    pub async fn hand(&self, user: &str, hand: &Hand) -> Result<(), Problem> {
        self.simulator.hand(user, hand).await
    }

    /// Consents to a sign-in, as a person at a browser does.
    async fn consent(&self, page: &str) -> Result<(), Problem> {
        self.simulator.consent(page).await
    }

    /// For acting without holding the stage.
    pub fn hands(&self) -> Hands {
        Hands { simulator: self.simulator.client() }
    }

    /// The simulated accounts themselves, when they live in this process.
    pub fn sim(&self) -> Option<&Arc<tutti_sim::sim::Sim>> {
        self.simulator.sim()
    }

    /// What really sounds for these members, if the simulator is in this process.
    pub fn heard(&self, members: &[MemberShown]) -> Option<Heard> {
        let (at_us, truths) = self.sim()?.truth();
        let players = members.iter().filter_map(|member| {
            let (_, truth) = truths.iter().find(|(user, _)| **user == *member.account)?;
            let uri = truth.uri.clone().filter(|_| truth.playing);
            Some(HeardPlayer { member: member.id.0, uri, position_ms: truth.audible_ms })
        });
        Some(Heard { at_ms: at_us as f64 / 1e3, players: players.collect() })
    }

    /// Simulated friends who act by hand every 10 s or so, for as long as the answer lives; none if the simulator is
    /// another process.
    pub fn friends(&self, seed: u64) -> Option<impl Future<Output = ()> + Send + use<>> {
        let sim = Arc::clone(self.sim()?);
        let users: Vec<String> = self.people.iter().map(|person| person.user.clone()).collect();
        let script = tutti_sim::workload::demo(sim.catalogue(), users.len(), FRIENDS_FOR_S, seed);
        Some(async move {
            let zero_us = sim.now_us();
            friends::act(sim, &users, script, zero_us).await;
        })
    }

    /// Ends the simulator if it runs in this process.
    pub async fn strike(self) {
        self.simulator.stop().await;
    }
}

/// The hands of all simulated people.
#[derive(Clone)]
pub struct Hands {
    simulator: simulator::Client,
}

impl Hands {
    pub async fn act(&self, user: &str, hand: &Hand) -> Result<(), Problem> {
        self.simulator.hand(user, hand).await
    }
}

/// The real sign-in, but for the person at the browser: consents as `user`.
async fn sign_in(
    simulator: &Simulator,
    endpoints: &Endpoints,
    rations: &Rations,
    user: &str,
) -> Result<Person, Problem> {
    // Each has a client id of their own, as people at Spotify do.
    let client_id = format!("{}{}", short_hash(user.as_bytes()), short_hash(b"demo"));
    let ration = rations.of(&client_id);
    let pending = Pending::begin(endpoints, &client_id, None).await?;
    let page = format!("{}&sim_user={user}", pending.address());
    let (signed_in, visited) =
        tokio::join!(pending.finish(&ration, sign_in::DEADLINE, |_| {}), simulator.consent(&page));
    visited?;
    let signed_in = signed_in?;
    let player: Arc<dyn Player> = Arc::new(signed_in.player);
    Ok(Person {
        user: user.to_owned(),
        name: signed_in.name.unwrap_or_else(|| user.to_owned()),
        account_id: signed_in.account_id,
        player: Arc::new(Rationed::new(player, ration)),
    })
}

/// The first songs of each album or show in turn, so that a short list has something of everything.
fn songs(contexts: Vec<Context>) -> Vec<Song> {
    let mut songs: Vec<Song> = Vec::new();
    let longest = contexts.iter().map(|context| context.items.len()).max().unwrap_or(0);
    for place in 0..longest {
        for context in &contexts {
            let Some(item) = context.items.get(place).filter(|_| context.by != "Playlist") else { continue };
            songs.push(Song { uri: item.uri.clone(), title: item.name.clone(), by: context.by.clone() });
        }
    }
    songs.truncate(SONGS);
    songs
}

fn failed(why: impl Into<String>) -> Problem {
    Problem::new("demo_failed").with("why", why)
}
