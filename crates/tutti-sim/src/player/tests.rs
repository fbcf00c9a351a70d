//! The virtual player on virtual time.
#![allow(clippy::unwrap_used)]

mod faults;
mod modes;

use super::*;
use crate::catalogue::ItemKind;

const SECOND: i64 = 1_000_000;

#[test]
fn a_new_account_is_idle_on_its_phone_with_its_first_item_loaded() {
    let mut player = anna(Profile::Ideal);
    let report = player.report(SECOND).unwrap();
    assert_eq!((report.playing, report.progress_ms), (false, Some(0)));
    assert_eq!(report.device.name, "Anna's phone");
    assert_eq!(report.item, Some(track(&player, 0, 0)));
    assert_eq!(report.context, Some(ContextRef::Album(0)));
}

#[test]
fn by_hand_it_plays_at_once_and_its_position_is_exact() {
    let mut player = anna(Profile::Broadband);
    player.hand(SECOND, Hand::resume()).unwrap();
    let truth = player.truth(SECOND + 1_234_567);
    assert!(truth.playing);
    assert_eq!(truth.reported_ms, 1234.567);
    assert_eq!(player.report(SECOND + 1_234_567).unwrap().progress_ms, Some(1234));
}

#[test]
fn what_is_heard_lags_the_report_by_the_devices_own_offset() {
    let mut player = anna(Profile::Broadband);
    let offset = player.audible_offset_ms().unwrap();
    assert!((0.0..=1000.0).contains(&offset) && offset > 0.0);
    player.hand(0, Hand::resume()).unwrap();
    let truth = player.truth(10 * SECOND);
    assert!((truth.reported_ms - truth.audible_ms - offset).abs() < 1e-6);
    assert_eq!(player.truth(10 * SECOND).audible_ms, truth.audible_ms);
    let mut fresh = anna(Profile::Broadband);
    fresh.hand(0, Hand::resume()).unwrap();
    assert_eq!(fresh.truth(1000).audible_ms, 0.0);
}

#[test]
fn a_command_takes_effect_after_a_while_and_answers_show_it_later_still() {
    let (mut player, accepted) = (0..)
        .map(|seed| {
            let mut player = player_of("anna", Profile::Broadband, seed);
            player.hand(0, Hand::resume()).unwrap();
            let accepted = player.command(10 * SECOND, seek(60_000)).unwrap();
            (player, accepted)
        })
        .find(|(_, accepted)| accepted.visible_us > accepted.effect_us + 50_000)
        .unwrap();
    assert!((10_080_000..11_000_000).contains(&accepted.effect_us), "{accepted:?}");
    assert!((10_150_000..11_000_000).contains(&accepted.visible_us), "{accepted:?}");

    let last_us = accepted.effect_us - 1;
    assert_eq!(player.truth(last_us).reported_ms, last_us as f64 / 1000.0);
    assert_eq!(player.truth(accepted.effect_us).reported_ms, 60_000.0);
    let stale = player.report(accepted.visible_us - 1).unwrap();
    assert_eq!(stale.progress_ms, Some((accepted.visible_us - 1) / 1000));
    let fresh = player.report(accepted.visible_us).unwrap();
    let run_ms = (accepted.visible_us - accepted.effect_us) / 1000;
    assert_eq!(fresh.progress_ms, Some(60_000 + run_ms));
    assert_eq!(fresh.timestamp_ms, accepted.effect_us / 1000);
}

#[test]
fn effect_latencies_have_the_profiles_median() {
    let mut player = playing(Profile::Broadband);
    let mut effects: Vec<i64> = (1..=2001)
        .map(|minute| {
            let now_us = minute * 60 * SECOND;
            player.hand(now_us, Hand::Seek { position_ms: 0 }).unwrap();
            player.command(now_us, seek(1000)).unwrap().effect_us - now_us
        })
        .collect();
    effects.sort_unstable();
    assert!((effects[1000] - 250_000).abs() < 8_000, "median {}", effects[1000]);
}

#[test]
fn commands_take_effect_in_the_order_in_which_they_came() {
    for seed in 0..50 {
        let mut player = player_of("anna", Profile::Broadband, seed);
        player.hand(0, Hand::resume()).unwrap();
        let first = player.command(SECOND, seek(60_000)).unwrap();
        let second = player.command(SECOND + 1000, seek(90_000)).unwrap();
        assert!(second.effect_us >= first.effect_us && second.visible_us >= first.visible_us);
        let after = player.clone().truth(second.effect_us);
        assert_eq!(after.reported_ms, 90_000.0, "seed {seed}");
        let early = player.clone().report(first.visible_us.min(second.visible_us - 1)).unwrap();
        assert!(early.progress_ms.unwrap() < 90_000, "seed {seed}");
        let shown = player.report(second.visible_us).unwrap().progress_ms.unwrap();
        assert!((90_000..91_000).contains(&shown), "seed {seed}: {shown}");
    }
}

