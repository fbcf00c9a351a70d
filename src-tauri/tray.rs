//! Draws the program's tray with Tauri's: menu rows and picture, changed in place where only words changed.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tauri::image::Image;
use tauri::menu::{
    CheckMenuItemBuilder, IsMenuItem as _, Menu, MenuEvent, MenuItemBuilder, MenuItemKind, PredefinedMenuItem,
};
use tauri::tray::{TrayIcon, TrayIconBuilder};
use tauri::{AppHandle, Manager, Wry, async_runtime};
use tutti_app::Program;
use tutti_app::shell::News;
use tutti_app::tray::{Entry, Row, Tray};

use crate::app::Profile;

/// The tray as it is on the screen; empty until the desktop has one. Its icon comes back by itself with a panel that does.
#[derive(Default)]
pub struct DesktopTray(Mutex<Option<Drawn>>);

struct Drawn {
    tray: Tray,
    icon: TrayIcon,
    items: Vec<MenuItemKind<Wry>>,
}

impl DesktopTray {
    fn lock(&self) -> MutexGuard<'_, Option<Drawn>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps the tray as the snapshots say, for as long as the program runs; drawn first when the desktop has one.
pub async fn run(app: AppHandle, program: Program) {
    let mut snapshots = program.snapshots();
    async_runtime::spawn(tutti_app::tray::follow(move |there| program.desktop(News::Tray(there))));
    let mut newest = None;
    while let Some(tray) = tutti_app::tray::after(newest.as_ref(), &mut snapshots).await {
        newest = Some(tray.clone());
        let handle = app.clone();
        // Only the main thread ever touches the tray: it may hold the lock while the window system calls back.
        let asked = app.run_on_main_thread(move || {
            if let Err(error) = draw(&handle, &tray) {
                tracing::warn!(%error, "the tray could not be drawn");
            }
        });
        if asked.is_err() {
            return;
        }
    }
}

fn draw(app: &AppHandle, tray: &Tray) -> tauri::Result<()> {
    let state = app.state::<DesktopTray>();
    let mut drawn = state.lock();
    match drawn.as_mut() {
        Some(drawn) if drawn.tray == *tray => {}
        Some(drawn) => change(app, drawn, tray)?,
        None => *drawn = Some(create(app, tray)?),
    }
    Ok(())
}

fn create(app: &AppHandle, tray: &Tray) -> tauri::Result<Drawn> {
    let items = items(app, &tray.rows)?;
    let icon = TrayIconBuilder::with_id("tutti")
        .icon(Image::from_bytes(tray.icon.picture())?)
        .menu(&menu(app, &items)?)
        // Where the desktop reads the picture from, on Linux: two profiles must not take each other's.
        .temp_dir_path(app.state::<Profile>().0.join("tray"))
        .on_menu_event(clicked)
        .build(app)?;
    Ok(Drawn { tray: tray.clone(), icon, items })
}

/// Changes what differs; an open menu stays open unless its rows are others.
fn change(app: &AppHandle, drawn: &mut Drawn, tray: &Tray) -> tauri::Result<()> {
    if drawn.tray.icon != tray.icon {
        drawn.icon.set_icon(Some(Image::from_bytes(tray.icon.picture())?))?;
    }
    if tray.is_like(&drawn.tray) {
        for (item, row) in drawn.items.iter().zip(&tray.rows) {
            set(item, row)?;
        }
    } else {
        drawn.items = items(app, &tray.rows)?;
        drawn.icon.set_menu(Some(menu(app, &drawn.items)?))?;
    }
    drawn.tray = tray.clone();
    Ok(())
}

fn items(app: &AppHandle, rows: &[Row]) -> tauri::Result<Vec<MenuItemKind<Wry>>> {
    let item = |row: &Row| {
        let id = row.entry().map(Entry::id).unwrap_or_default();
        Ok(match row {
            Row::Text(text) => MenuItemBuilder::new(text).enabled(false).build(app)?.kind(),
            Row::Check { label, on, enabled, .. } => {
                CheckMenuItemBuilder::with_id(id, label).checked(*on).enabled(*enabled).build(app)?.kind()
            }
            Row::Button { label, enabled, .. } => {
                MenuItemBuilder::with_id(id, label).enabled(*enabled).build(app)?.kind()
            }
            Row::Separator => PredefinedMenuItem::separator(app)?.kind(),
        })
    };
    rows.iter().map(item).collect()
}

fn menu(app: &AppHandle, items: &[MenuItemKind<Wry>]) -> tauri::Result<Menu<Wry>> {
    let menu = Menu::new(app)?;
    items.iter().try_for_each(|item| menu.append(item))?;
    Ok(menu)
}

fn set(item: &MenuItemKind<Wry>, row: &Row) -> tauri::Result<()> {
    match (item, row) {
        (MenuItemKind::MenuItem(item), Row::Text(text)) => item.set_text(text),
        (MenuItemKind::MenuItem(item), Row::Button { label, enabled, .. }) => {
            item.set_text(label)?;
            item.set_enabled(*enabled)
        }
        (MenuItemKind::Check(item), Row::Check { label, on, enabled, .. }) => {
            item.set_text(label)?;
            item.set_enabled(*enabled)?;
            item.set_checked(*on)
        }
        _ => Ok(()),
    }
}

fn clicked(app: &AppHandle, event: MenuEvent) {
    let state = app.state::<DesktopTray>();
    let drawn = state.lock();
    let Some(drawn) = drawn.as_ref() else { return };
    let is_clicked = |row: &Row| row.entry().is_some_and(|entry| entry.id() == event.id().as_ref());
    let clicked = drawn.tray.rows.iter().zip(&drawn.items).find(|(row, _)| is_clicked(row));
    let Some((row, item)) = clicked else { return };
    // The desktop has set or cleared the mark by itself; the mark follows the program, which may refuse.
    if let Err(error) = set(item, row) {
        tracing::warn!(%error, "the tray's menu could not be changed");
    }
    if let Some(entry) = row.entry() {
        app.state::<Program>().tray_entry(entry);
    }
}
