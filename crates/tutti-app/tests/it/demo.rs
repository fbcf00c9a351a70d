//! The demo as the window shows it.

use tutti_app::api::{Action, Band, Hand, Screen, Snapshot};

use tutti_app::demo::{HeadlessOptions, headless};

use tutti_app::DemoOptions;

use crate::spotify::Spotify;
use crate::stand::Stand;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_plays_in_step_and_follows_a_hand() {
    let stand = Stand::demo(3, "lan").await;

    let snapshot = stand.until("everybody in step", in_step).await;
    assert_eq!(snapshot.screen, Screen::Room);
    let room = snapshot.room.as_ref().unwrap();
    assert_eq!(room.members.len(), 3);
    assert!(room.demo.as_ref().unwrap().songs.len() > 3);
    assert_eq!(snapshot.other_server, None, "the demo says itself that it is one");
    let (now, heard) = (room.now_playing.as_ref().unwrap(), room.demo.as_ref().unwrap().heard.as_ref().unwrap());
    assert_eq!(heard.players.iter().map(|player| player.member).collect::<Vec<_>>(), [0, 1, 2]);
    for player in &heard.players {
        let apart_ms = player.position_ms - now.position_ms;
        assert!(player.uri.as_ref() == Some(&now.uri) && apart_ms.abs() < 600.0, "{apart_ms} ms: {player:?}");
    }
    let other = room.members.iter().find(|member| !member.leads).unwrap().id;
    let key = room.now_playing.as_ref().unwrap().cover.clone().unwrap();
    let cover = stand.program.cover(&key).await.unwrap();
    assert_eq!(cover.mime, "image/png");

    stand.act(Action::Hand { member: other, hand: Hand::Seek { position_ms: 65_000.0 } });

    let moved = |snapshot: &Snapshot| snapshot.room.as_ref().is_some_and(|room| room.leader == Some(other));
    stand.until("the other one leads", moved).await;
    let snapshot = stand.until("everybody in step again", in_step).await;
    let room = snapshot.room.as_ref().unwrap();
    assert_eq!(room.history.marks.last().unwrap().member, other);
    assert!(room.now_playing.as_ref().unwrap().position_ms > 64_000.0);

    stand.act(Action::Leave);
    stand.until("the welcome screen", |snapshot| snapshot.room.is_none() && snapshot.screen == Screen::Welcome).await;
    stand.program.stop().await;
}

fn in_step(snapshot: &Snapshot) -> bool {
    snapshot.room.as_ref().is_some_and(|room| {
        let playing = room.now_playing.as_ref().is_some_and(|item| item.playing);
        playing
            && room.members.iter().all(|member| member.timing.is_some_and(|timing| timing.band <= Band::Imperceptible))
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_demo_that_cannot_start_says_why_and_offers_another_try() {
    let stand = Stand::demo(1, "lan").await;
    assert!(stand.notice("demo_members").await.contains("2 to 32"));

    let stand = Stand::demo(3, "carrier pigeon").await;
    assert!(stand.notice("demo_profile").await.contains("carrier pigeon"));
    let snapshot = stand.until("the welcome screen", |snapshot| snapshot.screen == Screen::Welcome).await;
    assert_eq!(snapshot.notices[0].way_out.as_ref().unwrap().action, Action::StartDemo);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_short_headless_demo_reports_three_followed_actions_from_the_truth() {
    let options = HeadlessOptions { members: 2, seconds: 1, profile: "lan".into(), seed: 7 };

    let report = headless(&options).await.unwrap();

    assert_eq!((report.members, report.actions.made, report.actions.missed), (2, 3, 0), "{report:?}");
    assert_eq!((report.takeovers.wrong, report.false_moves, report.leader_flaps), (0, 0, 0), "{report:?}");
    assert!(report.spread_samples > 20, "{report:?}");
    assert!(report.requests_member_minute.all.unwrap() > 5.0, "{report:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_simulator_that_goes_away_is_said_and_the_demo_can_be_started_again() {
    let mut spotify = Spotify::open(2).await;
    let simulator = Some(spotify.sim.base_url().to_owned());
    let stand = Stand::start(|options| {
        options.demo = Some(DemoOptions { members: 2, simulator, ..DemoOptions::default() });
    })
    .await;
    let snapshot = stand.until("everybody in step", in_step).await;
    let demo = snapshot.room.as_ref().and_then(|room| room.demo.as_ref()).unwrap();
    assert_eq!(demo.heard, None, "what another process lets sound is not known");

    spotify.close();

    let troubles = |snapshot: &Snapshot| {
        let members = snapshot.room.as_ref().map(|room| room.members.clone()).unwrap_or_default();
        members.into_iter().filter_map(|member| member.trouble).collect::<Vec<_>>()
    };
    let snapshot = stand.until("both lost their server", |snapshot| troubles(snapshot).len() == 2).await;
    let trouble = &troubles(&snapshot)[0];
    assert!(trouble.text.contains(spotify.sim.base_url()), "{trouble:?}");
    assert_eq!(trouble.way_out.as_ref().unwrap().action, Action::StartDemo);
}
