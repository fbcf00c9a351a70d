//! Who leads: L1 and L2 at the hub.

use tutti_core::hub::Hub;
use tutti_core::playback::Playback;
use tutti_core::room::{Act, Claim, ClaimId, HubToMember, MemberId, MemberToHub, Presence, When};
use tutti_core::speed::Speed;
use tutti_core::time::{RoomTime, Span};

use crate::player::song;

fn at(s: f64) -> RoomTime {
    RoomTime::from_micros((s * 1e6) as i64)
}

fn playback(name: &str) -> Playback {
    let (position, bound) = (Span::ZERO, Span::ZERO);
    Playback {
        item: song(name),
        playing: true,
        position,
        at: at(0.0),
        speed: Speed::NORMAL,
        speed_known: true,
        bound,
        next: Vec::new(),
        next_known: true,
    }
}

fn room() -> (Hub, MemberId, MemberId) {
    let mut hub = Hub::new(1);
    let (a, b) = (hub.join(), hub.join());
    while hub.poll().is_some() {}
    (hub, a, b)
}

fn claim(id: u64, epoch: u64, when: (f64, f64), name: &str) -> MemberToHub {
    let when = When { earliest: at(when.0), latest: at(when.1) };
    MemberToHub::Claim(Claim { id: ClaimId(id), epoch, when, act: Act::Paused, playback: playback(name) })
}

/// The answer to a claim made at `now`.
fn answer(hub: &mut Hub, from: MemberId, message: MemberToHub, now: f64) -> bool {
    hub.handle(from, message, at(now));
    let mut answer = None;
    while let Some((to, message)) = hub.poll() {
        if let HubToMember::Answer { accepted, .. } = message {
            assert_eq!(to, from);
            answer = Some(accepted);
        }
    }
    answer.expect("every claim is answered")
}

#[test]
fn a_claim_of_the_current_epoch_makes_the_leader() {
    let (mut hub, a, b) = room();
    assert!(answer(&mut hub, a, claim(0, 0, (1.0, 1.0), "x"), 2.0));
    assert!(answer(&mut hub, b, claim(0, 1, (5.0, 5.0), "y"), 6.0));
    assert_eq!((hub.state().leader, hub.state().epoch, hub.state().actions), (Some(b), 2, 2));
    assert_eq!(hub.state().playback.as_ref().unwrap().item.title, "y");
    assert!(hub.state().action.as_ref().unwrap().takeover);
}

#[test]
fn the_leaders_own_acts_move_the_room_within_its_epoch() {
    let (mut hub, a, _) = room();
    assert!(answer(&mut hub, a, claim(0, 0, (1.0, 1.0), "x"), 2.0));
    assert!(answer(&mut hub, a, claim(1, 1, (3.0, 3.0), "y"), 4.0));
    assert_eq!((hub.state().epoch, hub.state().actions), (1, 2));
    assert!(!hub.state().action.as_ref().unwrap().takeover);
}

#[test]
fn of_two_at_once_the_later_act_wins_whatever_arrives_first() {
    for (second, wins) in [((4.8, 5.0), false), ((5.2, 5.6), true)] {
        let (mut hub, a, b) = room();
        assert!(answer(&mut hub, a, claim(0, 0, (1.0, 1.0), "x"), 2.0));
        assert!(answer(&mut hub, b, claim(0, 1, (5.1, 5.1), "y"), 6.0));
        // Made without knowing of the second epoch.
        assert_eq!(answer(&mut hub, a, claim(1, 1, second, "z"), 6.1), wins);
        assert_eq!(hub.state().leader, Some(if wins { a } else { b }));
    }
}

#[test]
fn the_same_claim_gets_the_same_answer_and_counts_once() {
    let (mut hub, a, _) = room();
    assert!(answer(&mut hub, a, claim(7, 0, (1.0, 1.0), "x"), 2.0));
    assert!(answer(&mut hub, a, claim(7, 0, (1.0, 1.0), "x"), 3.0));
    assert_eq!((hub.state().epoch, hub.state().actions), (1, 1));
}

#[test]
fn what_ended_long_ago_is_no_takeover_but_the_leader_may_be_late() {
    let (mut hub, a, b) = room();
    assert!(answer(&mut hub, a, claim(0, 0, (1.0, 2.0), "x"), 3.0));
    assert!(!answer(&mut hub, b, claim(0, 1, (3.0, 4.0), "y"), 29.5));
    assert!(answer(&mut hub, a, claim(1, 1, (3.0, 4.0), "z"), 29.5));
    assert_eq!(hub.state().leader, Some(a));
}

