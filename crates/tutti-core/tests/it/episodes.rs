//! Episodes run at their listener's speed: E7.

use std::sync::Arc;

use tutti_core::clock::RoomClock;
use tutti_core::command::{Answered, Command, CommandKind, Outcome};
use tutti_core::event::{Author, What};
use tutti_core::hub::Hub;
use tutti_core::member::{Input, Member, Output, Trouble};
use tutti_core::observe::{Finding, Observer};
use tutti_core::playback::Playback;
use tutti_core::room::{Act, Action, HubToMember, MemberId, MemberToHub, Presence, RoomState, When};
use tutti_core::speed::Speed;
use tutti_core::standing::Standing;
use tutti_core::time::{RoomTime, Span};

use crate::player::{Script, TRIP, at, ms};

fn see(observer: &mut Observer, script: &Script, asked: i64) -> Finding {
    let reading = script.read(asked);
    observer.observe(&reading, reading.answered)
}

/// An observer that has read `script` for long enough to know its speed; the last look was asked at 12,000 ms.
fn watching(script: &Script) -> Observer {
    let mut observer = Observer::default();
    for asked in [0, 1_000, 1_100, 2_000, 4_000, 6_000, 8_000, 10_000, 12_000] {
        see(&mut observer, script, asked);
    }
    observer
}

fn speed_of(observer: &Observer) -> Option<Speed> {
    let estimate = &observer.line().unwrap().estimate;
    estimate.speed_known().then(|| estimate.speed())
}

/// Looks again as long as it asks to; what came of it.
fn resolve(observer: &mut Observer, script: &Script, asked: i64) -> Finding {
    let mut finding = see(observer, script, asked);
    for look in 1..8 {
        if !matches!(finding, Finding::LookAgain(_)) {
            break;
        }
        finding = see(observer, script, asked + look * 400);
    }
    finding
}

#[test]
fn no_speed_is_a_jump_and_it_is_known_after_a_few_readings() {
    for permille in [500, 800, 1_000, 1_200, 1_500, 1_850, 2_000, 3_500] {
        let script = Script::episode(permille, 0, 30_000);
        let mut observer = Observer::default();
        let findings: Vec<Finding> = [0, 1_000, 1_100, 2_200, 4_500, 6_300, 8_800, 11_000, 13_000]
            .iter()
            .map(|&asked| see(&mut observer, &script, asked))
            .collect();
        let named = findings.iter().any(|finding| matches!(finding, Finding::Named(_)));
        assert!(!named, "{permille}: {findings:?}");
        assert_eq!(speed_of(&observer), Some(Speed::from_permille(permille)));
        let error = observer.line().unwrap().estimate.position(at(20_000)) - ms(script.position(20_000));
        assert!(error.abs() < ms(60), "{permille}: {error:?}");
    }
}

#[test]
fn a_seek_in_an_episode_is_the_users() {
    for (permille, by) in [(1_500, 15_000), (1_500, -15_000), (2_000, 15_000), (800, -30_000)] {
        let script = Script::episode(permille, 0, 60_000);
        let mut observer = watching(&script);
        let Finding::Named(named) = resolve(&mut observer, &script.goes_on(13_000, permille, by), 14_000) else {
            panic!("not named");
        };
        assert!(matches!(named.what, What::Act(Act::Sought(_))) && named.author == Author::User, "{named:?}");
        assert_eq!(speed_of(&observer), Some(Speed::from_permille(permille)));
    }
}

#[test]
fn a_seek_that_another_speed_could_be_is_told_from_it_by_where_it_goes_on() {
    let script = Script::episode(1_000, 0, 60_000);
    let mut observer = watching(&script);
    let sought = script.goes_on(13_000, 1_000, 3_000);
    assert!(matches!(see(&mut observer, &sought, 14_000), Finding::LookAgain(_)));
    assert!(matches!(see(&mut observer, &sought, 14_100), Finding::LookAgain(_)), "at once, it could be either");
    let Finding::Named(named) = resolve(&mut observer, &sought, 14_900) else { panic!("not named") };
    assert!(matches!(named.what, What::Act(Act::Sought(_))), "{named:?}");
}

