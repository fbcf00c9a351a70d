//! One hub after another: what members bring, terms, and hubs that meet.

use super::*;

/// A member that was in the room under another hub, with what it knew.
fn back(name: &str, key: u8, member: u32, order: (u64, u64, u64), title: &str) -> Hello {
    let at = RoomTime::from_micros(500_000_000);
    let (term, epoch, seq) = order;
    let room = crate::wire::parts::RoomSent {
        term,
        epoch,
        seq,
        leader: Some(1),
        playback: Some(playback(title, 60_000_000, at)),
        action: None,
        actions: 9,
        own_speeds: Vec::new(),
        may_lead: None,
    };
    let now_us = (at + Span::from_secs(2)).as_micros();
    let brings = Brought { member, next_member: 4, room, now_us, clock: "another".into(), since: None };
    Hello { brings: Some(Box::new(brings)), ..hello(name, key) }
}

#[test]
fn a_hub_that_lost_everything_gets_it_back_from_its_members() {
    let mut room = Stand::new();

    let (ada, welcome) = room.enter(back("Ada", 1, 3, (4, 7, 20), "Blue")).unwrap();

    assert_eq!((welcome.member, welcome.room.epoch), (3, 7));
    assert!(welcome.room.term > 4, "{}", welcome.room.term);
    let playback = welcome.room.playback.unwrap();
    assert_eq!(room.now.as_micros() - playback.at_us, 2_000_000, "in the time of the new hub's clock");
    let (_, new) = room.enter(hello("Cleo", 3)).unwrap();
    assert_eq!(new.member, 4, "no number is given twice, also not by another hub");
    let (_, ben) = room.enter(back("Ben", 2, 1, (4, 7, 21), "Red")).unwrap();
    assert_eq!((ben.member, ben.room.playback.unwrap().item.title.as_str()), (1, "Red"), "the newest state wins");
    assert!(room.closed.is_empty() && room.refusals(ada).is_empty());
}

#[test]
fn a_new_hub_takes_states_for_a_second_before_it_judges_claims() {
    let mut room = Stand::new();
    let ada = room.join(Hello { drives: true, ..back("Ada", 1, 0, (4, 7, 20), "Blue") });
    room.heard(ada);

    room.say(ada, claim(1, 7, "Red", room.now));
    assert_eq!(room.gate.state().actions, 9);
    room.enter(back("Ben", 2, 1, (4, 8, 2), "Green")).unwrap();
    room.pass(Span::from_millis(1_100), &[]);

    assert!(room.heard(ada).iter().any(|message| matches!(message, FromHub::Answer { id: 1, .. })));
    assert!(room.gate.state().term > 4);
}

#[test]
fn what_is_brought_late_changes_nothing() {
    let mut room = Stand::new();
    let ada = room.join(back("Ada", 1, 0, (4, 7, 20), "Blue"));
    room.pass(Span::from_secs(3), &[ada]);

    let (_, welcome) = room.enter(back("Ben", 2, 1, (4, 9, 9), "Red")).unwrap();

    assert_eq!(welcome.room.playback.unwrap().item.title, "Blue");
}

#[test]
fn a_hub_that_meets_a_higher_term_ends_and_its_members_meet_again() {
    let mut room = Stand::new();
    let ada = room.join(hello("Ada", 1));
    room.say(ada, claim(1, 0, "Old", room.now));
    room.pass(Span::from_secs(3), &[ada]);

    let (ben, welcome) = room.enter(back("Ben", 2, 1, (6 << 20, 7, 20), "Blue")).unwrap();

    assert_eq!(room.refusals(ada), [Trouble::NewerHub]);
    assert!(room.closed.contains(&ada) && !room.closed.contains(&ben));
    assert_eq!(welcome.member, 1);
    assert!(welcome.room.term > 6 << 20, "{}", welcome.room.term);
    assert_eq!(welcome.room.playback.unwrap().item.title, "Blue", "what was newer is the room's");
}

