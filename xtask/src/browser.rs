//! The Chromium of this system, for the stories that run in a browser.

use std::path::PathBuf;

use crate::command::find;

/// Names under which a Chromium may be installed.
pub const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// The browser to use: `CHROMIUM` from the environment, else the first one found.
pub fn chromium() -> Option<PathBuf> {
    std::env::var_os("CHROMIUM").map(PathBuf::from).or_else(|| NAMES.iter().find_map(|name| find(name)))
}
