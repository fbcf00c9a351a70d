//! `cargo xtask demo`: from a fresh clone to a window with music in step.

use anyhow::Result;

use crate::command::{cargo, run};
use crate::system::{Purpose, prepare};
use crate::ui;

/// Installs, builds and opens; without a screen, the same UI for a browser.
pub fn demo(args: &[String]) -> Result<bool> {
    let screen = has_screen(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()));
    ui::require_node()?;
    prepare(if screen { Purpose::Window } else { Purpose::Terminal })?;
    ui::install()?;
    ui::build()?;
    let start: &[&str] = if screen {
        &["run", "--package", "tutti-desktop", "--", "--demo"]
    } else {
        println!("There is no screen here (DISPLAY and WAYLAND_DISPLAY are unset): the demo is served for a browser.");
        &["run", "--package", "tutti-cli", "--", "demo", "--web"]
    };
    println!("> cargo {} (the first time takes some minutes)", start.join(" "));
    run(cargo(start).args(args))?;
    Ok(true)
}

fn has_screen(set: impl Fn(&str) -> bool) -> bool {
    !cfg!(target_os = "linux") || set("DISPLAY") || set("WAYLAND_DISPLAY")
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn either_kind_of_display_is_a_screen() {
        assert!(has_screen(|name| name == "DISPLAY"));
        assert!(has_screen(|name| name == "WAYLAND_DISPLAY"));
        assert!(!has_screen(|_| false));
    }
}