#[test]
fn in_the_ideal_profile_commands_show_at_once() {
    let mut player = anna(Profile::Ideal);
    player.command(5 * SECOND, resume()).unwrap();
    let report = player.report(7 * SECOND).unwrap();
    assert_eq!((report.playing, report.progress_ms), (true, Some(2000)));
    assert_eq!(report.timestamp_ms, 5000);
}

#[test]
fn redundant_commands_are_restriction_violations() {
    let mut player = anna(Profile::Ideal);
    let refused = player.command(0, Command::Pause { device_id: None }).unwrap_err();
    assert_eq!((refused.status(), refused.reason()), (403, Some("UNKNOWN")));
    assert_eq!(refused.to_string(), "Player command failed: Restriction violated");
    player.command(1, resume()).unwrap();
    assert_eq!(player.command(2, resume()), Err(Refusal::Restriction));
    player.command(3, Command::Pause { device_id: None }).unwrap();
}

#[test]
fn by_hand_a_button_that_is_not_there_is_an_error() {
    let mut player = anna(Profile::Ideal);
    assert_eq!(player.hand(0, Hand::Pause), Err(HandError::AlreadyPaused));
    player.hand(1, Hand::resume()).unwrap();
    assert_eq!(player.hand(2, Hand::resume()), Err(HandError::AlreadyPlaying));
    let missing = Hand::song("spotify:track:0000000000000000000000");
    assert!(matches!(player.hand(3, missing), Err(HandError::UnknownUri(_))));
    let elsewhere = Hand::Transfer { device_id: "x".to_owned() };
    assert_eq!(player.hand(4, elsewhere), Err(HandError::UnknownDevice("x".to_owned())));
}

#[test]
fn an_item_that_ends_goes_on_to_the_next_without_a_gap() {
    let mut player = playing(Profile::Ideal);
    let (first, second) = (track(&player, 0, 0), track(&player, 0, 1));
    let end_us = player.catalogue().duration_us(first);
    assert_eq!(player.report(end_us - 1).unwrap().item, Some(first));
    let report = player.report(end_us + 3_000).unwrap();
    assert_eq!((report.item, report.progress_ms, report.playing), (Some(second), Some(3), true));
    assert_eq!(report.timestamp_ms, end_us / 1000);
}

#[test]
fn after_the_last_item_it_stops_on_the_first_one() {
    let mut player = playing(Profile::Ideal);
    let list = player.catalogue().context_items(ContextRef::Album(0));
    let whole_us: i64 = list.iter().map(|&item| player.catalogue().duration_us(item)).sum();
    let last = player.report(whole_us - 1000).unwrap();
    assert_eq!((last.item, last.playing), (list.last().copied(), true));
    let ended = player.report(whole_us + 60 * SECOND).unwrap();
    assert_eq!((ended.item, ended.playing, ended.progress_ms), (Some(list[0]), false, Some(0)));
}

#[test]
fn the_stale_state_also_goes_on_to_the_next_item() {
    let mut player = playing(Profile::Broadband);
    let (first, second) = (track(&player, 0, 0), track(&player, 0, 1));
    let end_us = player.catalogue().duration_us(first);
    let accepted = player.command(end_us - 100_000, Command::Pause { device_id: None }).unwrap();
    // It takes effect after the end of the item, so it pauses the next one.
    assert!(accepted.effect_us > end_us);
    let truth = player.truth(accepted.visible_us);
    assert_eq!(truth.uri.as_deref(), Some(player.catalogue().item(second).uri.as_str()));
    assert_eq!(truth.reported_ms, (accepted.effect_us - end_us) as f64 / 1000.0);
    assert!(!player.report(accepted.visible_us).unwrap().playing);
}

#[test]
fn playing_uris_replaces_the_list_and_the_queue_comes_after_the_current_item() {
    let mut player = anna(Profile::Ideal);
    let wanted = [track(&player, 3, 0), track(&player, 3, 1), track(&player, 3, 2)];
    let queued = track(&player, 5, 0);
    let uris = wanted[..2].iter().map(|&item| uri(&player, item)).collect();
    let target = PlayTarget::Items { uris, offset: None };
    let play = Command::Play { target, position_ms: Some(7_000), device_id: None };
    player.command(0, play).unwrap();
    let queue = Command::Queue { uri: uri(&player, queued), device_id: None };
    player.command(1, queue).unwrap();
    assert_eq!(player.queue(2), (Some(wanted[0]), vec![queued, wanted[1]]));

    let end_us = player.catalogue().duration_us(wanted[0]) - 7_000_000;
    assert_eq!(player.now_playing(end_us), (Some(queued), None));
    let end_us = end_us + player.catalogue().duration_us(queued);
    assert_eq!(player.now_playing(end_us), (Some(wanted[1]), None));
    assert_eq!(player.queue(end_us), (Some(wanted[1]), vec![]));
}

