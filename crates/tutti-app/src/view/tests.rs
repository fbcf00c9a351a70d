//! Pictures of rooms in every state that can be shown.
#![allow(clippy::unwrap_used)]

use tutti_core::command::{CommandId, CommandKind, Outcome};
use tutti_core::event::Why;
use tutti_core::member::Trouble;
use tutti_core::playback::{Item, Playback};
use tutti_core::reading::{Device, Failure};
use tutti_core::room::{Act, Action, When};
use tutti_core::speed::Speed;
use tutti_core::standing::{Player, Standing};
use tutti_core::time::RoomTime;
use tutti_core::wire::shown::Shown;

use super::*;
use crate::api::Band;
use crate::texts::{Language, speaking};

const NOW: LocalTime = LocalTime::from_micros(1_000_000_000);
/// Later than it is waited for why no player can be seen.
const WHY_IS_KNOWN: Span = Span::from_secs(3);

#[test]
fn bands_begin_where_a_listener_would_notice() {
    let bands = [0.0, -40.0, 40.1, 100.0, -100.1, 250.0, 250.1, -500.0, 500.1].map(band);

    use Band::{Fine, Imperceptible, LittleApart, OneSound, OutOfStep};
    assert_eq!(
        bands,
        [OneSound, OneSound, Imperceptible, Imperceptible, Fine, Fine, LittleApart, LittleApart, OutOfStep]
    );
}

#[test]
fn the_shown_number_is_calm_and_a_jump_is_shown_at_once() {
    let ms = Span::from_millis;
    let start = Smoothed::new(ms(0), ms(5), NOW);

    let calm = start.towards(ms(100), ms(5), NOW + ms(2_500)).picture();
    assert!((calm.error_ms - 50.0).abs() < 0.01, "{calm:?}");
    let jump = start.towards(ms(-400), ms(9), NOW + ms(10)).picture();
    assert_eq!((jump.error_ms, jump.bound_ms, jump.band), (-400.0, 9.0, Band::LittleApart));
}

#[test]
fn a_followers_status_is_its_band_and_the_leaders_is_what_it_did() {
    let mut room = room();
    room.changed(state(0, 1, Act::Sought(Span::from_secs(80)), true), NOW);
    room.seen(MemberId(0), view(Standing::Leads, Some(0)), NOW);
    room.seen(MemberId(1), view(Standing::InPlace, Some(-70)), NOW);

    let picture = picture(&mut room, NOW);
    assert_eq!(picture.members[0].status.text, "sought to 1:20");
    assert!(picture.members[0].leads && !picture.members[1].leads);
    assert_eq!(picture.members[1].status.code, "imperceptible");
    assert_eq!(picture.members[1].timing.unwrap().error_ms, -70.0);

    let later = super::tests::picture(&mut room, NOW + Span::from_secs(30));
    assert_eq!(later.members[0].status.code, "leads_playing");
}

#[test]
fn a_takeover_is_marked_on_the_chart_and_leaves_with_it() {
    let mut room = room();
    room.changed(state(0, 1, Act::Paused, false), NOW);
    room.changed(state(1, 2, Act::Started("Dew Point".into()), true), NOW);

    let marks = picture(&mut room, NOW + Span::from_secs(5)).history.marks;
    assert_eq!(marks.len(), 1);
    assert_eq!((marks[0].member, marks[0].ago_ms), (1, 5_000.0));
    assert_eq!(marks[0].text, "Ben started “Dew Point”");
    assert!(picture(&mut room, NOW + Span::from_secs(500)).history.marks.is_empty());
}

