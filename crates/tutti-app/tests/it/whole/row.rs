//! One row of the table: a fault in a room of three, and everything that is shown from its beginning on.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use tutti_sim::player::Hand;

use super::bench::{Bench, Now, Setting, name_of, panics};
use super::ration;

/// Anna leads; Ben and Chiara follow.
const LEADER: &str = "anna";
const FOLLOWER: &str = "ben";

/// A fault that is to be shown is shown after so long: a planned look, one that is given up, and the next.
const SHOWN_WITHIN: Duration = Duration::from_secs(12);
/// The member is read again so soon after the fault's end.
const READ_WITHIN: Duration = Duration::from_secs(4);
/// Everybody is in step again so soon after the fault's end.
const IN_STEP_WITHIN: Duration = Duration::from_secs(15);
/// Words that stay are watched for so long.
const STAY: Duration = Duration::from_secs(20);
/// What does not come after the fault's end within this time never comes.
const WATCHED: Duration = Duration::from_secs(60);
/// Words beside a player that is read all along: they go when it does what it is asked.
const READABLE: [&str; 4] = ["ad", "restricted_device", "not_premium", "no_effect"];
const STEP: Duration = Duration::from_millis(50);
/// In step, by the truth.
const NEAR_MS: f64 = 500.0;

/// When a fault is over.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ends {
    /// So long after its beginning.
    After(u64),
    /// With so many requests of the account after its beginning, or when the last of them is given up.
    Used(usize),
    /// So long after its words are shown.
    AfterWords(u64),
    /// Not before the user acts: its words stay.
    Never,
}

/// What is asked for afterwards.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Then {
    InStep,
    /// The words stay, and nobody else is concerned.
    WordsStay,
}

/// What somebody does meanwhile.
#[derive(Clone, Debug)]
pub enum Act {
    Hand(Hand),
    /// Starts the song that is so many places on in the list.
    Song(usize),
    /// Starts the last song of the list, after which nothing comes.
    LastSong,
    /// Seeks to so long before the end of the song.
    NearEnd(u32),
    /// The song that is so many places on in the leader's list, or its last one, cannot be played by this account.
    Lacks(Option<usize>),
}

#[derive(Clone, Debug)]
pub struct Row {
    /// The last one gives the row its name; all begin at once, in this order.
    pub faults: Vec<Value>,
    pub on_leader: bool,
    /// Who does what meanwhile, and how long after the fault's beginning.
    pub acts: Vec<(u64, &'static str, Act)>,
    /// What stands beside the member meanwhile; none when nobody is told anything.
    pub says: Option<&'static str>,
    /// Whether that is said depends on which of the account's requests meet the fault.
    pub perhaps: bool,
    pub ends: Ends,
    pub then: Then,
}

/// In what a row is not as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// Somebody else was told something, or the lead went to somebody who did nothing.
    Disturbed,
    /// Other words, or words that stay too long.
    Words,
    /// Not read again in time.
    Read,
    /// Not in step again in time.
    Step,
    /// A request that should not have been sent, or a panic.
    Never,
}

/// What a row showed.
#[derive(Debug, Default)]
pub struct Seen {
    /// Code, words and when they were first shown, ms after the beginning.
    pub told: BTreeMap<String, (String, u128)>,
    pub wrong: Vec<(About, String)>,
    pub read_after: Option<Duration>,
    pub in_step_after: Option<Duration>,
    /// When the words went for good.
    pub unsaid_after: Option<Duration>,
    pub panics: u32,
    /// How everybody stands at the end, shown and in truth.
    stands: String,
}

impl Row {
    pub fn new(kind: &str, mut fields: Value) -> Self {
        fields["kind"] = json!(kind);
        let ends = fields.get("for_ms").and_then(Value::as_u64).map_or(Ends::Used(1), Ends::After);
        Self {
            faults: vec![fields],
            on_leader: false,
            acts: Vec::new(),
            says: None,
            perhaps: false,
            ends,
            then: Then::InStep,
        }
    }

    /// Words that stand beside the member.
    pub fn says(mut self, code: &'static str) -> Self {
        self.says = Some(code);
        self
    }

    pub fn perhaps_says(mut self, code: &'static str) -> Self {
        (self.says, self.perhaps) = (Some(code), true);
        self
    }

    /// The words stay until the user does something about it.
    pub fn for_good(mut self) -> Self {
        (self.ends, self.then) = (Ends::Never, Then::WordsStay);
        self
    }

    pub fn ends(mut self, ends: Ends) -> Self {
        self.ends = ends;
        self
    }

    /// Together with another fault that begins right before.
    pub fn after(mut self, kind: &str, mut fields: Value) -> Self {
        fields["kind"] = json!(kind);
        self.faults.insert(0, fields);
        self
    }

    pub fn when(mut self, after_ms: u64, who: &'static str, act: Act) -> Self {
        self.acts.push((after_ms, who, act));
        self
    }

    pub fn seek(self) -> Self {
        self.when(500, LEADER, Act::Hand(Hand::Seek { position_ms: 60_000 }))
    }

    pub fn leader(mut self) -> Self {
        self.on_leader = true;
        self
    }