#[test]
fn the_same_item_twice_plays_twice() {
    let mut player = anna(Profile::Ideal);
    let item = track(&player, 3, 0);
    let uris = vec![uri(&player, item); 2];
    let target = PlayTarget::Items { uris: uris.clone(), offset: None };
    player.command(0, Command::Play { target, position_ms: None, device_id: None }).unwrap();
    let end_us = player.catalogue().duration_us(item);
    let report = player.report(end_us + SECOND).unwrap();
    assert_eq!((report.item, report.progress_ms), (Some(item), Some(1000)));
    let target = PlayTarget::Items { uris, offset: Some(Offset::Position(0)) };
    let play = Command::Play { target, position_ms: None, device_id: None };
    assert_eq!(player.command(end_us + SECOND, play), Err(Refusal::Restriction));
}

#[test]
fn a_context_is_played_from_an_offset() {
    let mut player = anna(Profile::Ideal);
    let third = track(&player, 4, 2);
    let context = player.catalogue().albums()[4].uri.clone();
    let offset = Some(Offset::Uri(uri(&player, third)));
    let target = PlayTarget::Context { uri: context, offset };
    player.command(0, Command::Play { target, position_ms: None, device_id: None }).unwrap();
    assert_eq!(player.now_playing(0), (Some(third), Some(ContextRef::Album(4))));
    let artist = player.catalogue().artists()[1].uri.clone();
    let target = PlayTarget::Context { uri: artist, offset: Some(Offset::Position(1)) };
    let refused = player.command(1, Command::Play { target, position_ms: None, device_id: None });
    assert_eq!(refused.unwrap_err().to_string(), "Can't have offset for context type: ARTIST");
}

#[test]
fn a_song_picked_by_hand_plays_in_its_album_or_in_the_context_that_plays() {
    let mut player = anna(Profile::Ideal);
    let picked = track(&player, 2, 3);
    player.hand(0, Hand::song(&uri(&player, picked))).unwrap();
    assert_eq!(player.now_playing(0), (Some(picked), Some(ContextRef::Album(2))));

    let playlist = player.catalogue().playlists()[0].clone();
    let context_uri = Some(playlist.uri.clone());
    player.hand(1, Hand::Play { uri: None, context_uri, position_ms: None }).unwrap();
    let other = playlist.items[5];
    player.hand(2, Hand::song(&uri(&player, other))).unwrap();
    assert_eq!(player.now_playing(2), (Some(other), Some(ContextRef::Playlist(0))));
}

#[test]
fn next_and_previous_walk_the_list() {
    let mut player = playing(Profile::Ideal);
    let next = Command::Next { device_id: None };
    let previous = Command::Previous { device_id: None };
    player.command(10 * SECOND, next).unwrap();
    assert_eq!(player.now_playing(10 * SECOND).0, Some(track(&player, 0, 1)));
    player.hand(20 * SECOND, Hand::Previous).unwrap();
    let restarted = player.report(20 * SECOND).unwrap();
    assert_eq!((restarted.item, restarted.progress_ms), (Some(track(&player, 0, 1)), Some(0)));
    player.hand(21 * SECOND, Hand::Previous).unwrap();
    assert_eq!(player.now_playing(21 * SECOND).0, Some(track(&player, 0, 0)));
    player.hand(22 * SECOND, Hand::Next).unwrap();
    player.command(40 * SECOND, previous).unwrap();
    assert_eq!(player.now_playing(40 * SECOND).0, Some(track(&player, 0, 0)));
}

#[test]
fn a_seek_past_the_end_goes_to_the_next_item() {
    let mut player = playing(Profile::Ideal);
    player.command(SECOND, seek(u32::MAX)).unwrap();
    let report = player.report(2 * SECOND).unwrap();
    assert_eq!((report.item, report.progress_ms), (Some(track(&player, 0, 1)), Some(1000)));
}

#[test]
fn a_transfer_moves_the_music_and_keeps_its_position() {
    let mut player = playing(Profile::Ideal);
    let laptop = player.devices(0)[1].id.clone().unwrap();
    let elsewhere = Command::Transfer { device_id: laptop.clone(), play: false };
    player.command(5 * SECOND, elsewhere).unwrap();
    let report = player.report(6 * SECOND).unwrap();
    assert_eq!((report.device.id, report.playing), (Some(laptop), true));
    assert_eq!(report.progress_ms, Some(6000));
    let active: Vec<bool> = player.devices(6 * SECOND).iter().map(|device| device.active).collect();
    assert_eq!(active, [false, true]);
}