#[test]
fn a_hub_that_went_on_outlasts_one_that_only_stood_in_for_it() {
    let mut room = Stand::new();
    let ada = room.join(hello("Ada", 1));
    room.say(ada, claim(1, 0, "Old", room.now));
    let since = room.gate.state().order();
    room.pass(Span::from_secs(20), &[ada]);
    room.say(ada, claim(2, since.1, "New", room.now));
    let stands_in = |since| {
        let mut hello = back("Ben", 2, 1, (6 << 20, 7, 20), "Blue");
        hello.brings.as_mut().unwrap().since = since;
        hello
    };

    let (_, welcome) = room.enter(stands_in(Some(since))).unwrap();

    assert!(room.refusals(ada).is_empty());
    assert_eq!(welcome.room.playback.unwrap().item.title, "New");
    assert!(welcome.room.term > 6 << 20, "{}: whoever was there takes no lower one", welcome.room.term);
}

#[test]
fn a_hub_that_stood_still_since_gives_way_to_the_one_that_stood_in() {
    let mut room = Stand::new();
    let ada = room.join(hello("Ada", 1));
    room.say(ada, claim(1, 0, "Old", room.now));
    let since = room.gate.state().order();
    let mut ben = back("Ben", 2, 1, (6 << 20, 7, 20), "Blue");
    ben.brings.as_mut().unwrap().since = Some(since);

    let (_, welcome) = room.enter(ben).unwrap();

    assert_eq!(room.refusals(ada), [Trouble::NewerHub]);
    assert_eq!(welcome.room.playback.unwrap().item.title, "Blue");
}

#[test]
fn whoever_is_first_after_a_hub_was_lost_does_not_end_what_the_others_bring() {
    let mut room = Stand::new();
    let new = room.join(hello("Cleo", 3));
    room.say(new, claim(1, 0, "Old", room.now));

    let (_, welcome) = room.enter(back("Ben", 2, 1, (1, 7, 20), "Blue")).unwrap();

    assert_eq!(welcome.room.playback.unwrap().item.title, "Blue");
    assert_eq!(room.refusals(new), [Trouble::NewerHub]);
}

#[test]
fn whoever_may_not_come_in_brings_nothing() {
    let mut room = Stand::new();
    let ada = room.join(hello("Ada", 1));
    let (_, ben) = room.enter(hello("Ben", 2)).unwrap();
    room.say(ada, claim(1, 0, "Old", room.now));
    room.say(ada, ToHub::Remove { member: ben.member });
    let term = room.gate.state().term;

    let refused = room.enter(back("Ben", 2, 1, (1 << 40, 7, 20), "Blue")).unwrap_err().code;

    assert_eq!(refused, Trouble::Removed);
    assert!(room.refusals(ada).is_empty() && room.closed.len() == 1);
    assert_eq!(room.gate.state().term, term);
}

#[test]
fn who_may_lead_outlasts_a_hub() {
    let mut room = Stand::new();
    let mut first = back("Ada", 1, 0, (4, 7, 20), "Blue");
    first.brings.as_mut().unwrap().room.may_lead = Some(vec![1]);

    let (_, welcome) = room.enter(first).unwrap();

    assert_eq!(welcome.members.who_leads, crate::wire::WhoLeads::Members(vec![1]));
    assert_eq!(welcome.room.may_lead, Some(vec![1]));
}

#[test]
fn a_hub_that_ends_says_so_to_everybody() {
    let mut room = Stand::new();
    let ada = room.join(hello("Ada", 1));

    room.gate.leave(2_000);
    room.drain();

    assert!(room.heard(ada).contains(&FromHub::Leaving { within_ms: 2_000 }));
    assert!(room.closed.contains(&ada));
}

