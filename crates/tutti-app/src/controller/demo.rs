//! The demo in the window: setting the stage, and the hands on its phones.

use tokio_util::task::AbortOnDropHandle;
use tutti_core::time::Span;

use super::hosting::{Guest, Hosted};
use super::opening::To;
use super::{Controller, Message};
use crate::api::{Action, Hand, Screen};
use crate::demo::Stage;
use crate::local_room::Seat;
use crate::problem::Problem;
use crate::program::DemoOptions;
use crate::view::RoomName;

impl Controller {
    /// Sets the stage in the background; the window waits on the room's screen.
    pub(super) fn start_demo(&mut self, options: DemoOptions) {
        let attempt = self.begin_opening(To::Demo);
        self.notices.clear("demo_failed");
        self.notices.clear("other_server_gone");
        self.later(async move { Message::Stage(attempt, Box::new(Stage::set(&options).await)) });
    }

    /// Everybody is there: they take their seats, and the first one plays something.
    pub(super) async fn staged(&mut self, attempt: u64, stage: Result<Stage, Problem>) {
        let wanted = self.end_opening(attempt);
        match stage {
            Ok(stage) if !wanted => stage.strike().await,
            Err(_) if !wanted => {}
            Ok(stage) => self.open_stage(stage).await,
            Err(problem) => {
                self.screen = self.home_screen();
                self.notices.say(&problem.way_out("start_demo", Action::StartDemo));
            }
        }
    }

    async fn open_stage(&mut self, stage: Stage) {
        self.covers.allow(stage.endpoints.shown());
        let seed = self.options.demo.as_ref().map_or(0, |demo| demo.seed);
        let people = stage.people.clone();
        let first =
            (people.first().map(|person| person.user.clone()), stage.songs.first().map(|song| song.uri.clone()));
        let friends =
            self.options.demo.as_ref().is_some_and(|demo| demo.friends).then(|| stage.friends(seed)).flatten();
        let mut hosted = Hosted::open(RoomName::Demo, stage.endpoints.clone(), Some(stage));
        for (place, person) in people.into_iter().enumerate() {
            let seat =
                Seat { player: person.player, device: None, trim: Span::ZERO, seed: seed + place as u64, after: None };
            hosted.seat(Guest { account_id: person.user, name: person.name, seat }).await;
        }
        let alone = friends.is_none();
        hosted.friends = friends.map(|friends| AbortOnDropHandle::new(tokio::spawn(friends)));
        self.room = Some(hosted);
        self.prefer();
        self.screen = Screen::Room;
        // Friends begin with a song of their own.
        if alone && let (Some(user), Some(uri)) = first {
            self.act_by_hand(user, Hand::Play { uri: Some(uri) });
        }
    }

    pub(super) fn hand(&mut self, member: u32, hand: Hand) {
        let shown = self.room.as_ref().and_then(|room| room.shown.member(member));
        if let Some(user) = shown.map(|member| member.account.clone()) {
            self.act_by_hand(user, hand);
        }
    }

    fn act_by_hand(&mut self, user: String, hand: Hand) {
        let Some(hands) = self.room.as_ref().and_then(|room| room.stage.as_ref()).map(Stage::hands) else {
            return;
        };
        let to_self = self.to_self.clone();
        tokio::spawn(async move {
            if let Err(problem) = hands.act(&user, &hand).await {
                // An error means that the program has ended.
                let _ = to_self.send(Message::Said(problem));
            }
        });
    }
}
