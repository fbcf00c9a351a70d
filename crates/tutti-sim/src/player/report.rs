//! What `GET /me/player` says: the shown state, and everything that bends it.

use super::VirtualPlayer;
use super::device::DeviceView;
use super::faults::us;
use super::playback::Playback;
use super::settings::Repeat;
use crate::catalogue::{ContextRef, ItemRef, Market};
use crate::fault::Fault;

/// What `GET /me/player` says.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    pub device: DeviceView,
    /// None when nothing was ever played, and while an advertisement plays.
    pub item: Option<ItemRef>,
    pub kind: Shown,
    pub context: Option<ContextRef>,
    pub progress_ms: Option<i64>,
    pub playing: bool,
    /// Unix time of the last play, pause, skip, seek or new item, ms.
    pub timestamp_ms: i64,
    pub repeat: Repeat,
    pub shuffle: bool,
    pub smart_shuffle: bool,
    /// Names of `actions.disallows` that are true.
    pub disallows: Vec<&'static str>,
    /// Ids are those of this market.
    pub market: Market,
    /// Carries values that no documentation names.
    pub new_words: bool,
}

/// `currently_playing_type`, apart from track and episode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// The item's own kind; unknown without an item.
    Item,
    Ad,
    Unknown,
}

impl VirtualPlayer {
    /// What `GET /me/player` says when it is evaluated now: None is 204, no active device. Until a
    /// command is visible, the state from before it is answered, running on as it ran.
    pub fn report(&mut self, now_us: i64) -> Option<Report> {
        let now_us = self.settle(now_us);
        if self.answers_nothing(now_us) {
            return None;
        }
        if let Some(picture) = self.stale_picture(now_us) {
            return Some(picture);
        }
        if let Some((until_us, held)) = &self.faults.held
            && now_us < *until_us
        {
            return held.clone();
        }
        let report = self.bent_report(now_us);
        let hold_us = self.faults.find(now_us, |active| match active.fault {
            Fault::Repeated { hold_ms, .. } => Some(us(hold_ms)),
            _ => None,
        });
        self.faults.held = hold_us.map(|hold_us| (now_us + hold_us, report.clone()));
        report
    }

    /// How a reading at an earlier instant would have looked, as far as it is remembered.
    pub(super) fn picture_of(&self, then_us: i64) -> Option<Report> {
        let ruled = self.history.iter().find(|(until_us, _)| *until_us > then_us);
        let mut playback = ruled.map_or_else(|| self.playback.clone(), |(_, playback)| playback.clone());
        playback.device = playback.device.or(self.playback.device);
        playback.advance(then_us);
        self.report_of(&playback, then_us)
    }

    fn bent_report(&mut self, now_us: i64) -> Option<Report> {
        let shown = self.shown(now_us);
        let mut report = self.report_of(&shown, now_us)?;
        self.bend_place(now_us, &shown, &mut report);
        self.bend_rest(now_us, &mut report);
        Some(report)
    }

    fn report_of(&self, shown: &Playback, now_us: i64) -> Option<Report> {
        let device = shown.device?;
        let quirks = self.device_now(device, now_us);
        let ad_since_us = shown.ad_since_us(now_us);
        let mut changed_us = match (self.timestamp_stands(now_us), shown.ad) {
            (true, _) => shown.changed_but_sought_us,
            (false, Some((_, until_us))) if now_us >= until_us => shown.changed_us.max(until_us),
            _ => shown.changed_us,
        };
        if self.faults.is(now_us, |fault| matches!(fault, Fault::TimestampOfFetch { .. })) {
            changed_us = now_us;
        }
        let position_us = ad_since_us.map_or_else(|| shown.position_us(now_us), |since_us| now_us - since_us);
        let item = if ad_since_us.is_some() { None } else { shown.current() };
        Some(Report {
            device: self.devices.get(device)?.view(quirks, true),
            item,
            kind: if ad_since_us.is_some() { Shown::Ad } else { Shown::Item },
            context: shown.context,
            progress_ms: Some(position_us.div_euclid(1000)),
            playing: shown.playing,
            timestamp_ms: self.wall_ms_at_zero + changed_us.div_euclid(1000),
            repeat: shown.repeat,
            shuffle: shown.shuffle,
            smart_shuffle: shown.smart,
            disallows: disallows(shown, ad_since_us.is_some(), quirks.restricted),
            market: shown.settings.market,
            new_words: false,
        })
    }

