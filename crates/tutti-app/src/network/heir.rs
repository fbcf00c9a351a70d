//! The hub in this process: for a session that is hosted here, or one whose hub went and that this member inherits.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use rustls_platform_verifier::ConfigVerifierExt;
use tokio::net::TcpSocket;
use tokio_rustls::rustls::ClientConfig;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tutti_core::proof::{RoomId, RoomSecret};
use tutti_core::room::RoomState;
use tutti_core::time::RoomTime;
use tutti_core::wire::{FromHub, Hello, Hex, ToHub, Trouble, VERSION};
use tutti_relay::listen::Plain;
use tutti_relay::{Config, Heirloom, HubClock, serve};

use super::connection::{Broken, Connection};
use super::nearby::Announced;
use crate::invite::HubAddress;

/// A port that is kept for the day on which the hub has to be held here. Until then nobody listens at it, so that whoever
/// looks for the hub is refused at once and goes on. When this is dropped, a hub that is held ends in order.
#[derive(Debug)]
pub struct Heir {
    state: Arc<Mutex<State>>,
    port: u16,
    /// All addresses of this machine are listened on, or this one alone.
    at: IpAddr,
    /// Whose program this is, for the local network.
    host: String,
    tasks: TaskTracker,
}

#[derive(Debug)]
enum State {
    Waiting(TcpSocket),
    /// What is told to the local network goes with it.
    Holds {
        stop: CancellationToken,
        _announced: Option<Announced>,
    },
    /// The port could not be had again.
    Lost,
}

/// A room as it was, for whoever inherits it.
pub(super) struct Inheritance {
    pub state: RoomState,
    /// The clock's name, and the time that it shows at this moment.
    pub clock: Option<(String, RoomTime)>,
    /// Whoever would hold the hub before this one: if the room is there, this hub ends.
    pub before: Vec<HubAddress>,
}

/// The places of those who come before are asked so often.
const ASK_EVERY: Duration = Duration::from_secs(5);
/// Connections that wait to be accepted: all members of a room come at once.
const BACKLOG: u32 = 256;

impl Heir {
    /// Keeps this address; nobody listens yet.
    pub fn bind(at: SocketAddr, host: &str) -> io::Result<Self> {
        let socket = bound(at)?;
        let port = socket.local_addr()?.port();
        let state = Arc::new(Mutex::new(State::Waiting(socket)));
        Ok(Self { state, port, at: at.ip(), host: host.to_owned(), tasks: TaskTracker::new() })
    }

    /// Where the members of this process would find it.
    pub fn own(&self) -> HubAddress {
        let at = if self.at.is_unspecified() { IpAddr::from([127, 0, 0, 1]) } else { self.at };
        HubAddress::plain(at, self.port)
    }

    /// Where others would: `local` is this machine's address towards them.
    pub fn seen_from(&self, local: Option<IpAddr>) -> HubAddress {
        match local {
            Some(local) if self.at.is_unspecified() => HubAddress::plain(local, self.port),
            _ => self.own(),
        }
    }

    /// Whether this address leads here, by whichever of this machine's names: where all of them are listened on, others know
    /// it by another one than its own members.
    pub fn is_at(&self, hub: &HubAddress) -> bool {
        if hub.port != self.port {
            return false;
        }
        let known = if_addrs::get_if_addrs().unwrap_or_default();
        let here = |ip: IpAddr| known.iter().any(|interface| interface.ip() == ip);
        *hub == self.own() || self.at.is_unspecified() && hub.host.parse().is_ok_and(here)
    }

    /// All addresses at which others may find it.
    pub fn addresses(&self) -> Vec<HubAddress> {
        if !self.at.is_unspecified() {
            return vec![self.own()];
        }
        let known = if_addrs::get_if_addrs().unwrap_or_default();
        let others = known.iter().filter(|interface| !interface.is_loopback() && !interface.is_link_local());
        // Whoever listens on all of IPv4 hears nothing that comes by IPv6.
        let heard = others.map(if_addrs::Interface::ip).filter(|ip| ip.is_ipv4() || self.at.is_ipv6());
        let mut found: Vec<HubAddress> = heard.map(|ip| HubAddress::plain(ip, self.port)).collect();
        // IPv4 first: it is what home networks are sure to have.
        found.sort_by_key(|address| address.host.contains(':'));
        found.truncate(4);
        if found.is_empty() { vec![self.own()] } else { found }
    }

    pub fn waits(&self) -> bool {
        matches!(*lock(&self.state), State::Waiting(_))
    }

    pub fn holds(&self) -> bool {
        matches!(*lock(&self.state), State::Holds { .. })
    }

    /// Holds the hub of a new room from now on.
    ///
    /// # Errors
    /// The port cannot be listened on.
    pub fn open(&self, room: RoomId) -> io::Result<()> {
        let config = Config {
            only: Some(Heirloom { room, state: None, elsewhere: CancellationToken::new() }),
            ..Config::default()
        };
        self.hold(room, config).map(drop)
    }