#[test]
fn what_goes_on_is_told_from_news() {
    let ms = Span::from_millis;
    let mut room = room();
    let playing = state(0, 1, Act::Resumed, false);
    assert_eq!(room.changed(Arc::clone(&playing), NOW), Change::News);
    let mut then = |after: Span, turn: &dyn Fn(&mut Playback, &mut Option<MemberId>)| {
        let mut next = RoomState::clone(&playing);
        let playback = next.playback.as_mut().unwrap();
        (playback.at, playback.position) = (playback.at + after, playback.position + after);
        turn(playback, &mut next.leader);
        room.changed(Arc::new(next), NOW + after)
    };
    assert_eq!(then(ms(3_000), &|playback, _| playback.position += ms(80)), Change::Numbers);
    assert_eq!(then(ms(3_100), &|playback, _| playback.position += ms(400)), Change::News);
    assert_eq!(then(ms(3_200), &|playback, _| playback.playing = false), Change::News);
    assert_eq!(then(ms(3_300), &|_, _| ()), Change::News);
    assert_eq!(then(ms(3_400), &|_, leader| *leader = Some(MemberId(1))), Change::News);

    let mut seen = |after: Span, error_ms, turn: &dyn Fn(&mut View)| {
        let mut view = view(Standing::InPlace, error_ms);
        let player = view.player.as_mut().unwrap();
        player.position += after;
        turn(&mut view);
        room.seen(MemberId(1), view, NOW + after)
    };
    assert_eq!(seen(ms(0), Some(10), &|_| ()), Change::News);
    assert_eq!(seen(ms(2_400), Some(60), &|_| ()), Change::Numbers);
    assert_eq!(seen(ms(4_800), Some(260), &|_| ()), Change::News);
    assert_eq!(seen(ms(7_200), Some(260), &|view| view.player.as_mut().unwrap().playing = false), Change::News);
    assert_eq!(seen(ms(7_300), None, &|_| ()), Change::News);
    assert_eq!(seen(ms(7_400), None, &|view| view.trouble = Some(Trouble::NoDevice)), Change::News);
}

#[test]
fn positions_run_on_between_reports_and_stop_at_the_end() {
    let mut room = room();
    room.changed(state(0, 1, Act::Resumed, false), NOW);
    room.seen(MemberId(1), view(Standing::InPlace, Some(0)), NOW);

    let picture_at = |room: &mut RoomShown, s| picture(room, NOW + Span::from_secs(s));
    let soon = picture_at(&mut room, 3);
    assert_eq!(soon.now_playing.as_ref().unwrap().position_ms, 63_000.0);
    assert_eq!(soon.members[1].player.as_ref().unwrap().position_ms, 63_000.0);
    let late = picture_at(&mut room, 1_000);
    assert_eq!(late.now_playing.unwrap().position_ms, 200_000.0);
}

#[test]
fn an_episode_runs_on_at_its_speed_and_another_one_than_the_rooms_is_said() {
    let (own, fast) = (Speed::from_permille(800), Speed::from_permille(1_500));
    let mut room = room();
    let mut state = RoomState::clone(&state(0, 1, Act::Resumed, false));
    state.playback.as_mut().unwrap().speed = fast;
    room.changed(Arc::new(state), NOW);
    let mut view = view(Standing::OwnSpeed, None);
    view.player.as_mut().unwrap().speed = own;
    view.trouble = Some(Trouble::OtherSpeed(own, fast));
    room.seen(MemberId(1), view, NOW);

    let picture = picture(&mut room, NOW + Span::from_secs(10));
    let now_playing = picture.now_playing.unwrap();
    assert_eq!((now_playing.position_ms, now_playing.speed), (75_000.0, 1.5));
    let member = &picture.members[1];
    let player = member.player.as_ref().unwrap();
    assert_eq!((player.position_ms, player.speed), (68_000.0, 0.8));
    assert_eq!(member.status.text, "at a speed of their own");
    let told = member.trouble.as_ref().unwrap();
    assert_eq!(
        told.text,
        "Hears this episode at 0.8 times its speed, the room at 1.5: nobody is pulled along. It lines up again where an \
         episode starts or goes on."
    );

    let german = speaking(Language::De, || self::picture(&mut room, NOW + Span::from_secs(10)));
    let told = german.members[1].trouble.as_ref().unwrap();
    assert!(told.text.contains("mit Tempo 0,8, der Raum mit 1,5:"), "{}", told.text);
}

