//! Several connections of one user: one drives, the next takes over when it is safe.

use super::*;

fn on(device: &str, hello: Hello) -> Hello {
    Hello { device: device.into(), ..hello }
}

#[test]
fn of_a_users_devices_one_drives_and_all_hear_the_room() {
    let mut room = Stand::new();
    let (laptop, first) = room.enter(on("laptop", hello("Ada", 1))).unwrap();
    let (desktop, second) = room.enter(on("desktop", hello("Ada", 1))).unwrap();

    assert_eq!((first.member, first.drives), (second.member, true));
    assert!(!second.drives);
    assert_eq!(second.members.list[0].devices, ["laptop", "desktop"]);
    assert_eq!(room.drivers(), [laptop]);
    room.say(desktop, claim(1, 0, "Blue", room.now));
    assert_eq!(room.refusals(desktop), [Trouble::NotDriving]);
}

#[test]
fn a_device_that_says_good_bye_is_followed_at_once() {
    let mut room = Stand::new();
    let laptop = room.join(on("laptop", hello("Ada", 1)));
    let desktop = room.join(on("desktop", hello("Ada", 1)));

    room.say(laptop, ToHub::Bye);

    assert!(room.was_told_to_drive(desktop));
    assert_eq!(room.drivers(), [desktop]);
}

#[test]
fn a_device_that_says_good_bye_is_let_go_before_the_next_one_drives() {
    let mut room = Stand::new();
    let laptop = room.join(on("laptop", hello("Ada", 1)));
    let desktop = room.join(on("desktop", hello("Ada", 1)));

    room.gate.received(laptop, Ok(ToHub::Bye), room.now);
    let outs: Vec<Out> = std::iter::from_fn(|| room.gate.poll()).collect();

    let is_drive = |text: &str| matches!(read_from_hub(text), Ok(FromHub::Drive { on: true, .. }));
    let drives = |out: &Out| matches!(out, Out::Send { to, text } if to == &[desktop] && is_drive(text));
    let (closed, driven) = (outs.iter().position(|out| *out == Out::Close(laptop)), outs.iter().position(drives));
    assert!(closed.is_some() && driven.is_some() && closed < driven, "{outs:?}");
}

#[test]
fn a_device_that_breaks_off_is_followed_when_it_can_command_no_longer() {
    let mut room = Stand::new();
    let laptop = room.join(on("laptop", hello("Ada", 1)));
    let desktop = room.join(on("desktop", hello("Ada", 1)));
    room.say(laptop, ToHub::Ping { sent_us: 0 });

    room.broke_off(laptop);

    room.pass(Span::from_millis(7_900), &[desktop]);
    assert!(room.drivers().is_empty(), "the laptop may still command");
    room.pass(Span::from_millis(200), &[desktop]);
    assert_eq!(room.drivers(), [desktop]);
}

#[test]
fn the_next_one_waits_until_no_command_of_the_one_before_can_show() {
    let mut room = Stand::new();
    let laptop = room.join(on("laptop", hello("Ada", 1)));
    let desktop = room.join(on("desktop", hello("Ada", 1)));
    let until = room.now + Span::from_secs(4);
    room.say(laptop, ToHub::Commanded { until_us: until.as_micros() });
    room.heard(desktop);

    room.say(laptop, ToHub::Bye);

    let quiet_us = Some(until.as_micros());
    assert!(room.heard(desktop).contains(&FromHub::Drive { on: true, quiet_us }));
}

#[test]
fn a_silent_device_is_forgotten_after_three_missed_pings_and_the_next_drives() {
    let mut room = Stand::new();
    let laptop = room.join(on("laptop", hello("Ada", 1)));
    let desktop = room.join(on("desktop", hello("Ada", 1)));

    room.pass(Span::from_millis(15_900), &[desktop]);
    assert_eq!(room.drivers(), [laptop]);
    room.pass(Span::from_millis(2_200), &[desktop]);

    assert_eq!(room.refusals(laptop), [Trouble::Silent]);
    assert_eq!(room.drivers(), [desktop]);
}

