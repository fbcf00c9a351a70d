//! The X server's side of a window: whether it is there, and closing it as a window manager does.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{
    AtomEnum, ClientMessageEvent, ConnectionExt as _, EventMask, ImageFormat, InputFocus, KEY_PRESS_EVENT,
    KEY_RELEASE_EVENT, MapState, Window,
};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;

/// The number of the Return key on a usual keyboard.
pub const RETURN: u8 = 36;

/// A connection to the screen.
pub struct Screen {
    server: RustConnection,
    root: Window,
}

impl Screen {
    pub fn open() -> Result<Self> {
        let (server, number) = x11rb::connect(None).context("there is no screen")?;
        let root = server.setup().roots.get(number).context("the screen has no root")?.root;
        Ok(Self { server, root })
    }

    /// The windows with this title that can be seen.
    pub fn windows(&self, title: &str) -> Result<Vec<Window>> {
        let children = self.server.query_tree(self.root)?.reply()?.children;
        let is_it = |window: &Window| {
            let seen = self.server.get_window_attributes(*window).ok()?.reply().ok()?.map_state == MapState::VIEWABLE;
            let name = self.server.get_property(false, *window, AtomEnum::WM_NAME, AtomEnum::ANY, 0, 64).ok()?;
            (seen && name.reply().ok()?.value == title.as_bytes()).then_some(())
        };
        Ok(children.into_iter().filter(|window| is_it(window).is_some()).collect())
    }

    /// The process that a window belongs to.
    pub fn owner(&self, window: Window) -> Result<Option<u32>> {
        let name = self.server.intern_atom(false, b"_NET_WM_PID")?.reply()?.atom;
        let answer = self.server.get_property(false, window, name, AtomEnum::CARDINAL, 0, 1)?.reply()?;
        Ok(answer.value32().and_then(|mut value| value.next()))
    }

    /// Place and size: x, y, width, height.
    pub fn place(&self, window: Window) -> Result<(i16, i16, u16, u16)> {
        let at = self.server.get_geometry(window)?.reply()?;
        Ok((at.x, at.y, at.width, at.height))
    }

    /// Width and height of all that can be seen.
    pub fn size(&self) -> Result<(u16, u16)> {
        let at = self.server.get_geometry(self.root)?.reply()?;
        Ok((at.width, at.height))
    }

    /// How many different colours the window shows: a blank page has few.
    pub fn colours(&self, window: Window) -> Result<usize> {
        let (_, _, width, height) = self.place(window)?;
        let image = self.server.get_image(ImageFormat::Z_PIXMAP, window, 0, 0, width, height, !0)?.reply()?;
        Ok(image.data.chunks_exact(4).collect::<BTreeSet<_>>().len())
    }

    /// A key is pressed and let go, as by a keyboard that this window listens to.
    pub fn press(&self, window: Window, key: u8) -> Result<()> {
        self.server.set_input_focus(InputFocus::PARENT, window, x11rb::CURRENT_TIME)?;
        for kind in [KEY_PRESS_EVENT, KEY_RELEASE_EVENT] {
            self.server.xtest_fake_input(kind, key, x11rb::CURRENT_TIME, x11rb::NONE, 0, 0, 0)?;
        }
        Ok(self.server.flush()?)
    }

    /// Asks the window to close.
    pub fn close(&self, window: Window) -> Result<()> {
        let atom = |name: &str| anyhow::Ok(self.server.intern_atom(false, name.as_bytes())?.reply()?.atom);
        let delete = [atom("WM_DELETE_WINDOW")?, x11rb::CURRENT_TIME, 0, 0, 0];
        let message = ClientMessageEvent::new(32, window, atom("WM_PROTOCOLS")?, delete);
        self.server.send_event(false, window, EventMask::NO_EVENT, message)?;
        Ok(self.server.flush()?)
    }
}