    pub fn kind(&self) -> &str {
        self.faults.last().unwrap()["kind"].as_str().unwrap()
    }

    pub fn name(&self) -> String {
        let fault = self.faults.last().unwrap();
        format!("{fault}{}", if self.on_leader { " of the leader" } else { "" })
    }

    fn user(&self) -> &'static str {
        if self.on_leader { LEADER } else { FOLLOWER }
    }
}

/// Plays a row.
pub async fn play(row: &Row, seed: u64) -> Seen {
    let panics_before = panics();
    let bench = Bench::in_step(Setting { members: 3, seed, ..Setting::default() }).await;
    let user = row.user();
    let name = name_of(user);
    let epoch = bench.now().room().epoch;
    let mut seen = Seen::default();
    let (begun, begun_us) = (Instant::now(), bench.sim.now_us());
    for fault in &row.faults {
        bench.fault(user, fault);
    }
    let mut acts = row.acts.iter().cloned().peekable();
    let mut end = None;
    loop {
        let now = Instant::now();
        while let Some((_, who, act)) = acts.next_if(|(ms, ..)| begun + Duration::from_millis(*ms) <= now) {
            match hand_of(&bench, who, &act) {
                Some(hand) if !bench.hand(who, hand.clone()) => {
                    seen.complain(About::Never, format!("{who} could not {act:?}"))
                }
                _ => {}
            }
        }
        seen.look(&bench.now(), row, epoch, begun);
        if end.is_none() {
            end = match row.ends {
                Ends::After(ms) => Some(begun + Duration::from_millis(ms)),
                Ends::Used(count) => used(&bench, user, begun_us, count).map(|after| begun + after),
                Ends::AfterWords(ms) if !seen.told.is_empty() => Some(now + Duration::from_millis(ms)),
                Ends::Never if !seen.told.is_empty() => Some(now + STAY),
                _ => None,
            };
        }
        if now >= end.unwrap_or(begun + SHOWN_WITHIN) {
            break;
        }
        sleep(STEP).await;
    }
    let ended = Instant::now();
    let ended_us = bench.sim.now_us();
    if row.then == Then::WordsStay {
        if bench.now().trouble(&name) != row.says {
            seen.complain(About::Words, format!("after a while it says {:?}", bench.now().trouble(&name)));
        }
    } else {
        while ended.elapsed() < WATCHED
            && !(seen.read_after.is_some() && seen.in_step_after.is_some() && seen.unsaid_after.is_some())
        {
            if seen.read_after.is_none() && bench.read_since(user, ended_us) {
                seen.read_after = Some(ended.elapsed());
            }
            match bench.now().trouble(&name) {
                Some(_) => seen.unsaid_after = None,
                None => seen.unsaid_after = seen.unsaid_after.or(Some(ended.elapsed())),
            }
            if seen.in_step_after.is_none() && in_step(&bench) && bench.now().together() {
                seen.in_step_after = Some(ended.elapsed());
            }
            seen.look(&bench.now(), row, epoch, begun);
            sleep(STEP).await;
        }
    }
    seen.stands = stands(&bench);
    seen.judge(row);
    for breach in bench.breaches().into_iter().chain(ration::blindly_repeated(&bench.sent())) {
        seen.complain(About::Never, breach);
    }
    bench.stop().await;
    seen.panics = panics() - panics_before;
    if seen.panics > 0 {
        seen.complain(About::Never, format!("{} panics", seen.panics));
    }
    seen
}

/// What is done by hand; none for what only happens.
fn hand_of(bench: &Bench, who: &str, act: &Act) -> Option<Hand> {
    let catalogue = bench.sim.catalogue();
    let (current, coming) = bench.sim.with_player(LEADER, |player, now_us| player.queue(now_us)).unwrap();
    let uri = |place: Option<usize>| {
        let item = place.map_or_else(|| *coming.last().unwrap(), |place| coming[place - 1]);
        catalogue.item(item).uri.clone()
    };
    Some(match act {
        Act::Hand(hand) => hand.clone(),
        Act::Song(place) => Hand::song(&uri(Some(*place))),
        Act::LastSong => Hand::song(&uri(None)),
        Act::NearEnd(left_ms) => {
            let duration_ms = catalogue.duration_us(current.unwrap()) / 1_000;
            Hand::Seek { position_ms: duration_ms as u32 - left_ms }
        }
        Act::Lacks(place) => {
            bench.fault(who, &json!({"kind": "unavailable", "uri": uri(*place)}));
            return None;
        }
    })
}

/// When the requests that a fault is for have come to their end, after the beginning.
fn used(bench: &Bench, user: &str, begun_us: i64, count: usize) -> Option<Duration> {
    let given_up = 3_500_000;
    let sent = bench.sent();
    let mut of_user = sent.iter().filter(|sent| sent.at_us > begun_us && sent.user.as_deref() == Some(user));
    let last = of_user.nth(count - 1)?;
    let over_us = last.answered_us.unwrap_or(i64::MAX).min(last.at_us + given_up);
    (over_us <= bench.sim.now_us()).then(|| Duration::from_micros((over_us - begun_us) as u64))
}

