//! What the tray shows of a room and offers to do.

use std::sync::Arc;

use tokio::sync::watch;
use tutti_app::api::{Account, Band, Desktop, Network, Place, Snapshot, Status, Timing, WhoLeads};
use tutti_app::tray::{self, Entry, Icon, Row, Tray};

use crate::stand::Stand;

#[tokio::test]
async fn the_picture_is_that_of_the_room_also_on_the_network() {
    let mut shown = in_step().await;
    let icon = |shown: &Snapshot| Tray::of(shown).icon;
    assert_eq!(icon(&shown), Icon::InStep);

    let room = shown.room.as_mut().unwrap();
    let other = room.members.iter().position(|member| !member.leads).unwrap();
    room.members[other].timing = Some(Timing { error_ms: 300.0, bound_ms: 9.0, band: Band::LittleApart });
    assert_eq!(icon(&shown), Icon::OutOfStep);

    let room = shown.room.as_mut().unwrap();
    room.members[other].timing = None;
    room.members[other].place = Some(place(true));
    assert_eq!(icon(&shown), Icon::InStep, "who is gone for a moment is not out of step");
    shown.room.as_mut().unwrap().members[other].place = Some(place(false));
    assert_eq!(icon(&shown), Icon::OutOfStep);
    shown.room.as_mut().unwrap().members[other].status.code = "away".into();
    assert_eq!(icon(&shown), Icon::InStep, "nor who does not listen");

    shown.room.as_mut().unwrap().network = Some(network("reconnecting"));
    assert_eq!(icon(&shown), Icon::OutOfStep, "of a session that cannot be reached nothing is known");
    shown.room.as_mut().unwrap().network = Some(network("connected"));
    shown.room.as_mut().unwrap().now_playing = None;
    assert_eq!(icon(&shown), Icon::Paused);
    shown.room.as_mut().unwrap().sync = false;
    assert_eq!(icon(&shown), Icon::Idle);
    shown.room = None;
    assert_eq!(icon(&shown), Icon::Idle);
}

#[tokio::test]
async fn a_tray_is_drawn_again_only_when_it_is_another() {
    let mut shown = in_step().await;
    shown.settings.desktop = Some(desktop(true));
    let (to, mut snapshots) = watch::channel(Arc::new(shown.clone()));
    let first = tray::after(None, &mut snapshots).await.unwrap();

    to.send_modify(|shown| Arc::make_mut(shown).seq += 1);
    let idle = {
        let mut next = std::pin::pin!(tray::after(Some(&first), &mut snapshots));
        assert!(futures::poll!(&mut next).is_pending(), "numbers alone are nothing of the tray");
        shown.room.as_mut().unwrap().sync = false;
        to.send_replace(Arc::new(shown));
        next.await.unwrap()
    };
    assert_eq!(idle.icon, Icon::Idle);
    drop(to);
    assert_eq!(tray::after(Some(&idle), &mut snapshots).await, None);
}

#[tokio::test]
async fn a_tray_is_drawn_as_soon_as_the_desktop_has_one() {
    let stand = Stand::start(|_| {}).await;
    let empty = stand.program.snapshots().borrow().clone();
    let snapshot = |tray| {
        let mut snapshot = Snapshot::clone(&empty);
        snapshot.settings.desktop = Some(desktop(tray));
        Arc::new(snapshot)
    };
    let (to, mut snapshots) = watch::channel(snapshot(false));
    let mut first = std::pin::pin!(tray::after(None, &mut snapshots));
    assert!(futures::poll!(&mut first).is_pending(), "there is nowhere to draw it");

    to.send_replace(snapshot(true));

    assert_eq!(first.await.unwrap().icon, Icon::Idle);
}

#[tokio::test]
async fn a_session_can_be_hosted_or_its_invite_copied_whichever_there_is() {
    let mut shown = in_step().await;
    let entry = |shown: &Snapshot, wanted| enabled(&Tray::of(shown), wanted);
    assert_eq!(entry(&shown, Entry::Host), Some(false), "not out of a demo");
    let here = Tray::of(&shown);

    shown.room.as_mut().unwrap().network = Some(network("connected"));
    assert_eq!((entry(&shown, Entry::CopyInvite), entry(&shown, Entry::Host)), (Some(true), None));
    assert!(!Tray::of(&shown).is_like(&here), "other rows are another menu");

    shown.room = None;
    assert_eq!(entry(&shown, Entry::Host), Some(false), "with nobody to take along");
    assert_eq!(entry(&shown, Entry::Leave), Some(false));
    shown.accounts.push(account());
    assert_eq!(entry(&shown, Entry::Host), Some(true));
    assert!(Tray::of(&shown).is_like(&here), "only words differ: an open menu stays open");
    for always in [Entry::Show, Entry::Settings, Entry::Quit] {
        assert_eq!(entry(&shown, always), Some(true));
    }
}

#[test]
fn every_state_has_a_picture_that_can_be_drawn() {
    for icon in [Icon::Idle, Icon::InStep, Icon::OutOfStep, Icon::Paused] {
        let mut picture = png::Decoder::new(std::io::Cursor::new(icon.picture())).read_info().unwrap();
        let mut pixels = vec![0; picture.output_buffer_size().unwrap()];
        let drawn = picture.next_frame(&mut pixels).unwrap();
        assert_eq!(drawn.width, drawn.height);
    }
}

async fn in_step() -> Snapshot {
    let stand = Stand::demo(2, "lan").await;
    let everybody = |snapshot: &Snapshot| {
        let close = |timing: Option<Timing>| timing.is_some_and(|timing| timing.band <= Band::Fine);
        snapshot.room.as_ref().is_some_and(|room| {
            room.leader.is_some() && room.members.iter().all(|member| member.leads || close(member.timing))
        })
    };
    let shown = stand.until("everybody in step", everybody).await;
    stand.program.stop().await;
    Snapshot::clone(&shown)
}

/// Whether a row can be clicked; None where there is none.
fn enabled(tray: &Tray, wanted: Entry) -> Option<bool> {
    tray.rows.iter().find_map(|row| match row {
        Row::Check { entry, enabled, .. } | Row::Button { entry, enabled, .. } if *entry == wanted => Some(*enabled),
        _ => None,
    })
}

fn desktop(tray: bool) -> Desktop {
    Desktop { start_at_login: false, tray, close_to_tray: true, notifications: true, log: String::new(), updates: None }
}

fn place(reconnecting: bool) -> Place {
    Place { here: false, drives_here: false, devices: Vec::new(), reconnecting, host: false }
}

fn network(code: &str) -> Network {
    Network {
        invite: String::new(),
        page: None,
        near: false,
        own_device: String::new(),
        connection: Status { code: code.into(), text: String::new() },
        host: true,
        who_leads: WhoLeads::Anyone,
        locked: false,
    }
}

fn account() -> Account {
    let (id, name) = ("ana".into(), "Ana".into());
    Account { id, name, chosen: true, devices: Vec::new(), device: None, trouble: None, ending: None }
}