#[test]
fn a_hub_that_gives_way_to_another_lets_nobody_go_on_driving_since_the_other_may_have_let_somebody_drive() {
    let mut room = Stand::new();
    let (ada, other) = (room.join(hello("Ada", 1)), room.join(hello("Ada", 1)));

    room.gate.give_way(2_000);
    room.drain();

    let off = FromHub::Drive { on: false, quiet_us: None };
    let leaving = FromHub::Leaving { within_ms: 2_000 };
    assert!(room.heard(ada).ends_with(&[off.clone(), leaving.clone()]));
    let heard = room.heard(other);
    assert!(heard.contains(&leaving) && !heard.contains(&off));
}

#[test]
fn a_hub_that_inherits_a_room_goes_on_with_it_and_follows_no_leader_that_does_not_come_back() {
    let mut room = Stand::new();
    room.join(back("Ada", 1, 0, (4, 7, 20), "Blue"));
    let state = Some(room.gate.state().clone());
    let config = Config { room: SECRET.room(), clock: "one".into(), limits: Limits::default(), seed: [2; 32], state };
    let mut room = Stand { gate: Gate::new(config, room.now), ..Stand::new() };

    let (ada, welcome) = room.enter(hello("Ada", 1)).unwrap();
    assert_eq!((welcome.room.leader, welcome.room.playback.unwrap().item.title.as_str()), (Some(1), "Blue"));
    let in_place = crate::wire::parts::PresenceSent::InPlace { off_us: 1_000 };
    room.say(ada, ToHub::Presence(in_place));
    room.pass(Span::from_secs(12), &[ada]);

    assert_eq!(room.gate.state().leader, Some(MemberId(welcome.member)));
}

#[test]
fn two_hubs_that_follow_the_same_one_have_different_terms() {
    let follow = |seed: u8| {
        let state = Some(RoomState::new(7));
        let config =
            Config { room: SECRET.room(), clock: "one".into(), limits: Limits::default(), seed: [seed; 32], state };
        Gate::new(config, RoomTime::default()).state().term
    };

    assert!(follow(1) > 7 && follow(2) > 7 && follow(1) != follow(2));
}

#[test]
fn a_room_in_which_nothing_played_yet_has_a_term_that_its_members_take_too() {
    let mut room = Stand::new();
    let mut ada = back("Ada", 1, 0, (1 << 40, 0, 0), "");
    ada.brings.as_mut().unwrap().room.playback = None;

    let (_, welcome) = room.enter(ada).unwrap();

    assert!(welcome.room.term > 1 << 40);
}

#[test]
fn under_a_new_hub_nobody_drives_while_another_device_of_the_user_may() {
    let mut room = Stand::new();
    let (ada, at_laptop) = room.enter(back("Ada", 1, 0, (4, 7, 20), "Blue")).unwrap();
    let (_, at_desktop) = room.enter(Hello { drives: true, ..back("Ada", 1, 0, (4, 7, 20), "Blue") }).unwrap();
    let (ben, of_ben) = room.enter(back("Ben", 2, 1, (4, 7, 20), "Blue")).unwrap();

    assert!(!at_laptop.drives && at_desktop.drives && !of_ben.drives);
    room.pass(Span::from_millis(7_900), &[ada, ben]);
    assert!(!room.was_told_to_drive(ben));
    room.pass(Span::from_millis(200), &[ada, ben]);
    assert!(room.was_told_to_drive(ben) && !room.was_told_to_drive(ada));
}

