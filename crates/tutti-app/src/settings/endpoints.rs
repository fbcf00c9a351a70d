//! Which servers stand for Spotify: its own, or others on this computer that the environment names.

use std::net::IpAddr;

use thiserror::Error;
use url::{Host, Url};

const API: &str = "TUTTI_SPOTIFY_API";
const ACCOUNTS: &str = "TUTTI_SPOTIFY_ACCOUNTS";

/// Base addresses of the Web API and of the accounts service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    pub api: String,
    pub accounts: String,
    /// Not Spotify's own: shown wherever it is in force.
    pub other: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadServer {
    /// Not an address of this computer.
    #[error("“{address}” is not an address on this computer")]
    Address { address: String },
    /// A token for Spotify could go to another server, or the other way round.
    #[error("{missing} is not set")]
    OnlyOne { missing: &'static str },
}

impl Default for Endpoints {
    fn default() -> Self {
        Self { api: "https://api.spotify.com/v1".into(), accounts: "https://accounts.spotify.com".into(), other: false }
    }
}

impl Endpoints {
    /// Spotify's own, unless `TUTTI_SPOTIFY_API` and `TUTTI_SPOTIFY_ACCOUNTS` name others on this computer.
    pub fn from_env() -> Result<Self, BadServer> {
        let set = |name| std::env::var(name).ok().filter(|text| !text.trim().is_empty());
        match (set(API), set(ACCOUNTS)) {
            (None, None) => Ok(Self::default()),
            (Some(api), Some(accounts)) => Self::other(&api, &accounts),
            (None, Some(_)) => Err(BadServer::OnlyOne { missing: API }),
            (Some(_), None) => Err(BadServer::OnlyOne { missing: ACCOUNTS }),
        }
    }

    /// Other servers: loopback addresses only.
    pub fn other(api: &str, accounts: &str) -> Result<Self, BadServer> {
        Ok(Self { api: loopback(api)?, accounts: loopback(accounts)?, other: true })
    }

    /// What to show where another server is in force.
    pub fn shown(&self) -> Option<String> {
        self.other
            .then(|| Url::parse(&self.api).map_or_else(|_| self.api.clone(), |url| url.origin().ascii_serialization()))
    }
}

fn loopback(given: &str) -> Result<String, BadServer> {
    let refused = || BadServer::Address { address: given.chars().take(100).collect() };
    let url = Url::parse(given.trim()).map_err(|_| refused())?;
    let here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => IpAddr::V4(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip).is_loopback(),
        None => false,
    };
    let bare =
        url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
    if here && bare && matches!(url.scheme(), "http" | "https") {
        Ok(url.as_str().trim_end_matches('/').to_owned())
    } else {
        Err(refused())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn only_addresses_of_this_computer_may_stand_for_spotify() {
        let here = Endpoints::other("http://127.0.0.1:9/v1/", "http://[::1]:9").unwrap();

        assert_eq!(here.api, "http://127.0.0.1:9/v1");
        assert_eq!(here.shown().unwrap(), "http://127.0.0.1:9");
        for bad in
            ["https://example.com", "http://10.0.0.1", "http://user@127.0.0.1", "127.0.0.1:80", "", "ftp://127.0.0.1"]
        {
            assert!(Endpoints::other("http://127.0.0.1:9/v1", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn spotify_itself_is_not_shown() {
        assert_eq!(Endpoints::default().shown(), None);
    }
}
