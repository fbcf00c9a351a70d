//! The one actor that owns the program's state: actions and reports go in one by one, whole snapshots come out.

mod publish;

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};

use crate::api::{Action, Screen, Snapshot};
use crate::cover::Covers;
use crate::notices::Notices;
use crate::program::Options;
use crate::settings::Settings;
use crate::shell::Shell;
use crate::tray;
use publish::Publisher;

/// What reaches the actor.
pub(crate) enum Message {
    Action(Action),
    Tray(tray::Entry),
    Stop(oneshot::Sender<()>),
}

pub(crate) struct Controller {
    options: Options,
    shell: Arc<dyn Shell>,
    to_self: mpsc::UnboundedSender<Message>,
    covers: Covers,
    settings: Settings,
    notices: Notices,
    screen: Screen,
    publisher: Publisher,
}

impl Controller {
    pub fn new(
        options: Options,
        shell: Arc<dyn Shell>,
        to_self: mpsc::UnboundedSender<Message>,
        covers: Covers,
    ) -> Self {
        let loaded = Settings::load(&options.home);
        let first = publish::empty(&options);
        Self {
            options,
            shell,
            to_self,
            covers,
            settings: loaded.settings,
            notices: Notices::default(),
            screen: Screen::Welcome,
            publisher: Publisher::new(first),
        }
    }

    pub fn snapshots(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.publisher.subscribe()
    }

    /// Runs until it is told to stop, or until every handle is gone.
    pub async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<Message>) {
        loop {
            let message = tokio::select! {
                message = inbox.recv() => message,
                () = self.publisher.due() => {
                    let snapshot = self.snapshot();
                    self.publisher.publish(snapshot);
                    continue;
                }
            };
            match message {
                Some(Message::Action(action)) => self.act(action),
                Some(Message::Tray(entry)) => self.tray(entry),
                Some(Message::Stop(done)) => {
                    // An error means that nobody waits any more.
                    let _ = done.send(());
                    return;
                }
                None => return,
            }
            self.publisher.changed();
        }
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Show { screen } => self.screen = screen,
            Action::Dismiss { notice } => self.notices.dismiss(notice),
            _ => {}
        }
    }

    fn tray(&mut self, entry: tray::Entry) {
        match entry {
            tray::Entry::Show => self.shell.show_window(),
            tray::Entry::Quit => self.shell.quit(),
            tray::Entry::Leave => self.act(Action::Leave),
            tray::Entry::Sync => {}
        }
    }

    fn snapshot(&self) -> Snapshot {
        Snapshot { screen: self.screen, notices: self.notices.list().to_vec(), ..publish::empty(&self.options) }
    }
}
