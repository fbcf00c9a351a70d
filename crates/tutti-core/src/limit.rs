//! Whether a request may go out now: the ration of one client id, asked before each request (P2).
//!
//! Spotify's limits are not published; the defaults are what is known to be lived with, and can be changed. Which
//! requests were made and until when Spotify asked us to wait outlive the process, and are shared with other processes:
//! [`Ledger::requests`], [`Ledger::last_wait`], [`Ledger::restore`], [`Ledger::note`]. A quota belongs to a developer
//! account with all its client ids: [`Developers`].

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::time::{LocalTime, Span};

/// How many requests may go out in each window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// In 30 s, the window of Spotify's rate limit.
    pub in_30_s: u32,
    pub in_hour: u32,
    /// In 24 h, the window of Spotify's quota.
    pub in_day: u32,
    /// Percent of each window that only commands may use: a reading can wait, a command is heard.
    pub reserve_percent: u32,
}

impl Default for Limits {
    /// 45 in 30 s: reports of blocks begin at 2 to 3 a second; 3,000 an hour: below the 1 Hz that is in the field;
    /// 20,000 a day: about seven hours of a lively room.
    fn default() -> Self {
        Self { in_30_s: 45, in_hour: 3_000, in_day: 20_000, reserve_percent: 25 }
    }
}

impl Limits {
    /// For who wants few requests: a third of what is known to be lived with, 16 a minute.
    pub const THRIFTY: Self = Self { in_30_s: 8, in_hour: 960, in_day: 20_000, reserve_percent: 25 };
}

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    Read,
    Command,
}

/// May it go out?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Yes, and it is written down as made.
    Now,
    /// Ask again then.
    At(LocalTime),
}

/// What was asked of us with a 429.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    pub since: LocalTime,
    pub until: LocalTime,
    /// The daily quota, not the rate.
    pub quota: bool,
}

/// What may still be read in each window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    pub in_30_s: u32,
    pub in_hour: u32,
    pub in_day: u32,
}

const RATE: Span = Span::from_secs(30);
const HOUR: Span = Span::from_secs(3_600);
const DAY: Span = Span::from_secs(24 * 3_600);

/// The requests of one client id over the last day. Holds at most [`Limits::in_day`] instants.
#[derive(Debug, Clone)]
pub struct Ledger {
    limits: Limits,
    made: VecDeque<LocalTime>,
    /// Those of them that were readings.
    reads: VecDeque<LocalTime>,
    wait: Option<Wait>,
}

impl Ledger {
    pub fn new(limits: Limits) -> Self {
        Self { limits, made: VecDeque::new(), reads: VecDeque::new(), wait: None }
    }

    /// A ledger with what was written down before.
    pub fn restore(limits: Limits, made: impl IntoIterator<Item = (LocalTime, Class)>, wait: Option<Wait>) -> Self {
        let mut ledger = Self { wait, ..Self::new(limits) };
        for (at, class) in made {
            ledger.note(class, at);
        }
        ledger
    }

    /// Other limits from now on; what was made counts as before.
    pub fn limit(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// A request that was made by somebody else under this client id.
    pub fn note(&mut self, class: Class, at: LocalTime) {
        let sort_in = |made: &mut VecDeque<LocalTime>| {
            let place = made.iter().rposition(|&earlier| earlier <= at).map_or(0, |place| place + 1);
            made.insert(place, at);
        };
        sort_in(&mut self.made);
        if class == Class::Read {
            sort_in(&mut self.reads);
        }
    }

    /// May a request go out? [`Answer::Now`] counts as made.
    pub fn ask(&mut self, class: Class, now: LocalTime) -> Answer {
        while self.made.front().is_some_and(|&at| now - at >= DAY) {
            self.made.pop_front();
        }
        while self.reads.front().is_some_and(|&at| now - at >= DAY) {
            self.reads.pop_front();
        }
        if let Some(wait) = self.wait
            && now < wait.until
        {
            return Answer::At(wait.until);
        }
        match self.earliest(class, now) {
            at if at > now => Answer::At(at),
            _ => {
                self.made.push_back(now);
                if class == Class::Read {
                    self.reads.push_back(now);
                }
                Answer::Now
            }
        }
    }

    /// Spotify answered 429: nothing goes out before `until`, and more slowly for an hour after.
    pub fn wait(&mut self, now: LocalTime, until: LocalTime, quota: bool) {
        if self.wait.is_none_or(|wait| wait.until < until) {
            self.wait = Some(Wait { since: now, until, quota });
        }
    }

    /// The wait that is still in force.
    pub fn waiting(&self, now: LocalTime) -> Option<Wait> {
        self.wait.filter(|wait| now < wait.until)
    }

    /// What readings may still use.
    pub fn left(&self, now: LocalTime) -> Left {
        let left = |window, limit| {
            let free = |made, class| {
                self.allowed(made, class, (window, limit), now).saturating_sub(count(made, window, now)) as u32
            };
            free(&self.reads, Class::Read).min(free(&self.made, Class::Command))
        };
        Left {
            in_30_s: left(RATE, self.limits.in_30_s),
            in_hour: left(HOUR, self.limits.in_hour),
            in_day: left(DAY, self.limits.in_day),
        }
    }

    /// Requests in the last `window`.
    pub fn count(&self, window: Span, now: LocalTime) -> usize {
        count(&self.made, window, now)
    }

    /// All requests of the last day, oldest first: to be kept across restarts.
    pub fn requests(&self) -> impl Iterator<Item = (LocalTime, Class)> + '_ {
        let mut reads = self.reads.iter().peekable();
        self.made.iter().map(move |&at| match reads.next_if(|&&read| read == at) {
            Some(_) => (at, Class::Read),
            None => (at, Class::Command),
        })
    }

