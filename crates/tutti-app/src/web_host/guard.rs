//! Who may speak to the browser host, and what every answer carries.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::{Web, once};
use crate::texts::t;

/// The page loads nothing from elsewhere, sends nothing elsewhere, and is shown in no other page. Styles may stand in
/// the page because lanes and charts are placed by them.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self'; \
    font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The token and the names of this server.
#[derive(Debug)]
pub(super) struct Guard {
    port: u16,
    /// 128 random bits.
    token: String,
}

impl Guard {
    pub fn new(port: u16) -> Self {
        Self { port, token: random() }
    }

    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}/{}/", self.port, self.token)
    }

    /// Where a one-time address of this key is.
    pub fn address_once(&self, key: &str) -> String {
        format!("http://127.0.0.1:{}/{}/{key}", self.port, once::FOLDER)
    }

    fn names_us(&self, host: &str) -> bool {
        [format!("127.0.0.1:{}", self.port), format!("localhost:{}", self.port)].iter().any(|name| name == host)
    }

    /// What is wrong with a request, as the key of its words.
    fn objection(&self, method: &Method, path: &str, headers: &HeaderMap) -> Option<&'static str> {
        let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        if !text(header::HOST).is_some_and(|host| self.names_us(host)) {
            return Some("web.foreign_host");
        }
        let origin = headers.get(header::ORIGIN);
        let ours = |origin: &HeaderValue| {
            let origin = origin.to_str().ok().and_then(|origin| origin.strip_prefix("http://"));
            origin.is_some_and(|host| self.names_us(host))
        };
        let acts = method != Method::GET && method != Method::HEAD;
        if !origin.map_or(!acts, ours) {
            return Some("web.foreign_origin");
        }
        let token = path.split('/').nth(1).unwrap_or_default();
        (!once::is_at(path) && !same(token, &self.token)).then_some("web.no_token")
    }
}

/// 128 random bits in hexadecimal digits.
pub(super) fn random() -> String {
    format!("{:032x}", rand::random::<u128>())
}

/// Compares in a time that depends on the lengths alone.
pub(super) fn same(left: &str, right: &str) -> bool {
    left.len() == right.len() && left.bytes().zip(right.bytes()).fold(0, |difference, (l, r)| difference | (l ^ r)) == 0
}

pub(super) async fn check(State(web): State<Arc<Web>>, request: Request, next: Next) -> Response {
    let mut answer = match web.guard.objection(request.method(), request.uri().path(), request.headers()) {
        Some(key) => (StatusCode::FORBIDDEN, t(key, &[])).into_response(),
        None => next.run(request).await,
    };
    let headers = answer.headers_mut();
    let mut set = |name, value| headers.insert(name, HeaderValue::from_static(value));
    set(header::CONTENT_SECURITY_POLICY, POLICY);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::CACHE_CONTROL, "no-store");
    set(header::REFERRER_POLICY, "no-referrer");
    set(header::X_FRAME_OPTIONS, "DENY");
    answer
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn two_hosts_have_two_tokens_of_128_bits() {
        let (one, other) = (Guard::new(1), Guard::new(1));

        assert_ne!(one.token, other.token);
        assert_eq!(one.token.len(), 32);
    }

    #[test]
    fn only_this_page_on_this_host_with_the_token_may_act() {
        let guard = Guard { port: 9, token: "t".repeat(32) };
        let path = format!("/{}/dispatch", guard.token);
        let objection = |method: Method, path: &str, host: &str, origin: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_str(host).unwrap());
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, HeaderValue::from_str(origin).unwrap());
            }
            guard.objection(&method, path, &headers)
        };
        let post = |host, origin| objection(Method::POST, &path, host, origin);

        assert_eq!(post("127.0.0.1:9", Some("http://127.0.0.1:9")), None);
        assert_eq!(post("localhost:9", Some("http://localhost:9")), None);
        assert_eq!(objection(Method::GET, &path, "127.0.0.1:9", None), None);
        assert_eq!(post("evil.example:9", Some("http://127.0.0.1:9")), Some("web.foreign_host"));
        assert_eq!(post("127.0.0.1:8", Some("http://127.0.0.1:9")), Some("web.foreign_host"));
        assert_eq!(post("127.0.0.1:9", Some("http://evil.example")), Some("web.foreign_origin"));
        assert_eq!(post("127.0.0.1:9", Some("null")), Some("web.foreign_origin"));
        assert_eq!(post("127.0.0.1:9", None), Some("web.foreign_origin"), "a browser names the origin of a post");
        assert_eq!(objection(Method::GET, "/", "127.0.0.1:9", None), Some("web.no_token"));
        assert_eq!(objection(Method::GET, "/tttt/", "127.0.0.1:9", None), Some("web.no_token"));
    }

    #[test]
    fn a_one_time_address_needs_no_token_and_nothing_beside_it_goes_without() {
        let guard = Guard { port: 9, token: "t".repeat(32) };
        let objection = |path: &str, host: &'static str, origin: Option<&'static str>| {
            let mut headers = HeaderMap::from_iter([(header::HOST, HeaderValue::from_static(host))]);
            headers.extend(origin.map(|origin| (header::ORIGIN, HeaderValue::from_static(origin))));
            guard.objection(&Method::GET, path, &headers)
        };

        assert_eq!(objection("/open/x", "127.0.0.1:9", None), None);
        assert_eq!(objection("/open/x", "evil.example:9", None), Some("web.foreign_host"));
        assert_eq!(objection("/open/x", "127.0.0.1:9", Some("null")), Some("web.foreign_origin"));
        for path in
            ["/open", "/open/", "/open//", "/open/x/", "/open/cover/x", "/open/assets/x.js", "//open/x", "/opens/x"]
        {
            assert_eq!(objection(path, "127.0.0.1:9", None), Some("web.no_token"), "{path}");
        }
    }
}
