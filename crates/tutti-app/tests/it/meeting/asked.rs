//! An invite that was opened asks first; what runs meanwhile goes on until the other room has let somebody in.

use std::net::TcpListener;

use tutti_app::api::{Action, Question, Screen, Snapshot};
use tutti_app::invite::{HubAddress, Invite};
use tutti_core::proof::RoomSecret;
use tutti_sim::player::Hand;

use super::{friends, in_step, invite, member, members, reached};
use crate::relay::Relay;
use crate::spotify::Spotify;
use crate::stand::Stand;

/// The invite of a session of Ada's at this address, which no hub has.
fn adas(address: &str) -> String {
    let hub = HubAddress::parse(address).unwrap();
    Invite { secret: RoomSecret::new([9; 16]), hubs: vec![hub], host: Some("Ada".into()), user: None }.link()
}

/// An invite to where connections are taken, and never a word is said.
fn silent() -> (TcpListener, String) {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let invite = adas(&format!("ws://{}", silent.local_addr().unwrap()));
    (silent, invite)
}

/// Somebody's session on this computer, and its invite.
async fn hosted(spotify: &Spotify, user: &str) -> (Stand, String) {
    let stand = spotify.stand().await;
    spotify.sign_in(&stand, user, None).await;
    stand.act(Action::HostSession { relay: None, listen: Some("127.0.0.1:0".into()) });
    let link = invite(&stand).await;
    (stand, link)
}