    /// Holds the hub of a room whose hub is gone.
    ///
    /// # Errors
    /// The port cannot be listened on.
    pub(super) fn inherit(&self, secret: RoomSecret, inheritance: Inheritance) -> io::Result<()> {
        let clock = match inheritance.clock {
            Some((name, now)) => HubClock::showing(name, now),
            None => HubClock::of_this_machine(),
        };
        let elsewhere = CancellationToken::new();
        let state = Some(inheritance.state);
        let only = Some(Heirloom { room: secret.room(), state, elsewhere: elsewhere.clone() });
        let stop = self.hold(secret.room(), Config { clock: Arc::new(clock), only, ..Config::default() })?;
        let before = inheritance.before;
        self.tasks.spawn(async move {
            let found = async {
                loop {
                    tokio::time::sleep(ASK_EVERY).await;
                    for place in &before {
                        if Box::pin(has_room(place, secret)).await {
                            return;
                        }
                    }
                }
            };
            tokio::select! {
                () = found => {
                    tracing::info!("the room is held by another, who comes first: this hub ends");
                    elsewhere.cancel();
                    stop.cancel();
                }
                () = stop.cancelled() => {}
            }
        });
        Ok(())
    }

    fn hold(&self, room: RoomId, config: Config) -> io::Result<CancellationToken> {
        let mut state = lock(&self.state);
        let State::Waiting(socket) = std::mem::replace(&mut *state, State::Lost) else {
            return Err(io::Error::other("it is held already"));
        };
        let listener = socket.listen(BACKLOG)?;
        let stop = CancellationToken::new();
        *state = State::Holds { stop: stop.clone(), _announced: self.announce(room) };
        let (stopped, kept, at) = (stop.clone(), Arc::clone(&self.state), SocketAddr::new(self.at, self.port));
        self.tasks.spawn(async move {
            if let Err(error) = serve(Plain(listener), config, stopped.cancelled_owned()).await {
                tracing::error!(%error, "the hub in this program ended");
            }
            // It may be its turn again one day.
            *lock(&kept) = bound(at).map_or(State::Lost, State::Waiting);
        });
        Ok(stop)
    }

    /// Friends on the same network find the session; one that only this computer can reach is nobody's to find.
    fn announce(&self, room: RoomId) -> Option<Announced> {
        let reachable = |hub: &HubAddress| hub.host.parse::<IpAddr>().is_ok_and(|at| !at.is_loopback());
        let hubs: Vec<HubAddress> = self.addresses().into_iter().filter(reachable).collect();
        if hubs.is_empty() {
            return None;
        }
        Announced::new(room, &self.host, &hubs).map_err(|problem| tracing::warn!("{}", problem.text())).ok()
    }

    /// Ends the hub, if it is here: its members are told to be back, at the next heir's.
    pub async fn end(&self) {
        self.stop();
        self.tasks.close();
        self.tasks.wait().await;
    }

    fn stop(&self) {
        if let State::Holds { stop, .. } = &*lock(&self.state) {
            stop.cancel();
        }
    }
}

impl Drop for Heir {
    fn drop(&mut self) {
        self.stop();
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn bound(at: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if at.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // Connections of a hub that ended here must not keep its port from the next one. (On Windows it would let others in.)
    #[cfg(not(windows))]
    socket.set_reuseaddr(true)?;
    socket.bind(at)?;
    Ok(socket)
}

/// Whether the hub at this place has the room, as a listener hears it who is gone at once.
async fn has_room(place: &HubAddress, secret: RoomSecret) -> bool {
    let Ok(mut connection) = Connection::open(place).await else { return false };
    let Ok(FromHub::Challenge { nonce, .. }) = connection.hear().await else { return false };
    let hello = Hello {
        version: VERSION,
        room: Hex(secret.room()),
        proof: Hex(secret.prove(nonce.0)),
        open: false,
        name: String::new(),
        device: String::new(),
        user: None,
        resume: None,
        drives: false,
        brings: None,
        heir: None,
    };
    let told = connection.say(&ToHub::Hello(Box::new(hello))).await.is_ok();
    let answer = if told { connection.hear().await.ok() } else { None };
    let there = match answer {
        Some(FromHub::Welcome(_)) => true,
        Some(FromHub::Error(refusal)) => matches!(refusal.code, Trouble::RoomFull | Trouble::RoomLocked),
        _ => false,
    };
    connection.close().await;
    there
}

/// How TLS is spoken to a relay: certificates are judged as the system does.
pub(super) fn tls() -> Result<&'static Arc<ClientConfig>, Broken> {
    static TLS: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    if let Some(known) = TLS.get() {
        return Ok(known);
    }
    let config = ClientConfig::with_platform_verifier().map_err(|error| Broken::Io(std::io::Error::other(error)))?;
    Ok(TLS.get_or_init(|| Arc::new(config)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[tokio::test]
    async fn a_hub_is_told_only_at_addresses_at_which_it_listens() {
        let heir = Heir::bind("0.0.0.0:0".parse().unwrap(), "Anna").unwrap();
        for hub in heir.addresses() {
            let ip: IpAddr = hub.host.parse().unwrap();
            assert!(ip.is_ipv4(), "{ip}");
            assert!(heir.is_at(&hub), "{hub}");
            assert!(!heir.is_at(&HubAddress::plain(ip, heir.own().port ^ 1)), "another program of this machine");
        }
        assert!(heir.is_at(&heir.own()) && !heir.is_at(&HubAddress::plain([10, 255, 0, 9].into(), heir.own().port)));
        let heir = Heir::bind("127.0.0.1:0".parse().unwrap(), "Anna").unwrap();
        assert_eq!(heir.addresses(), [heir.own()]);
    }
}
