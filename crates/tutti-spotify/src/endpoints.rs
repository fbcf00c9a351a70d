//! Where the Web API and the accounts service are: at Spotify, or at another address of this computer.

use std::net::IpAddr;

use thiserror::Error;
use url::{Host, Url};

/// Base addresses of the two servers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    /// The Web API with its version: `https://api.spotify.com/v1`.
    pub api: Url,
    /// The accounts service, below which are `/authorize` and `/api/token`: `https://accounts.spotify.com`.
    pub accounts: Url,
}

/// An address that was to stand in for Spotify and is not on this computer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("“{given}” cannot stand in for Spotify: only an address of this computer may, such as http://127.0.0.1:8080")]
pub struct NotLoopback {
    /// What was given, shortened.
    pub given: String,
}

impl Default for Endpoints {
    fn default() -> Self {
        Self { api: fixed("https://api.spotify.com/v1"), accounts: fixed("https://accounts.spotify.com") }
    }
}

impl Endpoints {
    /// Another server on this computer. Accepted are `http` and `https` addresses whose host is `localhost` or a
    /// loopback literal, without a user name, query or fragment.
    pub fn loopback(api: &str, accounts: &str) -> Result<Self, NotLoopback> {
        Ok(Self { api: loopback_url(api)?, accounts: loopback_url(accounts)? })
    }

    /// True if both addresses are on this computer.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.api) && is_loopback(&self.accounts)
    }

    /// True if no request to these addresses is encrypted.
    pub(crate) fn is_plain(&self) -> bool {
        self.api.scheme() == "http" && self.accounts.scheme() == "http"
    }

    /// An address of the Web API: `below` are the path's segments after the base.
    pub(crate) fn api(&self, below: &[&str]) -> Url {
        join(&self.api, below)
    }

    pub(crate) fn authorize(&self) -> Url {
        join(&self.accounts, &["authorize"])
    }

    pub(crate) fn token(&self) -> Url {
        join(&self.accounts, &["api", "token"])
    }
}

fn loopback_url(given: &str) -> Result<Url, NotLoopback> {
    let refused = || NotLoopback { given: given.chars().take(100).collect() };
    let url = Url::parse(given.trim()).map_err(|_| refused())?;
    let bare =
        url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
    if bare && is_loopback(&url) { Ok(url) } else { Err(refused()) }
}

fn is_loopback(url: &Url) -> bool {
    let local = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => IpAddr::V4(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip).is_loopback(),
        None => false,
    };
    local && matches!(url.scheme(), "http" | "https")
}

fn join(base: &Url, below: &[&str]) -> Url {
    let mut url = base.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(below);
    }
    url
}

fn fixed(url: &'static str) -> Url {
    Url::parse(url).expect("Spotify's addresses are well formed")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_default_is_spotify() {
        let endpoints = Endpoints::default();

        assert_eq!(endpoints.api(&["me", "player"]).as_str(), "https://api.spotify.com/v1/me/player");
        assert_eq!(endpoints.token().as_str(), "https://accounts.spotify.com/api/token");
        assert!(!endpoints.is_loopback());
    }

    #[test]
    fn a_trailing_slash_makes_no_difference() {
        let with = Endpoints::loopback("http://127.0.0.1:9/v1/", "http://127.0.0.1:9/").unwrap();
        let without = Endpoints::loopback("http://127.0.0.1:9/v1", "http://127.0.0.1:9").unwrap();

        assert_eq!(with.api(&["me"]).as_str(), "http://127.0.0.1:9/v1/me");
        assert_eq!(with.api(&["me"]), without.api(&["me"]));
        assert_eq!(with.authorize(), without.authorize());
    }

    #[test]
    fn addresses_of_this_computer_are_accepted() {
        for base in ["http://127.0.0.1:1", "http://127.9.9.9", "https://[::1]:4/v1", "http://localhost:80/v1"] {
            assert!(Endpoints::loopback(base, base).unwrap().is_loopback(), "{base}");
        }
    }

    #[test]
    fn any_other_address_is_refused_with_a_sentence() {
        for base in [
            "https://api.spotify.com/v1",
            "http://127.0.0.1.example.com",
            "http://localhost.example.com",
            "http://user@127.0.0.1",
            "http://127.0.0.1/?x=1",
            "http://127.0.0.1/#x",
            "http://0.0.0.0:1",
            "http://10.0.0.1",
            "ftp://127.0.0.1",
            "file:///etc/passwd",
            "127.0.0.1:80",
            "",
        ] {
            let error = Endpoints::loopback("http://127.0.0.1:1", base).unwrap_err();
            assert!(error.to_string().contains("only an address of this computer"), "{base}");
        }
    }
}
