//! What is shown of a room: the engine's state and reports, turned into the contract's `Room`.

mod afar;
mod history;
mod member;
mod ration;
mod words;

use std::collections::VecDeque;
use std::sync::Arc;

use tutti_core::clock::RoomClock;
use tutti_core::event::Event;
use tutti_core::limit::{Left, Wait};
use tutti_core::playback::Playback;
use tutti_core::room::{Act, Action, MemberId, RoomState, next_title};
use tutti_core::standing::View;
use tutti_core::time::{LocalTime, Span};
use tutti_core::wire::MembersSent;
use tutti_core::wire::shown::Seen;

use crate::api;
use crate::cover;
use crate::problem::way_out;
use crate::settings::Endpoints;
use crate::texts::t;
use history::History;
use member::NEWS;
pub use member::{MemberShown, Smoothed, band, trouble};
pub use ration::pictures as rations;
pub use words::{RoomName, act_words, minutes};

/// Marks older than the chart are not kept.
const MARKS_FOR: Span = Span::from_secs(180);
/// Fewer requests left than this in the next half minute, or ten times as many in the hour, are worth a word.
const FEW_LEFT: u32 = 10;

/// What is known about one member's requests.
#[derive(Debug, Clone, Copy, Default)]
pub struct MemberRequests {
    pub minute: u32,
    /// Spotify asked its client id to wait; otherwise it is Tutti that holds back.
    pub asked_to_wait: bool,
}

/// What a report changed in the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Something is otherwise than before.
    News,
    /// The same goes on; numbers and positions moved, or nothing did.
    Numbers,
}

impl Change {
    fn news_if(news: bool) -> Self {
        if news { Self::News } else { Self::Numbers }
    }
}

/// A room as it is shown: fed with reports, asked for pictures.
#[derive(Debug)]
pub struct RoomShown {
    pub name: RoomName,
    /// What can be started on the phones; only in the demo.
    pub songs: Option<Vec<api::Song>>,
    pub sync: bool,
    members: Vec<MemberShown>,
    state: Option<Arc<RoomState>>,
    history: History,
    marks: VecDeque<Mark>,
    clock: RoomClock,
}

#[derive(Debug)]
struct Mark {
    at: LocalTime,
    member: MemberId,
    name: String,
    act: Act,
}

/// What is known about requests at the moment of a picture.
#[derive(Debug, Clone, Copy)]
pub struct Requests {
    pub minute: u32,
    pub left: Left,
    pub waiting: Option<Wait>,
}

impl RoomShown {
    pub fn new(name: RoomName, songs: Option<Vec<api::Song>>, clock: RoomClock, now: LocalTime) -> Self {
        Self {
            name,
            songs,
            sync: true,
            members: Vec::new(),
            state: None,
            history: History::new(now),
            marks: VecDeque::new(),
            clock,
        }
    }

    pub fn joined(&mut self, id: MemberId, account: String, name: String) {
        // Colours stay with their members: a free one is not given again while it is on the chart.
        let color = id.0;
        // It may have been told of before it sits.
        self.left(id);
        self.members.push(MemberShown::new(id, account, name, color));
    }

    pub fn members(&self) -> &[MemberShown] {
        &self.members
    }

    pub fn member(&self, id: u32) -> Option<&MemberShown> {
        self.members.iter().find(|member| member.id.0 == id)
    }

    /// A member went.
    pub fn left(&mut self, id: MemberId) {
        self.members.retain(|member| member.id != id);
    }

    /// Whether a later state of the same hub is shown already.
    pub fn knows_later_than(&self, state: &RoomState) -> bool {
        self.state.as_ref().is_some_and(|known| known.term == state.term && known.order() > state.order())
    }

    /// What is known of the room's clock.
    pub fn clock(&mut self, clock: RoomClock) {
        self.clock = clock;
    }

