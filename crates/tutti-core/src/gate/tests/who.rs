//! Who comes in, who may do what, and what is too much.

use super::*;
use crate::wire::WhoLeads;

#[test]
fn whoever_has_the_secret_comes_in_and_everybody_is_told() {
    let mut room = Stand::new();
    let ada = room.join(hello("Ada", 1));

    let (_, welcome) = room.enter(hello("Ben", 2)).unwrap();

    assert_eq!((welcome.member, welcome.drives, welcome.now_us), (1, true, 1_000_000));
    let names: Vec<_> = welcome.members.list.iter().map(|member| (member.name.as_str(), member.host)).collect();
    assert_eq!(names, [("Ada", true), ("Ben", false)]);
    assert!(
        room.heard(ada).iter().any(|message| matches!(message, FromHub::Members(members) if members.list.len() == 2))
    );
}

#[test]
fn a_wrong_secret_a_foreign_user_key_and_other_versions_are_refused_by_name() {
    let mut room = Stand::new();
    let refused = |room: &mut Stand, hello| room.enter(hello).unwrap_err().code;

    let wrong = Hello { proof: Hex(RoomSecret::new([4; 16]).prove(NONCE)), ..hello("Ada", 1) };
    assert_eq!(refused(&mut room, wrong), Trouble::WrongSecret);
    let old_proof = Hello { proof: Hex(SECRET.prove(Nonce::new([7; 32]))), ..hello("Ada", 1) };
    assert_eq!(refused(&mut room, old_proof), Trouble::WrongSecret, "replayed");
    let mut foreign = hello("Ada", 1);
    foreign.user.as_mut().unwrap().proof = hello("Ada", 2).user.unwrap().proof;
    assert_eq!(refused(&mut room, foreign), Trouble::WrongUser);
    assert_eq!(refused(&mut room, Hello { version: 0, ..hello("Ada", 1) }), Trouble::VersionTooOld);
    assert_eq!(refused(&mut room, Hello { version: 2, ..hello("Ada", 1) }), Trouble::VersionTooNew);
    assert!(room.gate.is_over());
}

#[test]
fn an_account_is_in_a_room_under_one_user_only() {
    let mut room = Stand::new();
    room.join(hello("Ada", 1));

    assert_eq!(room.enter(hello("Ada", 2)).unwrap_err().code, Trouble::AccountElsewhere);
}

#[test]
fn a_room_takes_as_many_as_it_says_and_one_more_when_somebody_left() {
    let mut room = Stand::with(Limits { members: 2, ..Limits::default() });
    let ada = room.join(hello("Ada", 1));
    room.join(hello("Ben", 2));
    assert_eq!(room.enter(hello("Cleo", 3)).unwrap_err().code, Trouble::RoomFull);

    room.say(ada, ToHub::Bye);

    assert_eq!(room.enter(hello("Cleo", 3)).unwrap().1.member, 2, "numbers are not given twice");
}

#[test]
fn the_host_locks_the_room_and_sends_somebody_away_for_good_and_nobody_else_can() {
    let mut room = Stand::new();
    let ada = room.join(hello("Ada", 1));
    let (ben, welcome) = room.enter(hello("Ben", 2)).unwrap();
    room.say(ben, ToHub::Lock { on: true });
    assert_eq!(room.refusals(ben), [Trouble::NotTheHost]);

    room.say(ada, ToHub::Lock { on: true });
    assert_eq!(room.enter(hello("Cleo", 3)).unwrap_err().code, Trouble::RoomLocked);
    room.say(ada, ToHub::Remove { member: welcome.member });

    assert_eq!(room.refusals(ben), [Trouble::Removed]);
    assert!(room.closed.contains(&ben));
    room.say(ada, ToHub::Lock { on: false });
    assert_eq!(room.enter(hello("Ben", 2)).unwrap_err().code, Trouble::Removed);
    assert!(room.enter(hello("Cleo", 3)).is_ok());
}

#[test]
fn who_may_not_lead_is_refused_and_the_lead_passes_on_to_who_may() {
    let mut room = Stand::new();
    let ada = room.join(hello("Ada", 1));
    let ben = room.join(hello("Ben", 2));
    room.say(ben, claim(1, 0, "Blue", room.now));
    assert_eq!(room.gate.state().leader, Some(MemberId(1)));

    room.say(ada, ToHub::MayLead { who: WhoLeads::Host });

    assert_eq!(room.gate.state().leader, Some(MemberId(0)));
    let epoch = room.gate.state().epoch;
    room.heard(ben);
    room.say(ben, claim(2, epoch, "Red", room.now));
    assert!(room.heard(ben).contains(&FromHub::Answer { id: 2, accepted: false }));
    room.say(ada, ToHub::Bye);
    assert_eq!(room.gate.state().leader, Some(MemberId(1)), "the host is another now");
}

#[test]
fn a_claim_is_accepted_told_to_all_and_answered_alike_when_it_comes_again() {
    let mut room = Stand::new();
    let ada = room.join(hello("Ada", 1));
    let ben = room.join(hello("Ben", 2));
    room.heard(ada);

    room.say(ben, claim(7, 0, "Blue", room.now));
    room.say(ben, claim(7, 0, "Blue", room.now));

    let rooms: Vec<_> = room.heard(ada).into_iter().filter(|message| matches!(message, FromHub::Room(_))).collect();
    assert_eq!(rooms.len(), 1, "{rooms:?}");
    let answers =
        room.heard(ben).into_iter().filter(|message| matches!(message, FromHub::Answer { id: 7, accepted: true }));
    assert_eq!(answers.count(), 2);
    assert_eq!(room.gate.state().actions, 1);
}