#[test]
fn nobody_claims_the_future() {
    let (mut hub, a, b) = room();
    assert!(answer(&mut hub, a, claim(0, 0, (1.0, 900.0), "x"), 2.0));
    assert_eq!(hub.state().action.as_ref().unwrap().when.latest, at(2.0));
    assert!(answer(&mut hub, b, claim(0, 1, (3.0, 3.0), "y"), 4.0));
    assert!(!answer(&mut hub, a, claim(1, 9, (5.0, 5.0), "z"), 6.0), "an epoch that never was");
}

#[test]
fn whoever_plays_in_an_empty_room_leads_and_others_cannot_publish() {
    let (mut hub, a, b) = room();
    hub.handle(a, MemberToHub::Publish { epoch: 0, playback: playback("x") }, at(1.0));
    assert_eq!((hub.state().leader, hub.state().epoch, hub.state().actions), (Some(a), 1, 0));
    hub.handle(b, MemberToHub::Publish { epoch: 1, playback: playback("y") }, at(2.0));
    hub.handle(MemberId(99), MemberToHub::Publish { epoch: 1, playback: playback("z") }, at(2.0));
    hub.handle(a, MemberToHub::Publish { epoch: 0, playback: playback("z") }, at(2.0));
    assert_eq!(hub.state().playback.as_ref().unwrap().item.title, "x");
}

#[test]
fn of_what_comes_next_no_more_is_kept_than_a_play_carries() {
    let (mut hub, a, _) = room();
    let long = |name| Playback { next: vec![song("next"); 5_000], ..playback(name) };
    hub.handle(a, MemberToHub::Publish { epoch: 0, playback: long("x") }, at(1.0));
    assert_eq!(hub.state().playback.as_ref().unwrap().next.len(), 20);
    let MemberToHub::Claim(claim) = claim(0, 1, (2.0, 2.0), "y") else { unreachable!() };
    hub.handle(a, MemberToHub::Claim(Claim { playback: long("y"), ..claim }), at(2.0));
    assert_eq!(hub.state().playback.as_ref().unwrap().next.len(), 20);
}

#[test]
fn the_playback_goes_on_when_the_leader_leaves() {
    let (mut hub, a, b) = room();
    hub.handle(a, MemberToHub::Publish { epoch: 0, playback: playback("x") }, at(1.0));
    hub.leave(a);
    assert_eq!((hub.state().leader, hub.state().epoch), (Some(b), 2));
    assert!(hub.state().playback.is_some());
}

#[test]
fn a_leader_that_is_gone_is_succeeded_by_whoever_is_closest_and_the_playback_goes_on() {
    let (mut hub, a, b) = room();
    let c = hub.join();
    assert!(answer(&mut hub, a, claim(0, 0, (1.0, 1.0), "x"), 2.0));
    let presence = |off| MemberToHub::Presence(Presence::InPlace { off: Span::from_millis(off) });
    hub.handle(b, presence(90), at(3.0));
    hub.handle(c, presence(20), at(3.0));
    let playback = hub.state().playback.clone();

    hub.handle(a, MemberToHub::Presence(Presence::Away), at(12.0));

    assert_eq!((hub.state().leader, hub.state().epoch, hub.state().actions), (Some(c), 2, 1));
    assert_eq!(hub.state().playback, playback);
    hub.handle(a, presence(0), at(20.0));
    assert_eq!(hub.state().leader, Some(c), "who returns follows");
}

#[test]
fn a_leader_that_is_gone_keeps_the_lead_until_somebody_is_in_place() {
    let (mut hub, a, b) = room();
    assert!(answer(&mut hub, a, claim(0, 0, (1.0, 1.0), "x"), 2.0));
    hub.handle(a, MemberToHub::Presence(Presence::Away), at(12.0));
    assert_eq!(hub.state().leader, Some(a));
    hub.handle(b, MemberToHub::Presence(Presence::InPlace { off: Span::ZERO }), at(13.0));
    assert_eq!(hub.state().leader, Some(b));
}

/// A room in which two have taken the lead from each other four times, every 3 s from 10 s on; the last time at 19 s.
fn after_four_changes() -> (Hub, MemberId, MemberId) {
    let (mut hub, a, b) = room();
    assert!(answer(&mut hub, a, claim(0, 0, (5.0, 5.0), "x"), 5.1));
    for n in 0..4 {
        let (who, when) = (if n % 2 == 0 { b } else { a }, 10.0 + 3.0 * n as f64);
        let epoch = hub.state().epoch;
        assert!(answer(&mut hub, who, claim(n + 1, epoch, (when, when), "y"), when + 0.1), "change {n}");
    }
    (hub, a, b)
}

/// Hands in what may have to wait: the answers that come at once.
fn answers(hub: &mut Hub) -> Vec<(MemberId, u64, bool)> {
    let said = std::iter::from_fn(|| hub.poll());
    said.filter_map(|(to, message)| match message {
        HubToMember::Answer { claim, accepted } => Some((to, claim.0, accepted)),
        HubToMember::Room(_) => None,
    })
    .collect()
}

