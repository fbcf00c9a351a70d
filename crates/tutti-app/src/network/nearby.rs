//! Sessions on the local network, by mDNS: that there is one and whose, never the secret.

use std::collections::BTreeMap;
use std::time::Duration;

use mdns_sd::{ServiceDaemon, ServiceEvent, ServiceInfo};
use tutti_core::proof::RoomId;

use crate::invite::HubAddress;
use crate::problem::Problem;
use crate::settings::tidy_name;

/// The kind of service.
const SERVICE: &str = "_tutti._tcp.local.";
/// Whoever is there answers within this.
const LOOK: Duration = Duration::from_secs(2);
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
    let daemon = ServiceDaemon::new().map_err(failed)?;
    let events = daemon.browse(SERVICE).map_err(failed)?;
    let mut found: BTreeMap<String, Nearby> = BTreeMap::new();
    let end = tokio::time::Instant::now() + LOOK;
    while let Ok(Ok(event)) = tokio::time::timeout_at(end, events.recv_async()).await {
        let ServiceEvent::ServiceResolved(info) = event else { continue };
        let text = |name| info.get_property_val_str(name).unwrap_or_default().to_owned();
        let Some(address) = info.get_addresses().iter().next().filter(|_| found.len() < MOST) else { continue };
        let host = tidy_name(&text("host")).unwrap_or_else(|| "?".into());
        let address = HubAddress::plain(address.to_ip_addr(), info.get_port()).authority();
        found.insert(info.get_fullname().to_owned(), Nearby { host, address });
    }
    // It ends by itself soon after.
    let _ = daemon.shutdown();
    Ok(found.into_values().collect())
}

/// Enough of the id to tell one session from another, and nothing that lets anybody in.
fn mark(room: RoomId) -> String {
    room.to_string().chars().take(16).collect()
}

fn failed(error: mdns_sd::Error) -> Problem {
    Problem::new("mdns_failed").with("why", error.to_string())
}