    /// The last wait that was asked for, over or not: for an hour after it everything goes more slowly.
    pub fn last_wait(&self) -> Option<Wait> {
        self.wait
    }

    /// When every window has room: for a reading among the readings and among all requests.
    fn earliest(&self, class: Class, now: LocalTime) -> LocalTime {
        let windows = [(RATE, self.limits.in_30_s), (HOUR, self.limits.in_hour), (DAY, self.limits.in_day)];
        let room = |made: &VecDeque<LocalTime>, class, (window, limit): (Span, u32)| {
            let allowed = self.allowed(made, class, (window, limit), now).max(1);
            let used = count(made, window, now);
            if used < allowed { now } else { made[made.len() - allowed] + window }
        };
        windows
            .into_iter()
            .map(|window| match class {
                Class::Read => room(&self.reads, class, window).max(room(&self.made, Class::Command, window)),
                Class::Command => room(&self.made, class, window),
            })
            .max()
            .unwrap_or(now)
    }

    /// How many requests of a window this class may have made now: readings leave the reserve; after a 429 the rate is
    /// halved and creeps back over an hour. What was asked before the wait was asked at the full rate: it takes only half
    /// of its room from what may be asked after it, so that a member is read again when the wait ends.
    fn allowed(&self, made: &VecDeque<LocalTime>, class: Class, (window, limit): (Span, u32), now: LocalTime) -> usize {
        let percent = match class {
            Class::Read => 100 - self.limits.reserve_percent.min(100),
            Class::Command => 100,
        };
        let whole = u64::from(limit) * u64::from(percent) / 100;
        let Some(wait) = self.wait.filter(|wait| now < wait.until + HOUR) else { return whole as usize };
        let since = (now - wait.until).as_micros().max(0);
        let permille = (500 + 500 * since / HOUR.as_micros()) as u64;
        let after = made.len() - made.partition_point(|&at| at < wait.until);
        let before = (count(made, window, now) as u64).saturating_sub(after as u64);
        ((whole * permille + before * (1_000 - permille)) / 1_000).min(whole) as usize
    }
}

/// Which client ids belong to one developer account, and so share one quota.
///
/// Spotify does not say. It is known of those that the user named, and of those that a used-up quota shut out until the
/// same moment: two developers' quotas, which end at some moment within a day, hardly ever agree so closely. Nothing else
/// is taken for a sign of it: people who listen together usually bring a client id each, and need not wait for each
/// other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Developers {
    groups: Vec<BTreeSet<String>>,
    /// Until when Spotify's own answer to each client id shut it out.
    shut: BTreeMap<String, LocalTime>,
}

/// Ends this close to each other are the same end: asking too early makes it a minute later each time.
const SAME_END: Span = Span::from_secs(120);
/// The end of a shorter wait says nothing: without a `Retry-After` it would be our own guess.
const TELLING: Span = Span::from_secs(600);

