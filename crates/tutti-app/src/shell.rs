//! What the program may ask of a window system; implemented by the desktop, the browser host and the terminal.

use std::path::Path;

use crate::updates::Updates;
use crate::window::Place;

/// A window system, as far as the program needs one. Calls return at once.
pub trait Shell: Send + Sync + 'static {
    /// Opens an address in the user's browser. Errors are words for a log; the address is shown to the user anyway.
    fn open_address(&self, address: &str) -> Result<(), String>;
    /// Brings the window to the front, opening it if there is none; there, if it stood somewhere before.
    fn show_window(&self, place: Option<Place>);
    /// Ends the program.
    fn quit(&self);
    /// What a desktop adds; none in a terminal or a browser.
    fn desktop(&self) -> Option<&dyn Desktop> {
        None
    }
}

/// A desktop around the window. Errors are words for the user.
pub trait Desktop: Send + Sync {
    /// Shows a folder in the system's own way.
    fn open_folder(&self, folder: &Path) -> Result<(), String>;
    /// Whether the system starts the program when the user signs in.
    fn starts_at_login(&self) -> Result<bool, String>;
    fn start_at_login(&self, on: bool) -> Result<(), String>;
    /// Tells something outside of the window.
    fn notify(&self, text: &str) -> Result<(), String>;
    /// Puts text on the clipboard.
    fn copy(&self, text: &str) -> Result<(), String>;
    /// Where newer versions of the program come from; none where there is no such place.
    fn updates(&self) -> Option<&dyn Updates> {
        None
    }
}

/// What a desktop says by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// Whether there is a tray from which the window can be brought back.
    Tray(bool),
    /// Whether somebody looks at the window.
    Focused(bool),
    /// Where the window stands.
    Place(Place),
    /// It was closed, and the program goes on in the tray.
    InTray,
    /// It was to be closed, which would end a session.
    WouldEnd,
    /// Its page broke again and again, and it is closed.
    Broke,
}

/// A shell without a window: addresses open with the system's opener, unless `browser` is off.
#[derive(Debug, Clone, Copy)]
pub struct NoWindow {
    /// Open addresses in the browser; off prints nothing and opens nothing (the caller shows the address).
    pub browser: bool,
}

impl Shell for NoWindow {
    fn open_address(&self, address: &str) -> Result<(), String> {
        if self.browser { open::that_detached(address).map_err(|error| error.to_string()) } else { Ok(()) }
    }

    fn show_window(&self, _place: Option<Place>) {}

    fn quit(&self) {}
}

/// Opens a folder with the system's opener.
pub fn open_folder(folder: &Path) -> Result<(), String> {
    std::fs::create_dir_all(folder).and_then(|()| open::that_detached(folder)).map_err(|error| error.to_string())
}
