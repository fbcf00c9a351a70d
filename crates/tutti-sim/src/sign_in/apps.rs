//! Apps and their developers: who owns a client id, where it may redirect to, and who may use it.

use std::collections::{BTreeMap, BTreeSet};

use url::Url;

/// A client id that was registered. Client ids that nobody registered may do everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct App {
    /// The account under which quota is counted.
    pub developer: String,
    /// None: any that the rules allow.
    pub redirect_uris: Option<Vec<String>>,
    /// Places in the list of accounts; None: everybody.
    pub users: Option<BTreeSet<usize>>,
    /// Has the developer Premium?
    pub owner_premium: bool,
}

impl App {
    /// One that nothing is known about: its developer has no other.
    pub fn of(client_id: &str) -> Self {
        Self { developer: client_id.to_owned(), redirect_uris: None, users: None, owner_premium: true }
    }
}

#[derive(Clone, Debug, Default)]
pub struct Apps {
    known: BTreeMap<String, App>,
}

/// Why a redirect is refused; the words are those of the page that a user sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RedirectError {
    #[error("INVALID_CLIENT: Insecure redirect URI")]
    Insecure,
    #[error("INVALID_CLIENT: Invalid redirect URI")]
    Invalid,
}

impl Apps {
    /// Adds an app, or changes it.
    ///
    /// # Errors
    /// When one of its redirects is against the rules, as the dashboard would say.
    pub fn register(&mut self, client_id: &str, app: App) -> Result<(), RedirectError> {
        for uri in app.redirect_uris.iter().flatten() {
            let uri = Url::parse(uri).map_err(|_| RedirectError::Invalid)?;
            if !is_secure(&uri) {
                return Err(RedirectError::Insecure);
            }
        }
        self.known.insert(client_id.to_owned(), app);
        Ok(())
    }

    pub fn all(&self) -> impl Iterator<Item = (&str, &App)> {
        self.known.iter().map(|(client_id, app)| (client_id.as_str(), app))
    }

    /// Under whom the requests of this client id are counted.
    pub fn developer(&self, client_id: &str) -> String {
        self.known.get(client_id).map_or_else(|| client_id.to_owned(), |app| app.developer.clone())
    }

    pub fn owner_pays(&self, client_id: &str) -> bool {
        self.known.get(client_id).is_none_or(|app| app.owner_premium)
    }

    pub fn allows(&self, client_id: &str, user: usize) -> bool {
        let users = self.known.get(client_id).and_then(|app| app.users.as_ref());
        users.is_none_or(|users| users.contains(&user))
    }

    /// May this client id redirect there? Exactly a registered one, or a registered loopback address without a
    /// port with any port.
    ///
    /// # Errors
    /// When it may not.
    pub fn check_redirect(&self, client_id: &str, redirect_uri: &str) -> Result<Url, RedirectError> {
        let asked = Url::parse(redirect_uri).map_err(|_| RedirectError::Invalid)?;
        if !is_secure(&asked) {
            return Err(RedirectError::Insecure);
        }
        let registered = self.known.get(client_id).and_then(|app| app.redirect_uris.as_ref());
        let fits = |registered: &Vec<String>| registered.iter().any(|uri| is_same(uri, redirect_uri, &asked));
        if registered.is_none_or(fits) { Ok(asked) } else { Err(RedirectError::Invalid) }
    }
}

/// Spotify's rules of 2025: https, a scheme of one's own, or http to a loopback address in digits.
fn is_secure(redirect: &Url) -> bool {
    match redirect.scheme() {
        "https" => true,
        "http" => is_loopback(redirect),
        "javascript" | "data" | "file" | "blob" | "about" | "vbscript" | "ftp" | "ws" | "wss" => false,
        _ => redirect.as_str().contains("://"),
    }
}

fn is_loopback(redirect: &Url) -> bool {
    matches!(redirect.host_str(), Some("127.0.0.1" | "[::1]"))
}

fn is_same(registered: &str, asked_text: &str, asked: &Url) -> bool {
    if registered == asked_text {
        return true;
    }
    let Ok(registered) = Url::parse(registered) else { return false };
    let any_port = registered.scheme() == "http" && is_loopback(&registered) && registered.port().is_none();
    let mut without_port = asked.clone();
    any_port && without_port.set_port(None).is_ok() && without_port == registered
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn redirects_go_to_loopback_addresses_own_schemes_and_https_only() {
        let allowed = |uri: &str| is_secure(&Url::parse(uri).unwrap());
        assert!(allowed("http://127.0.0.1:4321/callback"));
        assert!(allowed("http://[::1]/callback"));
        assert!(allowed("tutti://callback"));
        assert!(allowed("https://example.com/callback"));
        assert!(!allowed("http://localhost:4321/callback"));
        assert!(!allowed("http://example.com/callback"));
        assert!(!allowed("javascript:alert(1)"));
    }

    #[test]
    fn registered_redirects_match_exactly_but_a_loopback_address_without_port_takes_any_port() {
        let mut apps = Apps::default();
        let uris = ["http://127.0.0.1/callback", "http://[::1]:8080/callback", "tutti://callback"];
        let redirect_uris = Some(uris.map(str::to_owned).to_vec());
        apps.register("app", App { redirect_uris, ..App::of("app") }).unwrap();
        let check = |uri: &str| apps.check_redirect("app", uri).map(|_| ());
        assert_eq!(check("http://127.0.0.1:49152/callback"), Ok(()));
        assert_eq!(check("http://127.0.0.1/callback"), Ok(()));
        assert_eq!(check("tutti://callback"), Ok(()));
        assert_eq!(check("http://[::1]:8080/callback"), Ok(()));
        assert_eq!(check("http://[::1]:8081/callback"), Err(RedirectError::Invalid));
        assert_eq!(check("http://127.0.0.1:49152/callback/"), Err(RedirectError::Invalid));
        assert_eq!(check("http://127.0.0.1:49152/other"), Err(RedirectError::Invalid));
        assert_eq!(check("tutti://callback/"), Err(RedirectError::Invalid));
        assert_eq!(check("http://localhost:1/callback"), Err(RedirectError::Insecure));
        assert!(apps.check_redirect("unknown", "https://example.com/x").is_ok());
        let insecure = App { redirect_uris: Some(vec!["http://localhost/x".to_owned()]), ..App::of("b") };
        assert_eq!(apps.register("b", insecure), Err(RedirectError::Insecure));
    }
}
