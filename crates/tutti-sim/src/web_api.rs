//! The HTTP server in Spotify's shape: the Web API, the accounts service, covers, and the truth beside them.
//!
//! `/v1/…` and `/api/token` take as long as the profile says; everything else answers at once.

mod answer;
mod authorize;
mod browse;
mod commands;
mod connection;
mod covers;
mod in_process;
mod json;
mod pretend;
mod readings;
mod switches;
mod token;
mod v1;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{any, get, post};
use tokio::net::TcpListener;

use crate::sim::{Sim, SimConfig};
use answer::Answer;
pub use in_process::InProcess;

/// Larger than any request of the Web API.
const BODY_LIMIT: usize = 64 * 1024;
/// How long connections may take to finish after the signal to stop.
const STOP_WITHIN: Duration = Duration::from_secs(2);

/// What every handler shares.
struct Web {
    sim: Arc<Sim>,
    fragments: json::Fragments,
    covers: covers::Covers,
}

/// The accounts that will answer on this listener.
///
/// # Errors
/// When the listener has no address or the configuration is impossible.
pub fn prepare(listener: &TcpListener, config: SimConfig) -> anyhow::Result<Arc<Sim>> {
    let address = listener.local_addr().context("the listener has no address")?;
    Ok(Sim::new(config, address)?)
}

/// Serves these accounts until `shutdown`; open connections then have two seconds to finish.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    listener: TcpListener,
    sim: Arc<Sim>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let listener = connection::Counting::new(listener, sim.clone());
    let (stopping, stopped) = tokio::sync::oneshot::channel::<()>();
    let service = router(sim).into_make_service_with_connect_info::<connection::Link>();
    let server = axum::serve(listener, service).with_graceful_shutdown(async move {
        shutdown.await;
        // Nobody listens any more only if the server has ended already.
        let _ = stopping.send(());
    });
    let deadline = async {
        // An error means that the server ended by itself: then the other branch is ready.
        let _ = stopped.await;
        tokio::time::sleep(STOP_WITHIN).await;
    };
    tokio::select! {
        ended = server => ended.context("the server stopped"),
        () = deadline => Ok(()),
    }
}

fn router(sim: Arc<Sim>) -> Router {
    let fragments = json::Fragments::new(sim.catalogue(), sim.base_url());
    let web = Arc::new(Web { sim, fragments, covers: covers::Covers::default() });
    Router::new()
        .route("/v1/{*path}", any(v1::handle))
        .route("/authorize", get(authorize::page))
        .route("/api/token", post(token::exchange))
        .route("/covers/{file}", get(covers::cover))
        .route("/_sim", get(pretend::redirect))
        .route("/_sim/", get(pretend::page))
        .route("/_sim/truth", get(pretend::truth))
        .route("/_sim/stats", get(pretend::stats))
        .route("/_sim/accounts", get(pretend::accounts))
        .route("/_sim/catalogue", get(pretend::catalogue))
        .route("/_sim/faults", get(switches::faults))
        .route("/_sim/settings", get(switches::settings).post(switches::set))
        .route("/_sim/apps", get(switches::apps).post(switches::register))
        .route("/_sim/accounts/{user}/fault", post(switches::fault))
        .route("/_sim/accounts/{user}/settings", get(switches::account_settings).post(switches::set_account))
        .route("/_sim/accounts/{user}/hand", post(pretend::hand))
        .route("/_sim/accounts/{user}/device", post(pretend::device))
        .route("/_sim/accounts/{user}/revoke", post(pretend::revoke))
        .fallback(async || Answer::error(404, "Service not found"))
        .method_not_allowed_fallback(async || Answer::error(405, "Method not allowed"))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(web)
}
