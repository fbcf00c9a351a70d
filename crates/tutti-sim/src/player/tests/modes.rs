//! Tests of repeat, shuffle, autoplay, crossfade, speed, markets, devices, and of what was played.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::*;
use crate::catalogue::{ItemKind, Market};

const SECOND: i64 = 1_000_000;

fn playing(change: impl FnOnce(&mut PlayerConfig)) -> VirtualPlayer {
    let mut config = PlayerConfig::new("anna", Profile::Ideal, 7);
    change(&mut config);
    let mut player = VirtualPlayer::new(config, Arc::new(Catalogue::new()));
    player.load(0, ContextRef::Album(0));
    player.hand(0, Hand::resume()).unwrap();
    player
}

fn length(player: &mut VirtualPlayer, at_us: i64) -> i64 {
    let item = player.now_playing(at_us).0.unwrap();
    player.catalogue().duration_us(item)
}

fn whole(player: &VirtualPlayer) -> i64 {
    player.catalogue().albums()[0].items.iter().map(|&item| player.catalogue().duration_us(item)).sum()
}

#[test]
fn repeat_plays_the_track_or_the_list_again() {
    let mut player = playing(|_| ());
    let first = player.now_playing(0).0;
    player.command(0, Command::Repeat { repeat: Repeat::Track, device_id: None }).unwrap();
    let end_us = length(&mut player, 0);
    let again = player.report(end_us + SECOND).unwrap();
    assert_eq!((again.item, again.progress_ms, again.repeat), (first, Some(1_000), Repeat::Track));
    player.command(end_us + SECOND, Command::Next { device_id: None }).unwrap();
    assert_ne!(player.now_playing(end_us + SECOND).0, first);

    let mut player = playing(|_| ());
    player.hand(0, Hand::Repeat { repeat: Repeat::Context }).unwrap();
    let whole_us = whole(&player);
    let again = player.report(whole_us + SECOND).unwrap();
    assert_eq!((again.item, again.progress_ms, again.playing), (first, Some(1_000), true));
}

#[test]
fn shuffle_keeps_the_current_item_and_the_old_order_comes_back() {
    let mut player = playing(|_| ());
    let album = player.catalogue().albums()[0].items.clone();
    player.command(0, Command::Shuffle { on: true, device_id: None }).unwrap();
    let (current, next) = player.queue(0);
    assert_eq!(current, Some(album[0]));
    assert_ne!(next, album[1..]);
    assert_eq!(next.iter().copied().collect::<BTreeSet<_>>(), album[1..].iter().copied().collect());
    assert!(player.report(0).unwrap().shuffle);
    player.command(0, Command::Next { device_id: None }).unwrap();
    let second = player.now_playing(0).0.unwrap();
    player.command(0, Command::Shuffle { on: false, device_id: None }).unwrap();
    let place = album.iter().position(|&item| item == second).unwrap();
    assert_eq!(player.queue(0), (Some(second), album[place + 1..].to_vec()));
}

#[test]
fn smart_shuffle_adds_items_from_elsewhere() {
    let mut player = playing(|_| ());
    player.hand(0, Hand::Shuffle { on: true, smart: true }).unwrap();
    let report = player.report(0).unwrap();
    assert!(report.shuffle && report.smart_shuffle);
    let album = player.catalogue().albums()[0].items.clone();
    assert!(player.queue(0).1.len() > album.len() - 1);
}

#[test]
fn autoplay_goes_on_with_other_music_and_every_account_with_its_own() {
    let after = |user: &str| {
        let mut player = playing(|config| {
            config.user = user.to_owned();
            config.settings.autoplay = true;
        });
        let whole_us = whole(&player);
        let report = player.report(whole_us + SECOND).unwrap();
        assert!(report.playing && report.context.is_none());
        (report.item, player.queue(whole_us + SECOND).1)
    };
    assert_ne!(after("anna"), after("ben"));
    assert_eq!(after("anna"), after("anna"));
}

#[test]
fn with_a_crossfade_the_next_track_begins_before_the_end() {
    let mut player = playing(|config| config.settings.crossfade_ms = 5_000);
    let first = player.now_playing(0).0;
    let end_us = length(&mut player, 0) - 5 * SECOND;
    assert_eq!(player.report(end_us - 1).unwrap().item, first);
    let next = player.report(end_us + SECOND).unwrap();
    assert_ne!(next.item, first);
    assert_eq!(next.progress_ms, Some(1_000));
}