/// The example that this began with: three connections of one user, one of which tells where it is.
#[test]
fn conn3_sends_its_track_and_position_and_conn1_and_conn2_update() {
    let mut room = Stand::with(Limits { missed_pings: 1, ..Limits::default() });
    let conn3 = room.join(on("conn3", hello("user", 1)));
    let conn1 = room.join(on("conn1", hello("user", 1)));
    let conn2 = room.join(on("conn2", hello("user", 1)));
    let position = |told: Vec<FromHub>| {
        let playback = told.into_iter().rev().find_map(|message| match message {
            FromHub::Room(room) => room.playback,
            _ => None,
        });
        playback.map(|playback| (playback.item.title, playback.position_us))
    };

    room.say(conn3, claim(1, 0, "Blue", room.now));
    for connection in [conn1, conn2] {
        assert_eq!(position(room.heard(connection)), Some(("Blue".into(), 0)));
    }

    // The same track: only the position moves.
    let again = ToHub::Publish { epoch: 1, playback: playback("Blue", 30_000_000, room.now) };
    room.say(conn3, again);
    for connection in [conn1, conn2] {
        assert_eq!(position(room.heard(connection)), Some(("Blue".into(), 30_000_000)));
    }

    // conn2 misses more than one ping.
    room.pass(Span::from_secs(8), &[conn1, conn3]);
    assert_eq!(room.refusals(conn2), [Trouble::Silent]);
    let devices = |room: &mut Stand| room.gate.everybody().list[0].devices.clone();
    assert_eq!(devices(&mut room), ["conn3", "conn1"]);

    // conn3 closes: conn1 drives at once.
    room.say(conn3, ToHub::Bye);
    assert_eq!(room.drivers(), [conn1]);
}

#[test]
fn a_user_has_so_many_devices_and_no_more() {
    let mut room = Stand::with(Limits { connections_user: 2, ..Limits::default() });
    room.join(hello("Ada", 1));
    room.join(hello("Ada", 1));

    assert_eq!(room.enter(hello("Ada", 1)).unwrap_err().code, Trouble::TooManyConnections);
}

#[test]
fn who_broke_off_resumes_as_the_same_member_and_drives_on_at_once() {
    let mut room = Stand::new();
    let (ada, before) = room.enter(hello("Ada", 1)).unwrap();
    let ben = room.join(hello("Ben", 2));
    room.say(ada, claim(1, 0, "Blue", room.now));
    room.broke_off(ada);
    room.pass(Span::from_secs(1), &[ben]);

    let (ada, after) = room.enter(Hello { resume: Some(before.token), ..hello("Ada", 1) }).unwrap();

    assert_eq!((after.member, after.drives), (before.member, true));
    assert_eq!(room.gate.state().leader, Some(MemberId(0)), "one second is no reason to change leaders");
    room.heard(ada);
    room.say(ada, claim(1, 0, "Blue", room.now));
    assert!(room.heard(ada).contains(&FromHub::Answer { id: 1, accepted: true }), "the same claim, the same answer");
    assert_eq!(room.gate.state().actions, 1);
}

#[test]
fn a_connection_that_is_taken_up_before_it_was_missed_is_replaced() {
    let mut room = Stand::new();
    let (old, before) = room.enter(hello("Ada", 1)).unwrap();

    let (new, after) = room.enter(Hello { resume: Some(before.token), ..hello("Ada", 1) }).unwrap();

    assert!(after.drives && room.closed.contains(&old));
    assert_eq!(room.drivers(), [new]);
    assert_ne!(before.token, after.token);
}

#[test]
fn another_users_token_takes_nothing_up() {
    let mut room = Stand::new();
    let (ada, before) = room.enter(hello("Ada", 1)).unwrap();

    let (ben, welcome) = room.enter(Hello { resume: Some(before.token), ..hello("Ben", 2) }).unwrap();

    assert_eq!(welcome.member, 1);
    assert_eq!(room.drivers(), [ada, ben]);
    assert_ne!(before.token, Hex(Token::new([0; 16])));
}

