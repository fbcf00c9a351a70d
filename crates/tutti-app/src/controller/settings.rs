//! The Settings screen: each change is in force and on the disk at once; what did not work is said beside it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use super::{Controller, Message};
use crate::api::{self, Screen, Setting, SettingTrouble};
use crate::invite::HubAddress;
use crate::problem::Problem;
use crate::secrets::{forget_session, forget_user_key};
use crate::settings::{Home, Settings};
use crate::sign_in::blocking;
use crate::texts::set_language;

/// The longest relay address that is kept: a host name has at most 253 characters.
const ADDRESS_LIMIT: usize = 300;

/// What the screen shows beside the settings themselves.
#[derive(Default)]
pub(super) struct Pane {
    /// Where the settings were opened from.
    from: Option<Screen>,
    saved: u32,
    /// By the setting's name.
    troubles: BTreeMap<&'static str, Problem>,
    /// The system starts the program when the user signs in.
    starts_at_login: bool,
    /// As far as it is known; the desktop says so at its start, and whenever it is otherwise.
    pub tray: bool,
    /// Everything was deleted in this run, so nothing is left behind at its end either.
    pub deleted: bool,
    /// The window was asked for, and not closed since.
    pub shown: bool,
    /// Somebody looks at the window.
    pub focused: bool,
}

impl Controller {
    /// Asks the system once for what it keeps itself.
    pub(super) fn look_at_desktop(&mut self) {
        let starts = self.shell.desktop().map(|desktop| desktop.starts_at_login());
        self.pane.starts_at_login = matches!(starts, Some(Ok(true)));
        if let Some(Err(why)) = starts {
            tracing::warn!(why, "whether Tutti starts at login is not known");
        }
    }

    pub(super) fn open_settings(&mut self) {
        if self.screen != Screen::Settings {
            self.pane.from = Some(self.screen);
            self.pane.troubles.clear();
            self.screen = Screen::Settings;
        }
    }

    /// Back to where they were opened from, as far as that is still there.
    pub(super) fn close_settings(&mut self) {
        if self.screen != Screen::Settings {
            return;
        }
        let nobody = self.settings.accounts.is_empty();
        let home = if nobody { Screen::Welcome } else { Screen::Lobby };
        let back = match self.pane.from.take() {
            _ if self.room.is_some() || self.opening.is_some() => Screen::Room,
            Some(Screen::Connect) if self.connecting.is_some() => Screen::Connect,
            _ => home,
        };
        self.show(back);
    }

    pub(super) fn set(&mut self, setting: Setting) {
        let name = name(&setting);
        self.pane.troubles.remove(name);
        let choices = &mut self.settings.choices;
        match setting {
            Setting::Correction(style) => choices.correction = style,
            Setting::PauseByOthers(does) => choices.pause_by_others = does,
            Setting::Ad(does) => choices.ad = does,
            Setting::MayLead(who) => choices.may_lead = who,
            Setting::Relay(address) => match relay(address.as_deref()) {
                Ok(relay) => choices.relay = relay,
                Err(problem) => {
                    self.pane.troubles.insert(name, problem);
                    return;
                }
            },
            Setting::Thrifty(on) => {
                self.settings.thrifty = on;
                self.reach.rations.thrifty(on);
            }
            Setting::Language(language) => {
                choices.language = language;
                set_language(language.spoken());
            }
            Setting::Theme(theme) => choices.theme = theme,
            Setting::CloseToTray(on) => choices.close_to_tray = on,
            Setting::Notifications(on) => {
                choices.notifications = on;
                self.announcer.forget();
            }
            Setting::StartAtLogin(on) => return self.start_at_login(on),
        }
        self.prefer();
        self.save_settings();
    }

    /// Tells the room what the user prefers.
    pub(super) fn prefer(&mut self) {
        if let Some(room) = &mut self.room {
            room.room.set_preferences(self.settings.choices.preferences());
        }
    }

