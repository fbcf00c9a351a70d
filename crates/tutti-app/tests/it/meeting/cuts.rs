//! Links that break for a while: the music plays on, the member comes back as the same one, and nobody else notices.

use std::time::Duration;

use tokio::time::{interval, timeout};
use tutti_app::api::{Action, Snapshot};
use tutti_app::demo::apart::wire::{Link, Wire};
use tutti_core::gate::Limits;
use tutti_core::time::Span;
use tutti_relay::Config;
use tutti_sim::player::{Hand, Truth};

use super::relays::{friends, numbers};
use super::{in_step, invite, member, reached};
use crate::relay::Relay;
use crate::spotify::Spotify;
use crate::stand::Stand;

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);
/// The truth is looked at so often.
const LOOK: Duration = Duration::from_millis(50);
/// Longer than whoever drives may go on without its hub: 8 s.
const DRIVES_NO_MORE_MS: f64 = 9_000.0;

/// Anna and Chiara at the relay, Ben over a wire; all hear Anna.
struct Room {
    spotify: Spotify,
    stands: Vec<Stand>,
    ben: Stand,
    wire: Wire,
    _relay: Relay,
}

impl Room {
    async fn open() -> Self {
        Self::at(Relay::start()).await
    }

    async fn at(relay: Relay) -> Self {
        let spotify = Spotify::open(3).await;
        let stands = friends(&spotify, &relay, &["anna", "chiara"]).await;
        let wire = Wire::to(relay.port).await.unwrap();
        let ben = spotify.stand().await;
        spotify.sign_in(&ben, "ben", None).await;
        ben.act(Action::Join { invite: wire.lead(&invite(&stands[0]).await, relay.port) });
        ben.until("Ben is in", |snapshot| member(snapshot, "Ben").is_some()).await;
        spotify.sim.hand("anna", Hand::resume()).unwrap();
        let room = Self { spotify, stands, ben, wire, _relay: relay };
        room.all_hear_anna().await;
        room
    }

    async fn all_hear_anna(&self) {
        for stand in self.stands.iter().chain([&self.ben]) {
            let here = |snapshot: &Snapshot| {
                super::members(snapshot).len() == 3
                    && in_step(snapshot, "Anna", 0.0)
                    && reached(snapshot) == "connected"
                    && !member(snapshot, "Ben").unwrap().place.as_ref().unwrap().reconnecting
            };
            stand.until("all hear Anna", here).await;
        }
    }

    fn truth(&self, user: &str) -> Truth {
        let (_, truth) = self.spotify.sim.truth();
        truth.into_iter().find(|(name, _)| **name == *user).unwrap().1
    }

    /// Until Ben's player, which nothing moves, has come so far.
    async fn ben_has_played_to(&self, position_ms: f64) {
        let mut looks = interval(LOOK);
        let plays = async {
            while self.truth("ben").reported_ms < position_ms {
                looks.tick().await;
            }
        };
        timeout(PATIENCE, plays).await.unwrap_or_else(|_| panic!("never there: {:?}", self.truth("ben")));
    }

    async fn ben_is_away(&self) {
        let away = |snapshot: &Snapshot| {
            member(snapshot, "Ben").and_then(|ben| ben.place.clone()).is_none_or(|place| place.reconnecting)
        };
        self.stands[0].until("the room knows that Ben is away", away).await;
    }

    /// Commands so far to Ben, and to others.
    fn commands(&self) -> (usize, usize) {
        let log = self.spotify.sim.log();
        let to_ben = log.commands().filter(|command| &*command.user == "ben").count();
        (to_ben, log.commands().count() - to_ben)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_without_the_link_changes_nothing_and_moves_nobody() {
    let room = Room::open().await;
    let before = numbers(&room.ben.program.snapshots().borrow());
    let commands = room.commands();

    let second_later = room.truth("ben").reported_ms + 1_000.0;
    room.wire.is(Link::Cut);
    room.ben.until("Ben is told", |snapshot| reached(snapshot) == "reconnecting").await;
    room.ben_is_away().await;
    room.ben_has_played_to(second_later).await;
    room.wire.is(Link::Whole);
    room.all_hear_anna().await;

    let shown = room.ben.program.snapshots().borrow().clone();
    assert_eq!(numbers(&shown), before);
    assert_eq!(room.commands(), commands);
    // What Ben does is heard as before.
    room.spotify.sim.hand("ben", Hand::Seek { position_ms: 90_000 }).unwrap();
    room.stands[0].until("all hear Ben", |snapshot| in_step(snapshot, "Ben", 90_000.0)).await;
}

/// The link is away until all know it; then Ben seeks, and hears so much alone.
async fn away(link: Link, alone_ms: f64) {
    let room = Room::open().await;
    let before = numbers(&room.ben.program.snapshots().borrow());
    let (_, to_others) = room.commands();

    room.wire.is(link);
    room.ben.until("Ben is told", |snapshot| reached(snapshot) == "reconnecting").await;
    // Until he is told, a cable that is out is none: what was a little off may still be put right.
    let (to_ben, _) = room.commands();
    room.spotify.sim.hand("ben", Hand::Seek { position_ms: 150_000 }).unwrap();
    room.ben_is_away().await;
    room.ben_has_played_to(150_000.0 + alone_ms).await;
    let alone = room.truth("ben");
    assert!(alone.playing, "his music plays on: {alone:?}");
    assert_eq!(room.commands().0, to_ben, "nothing moves it while he is away");
    room.wire.is(Link::Whole);
    room.all_hear_anna().await;

    let shown = room.ben.program.snapshots().borrow().clone();
    assert_eq!(numbers(&shown), before);
    assert_eq!(room.commands().1, to_others, "nobody else was moved");
    let apart = (room.truth("ben").reported_ms - room.truth("anna").reported_ms).abs();
    assert!(apart < 1_000.0 && room.truth("anna").reported_ms < 150_000.0, "Anna leads as before: {apart}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_done_by_hand_while_nobody_drove_is_no_takeover() {
    away(Link::Cut, DRIVES_NO_MORE_MS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cable_that_is_out_is_noticed_without_anybody_saying_so() {
    // Whoever is told nothing notices later than that.
    away(Link::Silent, 0.0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_whom_the_room_has_forgotten_comes_back_as_the_same() {
    // Two minutes, usually.
    let limits = Limits { kept: Span::from_secs(4), ..Limits::default() };
    let room = Room::at(Relay::with(Config { limits, ..Config::default() })).await;
    let before = numbers(&room.ben.program.snapshots().borrow());

    room.wire.is(Link::Cut);
    for stand in &room.stands {
        stand.until("Ben is forgotten", |snapshot| member(snapshot, "Ben").is_none()).await;
    }
    room.wire.is(Link::Whole);
    room.all_hear_anna().await;

    assert_eq!(numbers(&room.ben.program.snapshots().borrow()), before);
}
