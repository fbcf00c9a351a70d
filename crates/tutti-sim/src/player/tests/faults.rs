//! Tests of the player's faults: what they do to the truth, to answers and to commands, and that they end.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::*;
use crate::fault::{Fault, Place};

const SECOND: i64 = 1_000_000;

/// Plays the first track of the first album from instant 0, everything exact.
fn playing() -> VirtualPlayer {
    playing_in(Profile::Ideal)
}

fn playing_in(profile: Profile) -> VirtualPlayer {
    let mut player = VirtualPlayer::new(PlayerConfig::new("anna", profile, 7), Arc::new(Catalogue::new()));
    player.load(0, ContextRef::Album(0));
    player.hand(0, Hand::resume()).unwrap();
    player
}

fn break_it(player: &mut VirtualPlayer, now_us: i64, fault: Value) {
    player.fault(now_us, Fault::from_json(fault).unwrap());
}

fn seek(position_ms: u32) -> Command {
    Command::Seek { position_ms, device_id: None }
}

fn pause() -> Command {
    Command::Pause { device_id: None }
}

fn resume() -> Command {
    Command::Play { target: PlayTarget::Resume, position_ms: None, device_id: None }
}

fn progress(player: &mut VirtualPlayer, now_us: i64) -> Option<i64> {
    player.report(now_us).unwrap().progress_ms
}

#[test]
fn every_fault_of_a_player_leaves_it_usable_when_it_is_over() {
    for about in Fault::all().into_iter().filter(|about| about.place == Place::Player) {
        let mut player = playing();
        break_it(&mut player, 10 * SECOND, json!({ "kind": about.kind }));
        for second in 10..=70 {
            player.report(second * SECOND);
            player.devices(second * SECOND);
            // Refusals are answers too.
            let _ = player.command(second * SECOND, seek(second as u32 * 1000));
        }
        player.fault(700 * SECOND, Fault::Clear {});
        if player.truth(700 * SECOND).playing {
            player.hand(700 * SECOND, Hand::Pause).unwrap();
        }
        player.hand(701 * SECOND, Hand::resume()).unwrap();
        player.command(702 * SECOND, seek(5_000)).unwrap();
        let report = player.report(703 * SECOND).unwrap();
        assert_eq!((report.progress_ms, report.playing), (Some(6_000), true), "{}", about.kind);
    }
}

#[test]
fn a_stall_loses_time_and_buffering_counts_on_and_snaps_back() {
    let mut player = playing();
    break_it(&mut player, 10 * SECOND, json!({ "kind": "stall", "for_ms": 3000 }));
    assert_eq!(progress(&mut player, 12 * SECOND), Some(10_000));
    assert!(player.report(12 * SECOND).unwrap().playing);
    assert_eq!(progress(&mut player, 20 * SECOND), Some(17_000));
    break_it(&mut player, 20 * SECOND, json!({ "kind": "buffering", "for_ms": 4000 }));
    assert_eq!(progress(&mut player, 23 * SECOND), Some(20_000));
    assert_eq!(player.truth(23 * SECOND).reported_ms, 17_000.0);
    assert_eq!(progress(&mut player, 24 * SECOND), Some(17_000));
}

