//! A member in its room: claims, following, looking first, troubles.

mod back;
mod preferring;

use std::sync::Arc;

use tutti_core::clock::RoomClock;
use tutti_core::command::{Answered, Command, CommandKind, Outcome};
use tutti_core::member::{Input, Member, Output, Trouble};
use tutti_core::playback::Playback;
use tutti_core::reading::{Failure, Reading, Seen};
use tutti_core::room::{Act, Action, HubToMember, MemberId, MemberToHub, Presence, RoomState, When};
use tutti_core::speed::Speed;
use tutti_core::standing::Standing;
use tutti_core::time::{RoomTime, Span};

use crate::player::{Script, TRIP, at, ms, song};

const ME: MemberId = MemberId(0);
const OTHER: MemberId = MemberId(1);

/// A member with what it last asked for.
struct Table {
    member: Member,
    looks: usize,
    commands: Vec<Command>,
    told: Vec<MemberToHub>,
    presence: Option<Presence>,
}

impl Table {
    fn new() -> Self {
        let member = Member::new(ME, RoomClock::same_machine(), 7, at(0));
        Self { member, looks: 0, commands: Vec::new(), told: Vec::new(), presence: None }
    }

    fn put(&mut self, input: Input, now: i64) {
        self.member.handle(input, at(now));
        while let Some(output) = self.member.poll() {
            match output {
                Output::Look => self.looks += 1,
                Output::Command(command) => self.commands.push(command),
                Output::ToHub(MemberToHub::Presence(presence)) => self.presence = Some(presence),
                Output::ToHub(message) => self.told.push(message),
                Output::LookQueue | Output::Event(_) => {}
            }
        }
    }

    fn read(&mut self, script: &Script, asked: i64) {
        self.put(Input::Reading(script.read(asked)), asked + TRIP);
    }

    fn room(&mut self, room: RoomState, now: i64) {
        self.put(Input::FromHub(HubToMember::Room(Arc::new(room))), now);
    }

    fn answer(&mut self, outcome: Outcome, sent: i64) {
        let id = self.commands.last().unwrap().id;
        let answered = Answered { id, sent: at(sent), answered: at(sent + TRIP), outcome };
        self.put(Input::Answered(answered), sent + TRIP);
    }
}

/// A room that the other member leads, playing `name` from `since` ms on; `actions` counts acts in it.
fn led_by_other(name: &str, since: i64, actions: u64) -> RoomState {
    let room_at = |ms: i64| RoomTime::from_micros(ms * 1_000);
    let playback = Playback {
        item: song(name),
        playing: true,
        position: Span::ZERO,
        at: room_at(since),
        speed: Speed::NORMAL,
        speed_known: true,
        bound: ms(5),
        next: vec![song("next")],
        next_known: true,
    };
    let when = When::exactly(room_at(since));
    let action = Action { member: OTHER, when, act: Act::Started(name.to_owned()), takeover: true };
    let (leader, playback, action) = (Some(OTHER), Some(playback), Some(action));
    RoomState {
        term: 1,
        epoch: actions,
        seq: actions,
        leader,
        playback,
        action,
        actions,
        own_speeds: Vec::new(),
        may_lead: None,
    }
}

#[test]
fn an_act_by_hand_claims_the_lead_with_the_epoch_it_saw() {
    let mut table = Table::new();
    table.room(led_by_other("a", 0, 1), 0);
    let script = Script::playing("a", 0, 0);
    for asked in [1_000, 3_000, 5_000] {
        table.read(&script, asked);
    }
    table.read(&Script::paused("a", 6_000), 7_000);
    let Some(MemberToHub::Claim(claim)) = table.told.last() else { panic!("{:?}", table.told) };
    assert_eq!((claim.epoch, &claim.act, claim.playback.playing), (1, &Act::Paused, false));
    assert!(table.commands.is_empty(), "a claim is not answered with commands: {:?}", table.commands);
}

#[test]
fn a_takeover_is_followed_after_a_look_and_carries_what_comes_next() {
    let mut table = Table::new();
    table.room(led_by_other("a", 0, 1), 0);
    let script = Script::playing("a", 0, 0);
    table.read(&script, 1_000);
    table.read(&script, 3_000);
    let looks = table.looks;
    table.room(led_by_other("b", 3_500, 2), 4_000);
    assert!(table.commands.is_empty(), "not before the look (L3)");
    assert_eq!(table.looks, looks + 1);
    table.read(&script, 4_000);
    let CommandKind::Play { uris, position } = &table.commands[0].kind else { panic!("{:?}", table.commands) };
    assert_eq!(uris, &["spotify:track:b", "spotify:track:next"]);
    assert!((*position - ms(4_080 - 3_500 + 250)).abs() < ms(5), "aimed ahead by the prior of 250 ms: {position:?}");
}