#[test]
fn another_speed_from_now_on_is_no_act_of_the_room() {
    for (before, after) in [(1_000, 1_500), (1_500, 1_000), (1_200, 2_500), (1_000, 800)] {
        let script = Script::episode(before, 0, 60_000);
        let mut observer = watching(&script);
        let changed = script.goes_on(12_500, after, 0);
        let Finding::Named(named) = resolve(&mut observer, &changed, 14_500) else { panic!("{before} → {after}") };
        assert!(matches!(named.what, What::SpeedChanged(_)), "{named:?}");
        for asked in [17_000, 19_000, 21_500, 24_000] {
            let finding = resolve(&mut observer, &changed, asked);
            assert!(matches!(finding, Finding::Steady | Finding::LeftOut(_)), "{before} → {after}: {finding:?}");
        }
        assert_eq!(speed_of(&observer), Some(Speed::from_permille(after)));
    }
}

#[test]
fn the_next_episode_is_expected_at_the_speed_of_the_last() {
    let script = Script::episode(1_500, 0, 60_000);
    let mut observer = watching(&script);
    resolve(&mut observer, &script.goes_on(13_000, 1_500, 300_000), 14_000);
    assert_eq!(speed_of(&observer), Some(Speed::from_permille(1_500)));
    assert_eq!(see(&mut observer, &script.goes_on(13_000, 1_500, 300_000), 17_000), Finding::Steady);
}

const ME: MemberId = MemberId(0);
const OTHER: MemberId = MemberId(1);

/// A member in a room that another leads, whose episode began at 0 ms and runs at `permille`.
struct Table {
    member: Member,
    permille: i64,
    commands: Vec<Command>,
    told: Vec<MemberToHub>,
}

impl Table {
    fn new(permille: i64) -> Self {
        let member = Member::new(ME, RoomClock::same_machine(), 7, at(0));
        let mut table = Self { member, permille, commands: Vec::new(), told: Vec::new() };
        table.put(Input::FromHub(HubToMember::Room(Arc::new(table.room()))), 0);
        table
    }

    fn room(&self) -> RoomState {
        let zero = RoomTime::from_micros(0);
        let playback = Playback {
            item: Script::episode(1_000, 0, 0).item,
            playing: true,
            position: Span::ZERO,
            at: zero,
            speed: Speed::from_permille(self.permille),
            speed_known: true,
            bound: ms(5),
            next: Vec::new(),
            next_known: true,
        };
        let action = Action { member: OTHER, when: When::exactly(zero), act: Act::Resumed, takeover: false };
        RoomState {
            term: 1,
            epoch: 1,
            seq: 1,
            leader: Some(OTHER),
            playback: Some(playback),
            action: Some(action),
            actions: 1,
            own_speeds: Vec::new(),
            may_lead: None,
        }
    }

    fn put(&mut self, input: Input, now: i64) {
        self.member.handle(input, at(now));
        while let Some(output) = self.member.poll() {
            match output {
                Output::Command(command) => self.commands.push(command),
                Output::ToHub(message) => self.told.push(message),
                Output::Look | Output::LookQueue | Output::Event(_) => {}
            }
        }
    }

    fn read(&mut self, script: &Script, asked: i64) {
        self.put(Input::Reading(script.read(asked)), asked + TRIP);
    }
}

#[test]
fn who_hears_it_at_another_speed_is_lined_up_once_and_then_left_alone_and_it_is_said() {
    let mut table = Table::new(1_000);
    table.read(&Script { playing: false, ..Script::episode(1_500, 0, 0) }, 1_000);
    let Some(Command { id, kind: CommandKind::Play { position, .. }, .. }) = table.commands.first().cloned() else {
        panic!("{:?}", table.commands)
    };
    table
        .put(Input::Answered(Answered { id, sent: at(1_100), answered: at(1_180), outcome: Outcome::Accepted }), 1_180);
    let own = Script::episode(1_500, 1_350, position.floor_ms());
    (2_000..300_000).step_by(1_900).for_each(|asked| table.read(&own, asked));

    assert_eq!(table.commands.len(), 1, "{:?}", table.commands);
    let view = table.member.view(at(300_000));
    let (fast, normal) = (Speed::from_permille(1_500), Speed::NORMAL);
    assert_eq!(view.trouble, Some(Trouble::OtherSpeed(fast, normal)));
    assert_eq!((view.standing, view.timing), (Standing::OwnSpeed, None));
    assert_eq!(view.player.unwrap().speed, fast);
    let published = table.told.contains(&MemberToHub::Presence(Presence::OwnSpeed(fast)));
    assert!(published && table.told.iter().all(|told| matches!(told, MemberToHub::Presence(_))), "{:?}", table.told);
}