async fn asked(stand: &Stand, link: &str) -> Question {
    stand.act(Action::OpenInvite { invite: link.to_owned() });
    let snapshot = stand.until("the question", |snapshot| snapshot.question.is_some()).await;
    snapshot.question.clone().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_that_leads_nowhere_costs_nobody_the_session_that_they_are_in() {
    let spotify = Spotify::open(2).await;
    let stands = friends(&spotify, &["anna", "ben"]).await;
    spotify.sim.hand("anna", Hand::resume()).unwrap();
    stands[1].until("Ben hears Anna", |snapshot| in_step(snapshot, "Anna", 0.0)).await;
    let relay = Relay::start();
    let gone = adas(&relay.address());

    let question = asked(&stands[1], &gone).await;
    assert!(question.leaves && question.host == "Ada");
    stands[1].act(Action::AnswerInvite { question: question.id, join: true });

    assert!(stands[1].notice("room_gone").await.contains("has ended"));
    let still = |snapshot: &Snapshot| snapshot.screen == Screen::Room && members(snapshot).len() == 2;
    stands[1].until("Ben is where he was", still).await;
    spotify.sim.hand("anna", Hand::Seek { position_ms: 70_000 }).unwrap();
    stands[1].until("Ben follows Anna as before", |snapshot| in_step(snapshot, "Anna", 70_000.0)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_says_yes_goes_from_one_session_to_the_other_and_the_first_one_goes_on() {
    let spotify = Spotify::open(3).await;
    let stands = friends(&spotify, &["anna", "ben"]).await;
    let (chiara, link) = hosted(&spotify, "chiara").await;

    let question = asked(&stands[1], &link).await;
    assert!(question.leaves);
    stands[1].act(Action::AnswerInvite { question: question.id, join: false });
    stands[1].until("no question any more", |snapshot| snapshot.question.is_none()).await;
    assert_eq!(members(&stands[1].program.snapshots().borrow()).len(), 2, "no is no");
    let question = asked(&stands[1], &link).await.id;
    stands[1].act(Action::AnswerInvite { question, join: true });

    let with_chiara = |snapshot: &Snapshot| member(snapshot, "Chiara").is_some() && members(snapshot).len() == 2;
    stands[1].until("Ben is with Chiara", with_chiara).await;
    stands[0].until("Anna is alone", |snapshot| members(snapshot).len() == 1 && reached(snapshot) == "connected").await;
    spotify.sim.hand("ben", Hand::resume()).unwrap();
    chiara.until("Chiara hears Ben", |snapshot| in_step(snapshot, "Ben", 0.0)).await;
    assert!(stands[0].program.snapshots().borrow().notices.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_from_outside_opens_a_question_and_nothing_else() {
    let spotify = Spotify::open(2).await;
    let stands = friends(&spotify, &["anna"]).await;
    let ben = spotify.stand().await;
    spotify.sign_in(&ben, "ben", None).await;
    let link = invite(&stands[0]).await;
    let before = spotify.sim.log().commands().count();

    // As often as a page likes, with whatever stands behind an invite's path.
    for link in [&*link, &*link, "tutti://callback?code=a&state=b", "tutti://join/../leave", &*link] {
        ben.program.open_link(link);
    }
    ben.act(Action::Show { screen: Screen::Settings });
    let shown = ben.until("what came after them", |snapshot| snapshot.screen == Screen::Settings).await;

    assert_eq!(shown.question.as_ref().map(|question| &*question.host), Some("Anna"));
    assert!(shown.waiting.is_none() && shown.room.is_none());
    assert_eq!(members(&stands[0].program.snapshots().borrow()).len(), 1, "nobody came");
    assert_eq!(spotify.sim.log().commands().count(), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_yes_to_one_invite_is_none_to_another_that_came_in_its_place() {
    let spotify = Spotify::open(1).await;
    let anna = spotify.stand().await;
    spotify.sign_in(&anna, "anna", None).await;
    let (_silent, nowhere) = silent();
    let read = asked(&anna, &adas("ws://192.168.1.7:7450")).await;

    // Anna clicks on Join, and a page that she has open is quicker.
    anna.act(Action::OpenInvite { invite: nowhere });
    anna.act(Action::AnswerInvite { question: read.id, join: true });
    anna.act(Action::Show { screen: Screen::Settings });

    let shown = anna.until("what came after it", |snapshot| snapshot.screen == Screen::Settings).await;
    assert!(shown.waiting.is_none(), "nobody said yes to that");
    let now = shown.question.clone().unwrap();
    assert!(now.id != read.id && now.place != read.place, "it is asked anew: {now:?}");
    anna.act(Action::AnswerInvite { question: now.id, join: true });
    anna.until("now it is tried", |snapshot| snapshot.waiting.is_some() && snapshot.question.is_none()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_link_of_the_session_that_one_is_in_changes_nothing() {
    let spotify = Spotify::open(2).await;
    let stands = friends(&spotify, &["anna", "ben"]).await;
    let link = invite(&stands[0]).await;

    stands[1].act(Action::OpenInvite { invite: link });

    assert!(stands[1].notice("already_there").await.contains("you are in"));
    let shown = stands[1].program.snapshots().borrow().clone();
    assert!(shown.question.is_none() && members(&shown).len() == 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invite_that_came_before_the_account_is_asked_again_after_the_sign_in() {
    let spotify = Spotify::open(2).await;
    let (_anna, link) = hosted(&spotify, "anna").await;
    let ben = spotify.stand().await;

    let question = asked(&ben, &link).await;
    assert!(question.accounts.is_empty());
    ben.act(Action::AnswerInvite { question: question.id, join: true });
    ben.until("the way to an account", |snapshot| snapshot.screen == Screen::Connect).await;
    spotify.sign_in(&ben, "ben", None).await;

    let again = ben.until("the same question", |snapshot| snapshot.question.is_some()).await;
    let again = again.question.clone().unwrap();
    assert_eq!(again.accounts, ["Ben"]);
    ben.act(Action::AnswerInvite { question: again.id, join: true });
    ben.until("both are there", |snapshot| members(snapshot).len() == 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waiting_for_a_room_says_for_what_and_can_be_given_up() {
    let spotify = Spotify::open(2).await;
    let ben = spotify.stand().await;
    spotify.sign_in(&ben, "ben", None).await;
    let (silent, nowhere) = silent();
    let address = silent.local_addr().unwrap();

    ben.act(Action::Join { invite: nowhere });
    let waits = ben.until("what is waited for", |snapshot| snapshot.waiting.is_some()).await;
    let waiting = waits.waiting.clone().unwrap();
    assert_eq!((waits.screen, &*waiting.text), (Screen::Room, "Joining Ada’s session"));
    assert!(waiting.long.contains(&address.to_string()), "{}", waiting.long);

    ben.act(Action::GiveUp);
    ben.until("the lobby", |snapshot| snapshot.waiting.is_none() && snapshot.screen == Screen::Lobby).await;
    // The account is free at once.
    ben.act(Action::HostSession { relay: None, listen: Some("127.0.0.1:0".into()) });
    ben.until("a room of his own", |snapshot| members(snapshot).len() == 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_invite_takes_the_place_of_the_one_that_is_waited_for() {
    let spotify = Spotify::open(2).await;
    let (_anna, link) = hosted(&spotify, "anna").await;
    let ben = spotify.stand().await;
    spotify.sign_in(&ben, "ben", None).await;
    let (_silent, nowhere) = silent();
    ben.act(Action::Join { invite: nowhere });
    ben.until("what is waited for", |snapshot| snapshot.waiting.is_some()).await;

    let question = asked(&ben, &link).await.id;
    ben.act(Action::AnswerInvite { question, join: true });

    ben.until("both are there", |snapshot| members(snapshot).len() == 2).await;
    assert!(ben.program.snapshots().borrow().notices.iter().all(|notice| notice.code == "signed_in"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_that_signs_out_on_the_way_to_a_room_is_not_taken_along() {
    let spotify = Spotify::open(3).await;
    let stands = friends(&spotify, &["anna", "ben"]).await;
    let link = invite(&stands[0]).await;
    let chiara = spotify.stand().await;
    spotify.sign_in(&chiara, "chiara", None).await;
    let account = chiara.program.snapshots().borrow().accounts[0].id.clone();

    chiara.act(Action::Join { invite: link });
    chiara.act(Action::SignOut { account });
    chiara.until("no account", |snapshot| snapshot.accounts.is_empty()).await;

    let out = |snapshot: &Snapshot| snapshot.room.is_none() && snapshot.waiting.is_none();
    chiara.until("nobody is taken along", out).await;
    stands[0].until("the two of before", |snapshot| members(snapshot).len() == 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_that_does_not_answer_whoever_hosts_is_said_with_the_way_to_its_address() {
    let spotify = Spotify::open(1).await;
    let anna = spotify.stand().await;
    spotify.sign_in(&anna, "anna", None).await;
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();

    anna.act(Action::HostSession { relay: Some(format!("ws://localhost:{}", nobody.port())), listen: None });

    let words = anna.notice("relay_unreachable").await;
    assert!(words.contains(&format!("localhost:{}", nobody.port())) && words.contains("Settings"), "{words}");
    let shown = anna.program.snapshots().borrow().clone();
    let notice = shown.notices.iter().find(|notice| notice.code == "relay_unreachable").unwrap();
    assert_eq!(notice.way_out.as_ref().unwrap().action, Action::Show { screen: Screen::Settings });
    assert_eq!(shown.screen, Screen::Lobby);
}