#[test]
fn an_unread_act_is_claimed_and_not_overwritten_by_somebody_elses() {
    let mut table = Table::new();
    table.room(led_by_other("a", 0, 1), 0);
    let script = Script::playing("a", 0, 0);
    table.read(&script, 1_000);
    table.read(&script, 3_000);
    table.room(led_by_other("b", 3_500, 2), 4_000);
    table.read(&Script::paused("a", 3_700), 4_000);
    assert!(matches!(table.told.last(), Some(MemberToHub::Claim(claim)) if claim.epoch == 1), "{:?}", table.told);
    assert!(table.commands.is_empty());
}

#[test]
fn one_command_in_flight_and_none_for_what_it_explains() {
    let mut table = Table::new();
    table.room(led_by_other("b", 0, 1), 0);
    let before = Script::paused("a", 0);
    table.read(&before, 500);
    assert_eq!(table.commands.len(), 1);
    table.answer(Outcome::Accepted, 600);
    table.read(&before, 800);
    assert_eq!(table.commands.len(), 1, "the stale answer is explained");
    table.read(&Script::playing("b", 830, 830), 1_400);
    table.read(&Script::playing("b", 830, 830), 2_400);
    assert_eq!(table.commands.len(), 1, "landed within tolerance: {:?}", table.commands);
    assert_eq!(table.member.view(at(2_480)).standing, Standing::InPlace);
}

#[test]
fn an_error_after_landing_is_put_right_by_at_most_four_seeks() {
    let mut table = Table::new();
    table.room(led_by_other("b", 0, 1), 0);
    table.read(&Script::paused("a", 0), 500);
    let mut late = 200;
    let mut now = 600;
    for _ in 0..6 {
        table.answer(Outcome::Accepted, now);
        for asked in [now + 800, now + 1_800] {
            table.read(&Script::playing("b", late, 0), asked);
        }
        late += 10;
        now += 2_000;
    }
    let seeks = table.commands.iter().filter(|command| matches!(command.kind, CommandKind::Seek { .. })).count();
    assert_eq!(seeks, 4, "{:?}", table.commands);
}

#[test]
fn whom_the_hub_chose_to_lead_goes_where_the_room_is_before_it_says_where_it_is() {
    let mut table = Table::new();
    table.room(led_by_other("a", 0, 1), 0);
    let script = Script::playing("a", 0, 0);
    table.read(&script, 1_000);
    table.read(&script, 3_000);
    // The other one plays "b" and is gone before anybody could follow.
    table.room(led_by_other("b", 3_500, 2), 4_000);
    table.room(RoomState { leader: Some(ME), epoch: 3, ..led_by_other("b", 3_500, 2) }, 4_050);
    table.read(&script, 4_100);
    assert!(table.told.is_empty(), "{:?}", table.told);
    let CommandKind::Play { uris, .. } = &table.commands[0].kind else { panic!("{:?}", table.commands) };
    assert_eq!(uris[0], "spotify:track:b");
    table.answer(Outcome::Accepted, 4_200);
    let there = Script::playing("b", 3_500, 0);
    table.read(&there, 5_000);
    table.read(&there, 6_000);
    assert!(table.told.is_empty(), "it is where the room is: {:?}", table.told);
    assert_eq!(table.member.view(at(6_100)).standing, Standing::Leads);
}

#[test]
fn a_room_that_stands_stays_where_it_is_when_the_hub_chose_a_leader_who_stands_elsewhere() {
    let stands = |actions| {
        let mut room = led_by_other("a", 0, actions);
        room.playback.as_mut().unwrap().playing = false;
        room
    };
    let mut table = Table::new();
    table.room(stands(1), 0);
    let script = Script::paused("b", 5_000);
    table.read(&script, 1_000);
    table.room(RoomState { leader: Some(ME), epoch: 2, ..stands(1) }, 2_000);
    for asked in [2_500, 5_000, 60_000] {
        table.read(&script, asked);
    }
    assert!(table.told.is_empty(), "{:?}", table.told);
}

