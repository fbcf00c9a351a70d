//! What the program may ask of the desktop: open an address, show the window, quit.

use std::path::Path;

use tauri::{
    AppHandle, Manager, Monitor, PhysicalPosition, PhysicalSize, Webview, WebviewUrl, WebviewWindow,
    WebviewWindowBuilder, Window,
};
use tauri_plugin_clipboard_manager::ClipboardExt as _;
use tauri_plugin_notification::NotificationExt as _;
use tutti_app::Program;
use tutti_app::login_start::LoginStart;
use tutti_app::settings::Home;
use tutti_app::shell::{Desktop, News, NoWindow, Shell, open_folder};
use tutti_app::texts::t;
use tutti_app::window::{Breaks, Next, Place, fit, is_own};

use crate::app::Profile;

/// The label of the only window.
pub const WINDOW: &str = "main";
/// Room for the cover, five lanes with their phones, and the chart; smaller screens make it smaller.
const SIZE: (f64, f64) = (1160.0, 940.0);
/// The narrowest layout of the UI, and enough height for its lanes.
const LEAST: (f64, f64) = (360.0, 480.0);

pub struct DesktopShell {
    pub app: AppHandle,
    home: Home,
}

impl DesktopShell {
    pub fn new(app: AppHandle, home: Home) -> Self {
        Self { app, home }
    }
}

impl Shell for DesktopShell {
    fn open_address(&self, address: &str) -> Result<(), String> {
        NoWindow { browser: true }.open_address(address)
    }

    fn show_window(&self, place: Option<Place>) {
        let app = self.app.clone();
        let asked = self.app.run_on_main_thread(move || {
            if let Err(error) = show(&app, place) {
                tracing::error!(%error, "the window could not be shown");
            }
        });
        if let Err(error) = asked {
            tracing::warn!(%error, "the window system is gone");
        }
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

    fn notify(&self, text: &str) -> Result<(), String> {
        let notification = self.app.notification().builder().title(t("app.name", &[])).body(text);
        notification.show().map_err(|error| error.to_string())
    }

    fn copy(&self, text: &str) -> Result<(), String> {
        self.app.clipboard().write_text(text).map_err(|error| error.to_string())
    }

    fn starts_at_login(&self) -> Result<bool, String> {
        LoginStart::of(&self.home)?.is_on()
    }

    fn start_at_login(&self, on: bool) -> Result<(), String> {
        LoginStart::of(&self.home)?.turn(on)
    }

    #[cfg(feature = "updates")]
    fn updates(&self) -> Option<&dyn tutti_app::updates::Updates> {
        crate::updates::are_on(self.app.config()).then_some(self)
    }
}

fn show(app: &AppHandle, stood: Option<Place>) -> tauri::Result<()> {
    if let Some(window) = app.get_webview_window(WINDOW) {
        window.show()?;
        window.unminimize()?;
        return window.set_focus();
    }
    let window = WebviewWindowBuilder::new(app, WINDOW, WebviewUrl::default())
        .title(t("app.name", &[]))
        .inner_size(SIZE.0, SIZE.1)
        .min_inner_size(LEAST.0, LEAST.1)
        .prevent_overflow()
        .data_directory(app.state::<Profile>().0.join("webview"))
        .on_navigation(is_own)
        .build()?;
    let screens: Vec<Place> = app.available_monitors()?.iter().map(area).collect();
    if let Some(place) = stood.and_then(|place| fit(place, &screens)) {
        window.set_size(PhysicalSize::new(place.width, place.height))?;
        window.set_position(PhysicalPosition::new(place.x, place.y))?;
        if place.maximized {
            window.maximize()?;
        }
    }
    come_back(&window)
}

/// Where the window stands; None while it is minimized.
pub fn place(window: &Window) -> Option<Place> {
    let (at, size) = (window.outer_position().ok()?, window.inner_size().ok()?);
    let maximized = window.is_maximized().ok()?;
    let place = Place { x: at.x, y: at.y, width: size.width, height: size.height, maximized };
    (!window.is_minimized().ok()?).then_some(place)
}

fn area(screen: &Monitor) -> Place {
    let (at, size) = (screen.position(), screen.size());
    Place { x: at.x, y: at.y, width: size.width, height: size.height, maximized: false }
}

/// On Linux pages are drawn without the graphics card: the page of a window that moves this little needs some 0.6 of the memory
/// so (ARCHITECTURE.md). WebKitGTK reads this once, before the first page: one that is told later, by a
/// page's settings, ends. To be called while there is but one thread. What the user set stands.
#[cfg(target_os = "linux")]
pub fn prepare() {
    if webkit2gtk::glib::setenv("WEBKIT_DISABLE_COMPOSITING_MODE", "1", false).is_err() {
        eprintln!("tutti: the window will be drawn with the graphics card");
    }
}

#[cfg(not(target_os = "linux"))]
pub fn prepare() {}

/// The process of this page ended. On Windows nobody calls this: WebView2 puts words of its own there.
#[cfg_attr(windows, expect(dead_code))]
pub fn ended(page: &Webview) {
    let done = match page.state::<Breaks>().next(page.url().ok().as_ref()) {
        Next::Again => page.reload(),
        Next::Words(words) => page.navigate(words),
        Next::Close => {
            page.state::<Program>().desktop(News::Broke);
            page.window().destroy()
        }
    };
    let _ = done.inspect_err(|error| tracing::error!(%error, "the window stays without a page"));
}

/// On Linux each page says it by itself; on macOS the program does (`app.rs`).
fn come_back(window: &WebviewWindow) -> tauri::Result<()> {
    #[cfg(target_os = "linux")]
    let page: Webview = window.as_ref().clone();
    #[cfg(target_os = "linux")]
    window.with_webview(move |view| {
        webkit2gtk::WebViewExt::connect_web_process_terminated(&view.inner(), move |_, _| ended(&page));
    })?;
    Ok(())
}
