//! A newer version as a user meets it: offered, asked for once more in a session, and never put in place without a yes.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Semaphore;
use tutti_app::api::{Action, Snapshot, Updates as Shown};
use tutti_app::updates::{Failure, Fetch, Install, Later, Update, Updates};
use tutti_app::{DemoOptions, Options, Program};

use crate::computer::Computer;
use crate::stand::{options, until};

const YES: Action = Action::InstallUpdate { ends_session: false };
const YES_AND_END: Action = Action::InstallUpdate { ends_session: true };

#[tokio::test]
async fn where_there_is_no_place_for_versions_nothing_is_said_of_them() {
    let home = tempfile::tempdir().unwrap();
    let program = Program::start(options(&home), Arc::new(Computer::default())).await.unwrap();

    program.dispatch(Action::LookForUpdate);
    program.dispatch(YES_AND_END);

    let snapshot = program.snapshots().borrow().clone();
    assert_eq!(snapshot.settings.desktop.as_ref().unwrap().updates, None);
    program.stop().await;
    assert!(program.snapshots().borrow().notices.is_empty());
}

#[tokio::test]
async fn a_newer_version_is_offered_and_nothing_is_fetched_before_a_yes() {
    let (program, place, _home) = start(Ok(Some("9.9.9")), false).await;
    let snapshot = until(program.snapshots(), "an offer", |snapshot| said(snapshot, "update_found")).await;
    assert_eq!(snapshot.notices[0].way_out.as_ref().unwrap().action, YES);
    assert!(snapshot.notices[0].text.contains("9.9.9"), "{}", snapshot.notices[0].text);
    assert_eq!((shown(&snapshot).code.as_str(), place.fetched(), place.installed()), ("found", 0, 0));

    program.dispatch(YES);

    let snapshot = until(program.snapshots(), "a word of the end", |snapshot| said(snapshot, "update_installed")).await;
    assert_eq!((place.fetched(), place.installed()), (1, 1));
    assert!(!said(&snapshot, "update_found"), "the question is answered");
    assert_eq!(shown(&snapshot).way_out.unwrap().action, Action::Quit);
    program.dispatch(Action::LookForUpdate);
    program.dispatch(YES);
    program.stop().await;
    assert_eq!((place.looked(), place.fetched()), (1, 1), "once it is in place there is nothing more to do");
}

#[tokio::test]
async fn in_a_session_it_is_not_offered_and_a_yes_is_asked_for_once_more() {
    let (program, place, _home) = start(Ok(Some("9.9.9")), true).await;
    let ready = |snapshot: &Snapshot| snapshot.room.is_some() && shown(snapshot).code == "found";
    let snapshot = until(program.snapshots(), "a session and a version", ready).await;
    assert!(!said(&snapshot, "update_found"));

    program.dispatch(YES);
    let snapshot = until(program.snapshots(), "the question", |snapshot| said(snapshot, "update_ends")).await;
    assert_eq!(snapshot.notices[0].way_out.as_ref().unwrap().action, YES_AND_END);
    assert!(snapshot.room.is_some());
    assert_eq!(place.fetched(), 0);

    program.dispatch(YES_AND_END);
    let snapshot = until(program.snapshots(), "it in place", |snapshot| shown(snapshot).code == "installed").await;
    assert!(snapshot.room.is_none(), "the session was left in order before");
    assert_eq!(place.installed(), 1);
    program.stop().await;
}

#[tokio::test]
async fn a_session_that_begins_while_a_version_is_fetched_is_not_ended_by_it() {
    let (program, place, _home) = start(Ok(Some("9.9.9")), false).await;
    until(program.snapshots(), "an offer", |snapshot| said(snapshot, "update_found")).await;
    place.slow.forget_permits(1);
    program.dispatch(YES);
    until(program.snapshots(), "it on its way", |snapshot| shown(snapshot).code == "fetching").await;
    program.dispatch(Action::StartDemo);
    until(program.snapshots(), "a session", |snapshot| snapshot.room.is_some()).await;

    place.slow.add_permits(1);

    let snapshot = until(program.snapshots(), "the question", |snapshot| said(snapshot, "update_ends")).await;
    assert_eq!((shown(&snapshot).code.as_str(), place.installed()), ("waiting", 0));
    assert!(snapshot.room.is_some());
    program.dispatch(Action::Leave);
    program.dispatch(YES);
    until(program.snapshots(), "it in place", |snapshot| shown(snapshot).code == "installed").await;
    assert_eq!((place.fetched(), place.installed()), (1, 1), "it is not fetched twice");
    program.stop().await;
}