#[test]
fn who_led_before_is_handed_on_nothing_that_its_own_list_has_next() {
    for (own_next, handed_on) in [("next", 0), ("other", 1)] {
        let mut table = Table::new();
        let mut room = led_by_other("a", 0, 1);
        room.leader = Some(ME);
        table.room(room, 0);
        let script = Script::playing("a", 0, 0);
        for asked in [1_000, 3_000] {
            table.read(&script, asked);
        }
        let next = Some(vec![song(own_next)]);
        table.put(Input::Queue { of: Some("spotify:track:a".to_owned()), next }, 3_200);
        table.room(led_by_other("a", 0, 2), 4_000);
        for asked in [4_100, 100_000, 150_000, 187_000, 188_000, 189_000] {
            table.read(&script, asked);
        }
        let queued = |command: &&Command| matches!(command.kind, CommandKind::Queue { .. });
        assert_eq!(table.commands.iter().filter(queued).count(), handed_on, "{:?}", table.commands);
    }
}

#[test]
fn a_refusal_is_read_again_before_the_next_command() {
    let mut table = Table::new();
    table.room(led_by_other("b", 0, 1), 0);
    table.read(&Script::paused("a", 0), 500);
    let looks = table.looks;
    table.answer(Outcome::Restriction, 600);
    assert_eq!((table.commands.len(), table.looks), (1, looks + 1));
    table.read(&Script::playing("b", 0, 0), 700);
    assert_eq!(table.commands.len(), 1, "it was redundant");
}

#[test]
fn without_premium_no_more_commands_and_the_reason_is_kept() {
    let mut table = Table::new();
    table.room(led_by_other("b", 0, 1), 0);
    let idle = Script::paused("a", 0);
    table.read(&idle, 500);
    table.answer(Outcome::NotPremium, 600);
    for asked in (1_000..60_000).step_by(3_000) {
        table.read(&idle, asked);
    }
    assert_eq!(table.commands.len(), 1);
    assert_eq!(table.member.view(at(60_000)).trouble, Some(Trouble::NotPremium));
}

#[test]
fn no_device_is_waited_for_and_only_the_chosen_one_is_started() {
    let nothing = |asked: i64| Reading { asked: at(asked), answered: at(asked + TRIP), seen: Seen::Nothing };
    let mut table = Table::new();
    table.room(led_by_other("b", 0, 1), 0);
    for asked in [500, 4_500, 8_500] {
        table.put(Input::Reading(nothing(asked)), asked + TRIP);
    }
    assert!(table.commands.is_empty());
    let view = table.member.view(at(9_000));
    assert_eq!((view.standing, view.trouble), (Standing::Away, Some(Trouble::NoDevice)));
    table.put(Input::Device(Some("kitchen".to_owned())), 9_000);
    assert_eq!(table.commands[0].device.as_deref(), Some("kitchen"));
    table.answer(Outcome::NoDevice, 9_000);
    table.put(Input::Reading(nothing(9_100)), 9_180);
    table.put(Input::Reading(nothing(13_000)), 13_080);
    assert_eq!(table.commands.len(), 1, "not over and over");
}

#[test]
fn one_look_that_found_no_device_starts_nothing_on_the_chosen_one() {
    let mut table = Table::new();
    table.room(led_by_other("b", 0, 1), 0);
    table.put(Input::Device(Some("kitchen".to_owned())), 0);
    let script = Script::playing("b", 0, 0);
    for asked in [500, 1_500, 20_000] {
        table.read(&script, asked);
    }
    let nothing = |asked: i64| Reading { asked: at(asked), answered: at(asked + TRIP), seen: Seen::Nothing };
    table.put(Input::Reading(nothing(22_000)), 22_080);
    assert!(table.commands.is_empty(), "{:?}", table.commands);
    table.put(Input::Reading(nothing(22_700)), 22_780);
    assert_eq!(table.commands.len(), 1, "it is gone");
}

