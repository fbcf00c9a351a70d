//! One fault in one room: it is switched on for Ben, who follows Anna, and everything that is shown meanwhile is written down.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, timeout, timeout_at};
use tutti_app::api::{Action, Member, Snapshot};
use tutti_sim::fault::Fault;
use tutti_sim::player::Hand;

use crate::spotify::Spotify;
use crate::stand::Stand;

/// Anna's client id and Ben's: limits of the one are not limits of the other.
const CLIENT_IDS: [(&str, &str); 2] =
    [("anna", "0123456789abcdef0123456789abcdef"), ("ben", "fedcba9876543210fedcba9876543210")];
/// A fault that is to be shown is shown after so long: a planned look, and the 10 s after which a request is given up.
const SHOWN_WITHIN: Duration = Duration::from_secs(20);
/// A reading is there again so soon after a fault.
pub const BACK: Duration = Duration::from_secs(4);
/// The same where nothing could be read: looks are then planned every 4 s ± 30 %.
pub const BACK_FROM_NOTHING: Duration = Duration::from_millis(5_600);
/// Ben is in step with Anna so soon after a reading is there again.
const TOGETHER: Duration = Duration::from_secs(15);

/// Nobody was moved for so long: the room has come to rest.
const SETTLED_US: i64 = 6_000_000;

/// Troubles in which the player is read all the same.
const READABLE: [&str; 3] = ["ad", "restricted_device", "not_premium"];

/// When a fault is over.
#[derive(Clone, Copy, Debug)]
pub enum Ends {
    /// So long after its beginning.
    After(u64),
    /// So long after its words are shown.
    AfterWords(u64),
    /// Not while it is watched, perhaps not before the user acts: its words stay, here for 5 s.
    Later,
}

/// A row of the table.
#[derive(Clone, Debug)]
pub struct Row {
    /// The last one gives the row its name; all begin at once, in this order.
    pub faults: Vec<Value>,
    /// What Anna does meanwhile, and how long after the fault's beginning.
    pub acts: Vec<(u64, Hand)>,
    /// The trouble beside Ben and a piece of its words; none when it passes unnoticed.
    pub shows: Option<(&'static str, &'static str)>,
    pub ends: Ends,
    pub back: Duration,
    /// Ben is in step with Anna again soon after it.
    pub in_step_after: bool,
}

/// A fault that is over after so long and of which nobody is told.
pub fn unnoticed(kind: &str, fields: Value, for_ms: u64) -> Row {
    Row {
        faults: vec![with_kind(kind, fields)],
        acts: Vec::new(),
        shows: None,
        ends: Ends::After(for_ms),
        back: BACK,
        in_step_after: true,
    }
}

/// A fault that stands beside Ben.
pub fn told(kind: &str, fields: Value, code: &'static str, words: &'static str, ends: Ends) -> Row {
    let back = if READABLE.contains(&code) { BACK } else { BACK_FROM_NOTHING };
    Row {
        faults: vec![with_kind(kind, fields)],
        acts: Vec::new(),
        shows: Some((code, words)),
        ends,
        back,
        in_step_after: true,
    }
}

impl Row {
    /// Together with another fault that begins right before.
    pub fn after(mut self, kind: &str, fields: Value) -> Self {
        self.faults.insert(0, with_kind(kind, fields));
        self
    }

    /// What was asked of the player meanwhile is lost: how soon it is asked again is not looked at.
    pub fn behind(mut self) -> Self {
        self.in_step_after = false;
        self
    }

    pub fn when(mut self, after_ms: u64, hand: Hand) -> Self {
        self.acts.push((after_ms, hand));
        self
    }
}

fn with_kind(kind: &str, mut fields: Value) -> Value {
    fields["kind"] = json!(kind);
    fields
}

/// What was shown from the fault's beginning on.
#[derive(Debug, Default)]
struct Seen {
    /// Codes and words beside Ben.
    told: BTreeMap<String, String>,
    /// What should not have been.
    wrong: Vec<String>,
}

impl Seen {
    fn look(&mut self, snapshot: &Snapshot, epoch: u64) {
        let Some(room) = &snapshot.room else {
            return self.complain("the room is gone".to_owned());
        };
        let (anna, ben) = (member(snapshot, "Anna"), member(snapshot, "Ben"));
        if room.epoch != epoch || !anna.leads {
            self.complain(format!(
                "epoch {epoch} became {}: {:?}",
                room.epoch,
                room.history.marks.last().map(|mark| &mark.text)
            ));
        }
        if let Some(trouble) = &anna.trouble {
            self.complain(format!("Anna is told {}", trouble.code));
        }
        if let Some(trouble) = ben.trouble {
            self.told.insert(trouble.code, trouble.text);
        }
    }

    fn complain(&mut self, what: String) {
        if !self.wrong.contains(&what) {
            self.wrong.push(what);
        }
    }
}