impl Developers {
    /// These client ids belong to one developer account.
    pub fn same<'a>(&mut self, client_ids: impl IntoIterator<Item = &'a str>) {
        let mut group: BTreeSet<String> = client_ids.into_iter().map(str::to_owned).collect();
        if group.len() < 2 {
            return;
        }
        let (joined, apart) = self.groups.drain(..).partition(|other| !other.is_disjoint(&group));
        self.groups = apart;
        let joined: Vec<BTreeSet<String>> = joined;
        group.extend(joined.into_iter().flatten());
        self.groups.push(group);
    }

    /// Spotify answered at `now` that this client id's quota is used up until `until`. The answer is who has to wait
    /// as well.
    pub fn shut(&mut self, client_id: &str, now: LocalTime, until: LocalTime) -> Vec<String> {
        self.shut.retain(|_, end| *end > now);
        let near = |end: LocalTime| until - end <= SAME_END && end - until <= SAME_END;
        let agreeing = self.shut.iter().filter(|(id, end)| *id != client_id && near(**end));
        let agreeing: Vec<String> = agreeing.map(|(id, _)| id.clone()).collect();
        if until - now >= TELLING {
            self.same(agreeing.iter().map(String::as_str).chain([client_id]));
        }
        self.shut.insert(client_id.to_owned(), until);
        self.beside(client_id).map(str::to_owned).collect()
    }

    /// The other client ids of the same developer account, as far as they are known.
    pub fn beside<'a>(&'a self, client_id: &'a str) -> impl Iterator<Item = &'a str> {
        let group = self.groups.iter().find(|group| group.contains(client_id));
        group.into_iter().flatten().map(String::as_str).filter(move |other| *other != client_id)
    }

    /// Everything that is known of it, to be kept.
    pub fn groups(&self) -> impl Iterator<Item = &BTreeSet<String>> {
        self.groups.iter()
    }

    /// Until when each client id was shut out by Spotify's own answer, to be kept.
    pub fn ends(&self) -> impl Iterator<Item = (&str, LocalTime)> {
        self.shut.iter().map(|(id, end)| (id.as_str(), *end))
    }

    /// Takes in an end that was kept.
    pub fn was_shut(&mut self, client_id: &str, until: LocalTime) {
        self.shut.insert(client_id.to_owned(), until);
    }
}