#[test]
fn sync_off_leaves_the_line_and_on_drops_in_without_a_claim() {
    let mut table = Table::new();
    table.room(led_by_other("b", 0, 1), 0);
    table.put(Input::Sync(false), 100);
    let own = Script::playing("mine", 0, 0);
    for asked in [500, 2_500, 4_500] {
        table.read(&own, asked);
    }
    table.read(&Script::paused("mine", 5_000), 6_000);
    assert!(table.commands.is_empty() && table.told.is_empty(), "{:?} {:?}", table.commands, table.told);
    assert_eq!(table.member.view(at(6_100)).standing, Standing::Watching);
    table.put(Input::Sync(true), 7_000);
    table.read(&Script::playing("mine", 6_500, 5_000), 7_000);
    assert!(table.told.is_empty(), "what was done while away is no takeover");
    assert!(matches!(table.commands[0].kind, CommandKind::Play { .. }));
}

#[test]
fn the_trim_is_put_before_what_is_aimed_at_and_taken_off_what_is_published() {
    let mut table = Table::new();
    table.put(Input::Trim(ms(300)), 0);
    table.room(led_by_other("b", 0, 1), 0);
    table.read(&Script::paused("a", 0), 500);
    let CommandKind::Play { position, .. } = table.commands[0].kind else { panic!("{:?}", table.commands) };
    assert!((position - ms(580 + 250 + 300)).abs() < ms(5), "{position:?}");
}

#[test]
fn nothing_is_asked_before_spotify_allows_it_again() {
    let mut table = Table::new();
    table.put(Input::Tick, 0);
    let until = at(30_000);
    let refused = Failure::RateLimited { until, quota: false };
    let reading = Reading { asked: at(0), answered: at(TRIP), seen: Seen::Failed(refused.clone()) };
    table.put(Input::Reading(reading), TRIP);
    assert_eq!(table.member.view(at(100)).trouble, Some(Trouble::Failure(refused)));
    let looks = table.looks;
    for now in (200..30_000).step_by(100) {
        table.put(Input::Tick, now);
    }
    assert_eq!(table.looks, looks);
    table.put(Input::Tick, 30_000);
    assert_eq!(table.looks, looks + 1);
}

#[test]
fn who_wants_it_looked_at_does_not_wait_for_the_next_look() {
    let mut table = Table::new();
    table.put(Input::Tick, 0);
    table.read(&Script::paused("a", 0), 0);
    let looks = table.looks;
    table.put(Input::Look, 200);
    assert_eq!(table.looks, looks + 1);
    table.put(Input::Look, 210);
    assert_eq!(table.looks, looks + 1, "one at a time");
}

#[test]
fn a_room_that_stands_pauses_its_followers_once_and_puts_them_in_place_once() {
    let mut table = Table::new();
    table.room(led_by_other("b", 0, 1), 0);
    let script = Script::playing("b", 0, 0);
    table.read(&script, 1_000);
    table.read(&script, 3_000);
    let mut paused = led_by_other("b", 0, 2);
    let playback = paused.playback.as_mut().unwrap();
    (playback.playing, playback.position) = (false, ms(4_000));
    table.room(paused, 5_000);
    table.read(&script, 5_000);
    assert_eq!(table.commands[0].kind, CommandKind::Pause);
    table.answer(Outcome::Accepted, 5_100);
    let stands = Script::paused("b", 5_400);
    table.read(&stands, 5_900);
    assert_eq!(table.commands[1].kind, CommandKind::Seek { position: ms(4_000) });
    table.answer(Outcome::Accepted, 6_000);
    for asked in [7_000, 9_000, 12_000, 16_000] {
        table.read(&stands, asked);
    }
    assert_eq!(table.commands.len(), 2, "a position that springs back is not fought (F6): {:?}", table.commands);
}

#[test]
fn a_correction_rests_on_a_look_that_is_fresh() {
    let mut table = Table::new();
    table.room(led_by_other("b", 0, 1), 0);
    let script = Script::playing("b", 0, 0);
    for asked in [1_000, 3_000] {
        table.read(&script, asked);
    }
    let looks = table.looks;
    // The leader's line is known better by now: 150 ms further on. What this member does now is 2 s old news.
    let mut better = led_by_other("b", 0, 1);
    better.playback.as_mut().unwrap().position = ms(150);
    table.room(better, 5_000);
    assert!(table.commands.is_empty());
    assert_eq!(table.looks, looks + 1, "it looks first");
    table.read(&Script::paused("b", 4_500), 5_000);
    assert!(table.commands.is_empty(), "the hand's pause is claimed, not overwritten: {:?}", table.commands);
    assert!(matches!(table.told.last(), Some(MemberToHub::Claim(_))));
}

