//! What the program may ask of the desktop: open an address, show the window, quit.

use std::path::Path;

use tauri::{AppHandle, Manager, WebviewUrl, WebviewWindowBuilder};
use tauri_plugin_autostart::ManagerExt as _;
use tutti_app::shell::{Desktop, NoWindow, Shell, open_folder};
use tutti_app::texts::t;

use crate::app::Profile;

/// The label of the only window.
pub const WINDOW: &str = "main";
/// Room for the cover, five lanes with their phones, and the chart; smaller screens make it smaller.
const SIZE: (f64, f64) = (1160.0, 940.0);
/// The narrowest layout of the UI, and enough height for its lanes.
const LEAST: (f64, f64) = (360.0, 480.0);

/// WebKitGTK passes on the system's locale as the language, and `C` is none: formatters refuse it, and the page stays
/// blank. The texts are in English.
const LANGUAGE: &str = r#"
try {
  new Intl.Locale(navigator.language);
} catch {
  Object.defineProperty(Navigator.prototype, "language", { get: () => "en" });
  Object.defineProperty(Navigator.prototype, "languages", { get: () => ["en"] });
}
"#;

pub struct DesktopShell {
    app: AppHandle,
}

impl DesktopShell {
    pub fn new(app: AppHandle) -> Self {
        Self { app }
    }
}

impl Shell for DesktopShell {
    fn open_address(&self, address: &str) -> Result<(), String> {
        NoWindow { browser: true }.open_address(address)
    }

    fn show_window(&self) {
        show_window(&self.app);
    }

    fn quit(&self) {
        self.app.exit(0);
    }

    fn desktop(&self) -> Option<&dyn Desktop> {
        Some(self)
    }
}

impl Desktop for DesktopShell {
    fn open_folder(&self, folder: &Path) -> Result<(), String> {
        open_folder(folder)
    }

    fn starts_at_login(&self) -> Result<bool, String> {
        self.app.autolaunch().is_enabled().map_err(|error| error.to_string())
    }

    fn start_at_login(&self, on: bool) -> Result<(), String> {
        let login = self.app.autolaunch();
        if on { login.enable() } else { login.disable() }.map_err(|error| error.to_string())
    }
}

/// Brings the window to the front, from any thread; opens it if there is none.
pub fn show_window(app: &AppHandle) {
    let handle = app.clone();
    let asked = app.run_on_main_thread(move || {
        if let Err(error) = show(&handle) {
            tracing::error!(%error, "the window could not be shown");
        }
    });
    if let Err(error) = asked {
        tracing::warn!(%error, "the window system is gone");
    }
}

fn show(app: &AppHandle) -> tauri::Result<()> {
    if let Some(window) = app.get_webview_window(WINDOW) {
        window.show()?;
        window.unminimize()?;
        return window.set_focus();
    }
    WebviewWindowBuilder::new(app, WINDOW, WebviewUrl::default())
        .title(t("app.name", &[]))
        .inner_size(SIZE.0, SIZE.1)
        .min_inner_size(LEAST.0, LEAST.1)
        .prevent_overflow()
        .data_directory(app.state::<Profile>().0.join("webview"))
        .initialization_script(LANGUAGE)
        .on_navigation(is_own)
        .build()
        .map(drop)
}

/// The window never leaves the program's own pages.
fn is_own(url: &tauri::Url) -> bool {
    url.scheme() == "tauri" || url.host_str() == Some("tauri.localhost") || url.as_str() == "about:blank"
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_window_stays_on_the_program_s_own_pages() {
        let own = |url: &str| is_own(&url.parse().unwrap());
        assert!(own("tauri://localhost/index.html"));
        assert!(own("http://tauri.localhost/"));
        assert!(!own("https://open.spotify.com/track/1"));
        assert!(!own("https://tauri.localhost.example.org/"));
        assert!(!own("file:///etc/passwd"));
    }
}