#[test]
fn episodes_run_at_the_speed_of_their_listener_and_tracks_do_not() {
    let mut player = playing(|config| config.settings.speed_permille = 1_500);
    assert_eq!(player.report(10 * SECOND).unwrap().progress_ms, Some(10_000));
    let episode = player.catalogue().shows()[0].items[0];
    let uri = player.catalogue().item(episode).uri.clone();
    player.hand(10 * SECOND, Hand::song(&uri)).unwrap();
    assert_eq!(player.report(20 * SECOND).unwrap().progress_ms, Some(15_000));
    let slower = Settings { speed_permille: 500, ..player.settings() };
    player.set(20 * SECOND, slower);
    assert_eq!(player.report(30 * SECOND).unwrap().progress_ms, Some(20_000));
    let end_us = 30 * SECOND + (player.catalogue().duration_us(episode) - 20 * SECOND) * 2;
    assert_eq!(player.now_playing(end_us - 1).0, Some(episode));
    assert_ne!(player.now_playing(end_us).0, Some(episode));
}

#[test]
fn a_market_has_other_ids_for_some_tracks_and_lacks_some() {
    let mut player = playing(|config| config.settings.market = Market::Us);
    let catalogue = player.catalogue().clone();
    let relinked = catalogue
        .refs()
        .find(|&item| catalogue.relinked_id(item, Market::Us).is_some() && catalogue.is_available(item, Market::Us));
    let relinked = relinked.unwrap();
    let home_uri = catalogue.item(relinked).uri.clone();
    let play = |uri: String| Command::Play {
        target: PlayTarget::Items { uris: vec![uri], offset: None },
        position_ms: None,
        device_id: None,
    };
    player.command(0, play(home_uri.clone())).unwrap();
    let report = player.report(0).unwrap();
    assert_ne!(catalogue.uri_in(report.item.unwrap(), report.market), home_uri);
    assert_eq!(player.truth(0).uri, Some(home_uri));
    let gap = catalogue.refs().find(|&item| !catalogue.is_available(item, Market::Us)).unwrap();
    assert_eq!(player.command(0, play(catalogue.item(gap).uri.clone())), Err(Refusal::Restriction));
}

#[test]
fn a_local_file_plays_by_hand_only() {
    let mut player = playing(|_| ());
    let catalogue = player.catalogue().clone();
    let local = catalogue.items().iter().find(|item| item.kind == ItemKind::Local).unwrap();
    let target = PlayTarget::Items { uris: vec![local.uri.clone()], offset: None };
    let refused = player.command(0, Command::Play { target, position_ms: None, device_id: None });
    assert_eq!(refused.unwrap_err().status(), 400);
    player.hand(0, Hand::song(&local.uri)).unwrap();
    assert_eq!(player.truth(SECOND).uri.as_deref(), Some(local.uri.as_str()));
}

#[test]
fn what_was_heard_is_remembered_and_what_was_skipped_is_not() {
    let mut player = playing(|_| ());
    let album = player.catalogue().albums()[0].items.clone();
    player.hand(10 * SECOND, Hand::Next).unwrap();
    player.hand(50 * SECOND, Hand::Next).unwrap();
    let heard: Vec<_> = player.recently_played(60 * SECOND).iter().copied().collect();
    assert_eq!(heard, [Heard { item: album[1], context: Some(ContextRef::Album(0)), at_us: 50 * SECOND }]);
}

#[test]
fn free_accounts_hear_an_advertisement_every_few_items() {
    let mut player = playing(|config| config.settings.ads_every = 1);
    let end_us = length(&mut player, 0);
    let ad = player.report(end_us + 10 * SECOND).unwrap();
    assert_eq!((ad.kind, ad.progress_ms), (Shown::Ad, Some(10_000)));
    let music = player.report(end_us + 31 * SECOND).unwrap();
    assert_eq!((music.kind, music.progress_ms), (Shown::Item, Some(1_000)));
}

#[test]
fn an_account_may_have_devices_of_every_kind() {
    let mut player = playing(|config| config.devices = Device::all("anna", Profile::Ideal, 7));
    let devices = player.devices(0);
    let names: Vec<&str> = devices.iter().map(|device| device.name.as_str()).collect();
    assert_eq!(
        names,
        ["Anna's phone", "Anna's laptop", "Anna's TV", "Anna's kitchen radio", "Anna's Jam", "Anna's browser"]
    );
    assert!(devices[3].restricted && devices[3].volume_percent.is_none() && devices[5].id.is_none());
    let transfer = |place: usize| Command::Transfer { device_id: devices[place].id.clone().unwrap(), play: false };
    assert_eq!(player.command(0, transfer(3)), Err(Refusal::NotControllable));
    player.command(0, transfer(2)).unwrap();
    player.command(SECOND, Command::Seek { position_ms: 60_000, device_id: None }).unwrap();
    assert_eq!(player.report(2 * SECOND).unwrap().progress_ms, Some(2_000));
    player.command(2 * SECOND, Command::Volume { percent: 11, device_id: None }).unwrap();
    assert_eq!(player.report(2 * SECOND).unwrap().device.volume_percent, Some(11));
}