#[test]
fn a_listener_hears_everything_and_moves_nothing() {
    let mut room = Stand::new();
    let ada = room.join(hello("Ada", 1));
    let (listener, welcome) = room.enter(listener()).unwrap();
    assert!(!welcome.drives);

    room.say(listener, claim(1, 0, "Blue", room.now));
    assert_eq!(room.refusals(listener), [Trouble::NotDriving]);
    room.say(ada, claim(1, 0, "Red", room.now));

    assert!(room.heard(listener).iter().any(|message| matches!(message, FromHub::Room(_))));
    room.say(ada, ToHub::Bye);
    assert_eq!(room.gate.state().leader, None, "a listener is nobody's leader");
}

#[test]
fn a_flood_is_cut_off_and_nobody_else_notices() {
    let mut room = Stand::new();
    let ada = room.join(hello("Ada", 1));
    let ben = room.join(hello("Ben", 2));
    room.heard(ada);

    for _ in 0..200 {
        room.say(ben, ToHub::Ping { sent_us: 1 });
    }

    assert_eq!(room.refusals(ben).last(), Some(&Trouble::Flood));
    assert!(room.closed.contains(&ben) && !room.closed.contains(&ada));
    assert!(room.refusals(ada).is_empty());
}

#[test]
fn what_makes_no_sense_is_named_and_the_connection_stays() {
    let mut room = Stand::new();
    let ada = room.join(hello("Ada", 1));

    room.gate.received(ada, crate::wire::read_to_hub("{"), room.now);
    room.gate.received(ada, crate::wire::read_to_hub(r#"{"type":"dance"}"#), room.now);
    room.gate.received(ConnectionId(77), crate::wire::read_to_hub("{"), room.now);
    room.drain();

    assert_eq!(room.refusals(ada), [Trouble::Malformed, Trouble::UnknownMessage]);
    assert!(room.closed.is_empty());
}

#[test]
fn standings_of_many_are_told_together() {
    let mut room = Stand::new();
    let ada = room.join(hello("Ada", 1));
    let ben = room.join(hello("Ben", 2));
    let shown = |error_us| Stand::new().stands(error_us);
    room.pass(Span::from_millis(200), &[]);
    room.heard(ada);

    room.say(ada, ToHub::Standing(Box::new(shown(1))));
    room.say(ben, ToHub::Standing(Box::new(shown(2))));
    room.say(ben, ToHub::Standing(Box::new(shown(3))));
    room.pass(Span::from_millis(200), &[]);

    let lists: Vec<_> = room
        .heard(ada)
        .into_iter()
        .filter_map(|message| match message {
            FromHub::Standings { list } => Some(list),
            _ => None,
        })
        .collect();
    assert_eq!(lists, [vec![(0, shown(1)), (1, shown(3))]]);
}

#[test]
fn noise_beside_the_messages_counts_as_messages() {
    let mut room = Stand::new();
    let ada = room.join(hello("Ada", 1));

    for _ in 0..200 {
        room.gate.noise(ada, room.now);
    }
    room.drain();

    assert_eq!(room.refusals(ada), [Trouble::Flood]);
}

#[test]
fn in_a_crowd_those_who_come_are_told_together_and_nobody_is_left_out() {
    let mut room = Stand::with(Limits { members: 200, ..Limits::default() });
    let ada = room.join(hello("Ada", 1));
    for number in 0..150 {
        room.join(Hello { user: None, ..hello(&format!("listener {number}"), 9) });
    }
    let lists = |told: Vec<FromHub>| -> Vec<usize> {
        let list = |message| match message {
            FromHub::Members(members) => Some(members.list.len()),
            _ => None,
        };
        told.into_iter().filter_map(list).collect()
    };
    let at_once = lists(room.heard(ada));
    assert!(at_once.len() < 40, "{at_once:?}");

    room.pass(Span::from_millis(200), &[ada]);

    assert_eq!(lists(room.heard(ada)), [151]);
}

#[test]
fn whatever_the_members_of_a_full_room_say_fits_into_what_a_member_takes() {
    let mut room = Stand::new();
    let long = |most: usize| "\u{1F3B5}".repeat(most);
    for number in 0..64_u8 {
        let mut hello = hello(&format!("{number}"), number);
        (hello.name, hello.device, hello.heir) = (long(90), long(90), Some(long(400)));
        let connection = room.join(hello);
        let mut shown = room.stands(1);
        shown.device = Some(long(400));
        room.say(connection, ToHub::Standing(Box::new(shown)));
    }
    room.heard(ConnectionId(1));

    room.gate.tell_whole(ConnectionId(1));

    let longest = std::iter::from_fn(|| room.gate.poll()).filter_map(|out| match out {
        Out::Send { text, .. } => Some(text.len()),
        Out::Close(_) => None,
    });
    assert!(longest.max().is_some_and(|bytes| bytes > 50_000 && bytes < crate::wire::MOST_BYTES_FROM_HUB));
}

#[test]
fn who_only_listens_hears_what_becomes_of_a_room_that_has_no_member_left() {
    let mut room = Stand::new();
    let ear = room.join(listener());
    let ada = room.join(hello("Ada", 1));
    let now = room.now;
    room.say(ada, claim(1, 0, "Blue", now));
    room.say(ada, ToHub::Bye);

    let rooms = room.heard(ear).into_iter().filter_map(|message| match message {
        FromHub::Room(room) => Some((room.leader, room.epoch)),
        _ => None,
    });
    assert_eq!(rooms.collect::<Vec<_>>().last().copied(), Some((None, room.gate.state().epoch)));
}