#[test]
fn after_more_than_four_changes_in_half_a_minute_the_newest_leader_stays_for_ten_seconds() {
    let (mut hub, a, b) = after_four_changes();
    assert_eq!(hub.state().leader, Some(a));
    hub.handle(b, claim(20, 5, (22.0, 22.0), "fifth"), at(22.1));
    assert_eq!(answers(&mut hub), [(b, 20, true)], "the newest stays");

    hub.handle(a, claim(21, 6, (24.0, 24.0), "waits"), at(24.1));
    assert_eq!((answers(&mut hub), hub.state().leader), (vec![], Some(b)));
    assert_eq!(hub.deadline(), Some(at(32.1)));
    hub.handle(b, claim(22, 6, (25.0, 25.0), "its own acts"), at(25.1));
    assert_eq!(answers(&mut hub), [(b, 22, true)], "the leader's do not wait");
    hub.handle(a, claim(23, 6, (26.0, 26.0), "newer"), at(26.1));
    assert_eq!(answers(&mut hub), [(a, 21, false)], "of one member only the newest waits");
    hub.handle(a, claim(23, 6, (26.0, 26.0), "newer"), at(27.0));
    assert_eq!(answers(&mut hub), [], "the same once more");

    hub.tick(at(32.1));
    assert_eq!(answers(&mut hub), [(a, 23, true)]);
    assert_eq!((hub.state().leader, hub.deadline()), (Some(a), None));
    assert_eq!(hub.state().playback.as_ref().unwrap().item.title, "newer");
}

#[test]
fn of_those_that_waited_the_later_act_wins_and_an_old_one_does_not_undo_the_leaders() {
    let (mut hub, a, b) = after_four_changes();
    let c = hub.join();
    let later = claim(20, 5, (22.0, 22.0), "fifth");
    hub.handle(b, later, at(22.1));
    answers(&mut hub);
    hub.handle(c, claim(0, 6, (24.0, 24.0), "c"), at(24.1));
    hub.handle(a, claim(21, 6, (23.5, 23.5), "a"), at(24.2));
    hub.handle(b, claim(21, 6, (23.8, 23.8), "b"), at(24.3));
    answers(&mut hub);
    // Any message brings the hub to judge what is due.
    hub.handle(a, MemberToHub::Presence(Presence::Elsewhere), at(33.0));
    assert_eq!(answers(&mut hub), [(c, 0, true), (a, 21, false)]);
}

#[test]
fn an_earlier_act_does_not_undo_the_one_that_won_though_it_knew_a_newer_room() {
    let (mut hub, a, b) = after_four_changes();
    let c = hub.join();
    hub.handle(b, claim(20, 5, (22.0, 22.0), "fifth"), at(22.1));
    hub.handle(a, claim(21, 6, (26.0, 26.0), "later"), at(26.1));
    hub.leave(b);
    assert_eq!((hub.state().leader, hub.state().epoch), (Some(a), 7));
    hub.handle(c, claim(0, 7, (25.5, 25.5), "earlier"), at(26.2));
    answers(&mut hub);
    hub.tick(at(32.1));
    assert_eq!(answers(&mut hub), [(a, 21, true), (c, 0, false)]);
    assert_eq!(hub.state().playback.as_ref().unwrap().item.title, "later");
}

#[test]
fn whoever_leaves_waits_no_longer_and_slow_changes_let_nobody_wait() {
    let (mut hub, a, b) = after_four_changes();
    hub.handle(b, claim(20, 5, (22.0, 22.0), "fifth"), at(22.1));
    hub.handle(a, claim(21, 6, (24.0, 24.0), "waits"), at(24.1));
    hub.leave(a);
    assert_eq!(hub.deadline(), None);

    let (mut hub, _, b) = after_four_changes();
    assert!(answer(&mut hub, b, claim(20, 5, (41.0, 41.0), "fifth"), 41.0), "more than 30 s after the first");
    let c = hub.join();
    assert!(answer(&mut hub, c, claim(0, 6, (42.0, 42.0), "sixth"), 42.0));
}

#[test]
fn a_claim_that_waited_is_answered_once_though_its_member_leads_by_now() {
    let (mut hub, a, b) = after_four_changes();
    hub.handle(b, claim(20, 5, (22.0, 22.0), "fifth"), at(22.1));
    hub.handle(a, claim(21, 6, (24.0, 24.0), "waits"), at(24.1));
    hub.leave(b);
    answers(&mut hub);
    assert_eq!(hub.state().leader, Some(a));
    hub.handle(a, claim(21, 6, (24.0, 24.0), "waits"), at(25.0));
    assert_eq!(answers(&mut hub), [(a, 21, true)]);
    hub.tick(at(40.0));
    assert_eq!((answers(&mut hub), hub.deadline()), (vec![], None));
}
