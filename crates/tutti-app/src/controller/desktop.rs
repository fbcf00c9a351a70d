//! The desktop around the window: the tray's entries, what a closed window means, what is told outside of it.

use tokio::time::Instant;

use super::Controller;
use crate::api::{Action, Snapshot};
use crate::problem::Problem;
use crate::shell::News;
use crate::texts::t;
use crate::tray::Entry;
use crate::window::{Closing, SAYS, closing};

impl Controller {
    pub(super) async fn tray(&mut self, entry: Entry) {
        match entry {
            Entry::Show => self.show_window(),
            Entry::Quit => self.shell.quit(),
            Entry::Leave => self.act(Action::Leave).await,
            Entry::Sync => {
                let on = self.room.as_ref().is_some_and(|room| !room.shown.sync);
                self.sync(on);
            }
            Entry::Host => {
                let relay = self.settings.choices.relay.clone();
                self.host_session(relay.as_deref(), None);
                self.show_window();
            }
            Entry::CopyInvite => self.copy_invite(),
            Entry::Settings => {
                self.open_settings();
                self.show_window();
            }
        }
    }

    pub(super) fn show_window(&mut self) {
        self.pane.shown = true;
        self.shell.show_window(self.settings.choices.window);
    }

    fn copy_invite(&mut self) {
        self.notices.clear("no_clipboard");
        let network = self.room.as_ref().and_then(|room| room.network.as_ref());
        let (Some(network), Some(desktop)) = (network, self.shell.desktop()) else { return };
        let picture = network.picture();
        if let Err(why) = desktop.copy(picture.page.as_deref().unwrap_or(&picture.invite)) {
            self.notices.say(&Problem::new("no_clipboard").with("why", why));
            self.show_window();
        }
    }

    /// One's own session is open: its invite is at hand wherever it is to be pasted.
    pub(super) fn hand_out(&mut self) {
        let network = self.room.as_ref().and_then(|room| room.network.as_ref());
        let (Some(network), Some(desktop)) = (network, self.shell.desktop()) else { return };
        let picture = network.picture();
        match desktop.copy(picture.page.as_deref().unwrap_or(&picture.invite)) {
            Ok(()) => self.notices.say(&Problem::new("invite_copied")),
            // Nobody asked for it, and the invite can be copied in the window.
            Err(why) => tracing::warn!(why, "the invite could not be copied"),
        }
    }

    pub(super) fn desktop_news(&mut self, news: News) {
        match news {
            News::Tray(there) => self.tray_is(there),
            News::Focused(focused) => {
                self.pane.focused = focused;
                if focused {
                    self.announcer.forget();
                }
            }
            News::Place(place) => {
                if self.settings.choices.window != Some(place) {
                    self.settings.choices.window = Some(place);
                    self.save_quietly();
                }
            }
            News::InTray => {
                (self.pane.shown, self.pane.focused) = (false, false);
                if self.pane.tray {
                    self.say_tray();
                } else {
                    // The tray went while the window closed.
                    self.notices.say(&Problem::new("tray_gone"));
                    self.show_window();
                }
            }
            News::Broke => self.broke(),
            News::WouldEnd => {
                let says = SAYS[usize::from(self.pane.tray)];
                self.notices.say(&Problem::new(says).way_out("quit", Action::Quit));
            }
        }
    }

    /// Without a tray nothing could bring back a window that was closed or to start hidden: it comes by itself, and says why.
    fn tray_is(&mut self, there: bool) {
        tracing::info!(there, "the desktop's tray");
        let had_one = std::mem::replace(&mut self.pane.tray, there);
        if there {
            for untrue_now in ["tray_missing", "tray_gone", SAYS[0]] {
                self.notices.clear(untrue_now);
            }
            return;
        }
        self.notices.clear(SAYS[1]);
        if !self.pane.shown {
            self.notices.say(&Problem::new(if had_one { "tray_gone" } else { "tray_missing" }));
            self.show_window();
        }
    }

    /// A window that goes by itself is told in any case: there is nothing else that the user could see.
    fn broke(&mut self) {
        let stays = closing(&self.snapshot()) == Closing::ToTray;
        let problem = Problem::new(if stays { "window_broke" } else { "window_broke_ends" });
        tracing::error!(stays, "the window cannot be shown");
        let told = self.shell.desktop().map(|desktop| desktop.notify(&problem.text()));
        if !matches!(told, Some(Ok(()))) {
            self.notices.say(&problem);
        }
        // That it goes on in the tray was said with it.
        self.settings.choices.tray_said |= stays;
    }

    /// The first time that the window closes to the tray: outside of it, or in it when it is opened again.
    fn say_tray(&mut self) {
        if std::mem::replace(&mut self.settings.choices.tray_said, true) {
            return;
        }
        self.save_quietly();
        if self.tell(&t("tell.tray", &[])).is_err() {
            self.notices.say(&Problem::new("in_tray"));
        }
    }

    /// What happened since the last snapshot is told, unless somebody looks.
    pub(super) fn notice(&mut self, next: &Snapshot) {
        if self.shell.desktop().is_some() && !self.pane.focused && self.settings.choices.notifications {
            self.announcer.between(&self.publisher.newest(), next, Instant::now());
        }
    }

    pub(super) fn announce(&mut self) {
        if let Some(text) = self.announcer.take(Instant::now())
            && let Err(why) = self.tell(&text)
        {
            tracing::warn!(why, "a notification could not be shown");
        }
    }

    fn tell(&self, text: &str) -> Result<(), String> {
        match self.shell.desktop() {
            Some(desktop) if self.settings.choices.notifications => desktop.notify(text),
            _ => Err("notifications are off".into()),
        }
    }

    /// What the user did not ask for is saved without a word; what they change is not.
    fn save_quietly(&mut self) {
        if self.pane.deleted && self.settings.accounts.is_empty() {
            // Whoever deleted everything finds no file that they did not ask for.
            return;
        }
        if let Err(error) = self.save() {
            tracing::warn!(%error, "the window's place is not kept");
        }
    }
}