    /// Who is in a room on the network.
    pub fn members_are(&mut self, members: &MembersSent) {
        self.members.retain(|member| members.list.iter().any(|sent| sent.id == member.id.0));
        for sent in &members.list {
            match self.members.iter_mut().find(|member| member.id.0 == sent.id) {
                Some(member) => member.name.clone_from(&sent.name),
                None => self.joined(MemberId(sent.id), String::new(), sent.name.clone()),
            }
        }
        self.members.sort_by_key(|member| member.id);
    }

    /// How a member is who is driven by another process.
    pub fn seen_afar(&mut self, id: MemberId, seen: Seen, now: LocalTime) -> Change {
        let room_now = self.clock.to_room(now);
        self.take_view(id, afar::view(seen, room_now), true, now)
    }

    /// Spotify's page of the item that plays.
    pub fn link(&self) -> Option<&str> {
        self.state.as_ref()?.playback.as_ref()?.item.link.as_deref()
    }

    /// A member that is driven here said how it is.
    pub fn seen(&mut self, id: MemberId, view: View, now: LocalTime) -> Change {
        self.take_view(id, view, false, now)
    }

    fn take_view(&mut self, id: MemberId, view: View, afar: bool, now: LocalTime) -> Change {
        self.fill(now);
        let room = self.state.as_ref().and_then(|state| state.playback.as_ref());
        let Some(member) = self.members.iter_mut().find(|member| member.id == id) else { return Change::Numbers };
        member.is_afar(afar);
        member.seen(view, room, now)
    }

    /// What the engine did for a member, or what came of it.
    pub fn heard(&mut self, id: MemberId, event: &Event, now: LocalTime) -> Change {
        if let Some(member) = self.members.iter_mut().find(|member| member.id == id) {
            member.heard(event, now);
        }
        // What a command did to a player can be seen, and heard in the demo.
        Change::news_if(matches!(event, Event::Answered { .. }))
    }

    /// Why a member's player cannot be seen: whether because of a private session.
    pub fn private(&mut self, id: MemberId, private: bool) {
        if let Some(member) = self.members.iter_mut().find(|member| member.id == id) {
            member.private(private);
        }
    }

    /// The room changed.
    pub fn changed(&mut self, state: Arc<RoomState>, now: LocalTime) -> Change {
        let before = self.state.replace(Arc::clone(&state));
        let goes_on = before.as_ref().is_some_and(|before| goes_on(before, &state));
        let acted = before.is_none_or(|before| before.actions < state.actions);
        if let Some(action) = state.action.as_ref().filter(|_| acted) {
            self.acted(action, now);
        }
        Change::news_if(acted || !goes_on)
    }

    fn acted(&mut self, action: &Action, now: LocalTime) {
        let Some(member) = self.members.iter_mut().find(|member| member.id == action.member) else { return };
        member.acted = Some((action.act.clone(), now));
        if action.takeover {
            let at = self.clock.to_local(action.when.midpoint());
            let (name, act) = (member.name.clone(), action.act.clone());
            self.marks.push_back(Mark { at, member: member.id, name, act });
        }
    }

    /// Addresses of the covers that the picture of this moment refers to.
    pub fn covers(&self) -> impl Iterator<Item = &str> {
        let playback = self.state.as_ref().and_then(|state| state.playback.as_ref());
        let items = playback.into_iter().flat_map(|playback| std::iter::once(&playback.item).chain(&playback.next));
        items.filter_map(|item| item.cover.as_deref())
    }