#[tokio::test]
async fn what_does_not_work_is_said_and_can_be_tried_again() {
    let (program, place, _home) = start(Err(Failure::Network), false).await;
    let snapshot = until(program.snapshots(), "a failed look", |snapshot| shown(snapshot).code == "failed").await;
    assert!(shown(&snapshot).text.contains(&Failure::Network.text()));
    assert!(snapshot.notices.is_empty(), "what nobody asked for is not shouted");

    *place.there.lock().unwrap() = Ok(Some("9.9.9"));
    *place.refuses.lock().unwrap() = Some(Failure::Signature);
    program.dispatch(shown(&snapshot).way_out.unwrap().action);
    until(program.snapshots(), "an offer", |snapshot| said(snapshot, "update_found")).await;
    program.dispatch(YES);
    let snapshot = until(program.snapshots(), "the refusal", |snapshot| said(snapshot, "update_failed")).await;
    assert!(snapshot.notices[0].text.contains(&Failure::Signature.text()));
    assert_eq!((shown(&snapshot).code.as_str(), place.installed()), ("failed", 0));

    *place.there.lock().unwrap() = Ok(None);
    program.dispatch(shown(&snapshot).way_out.unwrap().action);
    until(program.snapshots(), "the newest", |snapshot| shown(snapshot).code == "newest").await;
    program.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_program_in_the_tray_looks_once_a_day() {
    let (program, place, _home) = start(Ok(None), false).await;
    until(program.snapshots(), "the newest", |snapshot| shown(snapshot).code == "newest").await;

    tokio::time::sleep(Duration::from_secs(23 * 3600)).await;
    assert_eq!(place.looked(), 1);
    tokio::time::sleep(Duration::from_secs(3600 + 60)).await;
    assert_eq!(place.looked(), 2);
    program.stop().await;
}

async fn start(
    there: Result<Option<&'static str>, Failure>,
    demo: bool,
) -> (Program, Arc<Releases>, tempfile::TempDir) {
    let home = tempfile::tempdir().unwrap();
    let releases = Arc::new(Releases::default());
    *releases.there.lock().unwrap() = there;
    let demo = demo.then(|| DemoOptions { members: 2, profile: "lan".into(), ..DemoOptions::default() });
    let shell = Arc::new(Computer { releases: Some(releases.clone()), ..Computer::default() });
    let program = Program::start(Options { demo, ..options(&home) }, shell).await.unwrap();
    (program, releases, home)
}

fn shown(snapshot: &Snapshot) -> Shown {
    snapshot.settings.desktop.as_ref().unwrap().updates.clone().unwrap()
}

fn said(snapshot: &Snapshot, code: &str) -> bool {
    snapshot.notices.iter().any(|notice| notice.code == code)
}

/// A place with releases, and what was done with them.
struct Releases {
    there: Mutex<Result<Option<&'static str>, Failure>>,
    refuses: Mutex<Option<Failure>>,
    /// What is fetched waits for a permit.
    slow: Arc<Semaphore>,
    counts: Arc<[AtomicU32; 3]>,
}

impl Default for Releases {
    fn default() -> Self {
        Self {
            there: Mutex::new(Ok(None)),
            refuses: Mutex::default(),
            slow: Arc::new(Semaphore::new(1)),
            counts: Arc::default(),
        }
    }
}

impl Releases {
    fn looked(&self) -> u32 {
        self.counts[0].load(Ordering::SeqCst)
    }

    fn fetched(&self) -> u32 {
        self.counts[1].load(Ordering::SeqCst)
    }

    fn installed(&self) -> u32 {
        self.counts[2].load(Ordering::SeqCst)
    }
}

impl Updates for Releases {
    fn look(&self) -> Later<Result<Option<Update>, Failure>> {
        self.counts[0].fetch_add(1, Ordering::SeqCst);
        let there = *self.there.lock().unwrap();
        let refuses = *self.refuses.lock().unwrap();
        let (slow, counts) = (self.slow.clone(), self.counts.clone());
        let fetch: Fetch = Box::new(move || {
            Box::pin(async move {
                counts[1].fetch_add(1, Ordering::SeqCst);
                let _turn = slow.acquire().await.unwrap();
                let install: Install = Box::new(move || {
                    counts[2].fetch_add(1, Ordering::SeqCst);
                    Ok(())
                });
                refuses.map_or(Ok(install), Err)
            })
        });
        let found = there.map(|version| version.map(|version| Update { version: version.to_owned(), fetch }));
        Box::pin(async move { found })
    }
}