#[test]
fn every_trouble_stands_beside_its_member_in_words() {
    let troubles = [
        Trouble::NoDevice,
        Trouble::NotPremium,
        Trouble::Restricted,
        Trouble::Ad,
        Trouble::NoEffect,
        Trouble::OtherSpeed(Speed::from_permille(1_500), Speed::NORMAL),
        Trouble::Failure(Failure::Network),
    ];
    for trouble in troubles {
        let mut room = room();
        room.seen(MemberId(1), View { trouble: Some(trouble.clone()), ..view(Standing::Away, None) }, NOW);
        room.private(MemberId(1), false);

        let picture = picture(&mut room, NOW);
        let shown = picture.members[1].trouble.as_ref().unwrap();
        assert!(!shown.text.starts_with("trouble.") && !shown.text.contains(['{', '}']), "{trouble:?}: {}", shown.text);
        assert!(picture.members[0].trouble.is_none(), "the others play on");
    }
}

#[test]
fn the_trouble_of_somebody_driven_elsewhere_is_said_of_them_and_asks_nothing_of_whoever_reads_it() {
    let until = NOW + Span::from_secs(12);
    let failures = [
        (Failure::NeedsLogin, "Ben has to sign in again."),
        (Failure::NotAllowedHere, "Spotify does not know Ben’s account there"),
        (Failure::OwnerPremiumLapsed, "The owner of Ben’s client id"),
        (Failure::RateLimited { until, quota: false }, "Spotify asked Ben’s Tutti to wait"),
        (Failure::RateLimited { until, quota: true }, "Ben’s client id is used up"),
        (Failure::Network, "Ben’s Tutti cannot reach Spotify"),
        (Failure::Server, "Spotify has trouble of its own"),
    ];
    let failures = failures.map(|(failure, said)| (Trouble::Failure(failure), said));
    let others = [
        (Trouble::NoDevice, "Nothing of Ben’s Spotify can be seen"),
        (Trouble::NotPremium, "This account is not Premium"),
        (Trouble::Restricted, "Kitchen does not take commands from other apps: Ben has to"),
        (Trouble::Ad, "Hearing an ad"),
        (Trouble::NoEffect, "Ben has to press play on it once"),
        (Trouble::SteppedOut, "What Ben did stays there"),
        (Trouble::Unavailable("Song".into()), "“Song” is not available"),
    ];
    // The own server is nothing to somebody else.
    let other = Endpoints::other("http://127.0.0.1:9/v1", "http://127.0.0.1:9").unwrap();
    for (trouble, said) in failures.into_iter().chain(others) {
        let mut room = room();
        let here = View { trouble: Some(trouble.clone()), ..view(Standing::Away, None) };
        room.seen(MemberId(0), here.clone(), NOW);
        room.seen_afar(MemberId(1), Shown::of(&here, RoomClock::same_machine(), NOW).seen(NOW), NOW);

        let told = |language| {
            speaking(language, || {
                let picture = picture_at(&mut room, NOW + WHY_IS_KNOWN, &other);
                picture.members.into_iter().map(|member| member.trouble.unwrap()).collect::<Vec<_>>()
            })
        };
        let [german, english] = [Language::De, Language::En].map(told);
        assert!(english[1].text.contains(said), "{trouble:?}: {}", english[1].text);
        for told in [&german, &english] {
            assert_eq!(told[1].way_out, None, "{trouble:?}");
            assert!(!told[1].text.contains(['{', '}']), "{}", told[1].text);
        }
        assert_eq!(
            english[0].way_out.is_some(),
            matches!(english[0].code.as_str(), "needs_login" | "no_device" | "not_allowed_here")
        );
    }
}

