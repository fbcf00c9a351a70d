//! The commands that may still explain what is seen: what each should make of the player, and until when (A1).

use std::sync::Arc;

use crate::command::{Command, CommandId, CommandKind};
use crate::latency::{Kind, Times};
use crate::playback::Item;
use crate::reading::PlayerSeen;
use crate::speed::Speed;
use crate::time::{LocalTime, Span};

/// A command explains readings for so long, also when it was superseded or failed without an answer.
const EXPLAINS: Span = Span::from_secs(60);
/// A jump on to the very line that a command aimed at is that command, later than most: who acts by hand so near to it
/// is in step anyway.
const LATE: Span = Span::from_secs(8);
const ON_TARGET: Span = Span::from_millis(1_500);
/// By its line, no command takes effect longer before its sending than positions may be off.
const BEFORE: Span = Span::from_millis(500);
/// How far off its target a command may land.
const AROUND: Span = Span::from_secs(1);

/// A command of ours on its way to its effect.
#[derive(Debug, Clone)]
pub struct Issued {
    pub id: CommandId,
    pub latency: Kind,
    kind: CommandKind,
    /// The item that should play or stand afterwards.
    item: Arc<Item>,
    /// How fast it runs, and how fast it may, as long as that is not known.
    speed: Speed,
    fastest: Speed,
    sent: LocalTime,
    answered: Option<LocalTime>,
    /// How long after its answer it shows.
    times: Times,
    /// The player ran when it was sent, and where it was.
    ran: bool,
    from: Option<Span>,
    landed: bool,
    /// When it took effect, as far as its line tells.
    effect: Option<LocalTime>,
    /// It had its time and changed nothing.
    given_up: bool,
    /// When the last reading was asked that still showed the state before.
    not_yet: Option<LocalTime>,
}

/// What a reading means to a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Explains {
    /// It took effect.
    After,
    /// Something in between: no position in it.
    Between,
    No,
}

impl Issued {
    /// `item`: what is loaded afterwards; `times`: how long such commands take on this device.
    pub fn new(command: &Command, item: Arc<Item>, latency: Kind, times: Times, sent: LocalTime) -> Self {
        let (id, kind) = (command.id, command.kind.clone());
        Self {
            id,
            latency,
            kind,
            item,
            speed: Speed::NORMAL,
            fastest: Speed::NORMAL,
            sent,
            answered: None,
            times,
            ran: true,
            from: None,
            landed: false,
            effect: None,
            given_up: false,
            not_yet: None,
        }
    }

    /// Its item is an episode and runs at this speed; None: not known yet (E7).
    pub fn of_episode(self, speed: Option<Speed>) -> Self {
        Self { speed: speed.unwrap_or(Speed::NORMAL), fastest: speed.unwrap_or(Speed::FASTEST), ..self }
    }

    /// Whether the player ran when it was sent: a seek changes nothing about that. `from`: where it was on this item.
    pub fn sent_to(&mut self, running: bool, from: Option<Span>) {
        (self.ran, self.from) = (running, from);
    }

    /// A hand paused or resumed the player before it took effect.
    pub fn finds(&mut self, running: bool) {
        if !self.landed {
            self.ran = running;
        }
    }

    pub fn answered(&mut self, sent: LocalTime, at: LocalTime) {
        self.sent = sent;
        self.answered = Some(at);
    }

    pub fn landed(&mut self) {
        self.landed = true;
    }

    /// It took effect then.
    pub fn took_effect(&mut self, at: LocalTime) {
        self.effect = Some(at);
    }

    pub fn has_landed(&self) -> bool {
        self.landed
    }

    /// It landed, and by a reading asked then the line that it made is the player's for sure.
    pub fn stands_from(&self, asked: LocalTime) -> bool {
        self.landed && self.effect.is_some() && asked >= self.surely_shows_from()
    }

    pub fn is_spent(&self, now: LocalTime) -> bool {
        now - self.sent > EXPLAINS
    }

    /// The next command may go out: this one took effect, or had its time.
    pub fn is_over(&self, now: LocalTime) -> bool {
        self.landed || now >= self.window_ends()
    }

    /// Until then what is seen may still be the state before, and a hand needs a reading after it.
    pub fn window_ends(&self) -> LocalTime {
        self.answered.unwrap_or(self.sent) + self.times.window
    }