#[test]
fn who_says_good_bye_soon_after_the_room_changed_hands_is_gone_and_the_account_waits_for_devices_of_before() {
    let mut room = Stand::new();
    let (ada, _) = room.enter(back("Ada", 1, 0, (4, 7, 20), "Blue")).unwrap();
    let (ben, of_ben) = room.enter(back("Ben", 2, 1, (4, 7, 20), "Blue")).unwrap();

    room.say(ben, ToHub::Bye);

    let told = room.heard(ada).into_iter().rev().find_map(|message| match message {
        FromHub::Members(members) => Some(members),
        _ => None,
    });
    let ids: Vec<u32> = told.unwrap().list.iter().map(|member| member.id).collect();
    assert!(!ids.contains(&of_ben.member), "{ids:?}");
    // One of his devices that did not hear of the change may still command.
    let (ben, again) = room.enter(Hello { drives: true, ..hello("Ben", 2) }).unwrap();
    assert!(!again.drives);
    room.pass(Span::from_millis(7_900), &[ada, ben]);
    assert!(!room.was_told_to_drive(ben));
    room.pass(Span::from_millis(200), &[ada, ben]);
    assert!(room.was_told_to_drive(ben));
}

#[test]
fn a_claim_that_the_hub_before_accepted_is_accepted_again_and_moves_nothing() {
    let mut room = Stand::new();
    let at = RoomTime::from_micros(500_000_000);
    let mut hello = back("Ada", 1, 1, (4, 8, 20), "Blue");
    hello.drives = true;
    let ahead = Span::from_secs(2);
    hello.brings.as_mut().unwrap().room.action = Some(crate::wire::parts::ActionSent {
        member: 1,
        when: WhenSent { earliest_us: at.as_micros(), latest_us: at.as_micros() },
        act: ActSent::Started { title: "Blue".into() },
        takeover: true,
    });
    let (ada, _) = room.enter(hello).unwrap();
    room.pass(Span::from_secs(2), &[ada]);
    room.heard(ada);
    let (actions, order) = (room.gate.state().actions, room.gate.state().order());

    room.say(ada, claim(1, 7, "Blue", RoomTime::from_micros(1_000_000) - ahead));

    assert!(room.heard(ada).contains(&FromHub::Answer { id: 1, accepted: true }));
    assert_eq!((room.gate.state().actions, room.gate.state().order()), (actions, order));
}

#[test]
fn no_number_is_given_twice_after_hubs_met() {
    let mut room = Stand::new();
    let ada = room.join(hello("Ada", 1));
    room.say(ada, claim(1, 0, "Old", room.now));
    room.pass(Span::from_secs(3), &[ada]);
    room.enter(back("Ben", 2, 1, (6 << 20, 7, 20), "Blue")).unwrap();

    let (_, new) = room.enter(hello("Cleo", 3)).unwrap();

    assert!(new.member >= 4, "{}", new.member);
}

#[test]
fn the_number_of_somebody_who_left_is_not_that_of_one_who_had_it_under_another_hub() {
    let mut room = Stand::new();
    room.join(back("Ada", 1, 0, (4, 7, 20), "Blue"));
    let (listener, welcome) = room.enter(listener()).unwrap();
    let (eve, of_eve) = room.enter(hello("Eve", 5)).unwrap();
    assert_eq!((welcome.member, of_eve.member), (4, 5));
    room.say(listener, ToHub::Bye);
    room.say(eve, ToHub::Bye);

    let (_, ben) = room.enter(back("Ben", 2, 4, (4, 7, 20), "Blue")).unwrap();
    let (_, cleo) = room.enter(back("Cleo", 3, 5, (4, 7, 20), "Blue")).unwrap();
    let (_, again) = room.enter(back("Eve", 5, 5, (4, 7, 20), "Blue")).unwrap();

    assert_eq!((ben.member, cleo.member, again.member), (6, 7, 5), "whoever left may have their own again");
}

#[test]
fn who_listens_at_a_new_hub_is_told_what_the_first_member_brings() {
    let mut room = Stand::new();
    let ear = room.join(listener());
    room.heard(ear);

    room.enter(back("Ada", 1, 3, (4, 7, 20), "Blue")).unwrap();

    let rooms = room.heard(ear).into_iter().filter_map(|message| match message {
        FromHub::Room(room) => Some((room.term, room.epoch)),
        _ => None,
    });
    assert_eq!(rooms.collect::<Vec<_>>().last().copied(), Some((room.gate.state().term, 7)));
}
