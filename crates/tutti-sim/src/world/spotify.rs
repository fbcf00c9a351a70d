//! Spotify in the world: the accounts' players behind the gateway, in the engine's own types.

use std::collections::BTreeMap;
use std::sync::Arc;

use tutti_core::command::{Command, CommandKind, Outcome};
use tutti_core::playback::Item;
use tutti_core::reading::{Device, Failure, PlayerSeen, Repeat, Seen, SeenKind};
use tutti_core::time::{LocalTime, Span};

use super::config::WorldConfig;
use super::tokens::Token;
use crate::catalogue::{Catalogue, ItemKind, ItemRef, Market};
use crate::fault::{Fault, Place};
use crate::gateway::{AcceptedAs, Dress, Gateway, Request, Shape, Verdict};
use crate::player::{self, PlayTarget, PlayerConfig, Refusal, Settings, Shown, VirtualPlayer};

pub(super) struct Spotify {
    pub catalogue: Arc<Catalogue>,
    pub players: Vec<VirtualPlayer>,
    gateway: Gateway,
    tokens: Vec<Token>,
    items: BTreeMap<(usize, Market), Arc<Item>>,
    /// The catalogue's URIs, shared by all samples.
    uris: Vec<Arc<str>>,
}

/// What becomes of a request that has arrived.
pub(super) enum Fate {
    /// The player answers, and the answer is so late, µs; a command may be accepted and lost.
    Answered { late_us: i64, lost: bool },
    /// Something else answers, or nobody.
    Failed { failure: Failure, late_us: i64, executes: bool },
    /// 429: nothing more may be asked before this instant. µs.
    Limited { until_us: i64, quota: bool },
}

/// Where this account's list stands: the item and what comes next, for [`tutti_core::member::Input::Queue`].
pub(super) type QueueSeen = (Option<String>, Option<Vec<Arc<Item>>>);

impl Spotify {
    /// Accounts with their players, everything loaded and paused.
    pub fn new(config: &WorldConfig, names: &[String], catalogue: &Arc<Catalogue>) -> Self {
        let trouble = config.profile.trouble();
        let mut gateway = Gateway::new(names.len(), trouble, trouble.ration, config.seed);
        let mut players = Vec::with_capacity(names.len());
        for (place, (name, member)) in names.iter().zip(&config.members).enumerate() {
            let profile = member.profile.unwrap_or(config.profile);
            gateway.set_trouble(place, profile.trouble());
            let market = member.market.unwrap_or(Settings::of_account(place, profile).market);
            let mut devices = player::Device::all(name, profile, config.seed);
            let active = devices.iter().position(|device| device.name.ends_with(member.device)).unwrap_or(0);
            devices.swap(0, active);
            let mut player = VirtualPlayer::new(
                PlayerConfig {
                    settings: Settings { market, ..member.settings },
                    product: member.product,
                    devices,
                    ..PlayerConfig::new(name, profile, config.seed)
                },
                Arc::clone(catalogue),
            );
            let album = crate::catalogue::ContextRef::Album(place % catalogue.albums().len());
            player.load(0, member.loaded.unwrap_or(album));
            for switch in &member.switches {
                // Switches can always be set; what cannot be pressed was not pressed.
                if player.hand(0, switch.clone()).is_err() {
                    continue;
                }
            }
            players.push(player);
        }
        let uris = catalogue.items().iter().map(|item| item.uri.as_str().into()).collect();
        let tokens = vec![Token::default(); players.len()];
        Self { catalogue: Arc::clone(catalogue), players, gateway, tokens, items: BTreeMap::new(), uris }
    }

    /// Decides what becomes of a request; counts it under its client id.
    pub fn judge(&mut self, now_us: i64, user: usize, client_id: &str, command: bool) -> Fate {
        let accounts_down = self.gateway.accounts_are_down(now_us).is_some();
        let refresh_us = match self.tokens[user].delays(now_us, accounts_down) {
            Ok(refresh_us) => refresh_us,
            Err(failure) => return Fate::Failed { failure, late_us: 0, executes: false },
        };
        match self.gateway.judge(now_us, Request { user, client_id, command }) {
            Verdict::Through(Dress { delay_us, over_us, truncated, html, accepted }) => {
                let late_us = delay_us + over_us + refresh_us;
                // What ends in the middle or is no JSON was executed all the same; a command's answer is not read.
                if (truncated || html) && !command {
                    return Fate::Failed { failure: Failure::Server, late_us, executes: true };
                }
                Fate::Answered { late_us, lost: accepted == AcceptedAs::Later { lost: true } }
            }
            Verdict::Cut { executes } => Fate::Failed { failure: Failure::Network, late_us: 0, executes },
            Verdict::Denied(denial) => {
                let failure = match denial.status {
                    429 => {
                        let quota = denial.shape == Shape::Reason("QUOTA_EXCEEDED");
                        let wait_s = denial.retry_after_s.unwrap_or(30);
                        return Fate::Limited { until_us: now_us + wait_s * 1_000_000, quota };
                    }
                    403 if denial.shape == Shape::Plain => Failure::OwnerPremiumLapsed,
                    403 => Failure::NotAllowedHere,
                    _ => Failure::Server,
                };
                Fate::Failed { failure, late_us: denial.delay_us, executes: denial.executes }
            }
        }
    }