    /// By then it took effect, as late as any command does.
    pub fn latest(&self) -> LocalTime {
        self.window_ends().max(self.sent + LATE)
    }

    /// Once it landed, it explains readings until then: a pause that a wrong flag or an end seemed to show is seen later.
    pub fn explains_landed_until(&self) -> LocalTime {
        match self.kind {
            CommandKind::Pause => self.latest(),
            _ => self.window_ends(),
        }
    }

    /// From when on a reading shows the effect.
    pub fn visible_from(&self) -> LocalTime {
        self.answered.unwrap_or(self.sent) + self.times.visible
    }

    /// From when on readings show for sure what it made of the player; before, they may show the state from before it.
    pub fn surely_shows_from(&self) -> LocalTime {
        self.answered.unwrap_or(self.sent) + self.times.surely
    }

    /// It may have taken effect without a reading that shows it.
    pub fn may_be_hidden(&self, now: LocalTime) -> bool {
        !self.landed && now < self.surely_shows_from()
    }

    /// When the player should have passed the target, given when its new line passes it: feeds the latency.
    pub fn target(&self) -> Option<Span> {
        match self.kind {
            CommandKind::Play { position, .. } | CommandKind::Seek { position } => Some(position),
            CommandKind::Pause | CommandKind::Queue { .. } => None,
        }
    }

    /// When its item ends if it took effect right after it was sent, and nothing was read of it yet.
    pub fn would_end(&self) -> Option<LocalTime> {
        let target = self.target().filter(|_| !self.landed)?;
        Some(self.sent + self.speed.takes(self.item.duration - target))
    }

    pub fn sent(&self) -> LocalTime {
        self.sent
    }

    /// A reading asked then still showed the state before.
    pub fn not_yet(&mut self, asked: LocalTime) {
        if !self.landed && self.answered.is_some_and(|answered| asked >= answered) {
            self.not_yet = Some(asked);
        }
    }

    /// How long after its answer the effect showed, given the reading that shows it first: the middle of what is
    /// possible.
    pub fn shown_after(&self, asked: LocalTime) -> Option<Span> {
        let answered = self.answered.filter(|&answered| asked >= answered && !self.landed)?;
        let from = self.not_yet.unwrap_or(answered);
        Some(from + (asked - from) / 2 - answered)
    }

    /// Accepted, its time is over by a reading asked then, and it never took effect. A queue entry shows nowhere.
    pub fn is_lost(&self, asked: LocalTime) -> bool {
        let accepted = self.answered.is_some() && !matches!(self.kind, CommandKind::Queue { .. });
        accepted && !self.landed && !self.given_up && asked >= self.window_ends()
    }

    pub fn give_up(&mut self) {
        self.given_up = true;
    }

    /// Between which instants a seek or play takes effect.
    pub fn jumps(&self) -> Option<(LocalTime, LocalTime)> {
        self.target().map(|_| self.effect.map_or((self.sent, self.window_ends()), |at| (at, at)))
    }

    /// The item that should play or stand afterwards.
    pub fn item(&self) -> &Arc<Item> {
        &self.item
    }

    /// A play whose item has not been seen yet, and that may have taken effect in a reading asked then.
    pub fn expects_item(&self, asked: LocalTime) -> bool {
        matches!(self.kind, CommandKind::Play { .. }) && !self.landed && asked >= self.sent
    }

    /// One of the items that follow in the list of this play.
    pub fn lists_later(&self, uri: &str) -> bool {
        matches!(&self.kind, CommandKind::Play { uris, .. } if uris.iter().skip(1).any(|listed| listed == uri))
    }

    /// Did it take effect by then, as late as such commands do?
    pub fn effect_by(&self, at: LocalTime) -> bool {
        let latest = self.times.effect.map_or(self.window_ends() + AROUND, |effect| self.sent + effect);
        at >= self.sent - AROUND && at <= latest
    }

    /// Could it have taken effect at an instant in between, however late?
    pub fn may_take_effect(&self, from: LocalTime, to: LocalTime) -> bool {
        to >= self.sent && from <= self.latest()
    }

    /// Could it have taken effect then?
    pub fn effect_about(&self, at: LocalTime) -> bool {
        at >= self.sent - AROUND && at <= self.window_ends() + AROUND
    }

    pub fn is_about(&self, item: &Item) -> bool {
        self.item.same_recording(item)
    }

