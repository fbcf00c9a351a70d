//! The whole program on virtual time: the controller, agents, ration, hub and view, the real client, and the simulator.

mod bench;
mod ration;
mod row;
mod rows;
mod wire;

use std::time::Duration;

use tokio::time::Instant;
use tutti_sim::player::Hand;

use bench::{Bench, Setting};

#[tokio::test(start_paused = true)]
async fn a_quarter_of_an_hour_passes_in_seconds_and_everybody_follows_a_hand() {
    let really = std::time::Instant::now();
    let bench = Bench::in_step(Setting::default()).await;
    let begun = Instant::now();

    tokio::time::sleep(Duration::from_secs(900)).await;
    bench.hand("ben", Hand::Seek { position_ms: 65_000 });
    let followed = bench.until(Duration::from_secs(10), |now| now.leads("Ben") && now.together()).await;

    assert!(followed.is_some(), "{:#?}", bench.now());
    bench.stop().await;
    let (virtual_s, real_s) = (begun.elapsed().as_secs_f64(), really.elapsed().as_secs_f64());
    println!("{virtual_s:.0} s in {real_s:.2} s: {:.0} times as fast", virtual_s / real_s);
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_is_the_same_run() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let bench =
            Bench::in_step(Setting { members: 3, profile: tutti_sim::profile::Profile::Mobile, ..Setting::default() })
                .await;
        bench.hand("chiara", Hand::Next);
        tokio::time::sleep(Duration::from_secs(120)).await;
        let begun_us = bench.sent()[0].at_us;
        let sent = bench.sent().into_iter();
        let sent: Vec<_> = sent
            .map(|sent| (sent.at_us - begun_us, sent.user, sent.method, sent.target, sent.body, sent.status))
            .collect();
        runs.push(sent);
        bench.stop().await;
    }
    assert!(runs[0].len() > 100, "{}", runs[0].len());
    let differ = runs[0].iter().zip(&runs[1]).position(|(one, other)| one != other);
    assert_eq!((differ, runs[0].len()), (None, runs[1].len()), "{:#?}", differ.map(|at| (&runs[0][at], &runs[1][at])));
}

#[tokio::test(start_paused = true)]
async fn explore() {
    let only = std::env::var("ONLY").unwrap_or_default();
    for row in
        [rows::players(), rows::commands(), rows::answers(), rows::requests(), rows::accounts(), rows::songs()].concat()
    {
        if !row.name().contains(&only) {
            continue;
        }
        let seen = row::play(&row).await;
        if !only.is_empty() {
            for s in &seen.sent {
                println!(
                    "{} {:?} {} {} {} {}",
                    s.at_us / 1000,
                    s.user,
                    s.method,
                    s.target,
                    s.status,
                    s.body.chars().take(120).collect::<String>()
                );
            }
        }
        if !seen.wrong.is_empty() || !only.is_empty() {
            println!(
                "{} told {:?} read {:?} step {:?}\n      {:?}",
                row.name(),
                seen.told.keys().collect::<Vec<_>>(),
                seen.read_after,
                seen.in_step_after,
                seen.wrong
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn explore2() {
    let catalogue = tutti_sim::catalogue::Catalogue::new();
    let song = |n: usize| {
        let c = &catalogue;
        let _ = c;
        format!("{}", n)
    };
    let _ = song;
    let bench = Bench::in_step(Setting { members: 3, ..Setting::default() }).await;
    let next = bench
        .sim
        .with_player("anna", |player, now| {
            player.queue(now).1.iter().map(|i| bench.sim.catalogue().item(*i).uri.clone()).collect::<Vec<_>>()
        })
        .unwrap();
    println!("{next:?}");
    bench.fault("ben", &serde_json::json!({"kind": "unavailable", "uri": next[2], "for_ms": 60000}));
    bench.hand("anna", Hand::Play { uri: Some(next[2].clone()), context_uri: None, position_ms: None });
    let n = bench.sent().len();
    for _ in 0..20 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let (at, truth) = bench.sim.truth();
        println!(
            "{} {:?} | {:?} | {:?}",
            at / 1000,
            bench.now().room().epoch,
            bench.now().trouble("Ben"),
            truth
                .iter()
                .map(|(u, t)| (u.to_string(), t.uri.clone(), t.playing, t.reported_ms as i64))
                .collect::<Vec<_>>()
        );
    }
    for s in &bench.sent()[n..] {
        if s.user.as_deref() == Some("ben") {
            println!(
                "{} {} {} {} {}",
                s.at_us / 1000,
                s.method,
                s.target,
                s.status,
                s.body.chars().take(200).collect::<String>()
            );
        }
    }
}