#[test]
fn near_the_end_of_an_item_it_is_started_anew_and_not_sought_in() {
    let mut table = Table::new();
    table.room(led_by_other("b", 0, 1), 0);
    // A second before its end: a seek that takes effect after it would land in the next item.
    table.read(&Script::playing("b", 0, 194_000), 5_000);
    assert!(matches!(table.commands[0].kind, CommandKind::Play { .. }), "{:?}", table.commands);
}

/// A room that this member leads with song a from 0 on.
fn led_by_me(actions: u64) -> RoomState {
    RoomState { leader: Some(ME), ..led_by_other("a", 0, actions) }
}

#[test]
fn a_leader_that_stalls_is_put_right_and_the_room_goes_on() {
    let mut table = Table::new();
    table.room(led_by_me(1), 0);
    let script = Script::playing("a", 0, 0);
    for asked in [1_000, 3_000, 20_000, 22_000] {
        table.read(&script, asked);
    }
    let told = table.told.len();
    let behind = Script::playing("a", 3_000, 0);
    table.read(&behind, 25_500);
    table.read(&behind, 25_600);
    assert_eq!(table.told.len(), told, "nothing is published: {:?}", table.told);
    let Some(CommandKind::Seek { position }) = table.commands.last().map(|command| &command.kind) else {
        panic!("{:?}", table.commands)
    };
    assert!((*position - ms(25_680 + 250)).abs() < ms(60), "{position:?}");
    // Right again: from then on it is the room's line.
    table.answer(Outcome::Accepted, 25_700);
    table.read(&Script::playing("a", 0, 30), 26_600);
    table.read(&Script::playing("a", 0, 30), 28_000);
    assert_eq!(table.commands.len(), 1);
    assert!(matches!(table.told.last(), Some(MemberToHub::Publish { .. })), "{:?}", table.told);
}

#[test]
fn a_leader_that_stalls_twice_in_a_minute_is_followed() {
    let mut table = Table::new();
    table.room(led_by_me(1), 0);
    for asked in [1_000, 3_000, 20_000, 22_000] {
        table.read(&Script::playing("a", 0, 0), asked);
    }
    for (n, lost) in [(0, 3_000), (1, 6_000)] {
        let behind = Script::playing("a", lost, 0);
        table.read(&behind, 25_500 + n * 15_000);
        table.read(&behind, 25_600 + n * 15_000);
    }
    let Some(MemberToHub::Publish { playback, .. }) = table.told.last() else { panic!("{:?}", table.told) };
    assert!((playback.line_at(RoomTime::from_micros(41_000_000)) - ms(35_000)).abs() < ms(60), "{playback:?}");
}

#[test]
fn commands_without_effect_are_tried_again_and_told_after_the_third() {
    let mut table = Table::new();
    table.room(led_by_other("a", 0, 1), 0);
    let script = Script::playing("a", 0, 30_000);
    let mut sent = Vec::new();
    for asked in (500..40_000).step_by(500) {
        table.read(&script, asked);
        if table.commands.len() > sent.len() {
            sent.push(asked);
            table.answer(Outcome::Accepted, asked + TRIP);
        }
    }
    assert!((4..=8).contains(&sent.len()), "{sent:?}");
    let kinds: Vec<bool> =
        table.commands.iter().map(|command| matches!(command.kind, CommandKind::Seek { .. })).collect();
    assert_eq!(kinds[..3], [true, true, false], "after two seeks the item is started at its place");
    assert_eq!(table.member.view(at(40_000)).trouble, Some(Trouble::NoEffect));
}

#[test]
fn one_look_that_fails_is_no_trouble_and_the_second_is() {
    let mut table = Table::new();
    table.room(led_by_other("a", 0, 1), 0);
    table.read(&Script::playing("a", 0, 0), 1_000);
    let failed = |asked| Reading { asked: at(asked), answered: at(asked + TRIP), seen: Seen::Failed(Failure::Server) };
    table.put(Input::Reading(failed(3_000)), 3_080);
    assert_eq!(table.member.view(at(3_080)).trouble, None);
    assert!(table.member.deadline(at(3_080)).unwrap().0 <= at(3_800), "the next look comes soon");
    table.put(Input::Reading(failed(3_700)), 3_780);
    assert_eq!(table.member.view(at(3_780)).trouble, Some(Trouble::Failure(Failure::Server)));
}

