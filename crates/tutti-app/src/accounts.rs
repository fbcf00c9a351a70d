//! The accounts that are signed in on this computer: opening their players, signing them out.

use std::fmt;
use std::sync::Arc;

use tutti_core::reading::Failure;

use crate::api::Action;
use crate::lock::AccountLock;
use crate::players::spotify::{SpotifyPlayer, Way};
use crate::problem::{Problem, to_connect};
use crate::ration::{Rationed, Rations};
use crate::secrets::SecretStore;
use crate::settings::{AccountSettings, Endpoints, Home, Settings, tidy_name};
use crate::sign_in::renewal::{Renewals, Shared, SharedLogin, Tell};
use crate::sign_in::{SignedIn, blocking};
use crate::trouble::of_failure;

/// What is needed to reach accounts. Clones share it.
#[derive(Debug, Clone)]
pub struct Accounts {
    pub home: Home,
    pub endpoints: Endpoints,
    pub secrets: Arc<dyn SecretStore>,
    pub rations: Rations,
    pub way: Way,
    pub renewals: Renewals,
    tell: Telling,
}

/// Where troubles go that concern no single request.
#[derive(Clone)]
struct Telling(Tell);

impl fmt::Debug for Telling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Telling")
    }
}

impl Accounts {
    pub fn new(home: Home, endpoints: Endpoints, secrets: Arc<dyn SecretStore>) -> Self {
        let rations = Rations::kept(home.clone());
        let tell = Telling(Arc::new(|problem: Problem| tracing::warn!("{}", problem.text())));
        Self { home, endpoints, secrets, rations, way: Way::default(), renewals: Renewals::default(), tell }
    }

    /// Says troubles that concern no single request to the user instead of the log.
    pub fn telling(mut self, tell: impl Fn(Problem) + Send + Sync + 'static) -> Self {
        self.tell = Telling(Arc::new(tell));
        self
    }

    /// The player of an account that signed in earlier; its sign-in comes from the keychain.
    pub async fn open(&self, account: &AccountSettings) -> Result<Arc<Rationed>, Problem> {
        let (secrets, key) = (Arc::clone(&self.secrets), account.account_id.clone());
        // Before the keychain is read: a sign-in that is replaced in between is then known to be an old one.
        let lock = SharedLogin::begin(self.home.folder(), &account.account_id);
        let again = |problem: Problem| problem.again(Action::RefreshDevices);
        let login = blocking(move || secrets.load(&key)).await.map_err(again)?;
        let login = login.ok_or_else(|| {
            Problem::new("sign_in_gone").with("name", account.name.clone()).way_out("sign_in_again", to_connect())
        })?;
        let names = (account.account_id.as_str(), account.name.as_str());
        let (secrets, tell, renewals) = (Arc::clone(&self.secrets), self.tell.0.clone(), self.renewals.clone());
        let shared = SharedLogin::new(secrets, names, login.clone(), lock, tell, renewals);
        let player = SpotifyPlayer::open(&self.endpoints, &self.way, &login, Arc::new(Shared(shared)))?;
        Ok(Arc::new(Rationed::new(Arc::new(player), self.rations.of(&login.client_id))))
    }

    /// Why a request for this account did not work, in words.
    pub fn explain(&self, failure: &Failure, name: &str) -> Problem {
        of_failure(failure, name, &self.endpoints).into_problem()
    }

    /// Nobody else on this computer drives the account until the lock is dropped.
    pub fn lock(&self, account: &AccountSettings) -> Result<AccountLock, Problem> {
        AccountLock::take(&self.endpoints.api, &account.account_id, &account.name)
    }

    /// Deletes the sign-in from this computer.
    pub async fn forget(&self, account_id: &str) -> Result<(), Problem> {
        let (secrets, key) = (Arc::clone(&self.secrets), account_id.to_owned());
        let again = Action::SignOut { account: account_id.to_owned() };
        blocking(move || secrets.delete(&key)).await.map_err(|problem| problem.again(again))
    }
}

/// Writes an account that signed in just now into the settings, under `name`, else Spotify's name, else its id. The
/// answer is what to tell the user.
pub fn remember(settings: &mut Settings, signed_in: &SignedIn, name: Option<&str>) -> Problem {
    let given = name.and_then(tidy_name);
    settings.client_id = Some(signed_in.client_id.clone());
    settings.sign_in_way = Some(signed_in.way);
    if let Some(known) = settings.account_mut(&signed_in.account_id) {
        known.client_id.clone_from(&signed_in.client_id);
        (known.signed_in_at, known.ending_told) = (Some(signed_in.at()), None);
        let other_name = given.is_some_and(|given| given != known.name);
        let code = if other_name { "same_account_twice" } else { "already_signed_in" };
        return Problem::new(code).with("name", known.name.clone());
    }
    let wished = given.or_else(|| signed_in.name.clone()).or_else(|| tidy_name(&signed_in.account_id));
    let name = free_name(settings, &wished.unwrap_or_else(|| "Spotify".into()));
    settings.accounts.push(AccountSettings {
        account_id: signed_in.account_id.clone(),
        name: name.clone(),
        client_id: signed_in.client_id.clone(),
        chosen: true,
        device: None,
        trim_ms: 0,
        signed_in_at: Some(signed_in.at()),
        ending_told: None,
    });
    Problem::new("signed_in").with("name", name)
}

/// The name, with a number behind it if another account has it already.
fn free_name(settings: &Settings, wished: &str) -> String {
    let taken = |name: &str| settings.accounts.iter().any(|account| account.name.to_lowercase() == name.to_lowercase());
    let numbered = (2..).map(|number| format!("{wished} {number}"));
    std::iter::once(wished.to_owned()).chain(numbered).find(|name| !taken(name)).expect("numbers do not end")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_taken_gets_a_number() {
        let mut settings = Settings::default();
        for name in ["Ana", "ana 2"] {
            settings.accounts.push(AccountSettings {
                account_id: name.into(),
                name: name.into(),
                client_id: String::new(),
                chosen: true,
                device: None,
                trim_ms: 0,
                signed_in_at: None,
                ending_told: None,
            });
        }

        assert_eq!(free_name(&settings, "Ana"), "Ana 3");
        assert_eq!(free_name(&settings, "Ben"), "Ben");
    }
}
