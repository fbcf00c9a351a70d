//! What a user prefers: playing on while others pause, waiting for an advertisement, how eagerly to correct.

use tutti_core::member::{Correction, LeadersAd, PauseByOthers, Preferences};
use tutti_core::reading::{PlayerSeen, SeenKind};

use super::*;

fn preferring(preferences: Preferences) -> Table {
    let mut table = Table::new();
    table.put(Input::Preferences(preferences), 0);
    table
}

/// In place in a room that another plays "a" in; paused by the third at 10 s.
fn paused_by_another(preferences: Preferences) -> Table {
    let mut table = preferring(preferences);
    table.room(led_by_other("a", 0, 1), 0);
    for asked in [1_000, 3_000, 5_000, 7_000, 9_500] {
        table.read(&Script::playing("a", 0, 0), asked);
    }
    table.room(paused_at(10_000, 2), 10_100);
    for asked in [10_200, 12_000, 14_000] {
        table.read(&Script::playing("a", 0, 0), asked);
    }
    table
}

fn paused_at(ms_: i64, actions: u64) -> RoomState {
    let mut room = led_by_other("a", 0, actions);
    let at_ = RoomTime::from_micros(ms_ * 1_000);
    let playback = room.playback.as_mut().unwrap();
    (playback.playing, playback.position, playback.at) = (false, ms(ms_), at_);
    room.leader = Some(MemberId(2));
    room.action = Some(Action { member: MemberId(2), when: When::exactly(at_), act: Act::Paused, takeover: true });
    room
}

fn only_theirs() -> Preferences {
    Preferences { pause_by_others: PauseByOthers::OnlyTheirs, ..Preferences::default() }
}

#[test]
fn a_pause_by_another_pauses_everybody_unless_they_prefer_otherwise() {
    let table = paused_by_another(Preferences::default());
    assert!(matches!(table.commands[0].kind, CommandKind::Pause), "{:?}", table.commands);

    let table = paused_by_another(only_theirs());
    assert!(table.commands.is_empty() && table.told.is_empty(), "{:?} {:?}", table.commands, table.told);
    let view = table.member.view(at(14_100));
    assert_eq!((view.standing, table.presence), (Standing::PlaysOn, Some(Presence::Elsewhere)));
    let (error, _) = view.timing.unwrap();
    assert!(error.abs() < ms(60), "on the line on which the room was: {error:?}");
}

#[test]
fn who_played_on_goes_where_the_room_is_when_it_plays_again() {
    let mut table = paused_by_another(only_theirs());
    let mut resumed = led_by_other("a", 10_000, 3);
    resumed.action.as_mut().unwrap().act = Act::Resumed;
    table.room(resumed, 20_000);
    table.read(&Script::playing("a", 0, 0), 20_050);
    let CommandKind::Seek { position } = &table.commands[0].kind else { panic!("{:?}", table.commands) };
    assert!((*position - ms(10_350)).abs() < ms(500), "{position:?}");
    assert_ne!(table.member.view(at(20_200)).standing, Standing::PlaysOn);
}

#[test]
fn who_plays_on_and_pauses_too_is_with_the_room_and_claims_nothing_and_a_seek_is_for_everybody() {
    let mut table = paused_by_another(only_theirs());
    for asked in [16_000, 16_500, 17_000] {
        table.read(&Script::paused("a", 15_000), asked);
    }
    assert!(table.told.is_empty(), "{:?}", table.told);
    assert_ne!(table.member.view(at(17_100)).standing, Standing::PlaysOn);

    let mut table = paused_by_another(only_theirs());
    for asked in [16_000, 16_500, 17_000] {
        table.read(&Script::playing("a", 60_000, 15_000), asked);
    }
    let Some(MemberToHub::Claim(claim)) = table.told.first() else { panic!("{:?}", table.told) };
    assert!(matches!(claim.act, Act::Sought(_)) && claim.playback.playing, "{claim:?}");
}

#[test]
fn who_joins_a_paused_room_or_changes_their_mind_is_paused_with_it() {
    let mut table = preferring(only_theirs());
    table.room(paused_at(10_000, 2), 10_100);
    for asked in [10_200, 12_000] {
        table.read(&Script::playing("a", 0, 0), asked);
    }
    assert!(matches!(table.commands[0].kind, CommandKind::Pause), "{:?}", table.commands);

    let mut table = paused_by_another(only_theirs());
    table.put(Input::Preferences(Preferences::default()), 14_500);
    table.read(&Script::playing("a", 0, 0), 15_000);
    assert!(matches!(table.commands[0].kind, CommandKind::Pause), "{:?}", table.commands);
}

#[test]
fn a_leader_who_prefers_that_everybody_waits_for_an_advertisement_says_that_the_room_stands() {
    for (ad, stands) in [(LeadersAd::GoOn, false), (LeadersAd::Wait, true)] {
        let mut table = preferring(Preferences { ad, ..Preferences::default() });
        table.room(RoomState { leader: Some(ME), ..led_by_other("a", 0, 1) }, 0);
        for asked in [1_000, 3_000, 5_000] {
            table.read(&Script::playing("a", 0, 0), asked);
        }
        table.told.clear();
        table.put(Input::Reading(advertisement(7_000)), 7_000 + TRIP);
        let said = table.told.iter().find_map(|message| match message {
            MemberToHub::Publish { playback, .. } => Some(playback),
            _ => None,
        });
        assert_eq!(said.is_some(), stands, "{ad:?}: {:?}", table.told);
        let Some(playback) = said.cloned() else { continue };
        let of = Some("spotify:track:a".to_owned());
        table.told.clear();
        table.put(Input::Queue { of, next: Some(vec![song("next")]) }, 8_000);
        assert!(table.told.is_empty(), "its line says nothing meanwhile: {:?}", table.told);
        assert!(!playback.playing && (playback.position - ms(7_000)).abs() < ms(200), "{playback:?}");
    }
}

fn advertisement(asked: i64) -> Reading {
    let seen = PlayerSeen {
        item: None,
        kind: SeenKind::Ad,
        progress: Some(ms(1_000)),
        playing: true,
        device: None,
        timestamp: None,
        shuffle: false,
        repeat: tutti_core::reading::Repeat::Off,
    };
    Reading { asked: at(asked), answered: at(asked + TRIP), seen: Seen::Player(seen) }
}

#[test]
fn gentle_leaves_what_normal_puts_right_and_normal_what_tight_does() {
    use Correction::{Gentle, Normal, Tight};
    let settles = [(Gentle, 90, 0), (Normal, 90, 1), (Normal, 50, 0), (Tight, 50, 1)];
    for (correction, ahead, commands) in settles {
        let mut table = preferring(Preferences { correction, ..Preferences::default() });
        table.room(led_by_other("a", 0, 1), 0);
        for asked in [1_000, 2_000, 3_000] {
            table.read(&Script::playing("a", 0, ahead), asked);
        }
        assert_eq!(table.commands.len(), commands, "{correction:?}, {ahead} ms: {:?}", table.commands);
    }
}
