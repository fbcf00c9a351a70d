//! Newer versions by Tauri's updater, from the place that the configuration names.

use std::time::Duration;

use tauri::{Builder, Config, Wry};
use tauri_plugin_updater::UpdaterExt as _;
use tutti_app::updates::{Install, Later, Update, Updates};

use crate::shell::DesktopShell;

/// A look is a small file.
const LOOKS: Duration = Duration::from_secs(30);
/// A package, over a slow line.
const FETCHES: Duration = Duration::from_secs(30 * 60);

pub fn are_on(config: &Config) -> bool {
    config.plugins.0.contains_key("updater")
}

pub fn with(builder: Builder<Wry>, config: &Config) -> Builder<Wry> {
    if are_on(config) { builder.plugin(tauri_plugin_updater::Builder::new().build()) } else { builder }
}

impl Updates for DesktopShell {
    fn look(&self) -> Later<Result<Option<Update>, String>> {
        let updater = self.app.updater_builder().timeout(LOOKS).build();
        Box::pin(async move {
            let found = updater.map_err(words)?.check().await.map_err(words)?;
            let offer = |found: tauri_plugin_updater::Update| Update {
                version: found.version.clone(),
                fetch: Box::new(|| Box::pin(fetch(found))),
            };
            Ok(found.map(offer))
        })
    }
}

async fn fetch(mut found: tauri_plugin_updater::Update) -> Result<Install, String> {
    found.timeout = Some(FETCHES);
    let package = found.download(|_, _| {}, || {}).await.map_err(words)?;
    Ok(Box::new(move || found.install(package).map_err(words)))
}

fn words(error: tauri_plugin_updater::Error) -> String {
    // It becomes a part of a sentence.
    error.to_string().trim_end_matches('.').to_owned()
}