/// By the truth: everybody hears the leader's item where the leader hears it.
fn in_step(bench: &Bench) -> bool {
    is_near(bench, NEAR_MS, |_| false)
}

/// The same without those who are excused.
pub fn is_near(bench: &Bench, near_ms: f64, excused: impl Fn(&str) -> bool) -> bool {
    let (_, truth) = bench.sim.truth();
    let now = bench.now();
    let leader = now.room().members.iter().find(|member| member.leads).map(|member| member.name.to_lowercase());
    let Some((_, led)) = truth.iter().find(|(user, _)| Some(&**user) == leader.as_deref()) else { return false };
    truth.iter().filter(|(user, _)| !excused(user)).all(|(_, one)| {
        one.uri == led.uri && one.playing == led.playing && (one.reported_ms - led.reported_ms).abs() < near_ms
    })
}

/// Item, place and what is shown of everybody, for a failure's sentence.
pub fn stands(bench: &Bench) -> String {
    let now = bench.now();
    let (_, truth) = bench.sim.truth();
    let one = |(user, truth): &(std::sync::Arc<str>, tutti_sim::player::Truth)| {
        let member = now.member(&name_of(user));
        let shown = member.timing.map(|timing| timing.error_ms.round());
        let at = (truth.reported_ms.round(), truth.uri.as_deref().map(|uri| &uri[uri.len() - 4..]), truth.playing);
        let told = member.trouble.as_ref().map_or("", |trouble| &trouble.code);
        let leads = if member.leads { " leads" } else { "" };
        format!("{user}{leads} {at:?} shown {shown:?} {} {told}", member.status.code)
    };
    truth.iter().map(one).collect::<Vec<_>>().join(", ")
}

impl Seen {
    fn look(&mut self, now: &Now, row: &Row, epoch: u64, begun: Instant) {
        let (name, on_leader) = (name_of(row.user()), row.on_leader);
        let room = now.room();
        let marks: Vec<_> = room.history.marks.iter().map(|mark| &mark.text).collect();
        // Of a leader who is gone the lead passes on, and nobody has done anything.
        if !marks.is_empty() || (room.epoch != epoch && !on_leader) {
            self.complain(About::Disturbed, format!("epoch {epoch} became {}: {marks:?}", room.epoch));
        }
        for member in &room.members {
            let Some(trouble) = &member.trouble else { continue };
            if member.name == name {
                let at = begun.elapsed().as_millis();
                self.told.entry(trouble.code.clone()).or_insert((trouble.text.clone(), at));
            } else {
                self.complain(About::Disturbed, format!("{} is told {}", member.name, trouble.code));
            }
        }
    }

    /// Holds what was seen against what the row asks for.
    fn judge(&mut self, row: &Row) {
        let codes: Vec<&str> = self.told.keys().map(String::as_str).collect();
        let unsaid = row.perhaps && codes.is_empty();
        if !unsaid && codes != row.says.into_iter().collect::<Vec<_>>() {
            self.complain(About::Words, format!("it said {:?}", self.told));
        }
        for (code, (text, _)) in self.told.clone() {
            if !reads_as(&format!("trouble.{code}"), &text) {
                self.complain(About::Words, format!("{code} in these words: {text}"));
            }
        }
        if row.then != Then::WordsStay && self.read_after.is_none_or(|after| after > READ_WITHIN) {
            self.complain(About::Read, format!("read again after {:?}", self.read_after));
        }
        let within = if row.says.is_some_and(|code| READABLE.contains(&code)) { IN_STEP_WITHIN } else { READ_WITHIN };
        if row.then != Then::WordsStay && self.unsaid_after.is_none_or(|after| after > within) {
            self.complain(About::Words, format!("its words went after {:?}", self.unsaid_after));
        }
        if row.then == Then::InStep && self.in_step_after.is_none_or(|after| after > IN_STEP_WITHIN) {
            self.complain(About::Step, format!("in step again after {:?}; {}", self.in_step_after, self.stands));
        }
    }

    fn complain(&mut self, about: About, what: String) {
        if !self.wrong.contains(&(about, what.clone())) {
            self.wrong.push((about, what));
        }
    }
}

/// Whether these are the words of that key in the file of texts, with every gap filled.
pub fn reads_as(key: &str, text: &str) -> bool {
    let all: BTreeMap<String, String> = serde_json::from_str(tutti_app::texts::EN).unwrap();
    let Some(template) = all.get(key) else { return false };
    let mut rest = text;
    let mut pieces =
        template.split('{').map(|piece| piece.split_once('}').map_or(piece, |(_, after)| after)).peekable();
    let Some(after) = pieces.next().and_then(|first| rest.strip_prefix(first)) else { return false };
    rest = after;
    while let Some(piece) = pieces.next() {
        let place = if pieces.peek().is_none() && !piece.is_empty() { rest.rfind(piece) } else { rest.find(piece) };
        let place = if piece.is_empty() { Some(rest.len()) } else { place };
        match place {
            Some(place) if place > 0 => rest = &rest[place + piece.len()..],
            _ => return false,
        }
    }
    rest.is_empty() && !text.contains(['{', '}'])
}
