//! A desktop for programs under test: it notes what is asked of it, and refuses what it is told to.

use std::path::Path;
use std::sync::{Arc, Mutex};

use tutti_app::shell::{Desktop, Shell};
use tutti_app::updates::Updates;
use tutti_app::window::Place;

/// A desktop that notes what is asked of it.
#[derive(Default)]
pub struct Computer {
    pub starts: Mutex<bool>,
    pub refuses: Mutex<Option<String>>,
    pub opened: Mutex<Vec<String>>,
    pub told: Mutex<Vec<String>>,
    pub copied: Mutex<Vec<String>>,
    /// How often the window was asked for.
    pub windows: Mutex<usize>,
    /// Where newer versions are; a computer without such a place looks for none.
    pub releases: Option<Arc<dyn Updates>>,
}

impl Shell for Computer {
    fn open_address(&self, _address: &str) -> Result<(), String> {
        Ok(())
    }

    fn show_window(&self, _place: Option<Place>) {
        *self.windows.lock().unwrap() += 1;
    }

    fn quit(&self) {}

    fn desktop(&self) -> Option<&dyn Desktop> {
        Some(self)
    }
}

impl Desktop for Computer {
    fn open_folder(&self, folder: &Path) -> Result<(), String> {
        self.opened.lock().unwrap().push(folder.display().to_string());
        Ok(())
    }

    fn starts_at_login(&self) -> Result<bool, String> {
        Ok(*self.starts.lock().unwrap())
    }

    fn notify(&self, text: &str) -> Result<(), String> {
        self.told.lock().unwrap().push(text.to_owned());
        Ok(())
    }

    fn copy(&self, text: &str) -> Result<(), String> {
        self.copied.lock().unwrap().push(text.to_owned());
        Ok(())
    }

    fn start_at_login(&self, on: bool) -> Result<(), String> {
        match self.refuses.lock().unwrap().clone() {
            Some(why) => Err(why),
            None => {
                *self.starts.lock().unwrap() = on;
                Ok(())
            }
        }
    }

    fn updates(&self) -> Option<&dyn Updates> {
        self.releases.as_deref()
    }
}