#[test]
fn a_room_that_pauses_just_before_its_items_end_has_not_ended_whatever_the_trim() {
    let mut table = Table::new();
    table.put(Input::Trim(ms(900)), 0);
    let duration = song("a").duration.floor_ms();
    let mut room = led_by_other("a", 30_000 - duration, 1);
    table.room(room.clone(), 0);
    let script = Script::playing("a", 30_000 - duration - 900, 0);
    for asked in [22_000, 24_000, 26_000, 28_000] {
        table.read(&script, asked);
    }
    table.answer(Outcome::Accepted, 28_200); // The next item was handed on.
    let playback = room.playback.as_mut().unwrap();
    (playback.playing, playback.position) = (false, ms(duration - 1_500));
    room.actions += 1;
    table.room(room, 28_600);
    table.read(&script, 28_610);
    let paused = matches!(table.commands.last().map(|command| &command.kind), Some(CommandKind::Pause));
    assert!(paused, "{:?} {:?}", table.commands, table.member.view(at(28_700)));
}

#[test]
fn a_leader_whose_player_goes_elsewhere_by_itself_twice_does_not_move_the_room() {
    let mut table = Table::new();
    let led_by_me = |since, actions| RoomState { leader: Some(ME), ..led_by_other("a", since, actions) };
    table.room(led_by_me(0, 1), 0);
    for asked in [1_000, 3_000, 5_000] {
        table.read(&Script::playing("a", 0, 0), asked);
    }
    let sought = Script::playing("a", 6_000, 100_000);
    table.read(&sought, 6_400);
    table.read(&sought, 6_500);
    let Some(MemberToHub::Claim(claim)) = table.told.last() else { panic!("{:?}", table.told) };
    let accepted = HubToMember::Answer { claim: claim.id, accepted: true };
    table.room(led_by_me(6_000 - 100_000, 2), 6_600);
    table.put(Input::FromHub(accepted), 6_600);
    table.told.clear();
    // It goes to 62 s, is put right, and goes there again.
    for asked in [7_200, 7_300] {
        table.read(&Script::playing("a", 7_000, 62_047), asked);
    }
    assert!(matches!(table.commands.last().unwrap().kind, CommandKind::Seek { .. }), "{:?}", table.commands);
    table.answer(Outcome::Accepted, 7_400);
    table.read(&sought, 8_200);
    for asked in [9_000, 9_100, 10_000, 15_000, 21_000, 25_000] {
        table.read(&Script::playing("a", 8_800, 62_047), asked);
    }
    assert_eq!(table.commands.len(), 1, "put right once: {:?}", table.commands);
    let line = |playback: &Playback| playback.line_at(RoomTime::from_micros(6_000_000));
    let moved = |message: &&MemberToHub| match message {
        MemberToHub::Publish { playback, .. } => (line(playback) - ms(100_000)).abs() > ms(200),
        other => matches!(other, MemberToHub::Claim(_)),
    };
    assert_eq!(table.told.iter().filter(moved).count(), 0, "{:?}", table.told);
}

#[test]
fn a_leader_who_steps_out_does_not_stop_the_room_and_is_not_waited_for() {
    let mut table = Table::new();
    let led_by = |leader: MemberId, at_ms: i64, actions: u64, act: Act| {
        let mut room = led_by_other("a", 0, actions);
        let playback = room.playback.as_mut().unwrap();
        (playback.playing, playback.position) = (act == Act::Resumed, ms(at_ms));
        playback.at = RoomTime::from_micros(at_ms * 1_000);
        room.action.as_mut().unwrap().act = act;
        room.leader = Some(leader);
        room
    };
    let playing = Script::playing("a", 0, 0);
    table.room(led_by(OTHER, 0, 1, Act::Resumed), 0);
    let mut actions = 1;
    for paused_at in [10_000, 40_000, 70_000] {
        for asked in [paused_at - 6_000, paused_at - 4_000, paused_at - 2_000] {
            table.read(&playing, asked);
        }
        table.room(led_by(ME, paused_at - 1_000, actions, Act::Resumed), paused_at - 1_000);
        table.told.clear();
        let stands = Script::paused("a", paused_at);
        table.read(&stands, paused_at + 500);
        table.read(&stands, paused_at + 700);
        if paused_at == 70_000 {
            break;
        }
        let Some(MemberToHub::Claim(claim)) = table.told.first() else { panic!("{:?}", table.told) };
        assert_eq!(claim.act, Act::Paused);
        // Another member undoes it.
        actions += 2;
        let answer = HubToMember::Answer { claim: claim.id, accepted: true };
        table.put(Input::FromHub(answer), paused_at + 800);
        table.room(led_by(ME, paused_at, actions - 1, Act::Paused), paused_at + 900);
        table.room(led_by(OTHER, paused_at + 5_000, actions, Act::Resumed), paused_at + 5_000);
    }
    assert!(table.told.is_empty(), "the third pause is theirs alone: {:?}", table.told);
    assert_eq!(table.presence, Some(Presence::Away));
    assert_eq!(table.member.view(at(71_000)).trouble, Some(Trouble::SteppedOut));
}

