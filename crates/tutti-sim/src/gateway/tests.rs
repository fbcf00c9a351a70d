//! Tests of what becomes of requests.
#![allow(clippy::unwrap_used)]

use serde_json::json;

use super::*;
use crate::profile::Profile;
use crate::sign_in::App;

const SECOND: i64 = 1_000_000;

fn service(ration: Ration) -> Gateway {
    Gateway::new(3, Profile::Ideal.trouble(), ration, 1)
}

fn get(user: usize) -> Request<'static> {
    Request { user, client_id: "app", command: false }
}

fn fault(value: serde_json::Value) -> Fault {
    Fault::from_json(value).unwrap()
}

fn denied(verdict: Verdict) -> Denial {
    match verdict {
        Verdict::Denied(denial) => denial,
        other => panic!("{other:?}"),
    }
}

fn passes(verdict: &Verdict) -> bool {
    *verdict == Verdict::Through(Dress::default())
}

#[test]
fn without_faults_and_rations_everything_passes() {
    let mut service = service(Ration::default());
    assert!((0..10_000).all(|at| passes(&service.judge(at, get(0)))));
}

#[test]
fn counted_faults_hit_so_many_requests_of_their_account_only() {
    let mut service = service(Ration::default());
    service.fault(0, 0, fault(json!({ "kind": "server_error", "status": 503, "count": 2 })));
    service.fault(0, 0, fault(json!({ "kind": "reset", "executes": true })));
    assert!(passes(&service.judge(1, get(1))));
    assert_eq!(service.judge(2, get(0)), Verdict::Cut { executes: true });
    assert_eq!(denied(service.judge(3, get(0))).status, 503);
    assert_eq!(denied(service.judge(4, get(0))).status, 503);
    assert!(passes(&service.judge(5, get(0))));
}

#[test]
fn lasting_faults_end_and_clear_ends_them_at_once() {
    let mut service = service(Ration::default());
    service.fault(0, 0, fault(json!({ "kind": "owner_lapsed", "for_ms": 1000 })));
    let denial = denied(service.judge(SECOND - 1, get(0)));
    assert_eq!((denial.status, denial.shape), (403, Shape::Plain));
    assert!(denial.message.starts_with("Active premium subscription required"));
    assert!(passes(&service.judge(SECOND, get(0))));
    service.fault(SECOND, 0, fault(json!({ "kind": "not_allowed", "for_ms": 600_000 })));
    assert_eq!(denied(service.judge(SECOND, get(0))).message, "User not registered in the Developer Dashboard");
    service.fault(SECOND, 0, Fault::Clear {});
    assert!(passes(&service.judge(SECOND, get(0))));
}

#[test]
fn a_rate_limit_belongs_to_the_client_id_and_asking_makes_it_longer() {
    let mut service = service(Ration { in_30_s: Some(10), in_24_h: None });
    assert!((0..10).all(|at| passes(&service.judge(at * SECOND, get(at as usize % 2)))));
    let denial = denied(service.judge(10 * SECOND, get(0)));
    assert_eq!((denial.status, denial.retry_after_s), (429, Some(20)));
    assert!(passes(&service.judge(10 * SECOND, Request { client_id: "other", ..get(0) })));
    // Asked five times before the time: five seconds more.
    let last = (11..16).map(|at| denied(service.judge(at * SECOND, get(1))).retry_after_s).last();
    assert_eq!(last, Some(Some(20)));
    assert_eq!(denied(service.judge(35 * SECOND - 1, get(0))).status, 429);
    assert!(passes(&service.judge(36 * SECOND, get(0))));
}

#[test]
fn a_quota_belongs_to_the_developer_of_several_client_ids() {
    let mut service = service(Ration { in_30_s: None, in_24_h: Some(100) });
    for client_id in ["app", "second"] {
        service.apps.register(client_id, App { developer: "dora".to_owned(), ..App::of(client_id) }).unwrap();
    }
    let second = Request { client_id: "second", ..get(1) };
    assert!((0..50).all(|at| passes(&service.judge(at, get(0))) && passes(&service.judge(at, second))));
    let denial = denied(service.judge(60, second));
    assert_eq!((denial.status, denial.shape), (429, Shape::Reason("QUOTA_EXCEEDED")));
    let wait_s = denial.retry_after_s.unwrap();
    assert!((6 * 3600..=24 * 3600).contains(&wait_s), "{wait_s}");
    assert_eq!(denied(service.judge(SECOND, get(0))).message, "Too many requests");
    assert!(passes(&service.judge(SECOND, Request { client_id: "third", ..get(2) })));
    assert!(passes(&service.judge(26 * 3600 * SECOND, get(0))));
}

#[test]
fn faults_close_a_client_id_or_a_developer_for_as_long_as_they_say() {
    let mut service = service(Ration::default());
    service.fault(0, 0, fault(json!({ "kind": "rate_limited", "retry_after_s": 7, "header": false, "plain": true })));
    let denial = denied(service.judge(0, get(0)));
    assert_eq!((denial.retry_after_s, denial.shape), (None, Shape::Plain));
    assert!(passes(&service.judge(7 * SECOND, get(0))));
    service.fault(8 * SECOND, 1, fault(json!({ "kind": "quota" })));
    assert_eq!(denied(service.judge(8 * SECOND, get(1))).retry_after_s, Some(21_600));
    assert_eq!(denied(service.judge(9 * SECOND, get(0))).shape, Shape::Reason("QUOTA_EXCEEDED"));
}

#[test]
fn answers_are_delayed_cut_short_and_accepted_in_other_words() {
    let mut service = service(Ration::default());
    service.fault(0, 0, fault(json!({ "kind": "slow_answer", "delay_ms": 1500 })));
    service.fault(0, 0, fault(json!({ "kind": "truncated" })));
    service.fault(0, 0, fault(json!({ "kind": "slow_body", "over_ms": 300 })));
    service.fault(0, 0, fault(json!({ "kind": "accepted_202", "for_ms": 1000, "lost": true })));
    let Verdict::Through(dress) = service.judge(1, get(0)) else { panic!("it passes") };
    assert_eq!((dress.delay_us, dress.truncated, dress.over_us), (1_500_000, true, 300_000));
    assert_eq!(dress.accepted, AcceptedAs::Later { lost: true });
    let Verdict::Through(dress) = service.judge(2, get(0)) else { panic!("it passes") };
    assert!(!dress.truncated && dress.over_us == 0);
}

#[test]
fn accidents_of_a_profile_happen_as_often_as_it_says() {
    let mut service = Gateway::new(1, Profile::Mobile.trouble(), Ration::default(), 3);
    let failed = (0..100_000).filter(|&at| !passes(&service.judge(at, get(0)))).count();
    assert!((60..140).contains(&failed), "{failed} of 100,000");
    let mut hostile = Gateway::new(1, Profile::Hostile.trouble(), Ration::default(), 3);
    let failed = (0..20_000).filter(|&at| !passes(&hostile.judge(at * SECOND, get(0)))).count();
    assert!((1_000..6_000).contains(&failed), "{failed} of 20,000");
}
