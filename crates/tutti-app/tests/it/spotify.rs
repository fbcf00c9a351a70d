//! A pretend Spotify on this computer, and the person at the browser.

use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tutti_app::api::Action;
use tutti_app::secrets::{Memory, SecretStore};
use tutti_sim::profile::Profile;
use tutti_sim::sim::{Sim, SimConfig};
use tutti_sim::web_api;

use crate::stand::Stand;

pub const CLIENT_ID: &str = "0123456789abcdef0123456789abcdef";

pub struct Spotify {
    pub sim: Arc<Sim>,
    stop: Option<oneshot::Sender<()>>,
}

impl Spotify {
    pub async fn open(accounts: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let config = SimConfig { accounts, profile: Profile::Lan, ..SimConfig::default() };
        let sim = web_api::prepare(&listener, config).unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(web_api::serve(listener, sim.clone(), async {
            let _ = stopped.await;
        }));
        Self { sim, stop: Some(stop) }
    }

    /// A program whose Spotify this is.
    pub async fn stand(&self) -> Stand {
        self.stand_with(Arc::new(Memory::default())).await
    }

    pub async fn stand_with(&self, secrets: Arc<dyn SecretStore>) -> Stand {
        Stand::at(self.sim.base_url(), secrets).await
    }

    pub fn close(&mut self) {
        self.stop.take();
    }

    /// Opens a sign-in's page with something added to its address; the answer of where it leads.
    pub async fn browse(&self, page: &str, added: &str) -> reqwest::Response {
        browse(page, added).await
    }

    /// Signs `user` in as `name`, and waits until the program says so.
    pub async fn sign_in(&self, stand: &Stand, user: &str, name: Option<&str>) {
        sign_in(stand, user, name).await;
    }
}

/// The person at the browser.
async fn browse(page: &str, added: &str) -> reqwest::Response {
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let back = http.get(format!("{page}&{added}")).send().await.unwrap();
    let back = back.headers()["location"].to_str().unwrap().to_owned();
    http.get(back).send().await.unwrap()
}

/// Signs `user` in as `name` at whatever server the program is, and waits until it says so.
pub async fn sign_in(stand: &Stand, user: &str, name: Option<&str>) {
    let page = begin(stand, name).await;
    assert!(browse(&page, &format!("sim_user={user}")).await.status().is_success());
    stand.until(&format!("{user} is signed in"), |snapshot| snapshot.sign_in.is_none()).await;
}

/// Begins a sign-in and waits for its page.
pub async fn begin(stand: &Stand, name: Option<&str>) -> String {
    stand.act(Action::Connect { client_id: CLIENT_ID.into(), name: name.map(str::to_owned), way: None });
    let snapshot = stand.until("the sign-in's page", |snapshot| snapshot.sign_in.is_some()).await;
    let page = snapshot.sign_in.as_ref().unwrap().address.clone();
    assert_eq!(stand.shell.0.lock().unwrap().last(), Some(&page), "the browser was opened there");
    page
}
