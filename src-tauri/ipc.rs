//! What passes between window and program: an action in, and a snapshot out to whoever asks for one.

use tauri::State;
use tutti_app::Program;
use tutti_app::api::{Action, Snapshot};

/// Hands one action to the program; what comes of it is seen in the snapshots.
#[tauri::command]
pub fn dispatch(program: State<'_, Program>, action: Action) {
    program.dispatch(action);
}

/// The newest snapshot, as soon as it is not the one that the window has: it asks again for each. So a slow page gets the
/// newest alone, and nothing is run in it as a script, as events are.
///
/// # Errors
/// The program ends.
#[tauri::command]
pub async fn snapshot(program: State<'_, Program>, shown: Option<u64>) -> Result<Snapshot, String> {
    let mut snapshots = program.snapshots();
    let newer = snapshots.wait_for(|snapshot| shown != Some(snapshot.seq)).await;
    newer.map(|snapshot| Snapshot::clone(&snapshot)).map_err(|ended| ended.to_string())
}
