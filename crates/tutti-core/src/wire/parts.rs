//! The engine's own types as they travel, and what is cut or refused of a peer's.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::follow::NEXT_MOST;
use crate::playback::{Item, Playback};
use crate::room::{Act, Action, MemberId, Presence, RoomState, When};
use crate::speed::Speed;
use crate::time::{RoomTime, Span};

/// Longest text of an item, in characters: longer titles exist, and nobody reads them to their end.
const MOST_TEXT: usize = 300;
/// Longest address, in characters: those of covers have some 70.
const MOST_ADDRESS: usize = 512;
/// No item is longer: a day, and no position is further from its ends.
const MOST_DURATION: Span = Span::from_secs(24 * 3_600);
/// Whole numbers beyond this are not exact in every client's language (2^53).
const MOST_US: i64 = 1 << 53;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ItemSent {
    pub uri: String,
    pub title: String,
    pub by: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub album: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cover: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    pub duration_us: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub isrc: Option<String>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub episode: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlaybackSent {
    pub item: ItemSent,
    pub playing: bool,
    /// In the item at `at_us`.
    pub position_us: i64,
    pub at_us: i64,
    /// 1,000,000 is normal.
    #[serde(default = "normal", skip_serializing_if = "is_normal")]
    pub speed_ppm: i64,
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub speed_known: bool,
    /// The true position lies within ± this.
    pub bound_us: i64,
    /// What comes next, nearest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub next: Vec<ItemSent>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub next_known: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhenSent {
    pub earliest_us: i64,
    pub latest_us: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ActSent {
    Sought { position_us: i64 },
    Paused,
    Resumed,
    Started { title: String },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum PresenceSent {
    InPlace { off_us: i64 },
    OwnSpeed { speed_ppm: i64 },
    Elsewhere,
    Away,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RoomSent {
    pub term: u64,
    pub epoch: u64,
    pub seq: u64,
    pub leader: Option<u32>,
    pub playback: Option<PlaybackSent>,
    pub action: Option<ActionSent>,
    pub actions: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub own_speeds: Vec<(u32, i64)>,
    /// Who may lead; absent: everybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub may_lead: Option<Vec<u32>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ActionSent {
    pub member: u32,
    pub when: WhenSent,
    pub act: ActSent,
    pub takeover: bool,
}

/// The first so many characters, without those that control a terminal.
pub fn short(text: &str, most: usize) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(most).collect()
}

/// The same of a text that is short already in most cases.
pub fn shortened(text: String, most: usize) -> String {
    let is_short = text.len() <= most && text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if is_short { text } else { short(&text, most) }
}

impl super::ToHub {
    /// A claim in the time of another hub's clock, which is so much ahead, in µs.
    pub fn shift(&mut self, by_us: i64) {
        if let Self::Claim { when, playback, .. } = self {
            for us in [&mut when.earliest_us, &mut when.latest_us, &mut playback.at_us] {
                *us = us.saturating_add(by_us);
            }
        }
    }
}

fn instant(us: i64) -> RoomTime {
    RoomTime::from_micros(us.clamp(-MOST_US, MOST_US))
}

fn duration(us: i64) -> Span {
    Span::from_micros(us).clamp(Span::ZERO, MOST_DURATION)
}

fn speed(ppm: i64) -> Speed {
    Speed::from_ppm(ppm)
}

fn normal() -> i64 {
    Speed::NORMAL.as_ppm()
}

fn is_normal(ppm: &i64) -> bool {
    *ppm == normal()
}

fn yes() -> bool {
    true
}

fn is_true(value: &bool) -> bool {
    *value
}

fn is_false(value: &bool) -> bool {
    !value
}

impl From<&Item> for ItemSent {
    fn from(item: &Item) -> Self {
        Self {
            uri: short(&item.uri, MOST_ADDRESS),
            title: short(&item.title, MOST_TEXT),
            by: short(&item.by, MOST_TEXT),
            album: short(&item.album, MOST_TEXT),
            cover: item.cover.clone().filter(|address| address.len() <= MOST_ADDRESS),
            link: item.link.clone().filter(|address| address.len() <= MOST_ADDRESS),
            duration_us: item.duration.as_micros(),
            isrc: item.isrc.clone().filter(|isrc| isrc.len() <= MOST_TEXT),
            episode: item.episode,
        }
    }
}

impl From<ItemSent> for Item {
    fn from(sent: ItemSent) -> Self {
        Self {
            uri: short(&sent.uri, MOST_ADDRESS),
            title: short(&sent.title, MOST_TEXT),
            by: short(&sent.by, MOST_TEXT),
            album: short(&sent.album, MOST_TEXT),
            // A cover is fetched and a link opened only where the program's own lists allow it, whoever sent it.
            cover: sent.cover.filter(|address| address.len() <= MOST_ADDRESS),
            link: sent.link.filter(|address| address.len() <= MOST_ADDRESS),
            duration: duration(sent.duration_us),
            isrc: sent.isrc.filter(|isrc| isrc.len() <= MOST_TEXT),
            episode: sent.episode,
        }
    }
}

impl From<&Playback> for PlaybackSent {
    fn from(playback: &Playback) -> Self {
        Self {
            item: ItemSent::from(&*playback.item),
            playing: playback.playing,
            position_us: playback.position.as_micros(),
            at_us: playback.at.as_micros(),
            speed_ppm: playback.speed.as_ppm(),
            speed_known: playback.speed_known,
            bound_us: playback.bound.as_micros(),
            next: as_many_as_fit(playback.next.iter().take(NEXT_MOST).map(|item| ItemSent::from(&**item))),
            next_known: playback.next_known,
        }
    }
}

/// With very long texts fewer of what comes next go into a message; each character may take six bytes as JSON.
fn as_many_as_fit(items: impl Iterator<Item = ItemSent>) -> Vec<ItemSent> {
    let escaped = |text: &str| serde_json::to_string(text).map_or(0, |text| text.len());
    let size = |item: &ItemSent| {
        let optional =
            [&item.cover, &item.link, &item.isrc].into_iter().flatten().map(|text| escaped(text)).sum::<usize>();
        escaped(&item.uri) + escaped(&item.title) + escaped(&item.by) + escaped(&item.album) + optional + MOST_NAMES
    };
    let mut left = MOST_NEXT;
    let fits = |item: &ItemSent| {
        let size = size(item);
        let fits = size <= left;
        left = left.saturating_sub(size);
        fits
    };
    items.take_while(fits).collect()
}

/// What comes next takes no more bytes of a message than this.
const MOST_NEXT: usize = 10 * 1024;
/// The names of an item's fields and its numbers.
const MOST_NAMES: usize = 140;

impl From<PlaybackSent> for Playback {
    fn from(sent: PlaybackSent) -> Self {
        Self {
            item: Arc::new(sent.item.into()),
            playing: sent.playing,
            position: Span::from_micros(sent.position_us).clamp(-MOST_DURATION, MOST_DURATION),
            at: instant(sent.at_us),
            speed: speed(sent.speed_ppm),
            speed_known: sent.speed_known,
            bound: duration(sent.bound_us),
            next: sent.next.into_iter().take(NEXT_MOST).map(|item| Arc::new(item.into())).collect(),
            next_known: sent.next_known,
        }
    }
}

impl From<When> for WhenSent {
    fn from(when: When) -> Self {
        Self { earliest_us: when.earliest.as_micros(), latest_us: when.latest.as_micros() }
    }
}

impl From<WhenSent> for When {
    fn from(sent: WhenSent) -> Self {
        let latest = instant(sent.latest_us);
        Self { earliest: instant(sent.earliest_us).min(latest), latest }
    }
}

impl From<&Act> for ActSent {
    fn from(act: &Act) -> Self {
        match act {
            Act::Sought(position) => Self::Sought { position_us: position.as_micros() },
            Act::Paused => Self::Paused,
            Act::Resumed => Self::Resumed,
            Act::Started(title) => Self::Started { title: short(title, MOST_TEXT) },
        }
    }
}

impl From<ActSent> for Act {
    fn from(sent: ActSent) -> Self {
        match sent {
            ActSent::Sought { position_us } => Self::Sought(duration(position_us)),
            ActSent::Paused => Self::Paused,
            ActSent::Resumed => Self::Resumed,
            ActSent::Started { title } => Self::Started(short(&title, MOST_TEXT)),
        }
    }
}

impl From<Presence> for PresenceSent {
    fn from(presence: Presence) -> Self {
        match presence {
            Presence::InPlace { off } => Self::InPlace { off_us: off.as_micros() },
            Presence::OwnSpeed(speed) => Self::OwnSpeed { speed_ppm: speed.as_ppm() },
            Presence::Elsewhere => Self::Elsewhere,
            Presence::Away => Self::Away,
        }
    }
}

impl From<PresenceSent> for Presence {
    fn from(sent: PresenceSent) -> Self {
        match sent {
            PresenceSent::InPlace { off_us } => Self::InPlace { off: duration(off_us) },
            PresenceSent::OwnSpeed { speed_ppm } => Self::OwnSpeed(speed(speed_ppm)),
            PresenceSent::Elsewhere => Self::Elsewhere,
            PresenceSent::Away => Self::Away,
        }
    }
}

impl From<&RoomState> for RoomSent {
    fn from(room: &RoomState) -> Self {
        Self {
            term: room.term,
            epoch: room.epoch,
            seq: room.seq,
            leader: room.leader.map(|member| member.0),
            playback: room.playback.as_ref().map(PlaybackSent::from),
            action: room.action.as_ref().map(|action| ActionSent {
                member: action.member.0,
                when: action.when.into(),
                act: ActSent::from(&action.act),
                takeover: action.takeover,
            }),
            actions: room.actions,
            own_speeds: room.own_speeds.iter().map(|(member, speed)| (member.0, speed.as_ppm())).collect(),
            may_lead: room.may_lead.as_ref().map(|members| members.iter().map(|member| member.0).collect()),
        }
    }
}

impl From<RoomSent> for RoomState {
    fn from(sent: RoomSent) -> Self {
        // Counters only rise; one at the end of the numbers could not.
        let counter = |count: u64| count.min(1 << 53);
        Self {
            term: counter(sent.term),
            epoch: counter(sent.epoch),
            seq: counter(sent.seq),
            leader: sent.leader.map(MemberId),
            playback: sent.playback.map(Playback::from),
            action: sent.action.map(|action| Action {
                member: MemberId(action.member),
                when: action.when.into(),
                act: action.act.into(),
                takeover: action.takeover,
            }),
            actions: counter(sent.actions),
            own_speeds: sent.own_speeds.into_iter().map(|(member, ppm)| (MemberId(member), speed(ppm))).collect(),
            may_lead: sent.may_lead.map(|members| members.into_iter().map(MemberId).collect()),
        }
    }
}