#[test]
fn devices_vanish_come_back_and_sleep() {
    let mut player = playing();
    break_it(&mut player, 5 * SECOND, json!({ "kind": "offline", "for_ms": 10_000 }));
    assert_eq!(player.report(6 * SECOND), None);
    assert!(player.devices(6 * SECOND).is_empty());
    let back = player.report(15 * SECOND).unwrap();
    assert_eq!((back.playing, back.progress_ms), (false, Some(5_000)));

    let mut player = playing();
    let phone = player.devices(0)[0].id.clone().unwrap();
    let laptop = player.devices(0)[1].id.clone().unwrap();
    break_it(&mut player, 5 * SECOND, json!({ "kind": "gone", "for_ms": 10_000 }));
    assert_eq!(player.report(6 * SECOND), None);
    let ids: Vec<_> = player.devices(6 * SECOND).into_iter().filter_map(|device| device.id).collect();
    assert_eq!(ids, std::slice::from_ref(&laptop));
    assert_eq!(player.command(6 * SECOND, resume()), Err(Refusal::NoActiveDevice));
    let on = |id: &str| Command::Play { target: PlayTarget::Resume, position_ms: None, device_id: Some(id.to_owned()) };
    assert_eq!(player.command(6 * SECOND, on(&phone)), Err(Refusal::DeviceNotFound));
    player.command(6 * SECOND, on(&laptop)).unwrap();
    let there = player.report(7 * SECOND).unwrap();
    assert_eq!((there.device.id, there.progress_ms), (Some(laptop), Some(6_000)));

    let mut player = playing();
    break_it(&mut player, 5 * SECOND, json!({ "kind": "unlisted" }));
    assert_eq!(player.report(6 * SECOND), None);
    assert_eq!(player.devices(6 * SECOND).len(), 1);
    player.command(6 * SECOND, on(&phone)).unwrap();
    assert!(player.report(6 * SECOND).unwrap().playing);
}

#[test]
fn an_advertisement_has_no_item_counts_and_takes_no_commands() {
    let mut player = playing();
    break_it(&mut player, 10 * SECOND, json!({ "kind": "ad", "for_ms": 30_000 }));
    let ad = player.report(14 * SECOND).unwrap();
    assert_eq!((ad.item, ad.kind, ad.progress_ms, ad.playing), (None, Shown::Ad, Some(4_000), true));
    assert_eq!(player.command(14 * SECOND, Command::Next { device_id: None }), Err(Refusal::Restriction));
    assert_eq!(player.hand(14 * SECOND, Hand::Next), Err(HandError::AdPlays));
    let after = player.report(45 * SECOND).unwrap();
    assert_eq!((after.kind, after.progress_ms, after.timestamp_ms), (Shown::Item, Some(15_000), 40_000));
}

#[test]
fn an_unavailable_track_is_refused_alone_and_skipped_in_a_list() {
    let mut player = playing();
    let (first, second) = (player.catalogue().albums()[3].items[0], player.catalogue().albums()[3].items[1]);
    let uri = |player: &VirtualPlayer, item| player.catalogue().item(item).uri.clone();
    let uris = [uri(&player, first), uri(&player, second)];
    break_it(&mut player, 0, json!({ "kind": "unavailable", "uri": uris[0], "for_ms": 100_000 }));
    let play = |uris: &[String]| Command::Play {
        target: PlayTarget::Items { uris: uris.to_vec(), offset: None },
        position_ms: None,
        device_id: None,
    };
    assert_eq!(player.command(SECOND, play(&uris[..1])), Err(Refusal::Restriction));
    player.command(SECOND, play(&uris)).unwrap();
    assert_eq!(player.now_playing(SECOND).0, Some(second));
    assert!(matches!(player.hand(SECOND, Hand::song(&uris[0])), Err(HandError::Unavailable(_))));
    player.command(101 * SECOND, play(&uris)).unwrap();
    assert_eq!(player.now_playing(101 * SECOND).0, Some(first));
}

#[test]
fn progress_runs_past_the_end_until_the_fault_is_over() {
    let mut player = playing();
    let item = player.now_playing(0).0.unwrap();
    let end_us = player.catalogue().duration_us(item);
    break_it(&mut player, end_us - SECOND, json!({ "kind": "past_end", "for_ms": 20_000 }));
    let late = player.report(end_us + 10 * SECOND).unwrap();
    assert_eq!((late.item, late.progress_ms, late.playing), (Some(item), Some(end_us / 1000 + 10_000), true));
    assert_ne!(player.report(end_us + 19 * SECOND).unwrap().item, Some(item));
}

