//! The carrier between the program's client and the simulator, and its log: what was sent, when, and what came back.

use std::sync::{Arc, Mutex};

use tutti_sim::sim::Sim;
use tutti_sim::web_api::InProcess;
use tutti_spotify::{Carried, Carrier, Transport};

/// A request as the client sent it.
#[derive(Clone, Debug)]
pub struct Sent {
    /// On the simulator's clock, µs.
    pub at_us: i64,
    /// When the head of the answer was there; none while it is not, and for ever when the client gave up.
    pub answered_us: Option<i64>,
    /// Whose token it carried; none for the accounts service, or with a token that is not valid.
    pub user: Option<String>,
    pub client_id: Option<String>,
    pub method: String,
    /// With the query.
    pub target: String,
    pub body: String,
    /// 0: none came, or the connection was reset.
    pub status: u16,
    pub retry_after_s: Option<i64>,
}

/// Brings requests to the simulator in this process.
#[derive(Debug)]
pub struct Wire {
    sim: Pretend,
    server: InProcess,
    sent: Arc<Mutex<Vec<Sent>>>,
}

#[derive(Clone)]
struct Pretend(Arc<Sim>);

impl std::fmt::Debug for Pretend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pretend")
    }
}

impl Wire {
    pub fn to(sim: &Arc<Sim>) -> Self {
        Self { sim: Pretend(sim.clone()), server: InProcess::new(sim.clone()), sent: Arc::default() }
    }

    /// Oldest first.
    pub fn sent(&self) -> Vec<Sent> {
        self.sent.lock().unwrap().clone()
    }

    fn note(&self, request: &reqwest::Request) -> usize {
        let sim = &self.sim.0;
        let bearer =
            request.headers().get("authorization").and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        let bearer = bearer.and_then(|token| sim.sign_in().bearer(sim.now_us(), token).ok().cloned());
        let url = request.url();
        let sent = Sent {
            at_us: sim.now_us(),
            answered_us: None,
            user: bearer.as_ref().map(|bearer| sim.users().nth(bearer.user).unwrap().0.to_owned()),
            client_id: bearer.map(|bearer| bearer.client_id),
            method: request.method().to_string(),
            target: url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path())),
            body: request
                .body()
                // A token is no part of a log.
                .filter(|_| url.path() != "/api/token")
                .and_then(|body| body.as_bytes())
                .map(|body| String::from_utf8_lossy(body).into_owned())
                .unwrap_or_default(),
            status: 0,
            retry_after_s: None,
        };
        let mut all = self.sent.lock().unwrap();
        all.push(sent);
        all.len() - 1
    }
}

impl Carrier for Wire {
    fn carry(&self, request: reqwest::Request) -> Carried {
        let place = self.note(&request);
        let (sim, server, sent) = (self.sim.0.clone(), self.server.clone(), self.sent.clone());
        Box::pin(async move {
            let (head, body) = axum::http::Request::<reqwest::Body>::try_from(request).unwrap().into_parts();
            let request = axum::http::Request::from_parts(head, axum::body::Body::new(body));
            let answer = server.answer(request).await;
            let Some(answer) = answer else {
                return Err(Transport::Broken { detail: "connection reset".into() });
            };
            {
                let mut all = sent.lock().unwrap();
                let retry_after =
                    answer.headers().get("retry-after").map(|value| value.to_str().unwrap().parse().unwrap());
                let noted = &mut all[place];
                (noted.answered_us, noted.status, noted.retry_after_s) =
                    (Some(sim.now_us()), answer.status().as_u16(), retry_after);
            }
            Ok(answer.map(|body| reqwest::Body::wrap_stream(body.into_data_stream())).into())
        })
    }
}
