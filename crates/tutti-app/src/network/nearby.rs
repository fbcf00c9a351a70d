//! Sessions on the local network, by mDNS: that there is one and whose, never the secret.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use mdns_sd::{ResolvedService, ServiceDaemon, ServiceEvent, ServiceInfo};
use tokio::time::{Instant, timeout_at};
use tutti_core::proof::RoomId;

use crate::invite::HubAddress;
use crate::problem::Problem;
use crate::settings::tidy_name;

/// The kind of service.
const SERVICE: &str = "_tutti._tcp.local.";
/// Whoever is there answers within this.
const LOOK: Duration = Duration::from_secs(2);
/// One session's addresses come one by one, within this after the first.
const FURTHER: Duration = Duration::from_millis(300);
/// More sessions than this are on no home network.
const MOST: usize = 64;

/// A session that somebody hosts nearby.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nearby {
    /// As they call themselves.
    pub host: String,
    pub address: String,
}

/// A session that is told to the network until this is dropped.
pub struct Announced {
    daemon: ServiceDaemon,
    name: String,
}

impl Announced {
    /// Tells that `host` hosts this room here.
    ///
    /// # Errors
    /// The network does not carry it: said in words; the session works without it.
    pub fn new(room: RoomId, host: &str, hubs: &[HubAddress]) -> Result<Self, Problem> {
        let mark = mark(room);
        let addresses: Vec<&str> = hubs.iter().map(|hub| hub.host.as_str()).collect();
        let port = hubs.first().map_or(0, |hub| hub.port);
        let properties = [("room", mark.as_str()), ("host", host)];
        let daemon = ServiceDaemon::new().map_err(failed)?;
        let computer = format!("tutti-{mark}.local.");
        let info = ServiceInfo::new(SERVICE, &mark, &computer, addresses.join(",").as_str(), port, &properties[..])
            .map_err(failed)?;
        let name = info.get_fullname().to_owned();
        daemon.register(info).map_err(failed)?;
        Ok(Self { daemon, name })
    }
}

impl fmt::Debug for Announced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Announced").field(&self.name).finish()
    }
}

impl Drop for Announced {
    fn drop(&mut self) {
        // Whoever is not told finds out when it does not answer.
        let _ = (self.daemon.unregister(&self.name), self.daemon.shutdown());
    }
}

/// Looks for two seconds.
///
/// # Errors
/// The network cannot be asked.
pub async fn look() -> Result<Vec<Nearby>, Problem> {
    let mut found: BTreeMap<String, Nearby> = BTreeMap::new();
    each(|info| {
        let host = info.get_property_val_str("host").and_then(tidy_name).unwrap_or_else(|| "?".into());
        if let Some(address) = addresses(info).first().filter(|_| found.len() < MOST) {
            found.insert(info.get_fullname().to_owned(), Nearby { host, address: address.authority() });
        }
        false
    })
    .await?;
    Ok(found.into_values().collect())
}

/// Where this room is held nearby, as whoever says so claims; only its own members can know whether it is true. All of its
/// addresses: not each one leads there.
pub(super) async fn find(room: RoomId) -> Vec<HubAddress> {
    let wanted = mark(room);
    let mut found: Vec<HubAddress> = Vec::new();
    let looked = each(|info| {
        let is_it = info.get_property_val_str("room") == Some(wanted.as_str());
        if is_it {
            let further: Vec<HubAddress> = addresses(info).into_iter().filter(|hub| !found.contains(hub)).collect();
            found.extend(further);
        }
        is_it
    });
    if let Err(problem) = looked.await {
        tracing::info!("{}", problem.text());
    }
    ipv4_first(&mut found);
    found
}

/// Shows every session that answers, and again with each further address, until one is enough and had time to tell all.
async fn each(mut enough: impl FnMut(&ResolvedService) -> bool) -> Result<(), Problem> {
    let daemon = ServiceDaemon::new().map_err(failed)?;
    let events = daemon.browse(SERVICE).map_err(failed)?;
    let mut end = Instant::now() + LOOK;
    while let Ok(Ok(event)) = timeout_at(end, events.recv_async()).await {
        if let ServiceEvent::ServiceResolved(info) = event
            && enough(&info)
        {
            end = end.min(Instant::now() + FURTHER);
        }
    }
    // It ends by itself soon after.
    let _ = daemon.shutdown();
    Ok(())
}

fn addresses(info: &ResolvedService) -> Vec<HubAddress> {
    let known = info.get_addresses().iter().map(|address| HubAddress::plain(address.to_ip_addr(), info.get_port()));
    let mut known: Vec<HubAddress> = known.collect();
    ipv4_first(&mut known);
    known
}

/// An IPv6 address of the link alone means nothing without its interface.
fn ipv4_first(addresses: &mut [HubAddress]) {
    addresses.sort_by_key(|address| (address.host.contains(':'), address.host.clone()));
}

/// Enough of the id to tell one session from another, and nothing that lets anybody in.
fn mark(room: RoomId) -> String {
    room.to_string().chars().take(16).collect()
}

fn failed(error: mdns_sd::Error) -> Problem {
    Problem::new("mdns_failed").with("why", error.to_string())
}