#[test]
fn an_item_that_a_list_passed_over_is_asked_for_alone_once() {
    let mut table = Table::new();
    let mut room = led_by_other("a", -30_000, 1);
    room.playback.as_mut().unwrap().next = vec![song("b")];
    table.room(room, 0);
    table.read(&Script::paused("z", 1_000), 500);
    let Some(CommandKind::Play { uris, .. }) = table.commands.last().map(|command| &command.kind) else {
        panic!("{:?}", table.commands);
    };
    assert_eq!(uris.len(), 2);
    table.answer(Outcome::Accepted, 600);
    // It went on to the later item of the list at once: "a" lacks here, or somebody skipped just then.
    let passed = Script::playing("b", 900, 0);
    for asked in [1_500, 4_000, 6_500, 8_500] {
        table.read(&passed, asked);
    }
    assert_eq!(table.member.view(at(8_600)).trouble, Some(Trouble::Unavailable("a".to_owned())));
    assert_eq!(table.commands.len(), 1, "{:?}", table.commands);
    table.read(&passed, 10_500);
    let alone = table.commands.last().map(|command| &command.kind);
    assert!(matches!(alone, Some(CommandKind::Play { uris, .. }) if uris.len() == 1), "{alone:?}");
    table.answer(Outcome::Restriction, 10_600);
    for asked in [11_000, 14_000, 22_000, 60_000] {
        table.read(&passed, asked);
    }
    assert_eq!(table.commands.len(), 2, "not again for this item: {:?}", table.commands);
}

#[test]
fn who_may_not_lead_and_pauses_is_left_alone_until_they_play_and_a_seek_is_put_right() {
    let only_other = || RoomState { may_lead: Some(vec![OTHER]), ..led_by_other("a", 0, 1) };
    let mut table = Table::new();
    table.room(only_other(), 0);
    let script = Script::playing("a", 0, 0);
    for asked in [1_000, 3_000, 5_000] {
        table.read(&script, asked);
    }
    table.read(&Script::paused("a", 6_000), 7_000);
    table.read(&Script::paused("a", 6_000), 9_000);

    assert!(table.told.is_empty() && table.commands.is_empty(), "{:?} {:?}", table.told, table.commands);
    assert_eq!(table.member.view(at(9_100)).trouble, Some(Trouble::SteppedOut));

    // They press play, 4 s behind the room: back in line, and put right.
    let resumed = Script::playing("a", 6_000, 10_000);
    for asked in [11_000, 12_000, 13_000] {
        table.read(&resumed, asked);
    }
    assert!(table.told.is_empty(), "{:?}", table.told);
    assert!(matches!(table.commands.last().unwrap().kind, CommandKind::Seek { .. }), "{:?}", table.commands);
}

#[test]
fn who_may_not_lead_and_seeks_is_put_right_at_once_each_time() {
    let mut table = Table::new();
    table.room(RoomState { may_lead: Some(vec![OTHER]), ..led_by_other("a", 0, 1) }, 0);
    for (times, seeks_at) in [10_000, 20_000].into_iter().enumerate() {
        for before in [6_000, 4_000, 2_000] {
            table.read(&Script::playing("a", 0, 0), seeks_at - before);
        }
        let ahead = Script::playing("a", 0, [30_000, 70_000][times]);
        table.read(&ahead, seeks_at + 1_000);
        table.read(&ahead, seeks_at + 1_200);
        assert_eq!(table.commands.len(), times + 1, "{:?}", table.commands);
        table.answer(Outcome::Accepted, seeks_at + 1_300);
        for asked in [2_000, 3_000] {
            table.read(&Script::playing("a", 0, 0), seeks_at + asked);
        }
    }
    assert!(table.told.is_empty(), "{:?}", table.told);
}