/// Plays a row; a sentence for everything that is not as it should be.
pub async fn play(row: Row) -> Vec<String> {
    let (spotify, stand) = in_step().await;
    let mut snapshots = stand.program.snapshots();
    let epoch = snapshots.borrow().room.as_ref().unwrap().epoch;
    let mut seen = Seen::default();
    let begin = Instant::now();
    for fault in &row.faults {
        spotify.sim.fault("ben", Fault::from_json(fault.clone()).unwrap()).unwrap();
    }

    let mut acts = row.acts.clone().into_iter().peekable();
    let mut end = match row.ends {
        Ends::After(ms) => Some(begin + Duration::from_millis(ms)),
        _ => None,
    };
    let mut paused = false;
    loop {
        let now = Instant::now();
        if let Some((_, hand)) = acts.next_if(|(ms, _)| begin + Duration::from_millis(*ms) <= now) {
            paused = matches!(hand, Hand::Pause) || (paused && matches!(hand, Hand::Seek { .. }));
            spotify.sim.hand("anna", hand).unwrap();
        }
        let snapshot = snapshots.borrow_and_update().clone();
        seen.look(&snapshot, epoch);
        if end.is_none() && !seen.told.is_empty() {
            let stays = match row.ends {
                Ends::AfterWords(ms) => ms,
                _ => 5_000,
            };
            end = Some(now + Duration::from_millis(stays));
        }
        if now >= end.unwrap_or(begin + SHOWN_WITHIN) {
            break;
        }
        if !paused && !plays(&spotify, "anna") {
            seen.complain("Anna stopped".to_owned());
        }
        let _ = timeout_at(now + Duration::from_millis(50), snapshots.changed()).await;
    }

    match row.ends {
        Ends::Later => {
            let now = member(&snapshots.borrow(), "Ben").trouble.map(|trouble| trouble.code);
            if now.as_deref() != row.shows.map(|(code, _)| code) {
                seen.complain(format!("after a while it says {now:?}"));
            }
        }
        _ => {
            let since = spotify.sim.now_us();
            let deadline = Instant::now() + row.back;
            while !(reads(&spotify, since) && member(&snapshots.borrow(), "Ben").trouble.is_none()) {
                if Instant::now() >= deadline {
                    let now = member(&snapshots.borrow(), "Ben").trouble.map(|trouble| trouble.code);
                    seen.complain(format!("not back in {:?}: {now:?}", row.back));
                    break;
                }
                let snapshot = snapshots.borrow_and_update().clone();
                seen.look(&snapshot, epoch);
                let _ = timeout_at(Instant::now() + Duration::from_millis(50), snapshots.changed()).await;
            }
            let together = async { snapshots.wait_for(|snapshot| together(snapshot)).await.is_ok() };
            if row.in_step_after && !timeout(TOGETHER, together).await.unwrap_or(false) {
                seen.complain(format!("not in step again in {TOGETHER:?}"));
            }
            seen.look(&stand.program.snapshots().borrow(), epoch);
        }
    }
    stand.program.stop().await;

    let codes: Vec<&str> = seen.told.keys().map(String::as_str).collect();
    if codes != row.shows.iter().map(|(code, _)| *code).collect::<Vec<_>>() {
        seen.wrong.push(format!("it said {codes:?}"));
    }
    if let Some((code, words)) = row.shows
        && let Some(text) = seen.told.get(code)
        && (!text.contains(words) || text.contains(['{', '}']))
    {
        seen.wrong.push(format!("in these words: {text}"));
    }
    let name = row.faults.last().unwrap();
    seen.wrong.into_iter().map(|wrong| format!("{name}: {wrong}")).collect()
}

/// Anna and Ben in a room, each with a client id of their own; Anna leads.
async fn in_step() -> (Spotify, Stand) {
    let spotify = Spotify::open(2).await;
    let stand = spotify.stand().await;
    for (user, client_id) in CLIENT_IDS {
        stand.act(Action::Connect { client_id: client_id.into(), name: None });
        let snapshot = stand.until("the sign-in's page", |snapshot| snapshot.sign_in.is_some()).await;
        let page = snapshot.sign_in.as_ref().unwrap().address.clone();
        assert!(spotify.browse(&page, &format!("sim_user={user}")).await.status().is_success());
        stand.until("signed in", |snapshot| snapshot.sign_in.is_none()).await;
    }
    stand.act(Action::Host);
    stand.until("the room", |snapshot| snapshot.room.is_some()).await;
    spotify.sim.hand("anna", Hand::resume()).unwrap();
    stand.until("Ben follows Anna", together).await;
    // A correction that is still under way would meet the fault in place of a look.
    while commanded(&spotify, spotify.sim.now_us() - SETTLED_US) {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    (spotify, stand)
}

fn commanded(spotify: &Spotify, since: i64) -> bool {
    spotify.sim.log().commands().any(|command| command.at_us > since)
}

/// Anna leads, and Ben follows closely.
fn together(snapshot: &Snapshot) -> bool {
    let near = |name| member(snapshot, name).timing.is_some_and(|timing| timing.error_ms.abs() < 250.0);
    member(snapshot, "Anna").leads && near("Anna") && near("Ben")
}

fn plays(spotify: &Spotify, user: &str) -> bool {
    spotify.sim.truth().1.iter().any(|(name, truth)| &**name == user && truth.playing)
}

/// Whether Ben's player was read, with an answer, after `since`.
fn reads(spotify: &Spotify, since: i64) -> bool {
    spotify
        .sim
        .log()
        .requests()
        .any(|request| request.at_us > since && &*request.user == "ben" && request.status == 200)
}

fn member(snapshot: &Snapshot, name: &str) -> Member {
    let room = snapshot.room.as_ref().unwrap();
    room.members.iter().find(|member| member.name == name).unwrap().clone()
}