#[test]
fn without_devices_there_is_no_answer_and_no_command() {
    let mut player = playing(Profile::Ideal);
    let phone = player.devices(0)[0].id.clone().unwrap();
    player.set_online(4 * SECOND, false);
    assert_eq!(player.report(5 * SECOND), None);
    assert!(player.devices(5 * SECOND).is_empty());
    assert_eq!(player.queue(5 * SECOND), (None, vec![]));
    assert_eq!(player.truth(5 * SECOND).device_id, None);
    assert_eq!(player.command(5 * SECOND, resume()), Err(Refusal::NoActiveDevice));
    let by_id = Command::Pause { device_id: Some(phone) };
    assert_eq!(player.command(5 * SECOND, by_id), Err(Refusal::DeviceNotFound));
    assert_eq!(player.hand(5 * SECOND, Hand::resume()), Err(HandError::NoDevice));
    player.set_online(9 * SECOND, true);
    let back = player.report(10 * SECOND).unwrap();
    assert_eq!((back.playing, back.progress_ms), (false, Some(4000)));
}

#[test]
fn a_free_account_can_be_read_but_not_commanded() {
    let mut config = PlayerConfig::new("anna", Profile::Ideal, 1);
    config.product = Product::Free;
    let mut player = VirtualPlayer::new(config, Arc::new(Catalogue::new()));
    player.load(0, ContextRef::Show(0));
    let refused = player.command(0, resume()).unwrap_err();
    assert_eq!((refused.status(), refused.reason()), (403, Some("PREMIUM_REQUIRED")));
    player.hand(0, Hand::resume()).unwrap();
    let item = player.report(SECOND).unwrap().item.unwrap();
    assert_eq!(player.catalogue().item(item).kind, ItemKind::Episode);
}

#[test]
fn malformed_and_unknown_uris_are_refused() {
    let mut player = anna(Profile::Ideal);
    let bad = format!("{}#0:38", uri(&player, track(&player, 0, 0)));
    let refused = player.command(0, play_uris(vec![bad.clone()])).unwrap_err();
    assert_eq!(refused, Refusal::BadRequest(format!("Invalid track uri: {bad}")));
    let unknown = "spotify:track:0000000000000000000000".to_owned();
    assert_eq!(player.command(0, play_uris(vec![unknown])), Err(Refusal::Restriction));
    assert_eq!(player.command(0, play_uris(vec![])).unwrap_err().status(), 400);
}

#[test]
fn time_never_runs_backwards_and_the_same_seed_repeats_everything() {
    let mut player = playing(Profile::Broadband);
    assert_eq!(player.truth(9 * SECOND), player.truth(SECOND));
    let run = |seed| {
        let mut player = player_of("ben", Profile::Broadband, seed);
        player.hand(0, Hand::resume()).unwrap();
        player.command(SECOND, seek(30_000)).unwrap();
        (player.truth(5 * SECOND), player.report(5 * SECOND))
    };
    assert_eq!(run(7), run(7));
    assert_ne!(run(7), run(8));
}

#[test]
fn an_account_with_nothing_loaded_reports_no_item_and_refuses_to_resume() {
    let config = PlayerConfig::new("anna", Profile::Ideal, 1);
    let mut player = VirtualPlayer::new(config, Arc::new(Catalogue::new()));
    assert_eq!(player.report(0).unwrap().item, None);
    assert_eq!(player.command(0, resume()), Err(Refusal::Restriction));
    assert_eq!(player.hand(0, Hand::Next), Err(HandError::NothingLoaded));
}

fn anna(profile: Profile) -> VirtualPlayer {
    player_of("anna", profile, 7)
}

fn player_of(user: &str, profile: Profile, seed: u64) -> VirtualPlayer {
    let config = PlayerConfig::new(user, profile, seed);
    let mut player = VirtualPlayer::new(config, Arc::new(Catalogue::new()));
    player.load(0, ContextRef::Album(0));
    player
}

/// Plays the first track of the first album from instant 0.
fn playing(profile: Profile) -> VirtualPlayer {
    let mut player = anna(profile);
    player.hand(0, Hand::resume()).unwrap();
    player
}

fn track(player: &VirtualPlayer, album: usize, place: usize) -> ItemRef {
    player.catalogue().albums()[album].items[place]
}

fn uri(player: &VirtualPlayer, item: ItemRef) -> String {
    player.catalogue().item(item).uri.clone()
}

fn resume() -> Command {
    Command::Play { target: PlayTarget::Resume, position_ms: None, device_id: None }
}

fn seek(position_ms: u32) -> Command {
    Command::Seek { position_ms, device_id: None }
}

fn play_uris(uris: Vec<String>) -> Command {
    let target = PlayTarget::Items { uris, offset: None };
    Command::Play { target, position_ms: None, device_id: None }
}
