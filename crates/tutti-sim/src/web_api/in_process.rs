//! The same server without sockets: a request goes in and its answer comes out, on whatever clock tokio runs.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::ConnectInfo;
use axum::http::{Method, Request, header};
use axum::response::Response;
use tower_service::Service;

use super::connection::Link;
use crate::sim::Sim;

/// Answers requests as [`super::serve`] does, each as if on a connection of its own. Clones are the same server.
#[derive(Clone, Debug)]
pub struct InProcess {
    router: Router,
}

impl InProcess {
    pub fn new(sim: Arc<Sim>) -> Self {
        Self { router: super::router(sim) }
    }

    /// The answer; none where the connection is reset instead. Its body may come in pieces. To drop the future is to
    /// close the connection.
    pub async fn answer(&self, mut request: Request<Body>) -> Option<Response> {
        let link = Link::default();
        request.extensions_mut().insert(ConnectInfo(link.clone()));
        // What an HTTP client says on its connection by itself.
        if *request.method() != Method::GET
            && let Some(length) = request.body().size_hint().exact()
        {
            request.headers_mut().entry(header::CONTENT_LENGTH).or_insert(length.into());
        }
        let Ok(answer) = self.router.clone().call(request).await;
        (!link.is_cut()).then_some(answer)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::Duration;

    use axum::body::to_bytes;
    use tokio::time::{Instant, timeout};

    use super::*;
    use crate::fault::Fault;
    use crate::profile::Profile;
    use crate::sim::SimConfig;

    #[tokio::test(start_paused = true)]
    async fn a_reset_is_no_answer_and_the_next_request_is_answered() {
        let (sim, server) = server();
        sim.fault("anna", Fault::Reset { count: 1, executes: false }).unwrap();

        assert!(server.answer(look()).await.is_none());
        assert_eq!(server.answer(look()).await.unwrap().status(), 200);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_body_comes_after_its_head_in_virtual_time() {
        let (sim, server) = server();
        sim.fault("anna", Fault::SlowBody { count: 1, over_ms: 60_000 }).unwrap();
        let (begun, really) = (Instant::now(), std::time::Instant::now());

        let answer = server.answer(look()).await.unwrap();
        let head = begun.elapsed();
        let body = to_bytes(answer.into_body(), usize::MAX).await.unwrap();

        assert!(head < Duration::from_millis(100), "{head:?}");
        assert!(begun.elapsed() >= Duration::from_secs(60), "{:?}", begun.elapsed());
        assert!(really.elapsed() < Duration::from_secs(30), "{:?}", really.elapsed());
        assert!(serde_json::from_slice::<serde_json::Value>(&body).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_hangs_can_be_given_up() {
        let (sim, server) = server();
        sim.fault("anna", Fault::GatewayStall { count: 1, delay_ms: 35_000 }).unwrap();

        assert!(timeout(Duration::from_secs(10), server.answer(look())).await.is_err());
        assert_eq!(server.answer(look()).await.unwrap().status(), 200);
    }

    fn server() -> (Arc<Sim>, InProcess) {
        let config = SimConfig { accounts: 1, profile: Profile::Ideal, ..SimConfig::default() };
        let sim = Sim::new(config, ([127, 0, 0, 1], 1).into()).unwrap();
        (sim.clone(), InProcess::new(sim))
    }

    fn look() -> Request<Body> {
        let request = Request::get("/v1/me/player").header(header::AUTHORIZATION, "Bearer sim:anna");
        request.body(Body::empty()).unwrap()
    }
}