/// Instants in the last `window`.
fn count(made: &VecDeque<LocalTime>, window: Span, now: LocalTime) -> usize {
    made.len() - made.partition_point(|&at| now - at >= window)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: i64) -> LocalTime {
        LocalTime::from_micros(s * 1_000_000)
    }

    fn spend(ledger: &mut Ledger, class: Class, now: LocalTime) -> usize {
        (0..1_000).take_while(|_| ledger.ask(class, now) == Answer::Now).count()
    }

    #[test]
    fn readings_leave_a_quarter_for_commands() {
        let mut ledger = Ledger::new(Limits::default());
        assert_eq!(spend(&mut ledger, Class::Read, at(0)), 33);
        assert_eq!(spend(&mut ledger, Class::Command, at(0)), 12);
        assert_eq!(ledger.ask(Class::Command, at(1)), Answer::At(at(30)));
    }

    #[test]
    fn a_window_slides() {
        let mut ledger = Ledger::new(Limits { in_30_s: 4, ..Limits::default() });
        for s in [0, 10, 20] {
            assert_eq!(ledger.ask(Class::Read, at(s)), Answer::Now);
        }
        assert_eq!(ledger.ask(Class::Read, at(25)), Answer::At(at(30)));
        assert_eq!(ledger.ask(Class::Read, at(30)), Answer::Now);
        assert_eq!(ledger.ask(Class::Read, at(31)), Answer::At(at(40)));
    }

    #[test]
    fn nothing_goes_out_before_retry_after_and_half_as_much_afterwards() {
        let mut ledger = Ledger::new(Limits::default());
        ledger.wait(at(0), at(12), false);
        assert_eq!(ledger.ask(Class::Command, at(11)), Answer::At(at(12)));
        assert_eq!(spend(&mut ledger, Class::Read, at(12)), 16);
        assert_eq!(spend(&mut ledger, Class::Read, at(12 + 3_600)), 33);
    }

    #[test]
    fn what_was_asked_before_a_wait_takes_half_of_its_room_after_it_and_no_window_ever_holds_more_than_the_limit() {
        let mut ledger = Ledger::new(Limits::default());
        assert_eq!((0..20).filter(|&s| ledger.ask(Class::Read, at(s)) == Answer::Now).count(), 20);
        ledger.wait(at(20), at(24), false);

        assert_eq!(spend(&mut ledger, Class::Read, at(24)), 6, "16 at half the rate, less half of 20");
        assert_eq!(ledger.left(at(24)).in_30_s, 0);

        let mut ledger = Ledger::new(Limits::default());
        assert_eq!(spend(&mut ledger, Class::Read, at(0)), 33);
        ledger.wait(at(0), at(5), false);
        assert_eq!(spend(&mut ledger, Class::Read, at(5)), 0, "33 in 30 s are all that ever may be read");
        assert_eq!(ledger.ask(Class::Read, at(5)), Answer::At(at(30)));
        assert_eq!(spend(&mut ledger, Class::Read, at(30)), 16);
    }

    #[test]
    fn a_wait_outlives_the_process() {
        let mut ledger = Ledger::new(Limits::default());
        assert_eq!(ledger.ask(Class::Read, at(0)), Answer::Now);
        ledger.wait(at(0), at(100), true);
        let mut again = Ledger::restore(Limits::default(), ledger.requests(), ledger.last_wait());
        assert_eq!(again.ask(Class::Command, at(99)), Answer::At(at(100)));
        assert_eq!(again.count(DAY, at(99)), 1);
    }

    #[test]
    fn the_hour_and_the_day_are_kept_too() {
        let limits = Limits { in_30_s: 1_000, in_hour: 8, in_day: 12, reserve_percent: 25 };
        let mut ledger = Ledger::new(limits);
        assert_eq!(spend(&mut ledger, Class::Read, at(0)), 6);
        assert_eq!(spend(&mut ledger, Class::Read, at(3_600)), 3);
        assert_eq!(ledger.ask(Class::Read, at(7_200)), Answer::At(at(86_400)));
    }

    #[test]
    fn requests_of_others_count_wherever_they_fall_in_between() {
        let mut ledger = Ledger::new(Limits { in_30_s: 4, ..Limits::default() });
        assert_eq!(ledger.ask(Class::Read, at(10)), Answer::Now);
        ledger.note(Class::Read, at(12));
        ledger.note(Class::Command, at(8));
        ledger.note(Class::Read, at(9));

        assert_eq!(ledger.ask(Class::Command, at(13)), Answer::At(at(38)));
        let requests: Vec<_> = ledger.requests().collect();
        let (read, command) = (Class::Read, Class::Command);
        assert_eq!(requests, [(at(8), command), (at(9), read), (at(10), read), (at(12), read)]);
    }

    #[test]
    fn a_shorter_wait_does_not_replace_a_longer_one() {
        let mut ledger = Ledger::new(Limits::default());
        ledger.wait(at(0), at(10_000), true);
        ledger.wait(at(1), at(30), false);

        assert_eq!(ledger.waiting(at(5)), Some(Wait { since: at(0), until: at(10_000), quota: true }));
    }

    #[test]
    fn client_ids_are_of_different_developers_until_something_says_otherwise() {
        let mut developers = Developers::default();

        assert!(developers.shut("a", at(0), at(30_000)).is_empty());
        assert!(developers.shut("b", at(100), at(50_000)).is_empty(), "another end");
        assert!(developers.shut("c", at(30_100), at(30_160)).is_empty(), "so short a wait says nothing");
        assert!(developers.shut("d", at(30_110), at(30_170)).is_empty());
        assert_eq!(developers.groups().count(), 0);
    }

    #[test]
    fn those_whose_quota_ends_at_the_same_moment_wait_together_from_then_on() {
        let mut developers = Developers::default();
        developers.shut("a", at(0), at(30_000));
        developers.shut("c", at(0), at(40_000));

        assert_eq!(developers.shut("b", at(500), at(30_060)), ["a"]);

        let much_later = 1_000_000;
        assert_eq!(developers.shut("a", at(much_later), at(much_later + 9_000)), ["b"]);
        assert_eq!(developers.shut("b", at(much_later), at(much_later + 9_000)), ["a"]);
        assert!(developers.shut("c", at(much_later + 500), at(much_later + 70_000)).is_empty());
    }

    #[test]
    fn an_end_that_has_passed_is_no_sign() {
        let mut developers = Developers::default();
        developers.shut("a", at(0), at(30_000));

        assert!(developers.shut("b", at(30_000), at(30_050)).is_empty());
    }

    #[test]
    fn what_the_user_says_holds_and_groups_that_touch_become_one() {
        let mut developers = Developers::default();
        developers.same(["a", "b"]);
        developers.same(["c", "d"]);
        developers.same(["only"]);
        developers.same(["b", "c"]);

        assert_eq!(developers.beside("a").collect::<Vec<_>>(), ["b", "c", "d"]);
        assert_eq!(developers.groups().count(), 1);
        assert_eq!(developers.shut("d", at(0), at(60)), ["a", "b", "c"]);
    }
}
