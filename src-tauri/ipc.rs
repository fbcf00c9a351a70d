//! What passes between window and program: one command in, one snapshot out, on request and as an event.

use std::sync::Arc;

use tauri::{AppHandle, Emitter, State};
use tokio::sync::watch;
use tutti_app::Program;
use tutti_app::api::{Action, Snapshot};

use crate::shell::WINDOW;

/// The event that carries every new snapshot.
const SNAPSHOT: &str = "snapshot";

/// Hands one action to the program; what comes of it is seen in the snapshots.
#[tauri::command]
pub fn dispatch(program: State<'_, Program>, action: Action) {
    program.dispatch(action);
}

/// The newest snapshot, for a window that has just opened.
#[tauri::command]
pub fn snapshot(program: State<'_, Program>) -> Snapshot {
    Snapshot::clone(&program.snapshots().borrow())
}

/// Sends every snapshot to the window, as often as the program publishes one.
pub async fn publish(app: AppHandle, mut snapshots: watch::Receiver<Arc<Snapshot>>) {
    while snapshots.changed().await.is_ok() {
        let newest = Arc::clone(&snapshots.borrow_and_update());
        if let Err(error) = app.emit_to(WINDOW, SNAPSHOT, &*newest) {
            tracing::warn!(%error, "a snapshot did not reach the window");
        }
    }
}