    /// The picture of this moment. `requests_of` answers what is known of a member's requests.
    pub fn picture(
        &mut self,
        now: LocalTime,
        endpoints: &Endpoints,
        requests: Requests,
        requests_of: impl Fn(MemberId) -> MemberRequests,
    ) -> api::Room {
        self.fill(now);
        self.marks.retain(|mark| now - mark.at < MARKS_FOR);
        let leader = self.state.as_ref().and_then(|state| state.leader);
        let playback = self.state.as_ref().and_then(|state| state.playback.as_ref());
        let members = self.members.iter().map(|member| {
            let leads = leader == Some(member.id);
            let mut picture = member.picture(now, leads, playback, endpoints, requests_of(member.id));
            // What has gone is the demo's own simulator: it can be had again.
            if let Some(trouble) = picture.trouble.as_mut().filter(|trouble| trouble.code == "other_server_gone")
                && self.songs.is_some()
            {
                trouble.way_out = Some(way_out("start_demo", api::Action::StartDemo));
            }
            picture
        });
        api::Room {
            name: self.name.text(),
            demo: self.songs.clone().map(|songs| api::Demo { songs, heard: None }),
            sync: self.sync,
            epoch: self.state.as_ref().map_or(0, |state| state.epoch),
            leader: leader.map(|leader| leader.0),
            members: members.collect(),
            now_playing: self.now_playing(now),
            history: self.history.picture(self.members.iter().map(|member| member.id), self.marks(now)),
            clock_bound_ms: self.clock.bound().as_ms(),
            requests_minute: requests.minute,
            ration: few_words(requests, now),
            network: None,
        }
    }

    fn fill(&mut self, now: LocalTime) {
        let errors = self.members.iter().map(|member| (member.id, member.error()));
        self.history.fill(now, errors);
    }

    fn marks(&self, now: LocalTime) -> Vec<api::HistoryMark> {
        let mark = |mark: &Mark| api::HistoryMark {
            ago_ms: (now - mark.at).as_ms().max(0.0),
            member: mark.member.0,
            text: t("mark.takeover", &[("name", &mark.name), ("what", &act_words(&mark.act))]),
        };
        self.marks.iter().map(mark).collect()
    }

    fn now_playing(&self, now: LocalTime) -> Option<api::NowPlaying> {
        let playback = self.state.as_ref()?.playback.as_ref()?;
        let item = &playback.item;
        Some(api::NowPlaying {
            uri: item.uri.clone(),
            episode: item.episode,
            title: item.title.clone(),
            by: item.by.clone(),
            album: item.album.clone(),
            cover: item.cover.as_deref().map(cover::key),
            link: item.link.clone(),
            playing: playback.playing,
            position_ms: playback.position_at(self.clock.to_room(now)).as_ms(),
            speed: playback.speed.factor(),
            duration_ms: item.duration.as_ms(),
            next: next_title(&playback.next).map(str::to_owned),
        })
    }
}

/// The room plays on as it did: only its position is known better, or runs.
fn goes_on(before: &RoomState, now: &RoomState) -> bool {
    let same = |before: &Playback, now: &Playback| {
        before.item == now.item
            && before.next == now.next
            && before.playing == now.playing
            && before.speed == now.speed
            && (now.position - before.position_at(now.at)).abs() < NEWS
    };
    let playback = match (&before.playback, &now.playback) {
        (Some(before), Some(now)) => same(before, now),
        (before, now) => before.is_none() && now.is_none(),
    };
    playback
        && (before.term, before.epoch, before.leader) == (now.term, now.epoch, now.leader)
        && before.own_speeds == now.own_speeds
        && before.may_lead == now.may_lead
}

/// What is left of the ration, in a few words.
fn few_words(requests: Requests, now: LocalTime) -> String {
    if let Some(wait) = requests.waiting.filter(|wait| wait.until > now) {
        return t("ration.waiting", &[("until", &ration::until(chrono::Utc::now(), wait, now))]);
    }
    let Left { in_30_s, in_hour, in_day } = requests.left;
    if in_30_s >= FEW_LEFT && in_hour >= FEW_LEFT * 10 && in_day >= FEW_LEFT * 100 {
        return t("ration.plenty", &[]);
    }
    t("ration.some", &[("left", &in_30_s.min(in_hour).min(in_day).to_string())])
}

#[cfg(test)]
mod tests;
