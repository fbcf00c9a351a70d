//! What the others see of a member: where it stands, how far it is off, what is wrong.

use serde::{Deserialize, Serialize};

use super::parts::{short, shortened};
use crate::clock::RoomClock;
use crate::member::Trouble;
use crate::reading::Failure;
use crate::speed::Speed;
use crate::standing::{Standing, View};
use crate::time::{LocalTime, RoomTime, Span};

/// Longest name of a device or an item here, in characters.
const MOST_NAME: usize = 100;

/// A member as the others show it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shown {
    pub standing: StandingSent,
    /// Timing error (+ is ahead of the room) and its honest bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_us: Option<i64>,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub bound_us: i64,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub trim_us: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub player: Option<PlayerSent>,
    /// The device that sounds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<TroubleSent>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StandingSent {
    Joining,
    Waiting,
    Leads,
    InPlace,
    CatchingUp,
    Paused,
    OwnSpeed,
    PlaysOn,
    Away,
    Watching,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlayerSent {
    pub title: String,
    pub playing: bool,
    pub position_us: i64,
    pub at_us: i64,
    #[serde(default = "normal", skip_serializing_if = "is_normal")]
    pub speed_ppm: i64,
    pub duration_us: i64,
}

/// Why a member cannot take part fully.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum TroubleSent {
    NoDevice,
    NotPremium,
    Restricted,
    Ad,
    NoEffect,
    Unavailable {
        title: String,
    },
    OtherSpeed {
        own_ppm: i64,
        room_ppm: i64,
    },
    SteppedOut,
    NeedsLogin,
    NotAllowedHere,
    OwnerPremiumLapsed,
    /// Asked by the service to wait, so much longer.
    RateLimited {
        wait_ms: i64,
        quota: bool,
    },
    Network,
    Server,
    #[serde(other)]
    Other,
}

/// A member of another machine, as far as it is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    pub standing: Standing,
    pub timing: Option<(Span, Span)>,
    pub trim: Span,
    pub player: Option<PlayerSeen>,
    pub device: Option<String>,
    pub trouble: Option<Trouble>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct PlayerSeen {
    pub title: String,
    pub playing: bool,
    pub position: Span,
    pub at: RoomTime,
    pub speed: Speed,
    pub duration: Span,
}

fn normal() -> i64 {
    Speed::NORMAL.as_ppm()
}

fn is_normal(ppm: &i64) -> bool {
    *ppm == normal()
}

fn is_zero(us: &i64) -> bool {
    *us == 0
}

impl Shown {
    /// A view of a member of this process at `now`.
    pub fn of(view: &View, clock: RoomClock, now: LocalTime) -> Self {
        let player = view.player.as_ref().map(|player| PlayerSent {
            title: short(&player.item.title, MOST_NAME),
            playing: player.playing,
            position_us: player.position.as_micros(),
            at_us: clock.to_room(now).as_micros(),
            speed_ppm: player.speed.as_ppm(),
            duration_us: player.item.duration.as_micros(),
        });
        Self {
            standing: view.standing.into(),
            error_us: view.timing.map(|(error, _)| error.as_micros()),
            bound_us: view.timing.map_or(0, |(_, bound)| bound.as_micros()),
            trim_us: view.trim.as_micros(),
            player,
            device: view.device.as_ref().map(|device| short(&device.name, MOST_NAME)),
            trouble: view.trouble.as_ref().map(|trouble| trouble_sent(trouble, now)),
        }
    }

    /// Says nothing that is too long: how a hub keeps it.
    pub fn cut(mut self) -> Self {
        if let Some(player) = &mut self.player {
            player.title = shortened(std::mem::take(&mut player.title), MOST_NAME);
        }
        self.device = self.device.map(|device| shortened(device, MOST_NAME));
        if let Some(TroubleSent::Unavailable { title }) = &mut self.trouble {
            *title = shortened(std::mem::take(title), MOST_NAME);
        }
        self
    }

