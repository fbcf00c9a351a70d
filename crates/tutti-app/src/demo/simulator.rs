//! The simulator that a demo plays on: in this process, or another one that runs already.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tutti_sim::sim::{Sim, SimConfig};
use tutti_sim::web_api;

use super::failed;
use crate::api::{Action, Hand};
use crate::problem::Problem;
use crate::program::DemoOptions;
use crate::settings::Endpoints;

const DEADLINE: Duration = Duration::from_secs(10);

pub(super) struct Simulator {
    client: Client,
    here: Option<Here>,
}

/// A simulator in this process.
struct Here {
    sim: Arc<Sim>,
    stop: oneshot::Sender<()>,
    server: JoinHandle<anyhow::Result<()>>,
}

/// Speaks to a simulator's side door.
#[derive(Clone)]
pub(super) struct Client {
    base: String,
    http: reqwest::Client,
}

impl Simulator {
    pub async fn start(options: &DemoOptions) -> Result<Self, Problem> {
        if let Some(base) = &options.simulator {
            let endpoints = Endpoints::other(base, base)?;
            return Ok(Self { client: Client::new(endpoints.accounts), here: None });
        }
        let profile = options
            .profile
            .parse()
            .map_err(|_| Problem::new("demo_profile").with("profile", options.profile.clone()))?;
        let config = SimConfig { accounts: options.members, profile, seed: options.seed, ..SimConfig::default() };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(|error| failed(error.to_string()))?;
        let sim = web_api::prepare(&listener, config).map_err(|error| failed(error.to_string()))?;
        let (stop, stopped) = oneshot::channel::<()>();
        let shutdown = async {
            // Ends also when the stage is dropped without a word.
            let _ = stopped.await;
        };
        let server = tokio::spawn(web_api::serve(listener, Arc::clone(&sim), shutdown));
        Ok(Self { client: Client::new(sim.base_url().to_owned()), here: Some(Here { sim, stop, server }) })
    }

    pub fn base(&self) -> &str {
        &self.client.base
    }

    pub fn client(&self) -> Client {
        self.client.clone()
    }

    pub fn sim(&self) -> Option<&Arc<Sim>> {
        self.here.as_ref().map(|here| &here.sim)
    }

    pub async fn get<T: DeserializeOwned>(&self, what: &str) -> Result<T, Problem> {
        self.client.get(what).await
    }

    pub async fn hand(&self, user: &str, hand: &Hand) -> Result<(), Problem> {
        self.client.hand(user, hand).await
    }

    pub async fn consent(&self, page: &str) -> Result<(), Problem> {
        self.client.consent(page).await
    }

    pub async fn stop(self) {
        if let Some(here) = self.here {
            // An error means that the server ended before.
            let _ = here.stop.send(());
            match here.server.await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::warn!(%error, "the simulator ended badly"),
                Err(error) => tracing::error!(%error, "the simulator broke"),
            }
        }
    }
}

impl Client {
    fn new(base: String) -> Self {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .tls_certs_only([])
            .timeout(DEADLINE)
            .build()
            .expect("a client without any special setting can be built");
        Self { base, http }
    }

    async fn get<T: DeserializeOwned>(&self, what: &str) -> Result<T, Problem> {
        let answer = self.http.get(format!("{}/_sim/{what}", self.base)).send().await;
        let answer = answer.and_then(reqwest::Response::error_for_status).map_err(|_| self.gone())?;
        answer.json().await.map_err(|_| self.gone())
    }

    pub async fn hand(&self, user: &str, hand: &Hand) -> Result<(), Problem> {
        let body = match hand {
            Hand::Play { uri } => json!({ "action": "play", "uri": uri }),
            Hand::Pause => json!({ "action": "pause" }),
            Hand::Seek { position_ms } => json!({ "action": "seek", "position_ms": position_ms.max(0.0) as u64 }),
            Hand::Next => json!({ "action": "next" }),
            Hand::Previous => json!({ "action": "previous" }),
        };
        let address = format!("{}/_sim/accounts/{user}/hand", self.base);
        let answer = self.http.post(address).json(&body).send().await.map_err(|_| self.gone())?;
        if answer.status().is_success() {
            return Ok(());
        }
        let words = answer.text().await.unwrap_or_default();
        Err(Problem::new("hand_refused").with("why", words.trim().chars().take(200).collect::<String>()))
    }

    /// What a browser does: opens the page and follows where it leads.
    async fn consent(&self, page: &str) -> Result<(), Problem> {
        let answer = self.http.get(page).send().await.map_err(|_| self.gone())?;
        let back = answer.headers().get(reqwest::header::LOCATION).and_then(|to| to.to_str().ok()).map(str::to_owned);
        let Some(back) = back else {
            return Err(failed(answer.text().await.unwrap_or_default()));
        };
        self.http.get(back).send().await.map_err(|error| failed(error.without_url().to_string()))?;
        Ok(())
    }

    fn gone(&self) -> Problem {
        Problem::new("other_server_gone").with("address", self.base.clone()).way_out("start_demo", Action::StartDemo)
    }
}
