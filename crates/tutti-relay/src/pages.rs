//! What a browser finds here: whether the hub is well, its counters, and where an invite leads.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

use crate::rooms::Rooms;

/// The page of `https://RELAY/join#…`. What comes after the # never reaches the relay.
const JOIN: &str = include_str!("join.html");
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub async fn health(State(rooms): State<Arc<Rooms>>) -> (StatusCode, &'static str) {
    if rooms.is_draining() { (StatusCode::SERVICE_UNAVAILABLE, "ending\n") } else { (StatusCode::OK, "ok\n") }
}

pub async fn metrics(State(rooms): State<Arc<Rooms>>) -> Response {
    let (count, members) = rooms.count();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], rooms.metrics.text(count, members)).into_response()
}

pub async fn join() -> Response {
    ([(header::CONTENT_SECURITY_POLICY, POLICY), (header::REFERRER_POLICY, "no-referrer")], Html(JOIN)).into_response()
}
