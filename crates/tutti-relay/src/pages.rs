//! What a browser finds here: whether the hub is well, its counters, and where an invite leads.

use crate::http::Answer;
use crate::rooms::Rooms;

/// The page of `https://RELAY/join#…`. What comes after the # never reaches the relay.
const JOIN: &str = include_str!("join.html");
const JOIN_HEADERS: &str = concat!(
    "content-type: text/html; charset=utf-8\r\n",
    "content-security-policy: default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; ",
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n",
    "referrer-policy: no-referrer\r\n",
);

/// The page at this path.
pub fn page(rooms: &Rooms, path: &str) -> Answer {
    match path {
        "/healthz" if rooms.is_draining() => Answer::new("503 Service Unavailable", "ending\n"),
        "/healthz" => Answer::new("200 OK", "ok\n"),
        "/metrics" => {
            let (count, members) = rooms.count();
            let headers = "content-type: text/plain; version=0.0.4\r\n";
            Answer { status: "200 OK", headers, body: rooms.metrics.text(count, members) }
        }
        "/join" => Answer { status: "200 OK", headers: JOIN_HEADERS, body: JOIN.to_owned() },
        _ => Answer::new("404 Not Found", "there is /room, /join, /healthz and /metrics\n"),
    }
}
