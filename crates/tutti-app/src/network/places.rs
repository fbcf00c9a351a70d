//! Where the room's hub may be: the places of the invite, and those who would hold it next.

use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tutti_core::wire::MembersSent;

use crate::invite::HubAddress;
use crate::problem::Problem;

/// More heirs than this are not tried.
const MOST_HEIRS: usize = 8;

/// More places than this are no hub of one room.
const MOST_NEARBY: usize = 4;

/// As many places as fit into a link that can still be read.
const MOST_INVITED: usize = 6;

/// The places to try, in order.
#[derive(Debug)]
pub struct Places(Mutex<Known>);

#[derive(Debug)]
struct Known {
    /// Of the invite, then of the hub that took over here.
    hubs: Vec<HubAddress>,
    /// Of those who can hold the hub, longest here first.
    heirs: Vec<HubAddress>,
    /// Where the local network says that it is.
    nearby: Vec<HubAddress>,
    /// Where a connection was made last.
    last: Option<HubAddress>,
}

impl Places {
    pub fn new(hubs: Vec<HubAddress>) -> Self {
        Self(Mutex::new(Known { hubs, heirs: Vec::new(), nearby: Vec::new(), last: None }))
    }

    /// All of them: where it was last, then the invite's, then the heirs', then those that were found nearby.
    pub fn all(&self) -> Vec<HubAddress> {
        let known = self.lock();
        let mut all: Vec<HubAddress> = Vec::new();
        for hub in known.last.iter().chain(&known.hubs).chain(&known.heirs).chain(&known.nearby) {
            if !all.contains(hub) {
                all.push(hub.clone());
            }
        }
        all
    }

    /// Those who would hold the hub before this one, but for the one whose hub is gone; and where it was at first. `own`:
    /// whether an address is this process's, by whichever of its names others know it.
    pub fn before(&self, own: impl Fn(&HubAddress) -> bool) -> (Vec<HubAddress>, Vec<HubAddress>) {
        let known = self.lock();
        let others = known.heirs.iter().take_while(|heir| !own(heir));
        let before = others.filter(|heir| Some(*heir) != known.last.as_ref() && !known.hubs.contains(heir));
        (before.cloned().collect(), known.hubs.iter().filter(|hub| !own(hub)).cloned().collect())
    }

    /// Where somebody finds the room who is invited now: where it is, then those where it may be next. `held`: this process
    /// holds it, and can be found there. Where it was before it changed hands is nobody's any more.
    pub fn to_invite(&self, held: Vec<HubAddress>) -> Vec<HubAddress> {
        let left = self.left();
        let mut all = held;
        let here = !all.is_empty();
        for hub in self.all() {
            // To others, this computer's own address is another computer's.
            let own = is_loopback(&hub) && here;
            if !all.contains(&hub) && !own && !left.contains(&hub) && all.len() < MOST_INVITED {
                all.push(hub);
            }
        }
        all
    }

    /// The places of the invite, once the room is held elsewhere and nobody in it would hold it there again.
    fn left(&self) -> Vec<HubAddress> {
        let known = self.lock();
        let moved = known.last.as_ref().is_some_and(|last| !known.hubs.contains(last));
        let nobodys = |hub: &&HubAddress| moved && !known.heirs.contains(hub) && !known.nearby.contains(hub);
        known.hubs.iter().filter(nobodys).cloned().collect()
    }

    /// What was found on the local network; it replaces what was found before.
    pub fn nearby(&self, found: Vec<HubAddress>) {
        self.lock().nearby = found.into_iter().take(MOST_NEARBY).collect();
    }

    pub fn reached(&self, hub: &HubAddress) {
        self.lock().last = Some(hub.clone());
    }

    pub fn members(&self, members: &MembersSent) {
        let mut known = self.lock();
        // Who reached the hub by its own computer's name for itself is on that computer; from elsewhere it is another one.
        let elsewhere = known.last.as_ref().is_some_and(|last| !is_loopback(last));
        let heirs = members.list.iter().filter_map(|member| member.heir.as_deref());
        let heirs = heirs.filter_map(|address| HubAddress::parse(&format!("ws://{address}")));
        let mut distinct: Vec<HubAddress> = Vec::new();
        for heir in heirs {
            if !distinct.contains(&heir) && distinct.len() < MOST_HEIRS && !(elsewhere && is_loopback(&heir)) {
                distinct.push(heir);
            }
        }
        known.heirs = distinct;
    }

    /// What is said when nobody answers at any of them.
    pub fn unreachable(&self) -> Problem {
        let hubs = self.lock().hubs.clone();
        let code = if hubs.iter().all(is_loopback) {
            "hub_unreachable_here"
        } else if hubs.iter().all(|hub| hub.host.parse::<IpAddr>().is_ok() && !hub.secure) {
            "hub_unreachable_host"
        } else {
            "hub_unreachable"
        };
        Problem::new(code).with("address", self.shown())
    }