#[test]
fn phantoms_jump_by_themselves_at_once_or_after_a_seek() {
    let mut player = playing();
    break_it(&mut player, 10 * SECOND, json!({ "kind": "phantom_jump", "after_ms": 500 }));
    assert_eq!(progress(&mut player, 10_499_999), Some(10_499));
    assert_eq!(progress(&mut player, 10_500_000), Some(62_047));
    break_it(&mut player, 20 * SECOND, json!({ "kind": "phantom_after_seek", "for_ms": 5000 }));
    player.command(21 * SECOND, seek(100_000)).unwrap();
    assert_eq!(progress(&mut player, 21_600_000), Some(100_600));
    let late = progress(&mut player, 22_500_000).unwrap();
    assert!((62_047 + 100..=62_047 + 800).contains(&late), "{late}");
    player.command(30 * SECOND, seek(100_000)).unwrap();
    assert_eq!(progress(&mut player, 33 * SECOND), Some(103_000));
}

#[test]
fn seeks_revert_are_ignored_or_start_the_item_again() {
    let mut player = playing();
    player.hand(10 * SECOND, Hand::Pause).unwrap();
    break_it(&mut player, 10 * SECOND, json!({ "kind": "seek_reverts" }));
    player.command(11 * SECOND, seek(50_000)).unwrap();
    assert_eq!(progress(&mut player, 11_500_000), Some(50_000));
    assert_eq!(progress(&mut player, 12_100_000), Some(10_000));

    let mut player = playing();
    break_it(&mut player, 0, json!({ "kind": "seek_ignored" }));
    player.command(SECOND, seek(50_000)).unwrap();
    assert_eq!(progress(&mut player, 2 * SECOND), Some(2_000));
    player.hand(2 * SECOND, Hand::Seek { position_ms: 50_000 }).unwrap();
    assert_eq!(progress(&mut player, 2 * SECOND), Some(50_000));
    break_it(&mut player, 100 * SECOND, json!({ "kind": "seek_restarts" }));
    player.command(100 * SECOND, seek(90_000)).unwrap();
    assert_eq!(progress(&mut player, 101 * SECOND), Some(1_000));
}

#[test]
fn commands_come_late_in_another_order_or_never() {
    let mut player = playing();
    break_it(&mut player, 0, json!({ "kind": "slow_commands", "delay_ms": 3000, "for_ms": 1500 }));
    player.command(SECOND, seek(50_000)).unwrap();
    assert_eq!(progress(&mut player, 3_999_999), Some(3_999));
    assert_eq!(progress(&mut player, 4 * SECOND), Some(50_000));

    let mut player = playing();
    break_it(&mut player, 0, json!({ "kind": "reordered", "for_ms": 5000 }));
    player.command(SECOND, seek(50_000)).unwrap();
    player.command(SECOND + 200_000, seek(90_000)).unwrap();
    assert_eq!(progress(&mut player, 2 * SECOND).map(|ms| ms / 1000), Some(90));
    assert_eq!(progress(&mut player, 3 * SECOND).map(|ms| ms / 1000), Some(50));

    let mut player = playing();
    break_it(&mut player, 0, json!({ "kind": "lost_commands", "for_ms": 5000 }));
    player.command(SECOND, pause()).unwrap();
    assert!(player.report(2 * SECOND).unwrap().playing);
}

#[test]
fn answers_lie_about_flag_progress_item_and_presence() {
    let mut player = playing();
    break_it(&mut player, 0, json!({ "kind": "wrong_flag", "polls": 2 }));
    let flags: Vec<bool> = (1..=3).map(|at| player.report(at * SECOND).unwrap().playing).collect();
    assert_eq!(flags, [false, false, true]);
    break_it(&mut player, 4 * SECOND, json!({ "kind": "null_progress", "for_ms": 1000 }));
    assert_eq!(progress(&mut player, 4 * SECOND), None);
    break_it(&mut player, 6 * SECOND, json!({ "kind": "null_item", "for_ms": 1000 }));
    let report = player.report(6 * SECOND).unwrap();
    assert_eq!((report.item, report.kind, report.playing), (None, Shown::Unknown, true));
    break_it(&mut player, 8 * SECOND, json!({ "kind": "no_content", "for_ms": 1000 }));
    assert_eq!(player.report(8 * SECOND), None);
    break_it(&mut player, 10 * SECOND, json!({ "kind": "idle_state", "for_ms": 1000, "playing": true }));
    let idle = player.report(10 * SECOND).unwrap();
    assert_eq!((idle.timestamp_ms, idle.progress_ms, idle.context, idle.playing), (0, Some(0), None, true));
    break_it(&mut player, 12 * SECOND, json!({ "kind": "progress_zero", "for_ms": 1000 }));
    assert_eq!(progress(&mut player, 12 * SECOND), Some(0));
    break_it(&mut player, 14 * SECOND, json!({ "kind": "empty_until_visible", "for_ms": 1000 }));
    assert_eq!(progress(&mut player, 16 * SECOND), Some(16_000));
}