    /// The system keeps this one: what counts is what it says afterwards.
    fn start_at_login(&mut self, on: bool) {
        let Some(desktop) = self.shell.desktop() else { return };
        let outcome = desktop.start_at_login(on).and_then(|()| desktop.starts_at_login());
        let why = match outcome {
            Ok(starts) => {
                self.pane.starts_at_login = starts;
                (starts != on).then(String::new)
            }
            Err(why) => Some(why),
        };
        match why {
            None => self.pane.saved += 1,
            Some(why) => {
                let problem = Problem::new(if on { "login_start" } else { "login_start_stays" }).with("why", why);
                self.pane.troubles.insert("start_at_login", problem);
            }
        }
    }

    pub(super) fn open_log_folder(&mut self) {
        self.pane.troubles.remove("log");
        let Some(desktop) = self.shell.desktop() else { return };
        let folder = self.reach.home.log_folder();
        if let Err(why) = desktop.open_folder(&folder) {
            self.pane.troubles.insert("log", Problem::new("no_folder_opened").with("why", why));
        }
    }

    pub(super) fn settings_shown(&self) -> api::Settings {
        let choices = &self.settings.choices;
        let trouble =
            |(name, problem): (&&str, &Problem)| SettingTrouble { setting: (*name).to_owned(), text: problem.text() };
        api::Settings {
            correction: choices.correction,
            pause_by_others: choices.pause_by_others,
            ad: choices.ad,
            may_lead: choices.may_lead,
            relay: choices.relay.clone(),
            thrifty: self.settings.thrifty,
            language: choices.language,
            theme: choices.theme,
            desktop: self.shell.desktop().map(|_| api::Desktop {
                start_at_login: self.pane.starts_at_login,
                tray: self.pane.tray,
                close_to_tray: choices.close_to_tray,
                notifications: choices.notifications,
                log: self.reach.home.log_folder().display().to_string(),
                updates: self.updates_shown(),
            }),
            saved: self.pane.saved,
            troubles: self.pane.troubles.iter().map(trouble).collect(),
        }
    }

    pub(super) fn save_settings(&mut self) {
        match self.save() {
            Ok(()) => {
                self.pane.saved += 1;
                self.notices.clear("settings_not_written");
            }
            Err(error) => self.notices.say(&not_written(&self.reach.home, &error)),
        }
    }

    /// Writes the settings, with what another program on this profile has signed in meanwhile, for the first time or anew.
    pub(super) fn save(&mut self) -> std::io::Result<()> {
        self.known.extend(self.settings.accounts.iter().map(|account| account.account_id.clone()));
        for account in Settings::accounts_of(&self.reach.home) {
            match self.settings.account_mut(&account.account_id) {
                Some(known) if account.signed_in_at > known.signed_in_at => {
                    known.client_id = account.client_id;
                    (known.signed_in_at, known.ending_told) = (account.signed_in_at, None);
                }
                Some(_) => {}
                None if self.known.insert(account.account_id.clone()) => self.settings.accounts.push(account),
                None => {}
            }
        }
        self.settings.save(&self.reach.home)
    }

    /// A profile that nothing can be written to is said at once, and not when the first change is lost.
    pub(super) fn try_home(&mut self) {
        if let Err(error) = self.reach.home.try_writing() {
            self.notices.say(&not_written(&self.reach.home, &error));
        }
    }

    /// Leaves the room, deletes every sign-in, and then what is in the profile's folder.
    pub(super) async fn delete_everything(&mut self) {
        self.cancel_sign_in();
        self.forget_left();
        self.leave().await;
        let (reach, secrets) = (self.reach.clone(), Arc::clone(&self.reach.secrets));
        let accounts: Vec<String> = self.settings.accounts.iter().map(|account| account.account_id.clone()).collect();
        self.later(async move {
            let mut outcome = blocking(move || forget_user_key(&*secrets).and(forget_session(&*secrets))).await;
            for account in accounts {
                outcome = reach.forget(&account).await.and(outcome);
            }
            Message::Deleted(outcome)
        });
    }

