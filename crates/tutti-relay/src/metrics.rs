//! What is counted, in Prometheus' text format.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};

use tutti_core::wire::Trouble;

/// Counters of one process.
#[derive(Debug, Default)]
pub struct Metrics {
    pub connections: AtomicU64,
    pub connected: AtomicU64,
    pub received: AtomicU64,
    pub sent: AtomicU64,
    /// Sockets that did not take what was sent, and got the newest state later.
    pub slow: AtomicU64,
    refused: Mutex<BTreeMap<Trouble, u64>>,
}

impl Metrics {
    pub fn add(counter: &AtomicU64, by: u64) {
        counter.fetch_add(by, Ordering::Relaxed);
    }

    pub fn refused(&self, code: Trouble) {
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner).entry(code).or_default() += 1;
    }

    /// `rooms`, `members`: how many there are now.
    pub fn text(&self, rooms: usize, members: usize) -> String {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let rows = [
            ("tutti_connections", "gauge", "Open connections", of(&self.connections)),
            ("tutti_rooms", "gauge", "Rooms", rooms as u64),
            ("tutti_members", "gauge", "Members of all rooms", members as u64),
            ("tutti_connections_total", "counter", "Connections that entered a room", of(&self.connected)),
            ("tutti_messages_received_total", "counter", "Messages of members", of(&self.received)),
            ("tutti_messages_sent_total", "counter", "Messages to members", of(&self.sent)),
            ("tutti_slow_total", "counter", "Times a connection did not take what was sent", of(&self.slow)),
        ];
        let mut text = String::new();
        for (name, kind, help, value) in rows {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}");
        }
        let _ = writeln!(text, "# HELP tutti_refused_total Refusals by reason\n# TYPE tutti_refused_total counter");
        for (code, count) in &*self.refused.lock().unwrap_or_else(PoisonError::into_inner) {
            let name = serde_json::to_value(code).unwrap_or_default();
            let _ = writeln!(text, "tutti_refused_total{{code={name}}} {count}");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_read_as_prometheus_wants_them() {
        let metrics = Metrics::default();
        Metrics::add(&metrics.received, 3);
        metrics.refused(Trouble::WrongSecret);

        let text = metrics.text(2, 9);

        for line in ["tutti_rooms 2", "tutti_members 9", "tutti_messages_received_total 3"] {
            assert!(text.lines().any(|known| known == line), "{text}");
        }
        assert!(text.contains(r#"tutti_refused_total{code="wrong_secret"} 1"#), "{text}");
    }
}