#[test]
fn old_pictures_repeated_reports_and_front_ends_that_differ() {
    let mut player = playing();
    player.hand(20 * SECOND, Hand::Seek { position_ms: 100_000 }).unwrap();
    break_it(&mut player, 30 * SECOND, json!({ "kind": "stale_snapshot", "age_ms": 15_000, "for_ms": 5000 }));
    assert_eq!(progress(&mut player, 31 * SECOND), Some(15_000));
    assert_eq!(progress(&mut player, 34 * SECOND), Some(15_000));
    assert_eq!(progress(&mut player, 35 * SECOND), Some(115_000));

    break_it(&mut player, 40 * SECOND, json!({ "kind": "repeated", "hold_ms": 1000, "for_ms": 5000 }));
    let shown: Vec<_> = (0..4).map(|place| progress(&mut player, 40 * SECOND + place * 400_000).unwrap()).collect();
    assert_eq!(shown, [120_000, 120_000, 120_000, 121_200]);

    break_it(&mut player, 50 * SECOND, json!({ "kind": "front_ends", "skew_ms": 250, "for_ms": 5000 }));
    let shown: Vec<_> = (0..40).map(|_| progress(&mut player, 51 * SECOND).unwrap()).collect();
    assert!(shown.contains(&130_875) && shown.contains(&131_125), "{shown:?}");

    player.hand(53 * SECOND, Hand::Seek { position_ms: 0 }).unwrap();
    let shown: Vec<_> = (0..40).map(|_| progress(&mut player, 53 * SECOND).unwrap()).collect();
    assert!(shown.contains(&0) && shown.iter().all(|shown| *shown >= 0), "never negative: {shown:?}");
}

#[test]
fn after_a_resume_progress_may_count_from_zero_for_the_rest_of_the_item() {
    let mut player = playing();
    break_it(&mut player, 0, json!({ "kind": "zero_after_resume" }));
    player.command(30 * SECOND, pause()).unwrap();
    player.command(40 * SECOND, resume()).unwrap();
    assert_eq!(progress(&mut player, 45 * SECOND), Some(5_000));
    assert_eq!(player.truth(45 * SECOND).reported_ms, 35_000.0);
    let again = player.truth(45 * SECOND).uri.unwrap();
    let target = PlayTarget::Items { uris: vec![again], offset: None };
    let mut anew = player.clone();
    anew.command(47 * SECOND, Command::Play { target, position_ms: Some(60_000), device_id: None }).unwrap();
    assert_eq!(progress(&mut anew, 48 * SECOND), Some(61_000), "begun anew, it is right");
    player.command(50 * SECOND, Command::Next { device_id: None }).unwrap();
    assert_eq!(progress(&mut player, 53 * SECOND), Some(3_000));
}

#[test]
fn timestamps_stand_through_seeks_or_tell_the_time_of_the_reading() {
    let mut player = playing();
    break_it(&mut player, 0, json!({ "kind": "timestamp_stands", "for_ms": 20_000 }));
    player.hand(5 * SECOND, Hand::Seek { position_ms: 50_000 }).unwrap();
    assert_eq!(player.report(6 * SECOND).unwrap().timestamp_ms, 0);
    player.hand(7 * SECOND, Hand::Pause).unwrap();
    assert_eq!(player.report(8 * SECOND).unwrap().timestamp_ms, 7_000);
    break_it(&mut player, 30 * SECOND, json!({ "kind": "timestamp_of_fetch" }));
    assert_eq!(player.report(31 * SECOND).unwrap().timestamp_ms, 31_000);
}