    fn answers_nothing(&mut self, now_us: i64) -> bool {
        let asked = self.faults.is(now_us, |fault| match fault {
            Fault::NoContent { .. } | Fault::PrivateSession { silent: true, .. } => true,
            Fault::EmptyUntilVisible { .. } => !self.hidden.is_empty() || !self.pending.is_empty(),
            _ => false,
        });
        let hidden = self.hidden.iter().any(|hidden| hidden.empty) || self.pending.iter().any(|next| next.empty);
        let chance = self.faults.trouble.readings.no_content;
        asked || hidden || (chance > 0.0 && self.faults.random.chance(chance))
    }

    fn stale_picture(&mut self, now_us: i64) -> Option<Report> {
        let (picture, percent) = self.faults.find(now_us, |active| match active.fault {
            Fault::StaleSnapshot { percent, .. } => Some((active.picture.clone(), percent)),
            _ => None,
        })?;
        picture.filter(|_| percent >= 100 || self.faults.random.chance(percent as f64 / 100.0))
    }

    /// Where the music is, as wrong answers have it.
    fn bend_place(&mut self, now_us: i64, shown: &Playback, report: &mut Report) {
        let mut shift_us = 0;
        if shown.playing {
            let counting = self.faults.find(now_us, |active| match active.fault {
                Fault::Buffering { .. } => Some(now_us - active.from_us),
                _ => None,
            });
            shift_us += counting.unwrap_or(0);
        }
        let skew_ms = self.faults.find(now_us, |active| match active.fault {
            Fault::FrontEnds { skew_ms, .. } => Some(skew_ms),
            _ => None,
        });
        if let Some(skew_ms) = skew_ms {
            // Nobody's clock is the right one: one is ahead of the truth by as much as the other is behind.
            let half_us = us(skew_ms) / 2;
            shift_us += if self.faults.random.chance(0.5) { half_us } else { -half_us };
        }
        if let Some((since_us, item)) = self.faults.zero_since
            && report.item == Some(item)
        {
            shift_us += (now_us - since_us).max(0) - shown.position_us(now_us);
        }
        // Whatever is wrong with it, Spotify says no negative one.
        report.progress_ms = report.progress_ms.map(|progress_ms| (progress_ms + shift_us.div_euclid(1000)).max(0));
        if self.faults.is(now_us, |fault| matches!(fault, Fault::ProgressZero { .. })) {
            report.progress_ms = Some(0);
        }
    }

    fn bend_rest(&mut self, now_us: i64, report: &mut Report) {
        let rates = self.faults.trouble.readings;
        let mut by_chance = |rate: f64| rate > 0.0 && self.faults.random.chance(rate);
        let (flag, null_progress, null_item) =
            (by_chance(rates.flag), by_chance(rates.null_progress), by_chance(rates.null_item));
        if flag || self.faults.takes_wrong_flag() {
            report.playing = !report.playing;
        }
        if null_progress || self.faults.is(now_us, |fault| matches!(fault, Fault::NullProgress { .. })) {
            report.progress_ms = None;
        }
        if null_item || self.faults.is(now_us, |fault| matches!(fault, Fault::NullItem { .. })) {
            (report.item, report.kind) = (None, Shown::Unknown);
        }
        let idle = self.faults.find(now_us, |active| match active.fault {
            Fault::IdleState { playing, .. } => Some(playing),
            _ => None,
        });
        if let Some(playing) = idle {
            (report.item, report.kind, report.context) = (None, Shown::Unknown, None);
            (report.progress_ms, report.playing, report.timestamp_ms) = (Some(0), playing, 0);
            report.disallows = vec!["skipping_prev", "toggling_repeat_track"];
        }
        report.new_words = self.faults.is(now_us, |fault| matches!(fault, Fault::NewWords { .. }));
    }

    fn timestamp_stands(&self, now_us: i64) -> bool {
        self.faults.timestamp_stands || self.faults.is(now_us, |fault| matches!(fault, Fault::TimestampStands { .. }))
    }
}

fn disallows(shown: &Playback, ad: bool, restricted: bool) -> Vec<&'static str> {
    let mut names = vec![if shown.playing { "resuming" } else { "pausing" }];
    if ad {
        names.extend(["seeking", "skipping_next", "skipping_prev"]);
    }
    if restricted {
        names.push("transferring_playback");
    }
    names
}
