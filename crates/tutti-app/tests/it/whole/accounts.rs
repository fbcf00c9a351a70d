//! What is said of accounts that cannot take part fully: free ones, ones that an app does not list, ones whose sign-in is gone.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;
use tutti_app::api::{Action, Screen};
use tutti_app::secrets::SecretStore;
use tutti_sim::player::Hand;
use tutti_sim::sign_in::App;

use super::bench::{Bench, Now, Setting, on_virtual_time};
use super::row::reads_as;

const SOON: Duration = Duration::from_secs(20);

#[test]
fn a_free_account_is_told_so_when_it_cannot_follow_and_leads_all_the_same() {
    on_virtual_time(async {
        let bench = Bench::open_room(Setting { members: 3, free: vec!["ben".into()], ..Setting::default() }).await;

        let told = bench.until(SOON, |now| now.trouble("Ben") == Some("not_premium")).await;
        assert!(told.is_some(), "{:#?}", bench.now());
        assert!(reads_as("trouble.not_premium", &words(&bench.now(), "Ben")));
        bench.hand("ben", Hand::Next);
        bench.hand("ben", Hand::resume());
        let led = bench.until(SOON, |now| now.leads("Ben") && now.together()).await;

        assert!(led.is_some(), "{:#?}", bench.now());
        assert_eq!(bench.breaches(), Vec::<String>::new());
        bench.stop().await;
    });
}

#[test]
fn somebody_whom_the_app_does_not_list_is_told_until_they_are_listed() {
    on_virtual_time(async {
        let bench = Bench::in_step(Setting { members: 3, shared: true, ..Setting::default() }).await;
        let client_id = bench.sent().into_iter().find_map(|sent| sent.client_id).unwrap();
        let list = |users: &[usize], owner_premium| {
            let users = Some(users.iter().copied().collect::<BTreeSet<_>>());
            let app = App { users, owner_premium, redirect_uris: None, ..App::of(&client_id) };
            bench.sim.gateway().apps.register(&client_id, app).unwrap();
        };

        list(&[0, 2], true);
        let told = bench.until(SOON, |now| now.trouble("Ben") == Some("not_allowed_here")).await;
        assert!(told.is_some(), "{:#?}", bench.now());
        assert!(reads_as("trouble.not_allowed_here", &words(&bench.now(), "Ben")));
        sleep(Duration::from_secs(60)).await;
        assert_eq!(bench.now().trouble("Ben"), Some("not_allowed_here"));
        assert_eq!((bench.now().trouble("Anna"), bench.now().trouble("Chiara")), (None, None));

        list(&[0, 1, 2], true);
        assert!(bench.until(SOON, |now| now.trouble("Ben").is_none()).await.is_some(), "{:#?}", bench.now());

        list(&[0, 1, 2], false);
        let all =
            |now: &Now| ["Anna", "Ben", "Chiara"].iter().all(|name| now.trouble(name) == Some("owner_premium_lapsed"));
        assert!(bench.until(SOON, all).await.is_some(), "{:#?}", bench.now());
        assert!(reads_as("trouble.owner_premium_lapsed", &words(&bench.now(), "Chiara")));
        bench.stop().await;
    });
}

#[test]
fn a_wait_of_one_client_id_is_everybodys_who_uses_it_and_they_come_back_by_themselves() {
    on_virtual_time(async {
        let bench = Bench::in_step(Setting { members: 4, shared: true, ..Setting::default() }).await;
        bench.fault("ben", &json!({"kind": "rate_limited", "retry_after_s": 30}));

        let all =
            |now: &Now| ["Anna", "Ben", "Chiara", "Deniz"].iter().all(|name| now.trouble(name) == Some("rate_limited"));
        assert!(bench.until(SOON, all).await.is_some(), "{:#?}", bench.now());
        assert!(reads_as("trouble.rate_limited", &words(&bench.now(), "Deniz")));
        let well = |now: &Now| now.together() && now.room().members.iter().all(|member| member.trouble.is_none());
        assert!(bench.until(Duration::from_secs(60), well).await.is_some(), "{:#?}", bench.now());

        let refused = bench.sent().iter().filter(|sent| sent.status == 429).count();
        // One finds out, and what was on its way then.
        assert!((1..=4).contains(&refused), "{refused}");
        assert_eq!(bench.breaches(), Vec::<String>::new());
        bench.stop().await;
    });
}

/// As after a restart of a computer whose keyring forgets.
#[test]
fn a_sign_in_that_is_not_on_this_computer_any_more_is_not_said_to_be_refused_by_spotify() {
    on_virtual_time(async {
        let bench = Bench::open(Setting::default()).await;
        bench.secrets.delete(bench.sim.account_id("ben").unwrap()).unwrap();

        bench.program.dispatch(Action::Host);
        let noticed = |now: &Now| now.0.notices.iter().any(|notice| notice.code == "sign_in_gone");
        assert!(bench.until(SOON, noticed).await.is_some(), "{:#?}", bench.now());
        bench.program.dispatch(Action::RefreshDevices);
        let beside = |now: &Now| now.0.accounts[1].trouble.is_some();
        assert!(bench.until(SOON, beside).await.is_some(), "{:#?}", bench.now());

        let now = bench.now();
        let trouble = now.0.accounts[1].trouble.clone().unwrap();
        for text in [&now.0.notices[0].text, &trouble.text] {
            assert!(reads_as("trouble.sign_in_gone", text), "{text}");
            assert!(!text.contains("accepts") && text.contains("Ben"), "{text}");
        }
        assert_eq!(trouble.way_out.unwrap().action, Action::Show { screen: Screen::Connect });
        assert!(now.0.room.is_none() && now.0.accounts[0].trouble.is_none());
        bench.stop().await;
    });
}

fn words(now: &Now, name: &str) -> String {
    now.member(name).trouble.as_ref().unwrap().text.clone()
}