#[test]
fn who_broke_off_is_kept_for_two_minutes_and_leads_for_eight_seconds() {
    let mut room = Stand::new();
    let ada = room.join(hello("Ada", 1));
    let ben = room.join(hello("Ben", 2));
    room.say(ada, claim(1, 0, "Blue", room.now));
    let in_place = crate::wire::parts::PresenceSent::InPlace { off_us: 1_000 };
    room.say(ben, ToHub::Presence(in_place));
    room.broke_off(ada);

    room.pass(Span::from_secs(7), &[ben]);
    assert_eq!(room.gate.state().leader, Some(MemberId(0)));
    room.pass(Span::from_secs(3), &[ben]);
    assert_eq!(room.gate.state().leader, Some(MemberId(1)));
    assert!(room.gate.everybody().list[0].reconnecting);
    room.pass(Span::from_secs(115), &[ben]);
    assert_eq!(room.gate.members(), 1);
}

#[test]
fn a_claim_that_waited_is_not_answered_to_the_device_that_drives_next() {
    let mut room = Stand::new();
    let rivals = [room.join(hello("Ben", 2)), room.join(hello("Cleo", 3))];
    let laptop = room.join(hello("Ada", 1));
    let phone = room.join(Hello { device: "phone".into(), ..hello("Ada", 1) });
    // They take the lead from each other until claims have to wait (L6).
    for turn in 0..6 {
        let epoch = room.gate.state().epoch;
        let now = room.now;
        room.say(rivals[turn % 2], claim(turn as u64, epoch, &format!("{turn}"), now));
        room.now = room.now + Span::from_millis(100);
    }
    let epoch = room.gate.state().epoch;
    let now = room.now;
    room.say(laptop, claim(7, epoch, "Waits", now));
    room.broke_off(laptop);
    room.heard(phone);

    // The hub stood still, and both are due: the claim, and that the phone drives.
    room.now = room.now + Span::from_secs(11);
    room.gate.tick(room.now);
    room.drain();

    let heard = room.heard(phone);
    assert!(heard.iter().any(|message| matches!(message, FromHub::Drive { on: true, .. })), "{heard:?}");
    assert!(!heard.iter().any(|message| matches!(message, FromHub::Answer { .. })), "{heard:?}");
}

#[test]
fn an_account_that_comes_back_under_another_key_waits_for_the_device_that_was_sent_away() {
    let mut room = Stand::new();
    let host = room.join(hello("Ada", 1));
    // Half open: what the hub says does not reach it, so that it commands on.
    let (laptop, before) = room.enter(on("laptop", hello("Ben", 2))).unwrap();
    let until = room.now + Span::from_secs(9);
    room.say(laptop, ToHub::Commanded { until_us: until.as_micros() });
    room.pass(Span::from_secs(3), &[host, laptop]);
    let answered = Span::from_secs(3);
    room.say(host, ToHub::Remove { member: before.member });

    let (desktop, after) = room.enter(Hello { drives: true, ..on("desktop", hello("Ben", 3)) }).unwrap();

    assert!(!after.drives && after.member != before.member, "the laptop may still command");
    room.pass(Span::from_secs(8) - answered - Span::from_millis(100), &[host, desktop]);
    assert_eq!(room.drivers(), [host]);
    room.pass(Span::from_secs(4), &[host, desktop]);
    assert_eq!(room.drivers(), [host, desktop]);
    let quiet_us = Some(until.as_micros());
    assert!(
        room.heard(desktop).contains(&FromHub::Drive { on: true, quiet_us }),
        "what the laptop sent may still show"
    );
    room.pass(Span::from_secs(3), &[host, desktop]);
    assert!(room.gate.let_go.is_empty());
}

#[test]
fn an_account_that_nobody_can_drive_any_more_is_driven_at_once_under_another_key() {
    let mut room = Stand::new();
    let host = room.join(hello("Ada", 1));
    let (laptop, before) = room.enter(on("laptop", hello("Ben", 2))).unwrap();
    room.broke_off(laptop);
    room.pass(Span::from_secs(9), &[host]);
    room.say(host, ToHub::Remove { member: before.member });

    assert!(room.enter(on("desktop", hello("Ben", 3))).unwrap().1.drives);
}
