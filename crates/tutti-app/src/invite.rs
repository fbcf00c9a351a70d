//! Invites: links that say which room, and where its hub is. Opening one asks; it never does anything by itself.

use std::fmt;
use std::net::IpAddr;

use tutti_core::proof::{RoomSecret, UserKey};
use url::{Host, Url};

use crate::problem::Problem;
use crate::settings::tidy_name;

/// No invite is longer: four addresses and a name take 400 characters.
const LONGEST: usize = 2_000;
/// More places than this are no invite of ours.
const MOST_HUBS: usize = 8;

/// Where a hub is: a relay, or the program of whoever hosts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HubAddress {
    /// TLS.
    pub secure: bool,
    /// A name or an address; IPv6 without brackets.
    pub host: String,
    pub port: u16,
}

/// What an invite carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invite {
    pub secret: RoomSecret,
    /// To be tried in this order.
    pub hubs: Vec<HubAddress>,
    /// Who hosts, as they call themselves.
    pub host: Option<String>,
    /// In a link for own devices only: what makes them those of one user.
    pub user: Option<UserKey>,
}

impl HubAddress {
    /// From `wss://host:port`, `ws://host:port`; https and http mean the same. Nothing else may stand in it.
    pub fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        let (secure, usual) = match url.scheme() {
            "wss" | "https" => (true, 443),
            "ws" | "http" => (false, 80),
            _ => return None,
        };
        let bare = url.username().is_empty() && url.password().is_none() && url.query().is_none();
        if !bare || url.fragment().is_some() || !matches!(url.path(), "" | "/") {
            return None;
        }
        let host = match url.host()? {
            Host::Domain(name) => name.to_owned(),
            Host::Ipv4(address) => address.to_string(),
            Host::Ipv6(address) => address.to_string(),
        };
        Some(Self { secure, host, port: url.port().unwrap_or(usual) })
    }

    /// The program on this or another computer, without TLS.
    pub fn plain(address: IpAddr, port: u16) -> Self {
        Self { secure: false, host: address.to_string(), port }
    }

    /// `host:port`, as it is connected to.
    pub fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

impl fmt::Display for HubAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", if self.secure { "wss" } else { "ws" }, self.authority())
    }
}

impl Invite {
    /// The link that opens Tutti.
    pub fn link(&self) -> String {
        format!("tutti://join/{}", self.tail())
    }

    /// The page of a relay that leads there; what is behind the # never reaches the relay.
    pub fn page(&self) -> Option<String> {
        let relay = self.hubs.iter().find(|hub| hub.secure)?;
        Some(format!("https://{}/join#{}", relay.authority(), self.tail()))
    }

    fn tail(&self) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for hub in &self.hubs {
            query.append_pair("hub", &hub.to_string());
        }
        if let Some(host) = &self.host {
            query.append_pair("host", host);
        }
        if let Some(user) = self.user {
            query.append_pair("user", &user.reveal());
        }
        format!("{}?{}", self.secret.reveal(), query.finish().replace('+', "%20"))
    }

    /// Reads a link or the address of a relay's page.
    ///
    /// # Errors
    /// It is no whole invite: said in words, without the link.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        Self::read(text.trim()).ok_or_else(|| Problem::new("bad_invite"))
    }

    fn read(text: &str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let mut url = Url::parse(text).ok()?;
        if url.scheme() == "https" && url.path() == "/join" {
            url = Url::parse(&format!("tutti://join/{}", url.fragment()?)).ok()?;
        }
        let bare = url.username().is_empty() && url.password().is_none() && url.port().is_none();
        if url.scheme() != "tutti" || url.host_str() != Some("join") || !bare || url.fragment().is_some() {
            return None;
        }
        let secret = RoomSecret::parse(url.path().strip_prefix('/')?)?;
        let mut invite = Self { secret, hubs: Vec::new(), host: None, user: None };
        for (name, value) in url.query_pairs() {
            match &*name {
                "hub" => invite.hubs.push(HubAddress::parse(&value)?),
                "host" => invite.host = tidy_name(&value),
                "user" => invite.user = Some(UserKey::parse(&value)?),
                // Of a later version.
                _ => {}
            }
        }
        (!invite.hubs.is_empty() && invite.hubs.len() <= MOST_HUBS).then_some(invite)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn invite() -> Invite {
        Invite {
            secret: RoomSecret::new([10; 16]),
            hubs: vec![
                HubAddress::parse("wss://relay.example").unwrap(),
                HubAddress::plain("192.168.1.7".parse().unwrap(), 7450),
                HubAddress::plain("fe80::1".parse().unwrap(), 7450),
            ],
            host: Some("Ada & Ben".into()),
            user: None,
        }
    }

    #[test]
    fn an_invite_reads_as_it_was_written_as_a_link_and_as_a_page() {
        assert_eq!(Invite::parse(&invite().link()).unwrap(), invite());
        assert_eq!(Invite::parse(&invite().page().unwrap()).unwrap(), invite());
        let own = Invite { user: Some(UserKey::new([4; 16])), host: None, ..invite() };
        assert_eq!(Invite::parse(&format!("  {}\n", own.link())).unwrap(), own);
    }

    #[test]
    fn anything_else_is_refused_in_words_that_do_not_repeat_it() {
        let link = invite().link();
        let long = format!("{link}&x={}", "y".repeat(2_000));
        for text in [
            "",
            "hello",
            "https://example.com/",
            "tutti://join/",
            "tutti://join/0a0a?hub=ws://1.2.3.4",
            "tutti://play/0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a?hub=ws://1.2.3.4",
            "tutti://join/0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a",
            "tutti://join/0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a?hub=file:///etc/passwd",
            "tutti://join/0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a?hub=ws://user:word@1.2.3.4",
            "tutti://user@join/0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a?hub=ws://1.2.3.4",
            "tutti://join/0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a?hub=ws://1.2.3.4&user=short",
            &long,
        ] {
            let refused = Invite::parse(text).unwrap_err();
            assert_eq!(refused.code(), "bad_invite", "{text}");
            assert!(text.len() < 6 || !refused.text().contains(text));
        }
    }

    #[test]
    fn a_name_that_would_mislead_is_tidied() {
        let link = format!("{}&host=%E2%80%AEadA%0A", Invite { host: None, ..invite() }.link());

        assert_eq!(Invite::parse(&link).unwrap().host.as_deref(), Some("adA"));
    }
}
