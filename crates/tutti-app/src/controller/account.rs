//! The accounts of this computer in the lobby: devices, choices, signing out.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use tutti_core::command::Outcome;
use tutti_core::reading::Failure;
use tutti_core::room::MemberId;

use super::connect::ABOUT_THE_KEYCHAIN;
use super::ending::ending;
use super::{Controller, Message};
use crate::api;
use crate::players::{Listed, Player};
use crate::problem::Problem;
use crate::ration::Rationed;
use crate::trouble::of_failure;

/// Said of a chosen device until another one is chosen.
const NOT_MOVED: &str = "device_not_moved";

/// What this run knows of an account beside its settings.
#[derive(Default)]
pub(super) struct AccountState {
    pub player: Option<Arc<Rationed>>,
    devices: Vec<Listed>,
    trouble: Option<Problem>,
}

/// What came of looking for an account's devices.
pub(crate) struct Found {
    /// With which sign-in.
    signed_in_at: Option<DateTime<Utc>>,
    player: Result<Arc<Rationed>, Problem>,
    devices: Result<Vec<Listed>, Failure>,
}

impl Controller {
    pub(super) fn accounts_shown(&self) -> Vec<api::Account> {
        let shown = self.settings.accounts.iter().map(|account| {
            let state = self.accounts.get(&account.account_id);
            let devices = state.map(|state| state.devices.iter().map(device).collect());
            let trouble = state.and_then(|state| state.trouble.as_ref());
            api::Account {
                id: account.account_id.clone(),
                name: account.name.clone(),
                chosen: self.is_chosen(account),
                devices: devices.unwrap_or_default(),
                device: account.device.clone(),
                trouble: trouble.map(Problem::to_trouble),
                // Who has to sign in again anyway is told so.
                ending: ending(account, Utc::now()).filter(|_| !trouble.is_some_and(Problem::needs_sign_in)),
            }
        });
        shown.collect()
    }

    /// One request an account; the answers come as messages.
    pub(super) fn refresh_devices(&self) {
        for account in self.settings.accounts.clone() {
            let reach = self.reach.clone();
            let open = self.accounts.get(&account.account_id).and_then(|state| state.player.clone());
            self.later(async move {
                let player = match open {
                    Some(player) => Ok(player),
                    None => reach.open(&account).await,
                };
                let devices = match &player {
                    Ok(player) => player.devices().await,
                    Err(_) => Ok(Vec::new()),
                };
                let signed_in_at = account.signed_in_at;
                Message::Devices(account.account_id, Found { signed_in_at, player, devices })
            });
        }
    }

    pub(super) fn devices_found(&mut self, account_id: &str, found: Found) {
        let account = self.settings.account(account_id);
        // What an earlier sign-in still answers says nothing of the one of now.
        let account = account.filter(|account| account.signed_in_at == found.signed_in_at);
        let Some(name) = account.map(|account| account.name.clone()) else { return };
        let state = self.accounts.entry(account_id.to_owned()).or_default();
        match found.player {
            Ok(player) => {
                if let Some(room) = self.room.as_mut().filter(|room| room.stage.is_none()) {
                    room.plays_with(account_id, &player);
                }
                state.player = Some(player);
                // It gives sign-ins out.
                ABOUT_THE_KEYCHAIN.iter().for_each(|code| self.notices.clear(code));
            }
            Err(problem) => {
                state.trouble = Some(problem);
                return;
            }
        }
        match found.devices {
            Ok(devices) => {
                let none = devices.is_empty();
                state.devices = devices;
                let trouble = || crate::trouble::Told::new("no_device").out("look_again", api::Action::RefreshDevices);
                state.trouble = none.then(|| trouble().into_problem());
            }
            Err(failure) => {
                state.trouble = Some(of_failure(&failure, &name, &self.reach.endpoints).into_problem());
            }
        }
    }

    /// The user has done something about a trouble and does not want to wait for the next look.
    pub(super) fn look_again(&self, member: u32) {
        if let Some((room, shown)) = self.room.as_ref().and_then(|room| Some((room, room.shown.member(member)?))) {
            room.room.look(shown.id);
        }
    }

    /// The devices of a member in the room: they can be chosen, and show a private session, which looks do not.
    pub(super) fn devices_told(&mut self, member: MemberId, devices: Option<Vec<Listed>>) {
        let Some(room) = &mut self.room else { return };
        let private = devices.iter().flatten().any(|device| device.active && device.private);
        room.shown.private(member, private);
        let account = room.shown.member(member.0).map(|shown| shown.account.as_str());
        if let (Some(devices), Some(state)) = (devices, account.and_then(|account| self.accounts.get_mut(account))) {
            state.devices = devices;
        }
    }

    pub(super) fn choose_account(&mut self, account_id: &str, chosen: bool) {
        if let Some(account) = self.settings.account_mut(account_id) {
            account.chosen = chosen;
            self.save_settings();
            self.ask_again();
        }
    }

    /// A device was chosen in the room and did not take the music.
    pub(super) fn not_moved(&mut self, member: MemberId, outcome: Outcome) {
        let name = self.room.as_ref().and_then(|room| room.shown.member(member.0)).map(|member| member.name.clone());
        let problem = match outcome {
            Outcome::Failed(failure) => self.reach.explain(&failure, &name.unwrap_or_default()),
            Outcome::NotPremium => Problem::new("not_premium"),
            Outcome::NoDevice | Outcome::Restriction | Outcome::Accepted => Problem::new(NOT_MOVED),
        };
        self.notices.say(&problem);
    }

    pub(super) fn choose_device(&mut self, account_id: &str, device: Option<String>) {
        self.notices.clear(NOT_MOVED);
        let Some(account) = self.settings.account_mut(account_id) else { return };
        account.device.clone_from(&device);
        self.save_settings();
        if let Some(room) = &self.room
            && let Some(member) = room.member_of(account_id)
        {
            room.room.device(member, device);
        }
    }

    /// Leaves the room with the account and deletes its sign-in; the others play on.
    pub(super) fn sign_out(&mut self, account_id: &str) {
        if self.settings.account(account_id).is_none() {
            return;
        }
        let (reach, account) = (self.reach.clone(), account_id.to_owned());
        self.later(async move {
            let outcome = reach.forget(&account).await;
            Message::SignedOut(account, outcome)
        });
    }

    pub(super) async fn signed_out(&mut self, account_id: &str, outcome: Result<(), Problem>) {
        if let Err(problem) = outcome {
            return self.notices.say(&problem);
        }
        let Some(account) = self.settings.sign_out(account_id) else { return };
        self.reach.rations.same_developer(&self.settings.same_developer);
        self.accounts.remove(account_id);
        self.save_settings();
        if let Some(room) = &mut self.room {
            room.part(account_id);
            if room.is_nobodys() {
                // The session goes on without this computer; what is looked at stays.
                let screen = self.screen;
                self.forget_left();
                self.leave().await;
                if screen == api::Screen::Settings {
                    self.screen = screen;
                }
            }
        }
        self.notices.say(&Problem::new("signed_out").with("name", account.name));
    }
}

fn device(listed: &Listed) -> api::Device {
    api::Device {
        id: listed.id.clone(),
        name: listed.name.clone(),
        kind: listed.kind.clone(),
        active: listed.active,
        restricted: listed.restricted,
    }
}