#[test]
fn who_is_driven_here_again_is_spoken_to_again() {
    let mut room = room();
    let revoked = View { trouble: Some(Trouble::Failure(Failure::NeedsLogin)), ..view(Standing::Away, None) };
    room.seen_afar(MemberId(1), Shown::of(&revoked, RoomClock::same_machine(), NOW).seen(NOW), NOW);
    room.seen(MemberId(1), revoked, NOW);

    let told = picture(&mut room, NOW).members[1].trouble.clone().unwrap();
    assert!(told.text.contains("no longer accepts Ben") && told.way_out.is_some(), "{told:?}");
}

#[test]
fn why_a_player_cannot_be_seen_is_said_once_it_is_known() {
    let mut room = room();
    let unseen = || View { trouble: Some(Trouble::NoDevice), ..view(Standing::Away, None) };
    let code = |room: &mut RoomShown, now| picture(room, now).members[1].trouble.as_ref().map(|told| told.code.clone());
    room.seen(MemberId(1), unseen(), NOW);
    assert_eq!(code(&mut room, NOW), None, "it is being asked for");
    assert_eq!(code(&mut room, NOW + Span::from_secs(3)).as_deref(), Some("no_device"), "and did not come");

    room.private(MemberId(1), true);
    assert_eq!(code(&mut room, NOW).as_deref(), Some("private_session"));
    room.seen(MemberId(1), view(Standing::InPlace, Some(0)), NOW);
    assert_eq!(code(&mut room, NOW), None);
    room.private(MemberId(1), true);
    room.seen(MemberId(1), unseen(), NOW);
    assert_eq!(code(&mut room, NOW), None, "what came too late says nothing of the next time");
}

#[test]
fn an_item_that_is_refused_or_passed_over_is_said_by_its_title_until_it_is_heard() {
    let id = CommandId(3);
    let play = CommandKind::Play { uris: vec!["spotify:track:a".into()], position: Span::ZERO };
    let asked = Event::Commanded { id, kind: play, why: Why::Follow };
    let told = |outcome, heard: &str, after_s| {
        let mut room = room();
        let mut state = RoomState::clone(&state(0, 1, Act::Started("Song".into()), false));
        state.playback.as_mut().unwrap().next = vec![other("spotify:track:b")];
        room.changed(Arc::new(state), NOW);
        room.heard(MemberId(1), &asked, NOW);
        room.heard(MemberId(1), &Event::Answered { id, outcome }, NOW);
        let mut view = view(Standing::CatchingUp, None);
        view.player.as_mut().unwrap().item = other(heard);
        room.seen(MemberId(1), view, NOW);
        let told = picture(&mut room, NOW + Span::from_secs(after_s)).members[1].trouble.clone();
        told.map(|told| (told.code, told.text.contains("“Song”")))
    };
    let lacks = Some(("unavailable_item".to_owned(), true));

    assert_eq!(told(Outcome::Restriction, "spotify:track:before", 0), lacks);
    assert_eq!(told(Outcome::Accepted, "spotify:track:b", 4), lacks);
    assert_eq!(told(Outcome::Accepted, "spotify:track:b", 1), None, "it may still come");
    assert_eq!(told(Outcome::Accepted, "spotify:track:before", 4), None, "a late effect is something else");
    assert_eq!(told(Outcome::Restriction, "spotify:track:a", 0), None, "it is heard");
}

#[test]
fn holding_back_by_ourselves_is_not_laid_at_spotifys_door() {
    let until = NOW + Span::from_secs(5);
    let limited = Trouble::Failure(Failure::RateLimited { until, quota: false });
    let view = View { trouble: Some(limited), ..view(Standing::Away, None) };
    let told = |asked, now| trouble(&view, MemberId(1), "Ben", &Endpoints::default(), asked, now);
    let text = |asked| told(asked, NOW).unwrap().into_trouble().text;

    assert!(text(true).contains("Spotify asked us to wait"));
    assert!(!text(false).contains("asked us"));
    assert_eq!((told(true, until), told(false, until)), (None, None), "nobody waits any more");
}

