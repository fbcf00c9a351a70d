//! One account's connection to the two servers: what is set on it, and answers read up to a limit.

use std::fmt;
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Request, Response, StatusCode, redirect, retry};
use tokio::time::{Instant, timeout_at};

use crate::endpoints::Endpoints;
use crate::error::Transport;

/// The largest answer that is read: a queue with all its markets is about 100 KiB.
pub(crate) const BODY_LIMIT: usize = 1024 * 1024;

/// An HTTP/2 connection that is silent for this long while an answer is due is asked for a sign of life, and given up
/// when none comes in [`PING_TIMEOUT`]: both together are shorter than a request may take, so that a connection lost
/// in a suspend costs one request and not every one that follows.
const PING_AFTER: Duration = Duration::from_secs(3);
const PING_TIMEOUT: Duration = Duration::from_secs(5);

/// How long to wait for the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For a connection.
    pub connect: Duration,
    /// For a whole request, from its start to the end of the answer.
    pub request: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: Duration::from_secs(5), request: Duration::from_secs(10) }
    }
}

/// Carries requests in place of the network: the one seam below the client. A test puts its own world there, and with it
/// the whole program runs without sockets, on virtual time.
pub trait Carrier: fmt::Debug + Send + Sync + 'static {
    /// One request, until the head of its answer is there; the body may come in pieces after that, or break off. To drop
    /// the answer is to give the request up.
    fn carry(&self, request: Request) -> Carried;
}

/// An answer on its way.
pub type Carried = Pin<Box<dyn Future<Output = Result<Response, Transport>> + Send>>;

/// One account's connections: one kept alive to each server, no redirects, nothing repeated.
#[derive(Debug, Clone)]
pub struct Http {
    way: Way,
}

#[derive(Debug, Clone)]
enum Way {
    Network(reqwest::Client),
    /// With how long a request may take that does not say so itself.
    Carrier(Arc<dyn Carrier>, Duration),
}

/// The head of an answer, and its body as far as it has come.
#[derive(Debug)]
pub(crate) struct Answer {
    response: Response,
    /// The end of its request's time, where reqwest does not see to it.
    until: Option<Instant>,
}

impl Http {
    /// With the usual timeouts.
    pub fn new(endpoints: &Endpoints) -> Result<Self, Transport> {
        Self::with_timeouts(endpoints, Timeouts::default())
    }

    pub fn with_timeouts(endpoints: &Endpoints, timeouts: Timeouts) -> Result<Self, Transport> {
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("Tutti/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .referer(false)
            .connect_timeout(timeouts.connect)
            .timeout(timeouts.request)
            .pool_max_idle_per_host(1)
            .tcp_nodelay(true)
            .http2_keep_alive_interval(PING_AFTER)
            .http2_keep_alive_timeout(PING_TIMEOUT);
        if endpoints.is_loopback() {
            // A proxy is somebody else's computer, and so could a name in the hosts file be.
            let here = [
                SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
                SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), 0),
            ];
            builder = builder.no_proxy().resolve_to_addrs("localhost", &here);
        }
        if endpoints.is_plain() {
            // Nothing is encrypted, so the system's certificates need not be there, or be read.
            builder = builder.tls_certs_only([]);
        }
        let client = builder.build()?;
        Ok(Self { way: Way::Network(client) })
    }

    /// Over a carrier instead of the network, with the usual timeouts.
    pub fn through(carrier: Arc<dyn Carrier>) -> Self {
        Self { way: Way::Carrier(carrier, Timeouts::default().request) }
    }

    /// Sends a request and returns when the head of the answer is there.
    pub(crate) async fn send(&self, request: Request) -> Result<Answer, Transport> {
        match &self.way {
            Way::Network(client) => Ok(Answer { response: client.execute(request).await?, until: None }),
            Way::Carrier(carrier, usual) => {
                let until = Instant::now() + request.timeout().copied().unwrap_or(*usual);
                let response = timeout_at(until, carrier.carry(request)).await.map_err(|_| Transport::Timeout)??;
                Ok(Answer { response, until: Some(until) })
            }
        }
    }
}

impl Answer {
    pub fn status(&self) -> StatusCode {
        self.response.status()
    }

    pub fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// The whole body, if it is not larger than [`BODY_LIMIT`].
    pub async fn body(mut self) -> Result<Vec<u8>, Transport> {
        let mut body = Vec::new();
        loop {
            let next = self.response.chunk();
            let chunk = match self.until {
                Some(until) => timeout_at(until, next).await.map_err(|_| Transport::Timeout)??,
                None => next.await?,
            };
            let Some(chunk) = chunk else { break };
            if body.len() + chunk.len() > BODY_LIMIT {
                return Err(Transport::TooLarge { limit: BODY_LIMIT });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    /// Reads what nobody needs, so that the connection can be used again.
    pub async fn drain(self) {
        if let Err(error) = self.body().await {
            tracing::debug!(%error, "rest of an answer lost");
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// Answers so long after a request, with a body that takes as long again.
    #[derive(Debug)]
    struct Slow(Duration);

    impl Carrier for Slow {
        fn carry(&self, _: Request) -> Carried {
            let Self(after) = *self;
            Box::pin(async move {
                tokio::time::sleep(after).await;
                let late = futures::stream::once(async move {
                    tokio::time::sleep(after).await;
                    Ok::<_, std::io::Error>("late")
                });
                Ok(axum::http::Response::new(reqwest::Body::wrap_stream(late)).into())
            })
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_carrier_has_as_long_as_the_network_for_head_and_body() {
        for (after_s, head, body) in [(4, true, true), (6, true, false), (11, false, false)] {
            let http = Http::through(Arc::new(Slow(Duration::from_secs(after_s))));

            let answer = http.send(get(None)).await;

            assert_eq!(answer.is_ok(), head, "{after_s} s");
            if let Ok(answer) = answer {
                assert_eq!(answer.body().await.is_ok(), body, "{after_s} s");
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_names_its_own_time_is_given_up_then() {
        let (http, begun) = (Http::through(Arc::new(Slow(Duration::from_secs(4)))), Instant::now());

        let answer = http.send(get(Some(Duration::from_secs(3)))).await;

        assert_eq!(answer.err(), Some(Transport::Timeout));
        assert_eq!(begun.elapsed().as_secs(), 3);
    }

    #[test]
    fn a_connection_to_spotify_and_one_to_this_computer_can_be_set_up() {
        let here = Endpoints::loopback("http://127.0.0.1:1/v1", "http://127.0.0.1:1").unwrap();

        assert!(Http::new(&Endpoints::default()).is_ok());
        assert!(Http::new(&here).is_ok());
    }

    fn get(within: Option<Duration>) -> Request {
        let mut request = Request::new(reqwest::Method::GET, "http://127.0.0.1:1/v1/me".parse().unwrap());
        *request.timeout_mut() = within;
        request
    }
}
