//! A desktop's tray and notifications on the session bus: what icons come, what their menus say, clicks; what is told.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result, bail, ensure};
use zbus::blocking::{Connection, Proxy, connection};
use zbus::message::Header;
use zbus::zvariant::{OwnedObjectPath, OwnedValue, Structure, Value};

/// What came over the bus so far.
#[derive(Default)]
struct Seen {
    /// Sender and path of every icon, that of the newest program last.
    icons: Vec<(String, String)>,
    told: Vec<String>,
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Seen>>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const WATCHER: &str = "org.kde.StatusNotifierWatcher";

struct Watcher(Shared);

#[zbus::interface(name = "org.kde.StatusNotifierWatcher")]
impl Watcher {
    fn register_status_notifier_item(&self, service: &str, #[zbus(header)] header: Header<'_>) {
        let sender = header.sender().map(ToString::to_string).unwrap_or_default();
        let icon = if service.starts_with('/') {
            (sender, service.to_owned())
        } else {
            (service.to_owned(), "/StatusNotifierItem".to_owned())
        };
        // An icon that gets another menu registers once more.
        let icons = &mut self.0.lock().icons;
        if !icons.contains(&icon) {
            icons.push(icon);
        }
    }

    fn register_status_notifier_host(&self, _service: &str) {}

    #[zbus(property)]
    fn registered_status_notifier_items(&self) -> Vec<String> {
        self.0.lock().icons.iter().map(|(sender, path)| format!("{sender}{path}")).collect()
    }

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }

    #[zbus(property)]
    fn protocol_version(&self) -> i32 {
        0
    }
}

struct Notifications(Shared);

#[zbus::interface(name = "org.freedesktop.Notifications")]
impl Notifications {
    #[expect(clippy::too_many_arguments, reason = "the interface has them")]
    fn notify(
        &self,
        _app: &str,
        _replaces: u32,
        _icon: &str,
        _summary: &str,
        body: &str,
        _actions: Vec<String>,
        _hints: HashMap<String, OwnedValue>,
        _timeout: i32,
    ) -> u32 {
        let mut seen = self.0.lock();
        seen.told.push(body.to_owned());
        u32::try_from(seen.told.len()).unwrap_or(u32::MAX)
    }

    fn close_notification(&self, _id: u32) {}

    fn get_capabilities(&self) -> Vec<String> {
        vec!["body".to_owned()]
    }

    fn get_server_information(&self) -> (String, String, String, String) {
        let word = |word: &str| word.to_owned();
        (word("test"), word("Tutti"), word("1"), word("1.2"))
    }
}

/// The desktop's side of the bus.
pub struct Desktop {
    bus: Connection,
    seen: Shared,
}

/// A row of a menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    id: i32,
    pub label: String,
    pub enabled: bool,
    /// Set in rows that are on or off.
    pub on: Option<bool>,
}

impl Desktop {
    pub fn start() -> Result<Self> {
        let seen = Shared::default();
        let bus = connection::Builder::session()?
            .serve_at("/StatusNotifierWatcher", Watcher(seen.clone()))?
            .serve_at("/org/freedesktop/Notifications", Notifications(seen.clone()))?
            .name(WATCHER)?
            .name("org.freedesktop.Notifications")?
            .build()
            .context("the session bus does not let us be its tray")?;
        Ok(Self { bus, seen })
    }

    /// The panel with the tray ends; notifications stay.
    pub fn panel_ends(&self) -> Result<()> {
        ensure!(self.bus.release_name(WATCHER)?, "there was no tray");
        self.seen.lock().icons.clear();
        Ok(())
    }

    pub fn panel_starts(&self) -> Result<()> {
        Ok(self.bus.request_name(WATCHER)?)
    }

    /// What was told so far, oldest first.
    pub fn told(&self) -> Vec<String> {
        self.seen.lock().told.clone()
    }

    /// How many icons have come so far.
    pub fn icons(&self) -> usize {
        self.seen.lock().icons.len()
    }

    /// The name of the newest icon's picture.
    pub fn picture(&self) -> Result<String> {
        Ok(self.icon()?.get_property("IconName")?)
    }

    /// The newest icon's menu, without its separators.
    pub fn rows(&self) -> Result<Vec<Row>> {
        let wanted: &[&str] = &["label", "enabled", "toggle-type", "toggle-state", "type"];
        let menu = self.menu()?;
        let (_, root): (u32, Layout) = menu.call("GetLayout", &(0_i32, -1_i32, wanted))?;
        root.2.iter().filter_map(|child| row(child).transpose()).collect()
    }

    /// Clicks the row with this label, as a tray does.
    pub fn click(&self, label: &str) -> Result<()> {
        let rows = self.rows()?;
        let Some(row) = rows.iter().find(|row| row.label == label && row.enabled) else {
            bail!("the tray offers no {label}: {rows:?}");
        };
        Ok(self.menu()?.call("Event", &(row.id, "clicked", Value::from(0_i32), 0_u32))?)
    }

    fn icon(&self) -> Result<Proxy<'static>> {
        let (sender, path) = self.seen.lock().icons.last().cloned().context("there is no tray icon")?;
        Ok(Proxy::new(&self.bus, sender, path, "org.kde.StatusNotifierItem")?)
    }

    fn menu(&self) -> Result<Proxy<'static>> {
        let icon = self.icon()?;
        let path: OwnedObjectPath = icon.get_property("Menu")?;
        Ok(Proxy::new(&self.bus, icon.destination().to_owned(), path, "com.canonical.dbusmenu")?)
    }
}

/// An entry of a menu as it travels: id, fields, and the entries below it.
type Layout = (i32, HashMap<String, OwnedValue>, Vec<OwnedValue>);

fn row(child: &OwnedValue) -> Result<Option<Row>> {
    let structure = Structure::try_from(child.try_clone()?)?;
    let (id, fields, _): (i32, HashMap<String, Value<'_>>, Vec<Value<'_>>) = structure.try_into()?;
    let text = |name: &str| fields.get(name).and_then(|value| <&str>::try_from(value).ok());
    if text("type") == Some("separator") {
        return Ok(None);
    }
    let enabled = fields.get("enabled").and_then(|value| bool::try_from(value).ok()).unwrap_or(true);
    let state = fields.get("toggle-state").and_then(|value| i32::try_from(value).ok());
    let on = text("toggle-type").filter(|kind| !kind.is_empty()).map(|_| state == Some(1));
    Ok(Some(Row { id, label: text("label").unwrap_or_default().replace('_', ""), enabled, on }))
}
