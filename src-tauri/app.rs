//! The program inside Tauri: one instance a profile, one window, the tray, and an orderly end.

use std::sync::Arc;

use tauri::async_runtime;
use tauri::plugin::TauriPlugin;
use tauri::{AppHandle, Manager, RunEvent, Window, WindowEvent, Wry};
use tauri_plugin_deep_link::DeepLinkExt as _;
use tutti_app::shell::News;
use tutti_app::sign_in::Links;
use tutti_app::tray::Entry;
use tutti_app::window::{self, Breaks, Closing};
use tutti_app::{Options, Program};

use crate::shell::{DesktopShell, place};
use crate::tray::DesktopTray;
use crate::{Flags, cover, ipc, tray};

/// The profile's folder, for the web view's own files.
pub struct Profile(pub std::path::PathBuf);

/// Runs until the user quits.
pub fn run(mut options: Options, flags: Flags) -> anyhow::Result<()> {
    // A profile of its own, or a demo, is opened by whoever started it, not by links.
    let opened_by_links = !flags.demo && options.home.own_keychain().is_none();
    options.links = if opened_by_links { Links::Opened } else { Links::Given };
    let mut context = tauri::generate_context!();
    context.config_mut().identifier = options.home.program_name(&context.config().identifier);
    let builder = tauri::Builder::default()
        .plugin(one_instance())
        .plugin(tauri_plugin_clipboard_manager::init())
        .plugin(tauri_plugin_deep_link::init())
        .plugin(tauri_plugin_notification::init())
        .register_asynchronous_uri_scheme_protocol("cover", cover::answer)
        .invoke_handler(tauri::generate_handler![ipc::dispatch, ipc::snapshot])
        .on_window_event(window_event)
        .setup(move |app| setup(app.handle(), options, flags, opened_by_links));
    #[cfg(target_os = "macos")]
    let builder = builder.on_web_content_process_terminate(crate::shell::ended);
    #[cfg(feature = "updates")]
    let builder = crate::updates::with(builder, context.config());
    let app = builder.build(context)?;
    app.run(|app, event| match event {
        // The window is gone, its web view with it, and the program goes on in the tray.
        RunEvent::ExitRequested { code: None, api, .. } if closing(app) == Closing::ToTray => {
            api.prevent_exit();
            app.state::<Program>().desktop(News::InTray);
        }
        RunEvent::Exit => stop(app),
        _ => {}
    });
    Ok(())
}

/// A second start shows the first one's window, hands it the link that it was started with, and ends.
fn one_instance() -> TauriPlugin<Wry> {
    tauri_plugin_single_instance::init(|app, _arguments, _folder| {
        // Of two starts at the same moment the first is not ready yet, and opens its window anyway.
        app.try_state::<Program>().inspect(|program| program.tray_entry(Entry::Show));
    })
}

fn setup(
    app: &AppHandle,
    options: Options,
    flags: Flags,
    opened_by_links: bool,
) -> Result<(), Box<dyn std::error::Error>> {
    app.manage(Profile(options.home.folder().to_owned()));
    app.manage(DesktopTray::default());
    app.manage(Breaks::default());
    let shell = Arc::new(DesktopShell::new(app.clone(), options.home.clone()));
    let program = async_runtime::block_on(Program::start(options, shell))?;
    app.manage(program.clone());
    if !flags.hidden {
        program.tray_entry(Entry::Show);
    }
    listen_to_links(app, &program, flags.link, opened_by_links);
    async_runtime::spawn(tray::run(app.clone(), program));
    Ok(())
}

/// Links of a cold start and of later ones; each becomes a question in the window, and nothing else.
fn listen_to_links(app: &AppHandle, program: &Program, given: Option<String>, register: bool) {
    let links = app.deep_link();
    // macOS registers what the package declares; a package does it on Linux and Windows too, and this where there is none.
    if register && cfg!(not(target_os = "macos")) && links.register_all().is_err() {
        tracing::info!("links do not open this program: paste them into it");
    }
    let current = || links.get_current().ok().flatten().and_then(|links| links.first().map(ToString::to_string));
    if let Some(link) = given.or_else(current) {
        program.open_link(&link);
    }
    let program = program.clone();
    links.on_open_url(move |event| event.urls().iter().for_each(|link| program.open_link(link.as_str())));
}

/// Where the window stands and whether somebody looks at it; closing it may have to be said first.
fn window_event(window: &Window, event: &WindowEvent) {
    let program = window.state::<Program>();
    if let WindowEvent::Focused(false) | WindowEvent::CloseRequested { .. } = event
        && let Some(place) = place(window)
    {
        program.desktop(News::Place(place));
    }
    match event {
        WindowEvent::Focused(focused) => program.desktop(News::Focused(*focused)),
        WindowEvent::CloseRequested { api, .. } if closing(window.app_handle()) == Closing::Says => {
            api.prevent_close();
            program.desktop(News::WouldEnd);
        }
        _ => {}
    }
}

fn closing(app: &AppHandle) -> Closing {
    window::closing(&app.state::<Program>().snapshots().borrow())
}

fn stop(app: &AppHandle) {
    if let Some(program) = app.try_state::<Program>() {
        async_runtime::block_on(program.stop_in_time());
    }
}