#[test]
fn the_ration_says_plenty_some_or_how_long_to_wait() {
    let left = |in_30_s| Left { in_30_s, in_hour: 2_000, in_day: 10_000 };
    let words = |left, waiting| few_words(Requests { minute: 0, left, waiting }, NOW);

    assert_eq!(words(left(30), None), "plenty left");
    assert_eq!(words(left(4), None), "4 left for now");
    let wait = Wait { since: NOW, until: NOW + Span::from_millis(11_500), quota: false };
    let waiting = words(left(30), Some(wait));
    assert!(waiting.starts_with("waiting until ") && waiting.contains(':'), "{waiting}");
}

#[test]
fn every_status_has_its_text() {
    use Standing::*;
    for standing in [Joining, Waiting, Leads, InPlace, CatchingUp, Paused, OwnSpeed, PlaysOn, Away, Watching] {
        let mut room = room();
        room.seen(MemberId(0), view(standing, Some(1)), NOW);

        let status = &picture(&mut room, NOW).members[0].status;
        assert!(!status.text.contains('.') || status.text.contains(' '), "{standing:?}: {status:?}");
    }
}

fn room() -> RoomShown {
    let mut room = RoomShown::new(RoomName::Network, None, RoomClock::same_machine(), NOW);
    room.joined(MemberId(0), "a".into(), "Anna".into());
    room.joined(MemberId(1), "b".into(), "Ben".into());
    room
}

fn picture(room: &mut RoomShown, now: LocalTime) -> api::Room {
    picture_at(room, now, &Endpoints::default())
}

fn picture_at(room: &mut RoomShown, now: LocalTime, server: &Endpoints) -> api::Room {
    let left = Left { in_30_s: 30, in_hour: 2_000, in_day: 10_000 };
    room.picture(now, server, Requests { minute: 20, left, waiting: None }, |_| MemberRequests {
        minute: 10,
        asked_to_wait: false,
    })
}

fn view(standing: Standing, error_ms: Option<i64>) -> View {
    View {
        standing,
        timing: error_ms.map(|error| (Span::from_millis(error), Span::from_millis(8))),
        trim: Span::ZERO,
        player: Some(Player { item: item(), playing: true, position: Span::from_secs(60), speed: Speed::NORMAL }),
        device: Some(Device { id: None, name: "Kitchen".into(), restricted: false }),
        trouble: None,
    }
}

fn state(leader: u32, actions: u64, act: Act, takeover: bool) -> Arc<RoomState> {
    let at = RoomTime::from_micros(NOW.as_micros());
    Arc::new(RoomState {
        term: 1,
        epoch: actions,
        seq: actions,
        leader: Some(MemberId(leader)),
        playback: Some(Playback {
            item: item(),
            playing: true,
            position: Span::from_secs(60),
            at,
            speed: Speed::NORMAL,
            speed_known: true,
            bound: Span::from_millis(5),
            next: Vec::new(),
            next_known: true,
        }),
        action: Some(Action { member: MemberId(leader), when: When::exactly(at), act, takeover }),
        actions,
        own_speeds: Vec::new(),
        may_lead: None,
    })
}

fn other(uri: &str) -> Arc<Item> {
    Arc::new(Item { uri: uri.into(), title: uri.into(), ..Item::clone(&item()) })
}

fn item() -> Arc<Item> {
    Arc::new(Item {
        uri: "spotify:track:a".into(),
        title: "Song".into(),
        by: "Band".into(),
        album: "Album".into(),
        cover: Some("https://i.scdn.co/image/a".into()),
        link: None,
        duration: Span::from_secs(200),
        isrc: None,
        episode: false,
    })
}