    /// A seek or play that made its item start from its beginning at `from_zero`, instead of its target.
    pub fn explains_misplaced(&self, item: &Item, from_zero: LocalTime, asked: LocalTime) -> bool {
        let far = self.target().is_some_and(|target| target > AROUND * 3);
        let took_effect = from_zero >= self.sent - AROUND / 2 && from_zero <= self.window_ends();
        let took_effect = took_effect && self.effect_by(from_zero);
        far && !self.landed && asked >= self.sent && took_effect && self.item.same_recording(item)
    }

    /// A seek within the running line: its effect shows in nothing but the position.
    pub fn only_moves(&self) -> bool {
        matches!(self.kind, CommandKind::Seek { .. })
    }

    /// A seek of a running player, which leaves it running.
    pub fn leaves_running(&self) -> bool {
        self.only_moves() && self.ran
    }

    /// A seek far away from where its item was when it was sent.
    pub fn moves_far(&self, from: Span) -> bool {
        self.only_moves() && self.target().is_some_and(|target| (target - from).abs() > AROUND * 2)
    }

    /// A small seek whose effect a reading asked then would not show for sure.
    pub fn is_unseen_move(&self, asked: LocalTime) -> bool {
        self.only_moves() && !self.landed && asked < self.visible_from()
    }

    /// A slow effect, seen after this command had its time or seemed to have landed: what plays is on its target line. A
    /// seek takes whatever item plays by then.
    pub fn explains_late(&self, seen: &PlayerSeen, asked: LocalTime, answered: LocalTime) -> bool {
        let (Some(item), Some(target), Some(progress)) = (&seen.item, self.target(), seen.progress) else {
            return false;
        };
        let since = asked + (answered - asked) / 2 - self.sent;
        let ran = self.speed.run(since);
        // Another item that began by itself or by hand since then is no effect of a seek.
        let dragged = self.only_moves() && progress > ran + AROUND * 3;
        let ours = dragged || self.item.same_recording(item);
        // How long after its sending it took effect.
        let late = self.speed.takes(ran - (progress - target));
        let on_target = -BEFORE <= late && late <= ON_TARGET.max(self.times.window);
        let runs = self.ran || !self.only_moves();
        ours && runs && seen.playing && asked >= self.sent && since <= LATE && on_target
    }

    /// Does this command explain what was seen?
    pub fn explains(&self, seen: &PlayerSeen, asked: LocalTime, answered: LocalTime) -> Explains {
        let Some(item) = &seen.item else {
            return if answered <= self.window_ends() { Explains::Between } else { Explains::No };
        };
        let ours = self.item.same_recording(item);
        let near = |position: Span| {
            let ran = self.fastest.run(answered - self.sent);
            // It took effect by then, or not at all.
            let least = if self.fastest == self.speed { self.speed.run(asked - self.latest()) } else { Span::ZERO };
            let from = position - AROUND + least.max(Span::ZERO);
            seen.progress.is_some_and(|at| from <= at && at <= position + ran + BEFORE)
        };
        let stands = |position: Span| seen.progress.is_some_and(|at| (at - position).abs() <= AROUND);
        let after = match &self.kind {
            CommandKind::Play { position, .. } => ours && seen.playing && near(*position),
            // Who resumes or pauses while a seek is on its way did that by hand.
            CommandKind::Seek { .. } if seen.playing != self.ran => false,
            CommandKind::Seek { position } if seen.playing => ours && near(*position),
            CommandKind::Seek { position } => ours && stands(*position),
            // A pause stops whatever plays by then.
            CommandKind::Pause if self.landed && asked >= self.window_ends() => {
                let stopped = |from: Span| seen.progress.is_some_and(|at| from - AROUND <= at && at <= from + LATE);
                !seen.playing && ours && self.from.is_some_and(stopped)
            }
            CommandKind::Pause => {
                !seen.playing && (answered - self.sent <= LATE || ours && asked <= self.latest() + LATE)
            }
            CommandKind::Queue { .. } => false,
        };
        if after && asked >= self.sent {
            Explains::After
        } else if !self.landed
            && !seen.playing
            && matches!(self.kind, CommandKind::Play { .. })
            && answered <= self.window_ends()
        {
            Explains::Between
        } else {
            Explains::No
        }
    }
}