    /// Something goes wrong for this account, as over HTTP.
    pub fn fault(&mut self, now_us: i64, member: usize, fault: Fault) {
        self.tokens[member].fault(&fault);
        match fault {
            Fault::Clear {} => {
                self.players[member].fault(now_us, Fault::Clear {});
                self.gateway.fault(now_us, member, Fault::Clear {});
            }
            fault if fault.place() == Place::Player => self.players[member].fault(now_us, fault),
            fault => self.gateway.fault(now_us, member, fault),
        }
    }

    /// `GET /me/player`.
    pub fn see(&mut self, member: usize, now_us: i64) -> Seen {
        let Some(report) = self.players[member].report(now_us) else {
            return Seen::Nothing;
        };
        let kind = match report.kind {
            Shown::Item => SeenKind::Item,
            Shown::Ad => SeenKind::Ad,
            Shown::Unknown => SeenKind::Unknown,
        };
        let repeat = match report.repeat {
            player::Repeat::Off => Repeat::Off,
            player::Repeat::Track => Repeat::Item,
            player::Repeat::Context => Repeat::Context,
        };
        let (id, name, restricted) = (report.device.id, report.device.name, report.device.restricted);
        Seen::Player(PlayerSeen {
            item: report.item.map(|item| self.item(item, report.market)),
            kind,
            progress: report.progress_ms.map(Span::from_millis),
            playing: report.playing,
            device: Some(Device { id, name, restricted }),
            timestamp: Some(report.timestamp_ms),
            shuffle: report.shuffle,
            repeat,
        })
    }

    /// `GET /me/player/queue`; that of a free account cannot be read.
    pub fn queue(&mut self, member: usize, now_us: i64) -> QueueSeen {
        if self.players[member].product() == player::Product::Free {
            return (None, None);
        }
        let (current, next) = self.players[member].queue(now_us);
        let market = self.players[member].settings().market;
        let of = current.map(|item| self.item(item, market).uri.clone());
        (of, Some(next.into_iter().map(|item| self.item(item, market)).collect()))
    }

    /// A command reaches the player.
    pub fn obey(&mut self, member: usize, now_us: i64, command: &Command, lost: bool) -> Outcome {
        let device_id = command.device.clone();
        let ms = |position: Span| u32::try_from(position.floor_ms()).unwrap_or(0);
        let asked = match &command.kind {
            CommandKind::Play { uris, position } => player::Command::Play {
                target: PlayTarget::Items { uris: uris.clone(), offset: None },
                position_ms: Some(ms(*position)),
                device_id,
            },
            CommandKind::Pause => player::Command::Pause { device_id },
            CommandKind::Seek { position } => player::Command::Seek { position_ms: ms(*position), device_id },
            CommandKind::Queue { uri } => player::Command::Queue { uri: uri.clone(), device_id },
        };
        let player = &mut self.players[member];
        let outcome = if lost { player.lose_command(now_us, asked) } else { player.command(now_us, asked) };
        match outcome {
            Ok(_) => Outcome::Accepted,
            Err(Refusal::PremiumRequired) => Outcome::NotPremium,
            Err(Refusal::NoActiveDevice | Refusal::DeviceNotFound) => Outcome::NoDevice,
            Err(Refusal::Restriction | Refusal::NotControllable | Refusal::NoVolume) => Outcome::Restriction,
            Err(Refusal::BadRequest(_) | Refusal::ServerError) => Outcome::Failed(Failure::Server),
        }
    }

    /// The URI under which the catalogue knows an item.
    pub fn uri(&self, item: ItemRef) -> Arc<str> {
        Arc::clone(&self.uris[item.index()])
    }

    pub fn item(&mut self, item: ItemRef, market: Market) -> Arc<Item> {
        let catalogue = &self.catalogue;
        let known = self.items.entry((item.index(), market));
        let known = known.or_insert_with(|| Arc::new(engine_item(catalogue, item, market)));
        Arc::clone(known)
    }
}

/// An item as answers in this market name it, in the engine's words.
pub(crate) fn engine_item(catalogue: &Catalogue, item: ItemRef, market: Market) -> Item {
    let of = catalogue.item(item);
    Item {
        uri: catalogue.uri_in(item, market),
        title: of.name.clone(),
        by: catalogue.performer(item).to_owned(),
        album: String::new(),
        cover: None,
        link: None,
        duration: Span::from_millis(i64::from(of.duration_ms)),
        isrc: of.isrc.clone(),
        episode: of.kind == ItemKind::Episode,
    }
}

/// The world's own time in the engine's type, where no machine's clock is meant.
pub(super) fn instant(us: i64) -> LocalTime {
    LocalTime::from_micros(us)
}