    pub(super) fn deleted(&mut self, outcome: Result<(), Problem>) {
        if let Err(problem) = outcome {
            return self.notices.say(&problem.again(api::Action::DeleteEverything));
        }
        if self.pane.starts_at_login {
            self.start_at_login(false);
        }
        self.settings = Settings::default();
        set_language(self.settings.choices.language.spoken());
        self.accounts.clear();
        self.reach.rations.thrifty(false);
        self.reach.rations.forget_developers();
        self.pane.troubles.clear();
        self.pane.deleted = true;
        self.screen = Screen::Welcome;
        self.notices = Default::default();
        match delete_files(&self.reach.home) {
            Ok(()) => self.notices.say(&Problem::new("everything_deleted")),
            Err(error) => {
                let path = self.reach.home.folder().display().to_string();
                self.notices.say(&Problem::new("not_deleted").with("path", path).with("why", error.to_string()));
            }
        }
    }
}

fn not_written(home: &Home, error: &std::io::Error) -> Problem {
    let path = home.settings_file().display().to_string();
    Problem::new("settings_not_written").with("path", path).with("why", error.to_string())
}

/// A relay's address as it can be used; nothing is none.
fn relay(given: Option<&str>) -> Result<Option<String>, Problem> {
    let Some(given) = given.map(str::trim).filter(|given| !given.is_empty()) else { return Ok(None) };
    let short: String = given.chars().take(ADDRESS_LIMIT).collect();
    match HubAddress::parse(given) {
        Some(_) if short == given => Ok(Some(short)),
        _ => Err(Problem::new("bad_relay").with("address", short)),
    }
}

/// Settings (also those put aside), logs, and which client ids share a quota. What Spotify asked Tutti to wait stays: it holds
/// for whoever comes next.
fn delete_files(home: &Home) -> std::io::Result<()> {
    for entry in fs::read_dir(home.folder())?.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("settings.") || name.starts_with("developers.") {
            fs::remove_file(entry.path())?;
        }
    }
    remove_logs(&home.log_folder())
}

/// The window's own files, at the end of the program: before, they are in use.
pub(super) fn delete_window_files(home: &Home) {
    for folder in home.of_the_window() {
        if let Err(error) = fs::remove_dir_all(&folder)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(%error, folder = %folder.display(), "not all of the window's files could be deleted");
        }
    }
}

/// The newest file is open: it is emptied instead.
fn remove_logs(folder: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name() == "tutti.log" {
            fs::File::options().write(true).truncate(true).open(entry.path())?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn name(setting: &Setting) -> &'static str {
    match setting {
        Setting::Correction(_) => "correction",
        Setting::PauseByOthers(_) => "pause_by_others",
        Setting::Ad(_) => "ad",
        Setting::MayLead(_) => "may_lead",
        Setting::Relay(_) => "relay",
        Setting::Thrifty(_) => "thrifty",
        Setting::Language(_) => "language",
        Setting::Theme(_) => "theme",
        Setting::StartAtLogin(_) => "start_at_login",
        Setting::CloseToTray(_) => "close_to_tray",
        Setting::Notifications(_) => "notifications",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_relay_s_address_is_tidied_and_one_that_is_none_is_said() {
        assert_eq!(relay(Some("  wss://relay.example.org ")), Ok(Some("wss://relay.example.org".into())));
        assert_eq!(relay(Some("  ")), Ok(None));
        assert_eq!(relay(None), Ok(None));
        assert_eq!(relay(Some("not an address")).unwrap_err().code(), "bad_relay");
        assert_eq!(relay(Some(&"wss://a".repeat(100))).unwrap_err().code(), "bad_relay");
    }

    #[test]
    fn a_setting_s_name_is_the_one_that_travels() {
        let settings = [
            Setting::Correction(api::Correction::Tight),
            Setting::PauseByOthers(api::PauseByOthers::Everybody),
            Setting::Ad(api::LeadersAd::Wait),
            Setting::MayLead(api::MayLead::Host),
            Setting::Relay(None),
            Setting::Thrifty(true),
            Setting::Language(api::LanguageChoice::De),
            Setting::Theme(api::Theme::Dark),
            Setting::StartAtLogin(true),
            Setting::CloseToTray(true),
            Setting::Notifications(true),
        ];
        for setting in settings {
            let travels = serde_json::to_value(&setting).unwrap();
            assert_eq!(travels["name"], name(&setting));
        }
    }
}