    /// In words for people.
    pub fn shown(&self) -> String {
        let known = self.lock();
        let hubs: Vec<String> = known.hubs.iter().map(HubAddress::authority).collect();
        hubs.join(", ")
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// This computer, whichever that is.
fn is_loopback(hub: &HubAddress) -> bool {
    hub.host.parse().is_ok_and(|at: IpAddr| at.is_loopback())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use tutti_core::wire::MemberSent;

    use super::*;

    fn place(port: u16) -> HubAddress {
        HubAddress::plain([127, 0, 0, 1].into(), port)
    }

    fn member(id: u32, heir: Option<&str>) -> MemberSent {
        MemberSent {
            id,
            name: "A".into(),
            devices: Vec::new(),
            drives: true,
            reconnecting: false,
            host: false,
            heir: heir.map(str::to_owned),
        }
    }

    #[test]
    fn the_last_place_comes_first_then_the_invites_then_the_heirs_each_once() {
        let places = Places::new(vec![place(1), place(2)]);
        let list = vec![member(0, Some("127.0.0.1:2")), member(1, Some("127.0.0.1:3")), member(2, Some("nonsense/x"))];
        places.members(&MembersSent { list, ..MembersSent::default() });
        places.reached(&place(2));

        assert_eq!(places.all(), [place(2), place(1), place(3)]);
        places.nearby(vec![place(3), place(4)]);
        assert_eq!(places.all(), [place(2), place(1), place(3), place(4)]);
    }

    #[test]
    fn where_the_room_was_before_it_changed_hands_is_in_no_invite_and_still_looked_at() {
        let (first, second, third) = (place(1), place(2), place(3));
        let places = Places::new(vec![first.clone()]);
        let heirs = |ports: &[u16]| MembersSent {
            list: ports.iter().map(|port| member(0, Some(&format!("127.0.0.1:{port}")))).collect(),
            ..MembersSent::default()
        };
        places.members(&heirs(&[1, 2, 3]));
        places.reached(&first);
        assert_eq!(places.to_invite(Vec::new()), [first.clone(), second.clone(), third.clone()]);

        places.reached(&second);
        places.members(&heirs(&[2, 3]));

        assert_eq!(places.to_invite(Vec::new()), [second.clone(), third.clone()]);
        assert!(places.all().contains(&first), "it may be a cable that was out");
        places.members(&heirs(&[1, 2, 3]));
        assert_eq!(places.to_invite(Vec::new()), [second, first, third], "whoever began it is back");
    }

    #[test]
    fn when_nobody_answers_it_is_said_what_kind_of_place_that_was() {
        let said = |text: &str| Places::new(vec![HubAddress::parse(text).unwrap()]).unreachable();
        for (text, code, words) in [
            ("ws://127.0.0.1:7450", "hub_unreachable_here", "only leads there from the computer"),
            ("ws://192.168.1.7:7450", "hub_unreachable_host", "nor elsewhere on this network"),
            ("wss://relay.example", "hub_unreachable", "internet connection"),
        ] {
            let problem = said(text);
            assert_eq!(problem.code(), code);
            assert!(
                problem.text().contains(words) && problem.text().contains("does not answer at"),
                "{}",
                problem.text()
            );
        }
    }

    #[test]
    fn an_heir_waits_for_those_before_it_and_not_for_the_one_that_is_gone() {
        let places = Places::new(vec![place(1)]);
        let list = (1..=3).map(|port| member(port, Some(&format!("127.0.0.1:{port}")))).collect();
        places.members(&MembersSent { list, ..MembersSent::default() });
        places.reached(&place(1));

        assert_eq!(places.before(|hub| *hub == place(2)), (vec![], vec![place(1)]));
        assert_eq!(places.before(|hub| *hub == place(3)), (vec![place(2)], vec![place(1)]));
    }

    #[test]
    fn the_hub_s_own_name_for_its_computer_means_nothing_on_another() {
        let list = vec![member(0, Some("127.0.0.1:1")), member(1, Some("10.0.0.2:2")), member(2, Some("10.0.0.3:3"))];
        let members = MembersSent { list, ..MembersSent::default() };
        let lan = |text: &str| HubAddress::parse(&format!("ws://{text}")).unwrap();
        let places = Places::new(vec![lan("10.0.0.1:1")]);
        places.reached(&lan("10.0.0.1:1"));

        places.members(&members);

        assert_eq!(places.all(), [lan("10.0.0.1:1"), lan("10.0.0.2:2"), lan("10.0.0.3:3")]);
        assert_eq!(places.before(|hub| hub.port == 2), (vec![], vec![lan("10.0.0.1:1")]));
    }
}