    /// As this machine shows it. `now` is when it arrived.
    pub fn seen(self, now: LocalTime) -> Seen {
        let cut = self.cut();
        Seen {
            standing: cut.standing.into(),
            timing: cut.error_us.map(|error| (Span::from_micros(error), Span::from_micros(cut.bound_us).abs())),
            trim: Span::from_micros(cut.trim_us),
            player: cut.player.map(|player| PlayerSeen {
                title: player.title,
                playing: player.playing,
                position: Span::from_micros(player.position_us),
                at: RoomTime::from_micros(player.at_us),
                speed: Speed::from_ppm(player.speed_ppm),
                duration: Span::from_micros(player.duration_us).max(Span::ZERO),
            }),
            device: cut.device,
            trouble: cut.trouble.and_then(|trouble| trouble_seen(trouble, now)),
        }
    }
}

fn trouble_sent(trouble: &Trouble, now: LocalTime) -> TroubleSent {
    match trouble {
        Trouble::NoDevice => TroubleSent::NoDevice,
        Trouble::NotPremium => TroubleSent::NotPremium,
        Trouble::Restricted => TroubleSent::Restricted,
        Trouble::Ad => TroubleSent::Ad,
        Trouble::NoEffect => TroubleSent::NoEffect,
        Trouble::Unavailable(title) => TroubleSent::Unavailable { title: short(title, MOST_NAME) },
        Trouble::OtherSpeed(own, room) => TroubleSent::OtherSpeed { own_ppm: own.as_ppm(), room_ppm: room.as_ppm() },
        Trouble::SteppedOut => TroubleSent::SteppedOut,
        Trouble::Failure(failure) => match failure {
            Failure::NeedsLogin => TroubleSent::NeedsLogin,
            Failure::NotAllowedHere => TroubleSent::NotAllowedHere,
            Failure::OwnerPremiumLapsed => TroubleSent::OwnerPremiumLapsed,
            Failure::RateLimited { until, quota } => {
                TroubleSent::RateLimited { wait_ms: (*until - now).floor_ms().max(0), quota: *quota }
            }
            Failure::Network => TroubleSent::Network,
            Failure::Server => TroubleSent::Server,
        },
    }
}

fn trouble_seen(sent: TroubleSent, now: LocalTime) -> Option<Trouble> {
    Some(match sent {
        TroubleSent::NoDevice => Trouble::NoDevice,
        TroubleSent::NotPremium => Trouble::NotPremium,
        TroubleSent::Restricted => Trouble::Restricted,
        TroubleSent::Ad => Trouble::Ad,
        TroubleSent::NoEffect => Trouble::NoEffect,
        TroubleSent::Unavailable { title } => Trouble::Unavailable(title),
        TroubleSent::OtherSpeed { own_ppm, room_ppm } => {
            Trouble::OtherSpeed(Speed::from_ppm(own_ppm), Speed::from_ppm(room_ppm))
        }
        TroubleSent::SteppedOut => Trouble::SteppedOut,
        TroubleSent::NeedsLogin => Trouble::Failure(Failure::NeedsLogin),
        TroubleSent::NotAllowedHere => Trouble::Failure(Failure::NotAllowedHere),
        TroubleSent::OwnerPremiumLapsed => Trouble::Failure(Failure::OwnerPremiumLapsed),
        TroubleSent::RateLimited { wait_ms, quota } => {
            Trouble::Failure(Failure::RateLimited { until: now + Span::from_millis(wait_ms.max(0)), quota })
        }
        TroubleSent::Network => Trouble::Failure(Failure::Network),
        TroubleSent::Server => Trouble::Failure(Failure::Server),
        TroubleSent::Other => return None,
    })
}

macro_rules! alike {
    ($($name:ident),*) => {
        impl From<Standing> for StandingSent {
            fn from(standing: Standing) -> Self {
                match standing { $(Standing::$name => Self::$name),* }
            }
        }

        impl From<StandingSent> for Standing {
            fn from(sent: StandingSent) -> Self {
                match sent { $(StandingSent::$name => Self::$name),* }
            }
        }
    };
}

alike!(Joining, Waiting, Leads, InPlace, CatchingUp, Paused, OwnSpeed, PlaysOn, Away, Watching);