#[test]
fn silence_is_true_though_everything_says_that_it_plays() {
    let mut player = playing();
    break_it(&mut player, 10 * SECOND, json!({ "kind": "silent", "for_ms": 5000 }));
    let truth = player.truth(14 * SECOND);
    assert_eq!((truth.playing, truth.reported_ms, truth.audible_ms), (true, 14_000.0, 10_000.0));
}

#[test]
fn devices_have_moods() {
    let mut player = playing();
    let mood = |player: &mut VirtualPlayer, at: i64, fault: Value| {
        break_it(player, at * SECOND, fault);
        player.devices(at * SECOND)[0].clone()
    };
    let device = mood(&mut player, 1, json!({ "kind": "restricted", "for_ms": 1000 }));
    assert!(device.restricted);
    assert_eq!(player.command(SECOND, pause()), Err(Refusal::NotControllable));
    let device = mood(&mut player, 3, json!({ "kind": "null_id", "for_ms": 1000 }));
    assert_eq!(device.id, None);
    let device = mood(&mut player, 5, json!({ "kind": "jam", "for_ms": 1000 }));
    assert_eq!(device.name, "Anna's phone (Jam)");
    let device = mood(&mut player, 7, json!({ "kind": "private_session", "for_ms": 1000 }));
    assert!(device.private_session);
    assert_eq!(player.report(7 * SECOND), None);
    break_it(&mut player, 9 * SECOND, json!({ "kind": "premium_lost", "for_ms": 1000 }));
    assert_eq!(player.command(9 * SECOND, pause()), Err(Refusal::PremiumRequired));
    break_it(&mut player, 11 * SECOND, json!({ "kind": "redundant_500", "for_ms": 1000 }));
    assert_eq!(player.command(11 * SECOND, resume()), Err(Refusal::ServerError));
    assert_eq!(player.command(12 * SECOND, resume()), Err(Refusal::Restriction));
}

#[test]
fn on_the_worst_network_some_redundant_commands_are_500_also_when_all_come_at_whole_milliseconds() {
    let mut player = playing_in(Profile::Hostile);
    player.hand(0, Hand::Pause).unwrap();
    let refused: Vec<_> = (1..500).filter_map(|ms| player.command(ms * 1_000, pause()).err()).collect();
    let with_500 = refused.iter().filter(|refused| **refused == Refusal::ServerError).count();
    assert_eq!(refused.len(), 499);
    assert!((100..200).contains(&with_500), "{with_500} of 499");
}

#[test]
fn mobile_answers_are_wrong_about_as_often_as_the_profile_says_and_broadband_never() {
    let wrong = |profile: Profile| {
        let mut player = playing_in(profile);
        let strange = |player: &mut VirtualPlayer, at: i64| match player.report(at) {
            Some(report) => !report.playing || report.progress_ms.is_none() || report.item.is_none(),
            None => true,
        };
        (0..20_000).filter(|&place| strange(&mut player, place * 10_000)).count()
    };
    assert_eq!(wrong(Profile::Broadband), 0);
    let mobile = wrong(Profile::Mobile);
    assert!((30..100).contains(&mobile), "{mobile} of 20,000");
}

#[test]
fn hostile_players_get_into_trouble_by_themselves_the_same_way_for_the_same_seed() {
    let run = || {
        let mut player = playing_in(Profile::Hostile);
        let mut answers = Vec::new();
        for second in 0..1200 {
            answers.push(player.report(second * SECOND));
            if second % 20 == 0 {
                // Refusals are answers too.
                let _ = player.command(second * SECOND, seek((second as u32 % 100) * 1000));
                let _ = player.hand(second * SECOND, Hand::resume());
            }
        }
        answers
    };
    let answers = run();
    assert_eq!(answers, run());
    let nothing = answers.iter().filter(|answer| answer.is_none()).count();
    assert!((5..300).contains(&nothing), "{nothing}");
}
