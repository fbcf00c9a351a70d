//! Rations that wait, outlive the process, are shared with other processes, and do without a disk.
#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use tutti_core::time::Span;

use super::*;

#[tokio::test(start_paused = true)]
async fn a_reading_that_waits_for_its_turn_goes_out_when_it_becomes_urgent() {
    let ration = Rations::default().of("id");
    ration.lock().next_turn = clock::now() + Span::from_secs(3_600);
    let hurry = Hurry::default();

    let waiting = ration.admit_unless(Class::Read, &hurry);
    tokio::pin!(waiting);
    assert!(futures::poll!(waiting.as_mut()).is_pending());
    hurry.hurry();

    assert_eq!(waiting.await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn readings_without_room_go_out_in_their_order_and_what_is_urgent_starves_nobody() {
    let ration = Rations::default().of("id");
    while ration.lock().ask(Class::Read, clock::now()) == Answer::Now {}
    let order = Mutex::new(Vec::new());
    let (allowed, written) = (&ration, &order);
    let read = |name: &'static str| async move {
        allowed.admit(Class::Read).await.unwrap();
        written.lock().unwrap().push(name);
    };

    let urgent = async {
        read("second").await;
        read("fourth").await;
    };
    tokio::join!(read("first"), urgent, read("third"));

    assert_eq!(order.into_inner().unwrap(), ["first", "second", "third", "fourth"]);
}

#[tokio::test(start_paused = true)]
async fn whoever_stands_in_line_is_answered_when_spotify_asks_to_wait() {
    let ration = Rations::default().of("id");
    while ration.lock().ask(Class::Read, clock::now()) == Answer::Now {}
    let until = clock::now() + Span::from_secs(600);

    let heeding = async {
        tokio::task::yield_now().await;
        ration.heed(&Failure::RateLimited { until, quota: false });
    };
    let begun = clock::now();
    let (first, second, ()) = tokio::join!(ration.admit(Class::Read), ration.admit(Class::Read), heeding);

    let refused = Err(Failure::RateLimited { until, quota: false });
    assert_eq!((&first, &second), (&refused, &refused));
    assert!(clock::now() - begun < Span::from_secs(1));
}

#[tokio::test]
async fn a_wait_that_spotify_asked_for_is_answered_at_once() {
    let rations = Rations::default();
    let ration = rations.of("id");
    let until = clock::now() + Span::from_secs(60);
    ration.heed(&Failure::RateLimited { until, quota: true });

    let refused = Err(Failure::RateLimited { until, quota: true });
    assert_eq!(ration.admit(Class::Read).await, refused);
    assert_eq!(ration.admit_unless(Class::Read, &Hurry::default()).await, refused);
    assert_eq!(ration.admit(Class::Command).await, refused);
}

#[tokio::test]
async fn a_wait_is_in_the_file_at_once_and_holds_for_others_and_after_a_restart() {
    let (_folder, home) = home();
    let (here, there) = (Rations::kept(home.clone()), Rations::kept(home.clone()));
    let (ours, theirs) = (here.of("id"), there.of("id"));
    assert_eq!(theirs.admit(Class::Read).await, Ok(()));
    let until = clock::now() + Span::from_secs(600);

    ours.heed(&Failure::RateLimited { until, quota: true });
    while !written(&home, "id").contains("quota") {
        tokio::task::yield_now().await;
    }

    for other in [theirs, Rations::kept(home).of("id")] {
        let refused = other.admit(Class::Read).await;
        assert!(matches!(refused, Err(Failure::RateLimited { quota: true, .. })), "{refused:?}");
    }
}

#[tokio::test]
async fn two_processes_together_make_no_more_requests_than_one_may() {
    let (_folder, home) = home();
    let rations = [Rations::kept(home.clone()), Rations::kept(home.clone())];
    let both = rations.each_ref().map(|rations| rations.of("id"));
    let mut made = 0;
    for asked in 0..60 {
        made += u32::from(both[asked % 2].ask(Class::Read).await == Answer::Now);
    }
    assert_eq!(made, 33);
    assert_eq!(both[0].ask(Class::Command).await, Answer::Now, "the reserve is there for commands");
    assert_eq!(both[1].lock().ledger.count(Span::from_secs(30), clock::now()), 33);
    rations[1].save();
    assert_eq!(both[1].lock().ledger.count(Span::from_secs(30), clock::now()), 34);
    assert_eq!(written(&home, "id").matches("\nr ").count(), 33);
    assert_eq!(written(&home, "id").matches("\nc ").count(), 1);
}

#[tokio::test]
async fn requests_count_on_after_a_restart() {
    let (_folder, home) = home();
    let rations = Rations::kept(home.clone());
    for _ in 0..20 {
        assert_eq!(rations.of("id").ask(Class::Read).await, Answer::Now);
    }
    rations.save();

    assert_eq!(Rations::kept(home).of("id").left().in_30_s, 13);
}

#[tokio::test]
async fn a_day_s_stamps_are_not_rewritten_for_each_request_and_old_ones_go_at_some_time() {
    let (_folder, home) = home();
    let path = home.ledger_file(&short_hash(b"id"));
    let old_ms = clock::wall_ms() - 2 * 24 * 3_600 * 1_000;
    let mut text = String::from("tutti-ledger 2 0000000000000001\n");
    for after in 0..30_000 {
        line::Line::Made { class: Class::Read, at_ms: old_ms + after }.write(&mut text);
    }
    std::fs::write(&path, &text).unwrap();

    let rations = Rations::kept(home.clone());
    assert_eq!(rations.of("id").ask(Class::Read).await, Answer::Now);
    rations.save();

    let rewritten = written(&home, "id");
    assert_eq!(rewritten.lines().count(), 2, "{rewritten}");
    let title = rewritten.lines().next().unwrap().to_owned();
    assert_eq!(rations.of("id").ask(Class::Command).await, Answer::Now);
    rations.save();
    assert!(written(&home, "id").starts_with(&title), "added to, not rewritten");
}

#[tokio::test]
async fn without_a_folder_to_write_to_requests_are_counted_in_memory() {
    let (folder, _) = home();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let rations = Rations::kept(Home::at(&file));
    let ration = rations.of("id");

    let mut made = 0;
    for _ in 0..50 {
        made += u32::from(ration.ask(Class::Read).await == Answer::Now);
    }
    ration.heed(&Failure::RateLimited { until: clock::now() + Span::from_secs(60), quota: false });

    assert_eq!(made, 33);
    assert!(ration.waiting().is_some());
}

#[tokio::test]
async fn what_could_not_be_written_is_written_as_soon_as_that_is_possible() {
    let (folder, _) = home();
    let place = folder.path().join("place");
    std::fs::write(&place, "").unwrap();
    let home = Home::at(&place);
    let rations = Rations::kept(home.clone());
    for _ in 0..3 {
        rations.of("id").ask(Class::Read).await;
    }
    std::fs::remove_file(&place).unwrap();

    rations.of("id").ask(Class::Read).await;
    rations.save();

    assert_eq!(written(&home, "id").matches("\nr ").count(), 4);
}

#[tokio::test]
async fn a_process_that_holds_the_lock_for_ever_holds_up_nobody_for_long() {
    let (_folder, home) = home();
    let rations = Rations::kept(home.clone());
    let ration = rations.of("id");
    let mut stopped = Shelf::new(home.ledger_file(&short_hash(b"id")));
    let held = stopped.open().unwrap();
    let begun = Instant::now();

    assert_eq!(ration.ask(Class::Read).await, Answer::Now);

    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    drop(held);
    rations.save();
    assert_eq!(written(&home, "id").matches("\nr ").count(), 1);
}

#[tokio::test]
async fn a_quota_holds_for_the_client_ids_that_the_user_says_are_of_one_developer() {
    let (_folder, home) = home();
    let rations = Rations::kept(home.clone());
    rations.same_developer(&[vec!["a".into(), "b".into()]]);
    let until = clock::now() + Span::from_secs(30_000);
    rations.of("a").heed(&Failure::RateLimited { until, quota: true });
    while rations.of("b").waiting().is_none() {
        tokio::task::yield_now().await;
    }

    assert!(rations.of("c").waiting().is_none());
    rations.save();
    assert!(Rations::kept(home.clone()).of("b").waiting().is_some(), "in the file of b too");
    let later = Rations::kept(home);
    later.same_developer(&[vec!["a".into(), "c".into()]]);
    assert!(later.of("c").waiting().is_some(), "said after the quota was used up");
}

#[tokio::test]
async fn a_rate_limit_is_nobody_else_s() {
    let (_folder, home) = home();
    let rations = Rations::kept(home);
    rations.same_developer(&[vec!["a".into(), "b".into()]]);
    rations.of("a").heed(&Failure::RateLimited { until: clock::now() + Span::from_secs(60), quota: false });
    rations.save();

    assert!(rations.of("a").waiting().is_some() && rations.of("b").waiting().is_none());
}

fn home() -> (tempfile::TempDir, Home) {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::at(folder.path());
    (folder, home)
}

fn written(home: &Home, client_id: &str) -> String {
    std::fs::read_to_string(home.ledger_file(&short_hash(client_id.as_bytes()))).unwrap_or_default()
}

#[tokio::test(start_paused = true)]
async fn thrifty_rations_let_eight_requests_out_in_30_s_and_can_be_given_up_again() {
    let rations = Rations::default();
    let early = rations.of("early");
    rations.thrifty(true);
    for ration in [early.clone(), rations.of("late")] {
        assert!(ration.is_thrifty());
        let granted = |class| (0..20).filter(|_| ration.lock().ask(class, clock::now()) == Answer::Now).count();
        assert_eq!((granted(Class::Read), granted(Class::Command)), (6, 2));
    }
    rations.thrifty(false);
    assert!(!early.is_thrifty());
    assert_eq!(early.lock().ask(Class::Read, clock::now()), Answer::Now);
}