#[test]
fn a_play_that_lands_at_a_speed_that_is_not_known_yet_is_no_act() {
    let mut table = Table::new(3_500);
    table.read(&Script { playing: false, ..Script::episode(3_500, 0, 0) }, 1_000);
    let Some(Command { id, kind: CommandKind::Play { position, .. }, .. }) = table.commands.first().cloned() else {
        panic!("{:?}", table.commands)
    };
    table
        .put(Input::Answered(Answered { id, sent: at(1_100), answered: at(1_180), outcome: Outcome::Accepted }), 1_180);
    let own = Script::episode(3_500, 1_350, position.floor_ms());
    (2_400..30_000).step_by(1_300).for_each(|asked| table.read(&own, asked));

    let claims = table.told.iter().filter(|told| matches!(told, MemberToHub::Claim(_))).count();
    assert_eq!(claims, 0, "{:?}", table.told);
}

#[test]
fn who_hears_it_at_the_rooms_speed_is_aimed_ahead_at_that_speed_and_put_right() {
    let mut table = Table::new(2_000);
    let behind = Script::episode(2_000, 0, -20_000);
    let looks = [11_000, 12_000, 12_100, 13_000, 15_000, 17_000, 19_000, 21_000];
    let commanded = looks.into_iter().find(|&asked| {
        table.read(&behind, asked);
        !table.commands.is_empty()
    });
    let CommandKind::Seek { position } = table.commands[0].kind else { panic!("{:?}", table.commands) };
    // Where the room is when the command takes effect, 250 ms later by the prior: twice as far.
    assert_eq!(position, ms(2 * (commanded.unwrap() + TRIP + 250)));
    assert!(table.member.view(at(21_100)).trouble.is_none());
}

#[test]
fn everybody_is_told_who_hears_it_at_another_speed_until_they_go() {
    let mut hub = Hub::new(1);
    let (a, b) = (hub.join(), hub.join());
    let fast = Speed::from_permille(1_500);
    hub.handle(b, MemberToHub::Presence(Presence::OwnSpeed(fast)), RoomTime::from_micros(0));
    let told = std::iter::from_fn(|| hub.poll()).filter(|(to, _)| *to == a).last();
    let Some((_, HubToMember::Room(room))) = told else { panic!("{told:?}") };
    assert_eq!(room.own_speeds, [(b, fast)]);
    hub.leave(b);
    assert!(hub.state().own_speeds.is_empty());
}

#[test]
fn an_episode_that_stands_and_goes_on_lost_time_and_changed_no_speed() {
    let script = Script::episode(1_000, 0, 600_000);
    let mut observer = watching(&script);
    let stands_at = script.position(18_000);
    let stands = |asked: i64| Script::episode(1_000, asked + TRIP / 2, stands_at);
    // It stands from 18 to 21 s, and is looked at first near the end of that, after a long wait.
    for asked in [20_000, 20_100, 20_500] {
        see(&mut observer, &stands(asked), asked);
    }
    let on = Script::episode(1_000, 21_000, stands_at);
    let findings: Vec<Finding> =
        [21_100, 22_400, 23_700, 25_000, 26_300, 27_600, 29_000].map(|asked| see(&mut observer, &on, asked)).into();
    let names = findings.iter().filter_map(|finding| match finding {
        Finding::Named(named) => Some((named.author, named.what.clone())),
        _ => None,
    });
    let named: Vec<_> = names.collect();
    assert!(matches!(named[..], [(Author::Player, What::Stalled(_))]), "{findings:?}");
    assert_eq!(speed_of(&observer), Some(Speed::NORMAL));
}
