//! Newer versions by Tauri's updater, from the place that the configuration names.

use std::time::Duration;

use tauri::{Builder, Config, Wry};
use tauri_plugin_updater::{Error, UpdaterExt as _};
use tutti_app::updates::{Failure, Install, Later, Update, Updates};

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
    fn look(&self) -> Later<Result<Option<Update>, Failure>> {
        let updater = self.app.updater_builder().timeout(LOOKS).build();
        Box::pin(async move {
            let found = updater.map_err(why)?.check().await.map_err(why)?;
            Ok(found.map(|found| Update { version: found.version.clone(), fetch: Box::new(|| Box::pin(fetch(found))) }))
        })
    }
}

async fn fetch(mut found: tauri_plugin_updater::Update) -> Result<Install, Failure> {
    found.timeout = Some(FETCHES);
    let package = found.download(|_, _| {}, || {}).await.map_err(why)?;
    Ok(Box::new(move || found.install(package).map_err(why)))
}

/// What the user is told of it; what the plugin says is in English and for the log.
fn why(error: Error) -> Failure {
    tracing::warn!(%error, "no newer version");
    match error {
        Error::Reqwest(error) => Failure::of_request(&error),
        Error::ReleaseNotFound | Error::Network(_) | Error::Serialization(_) => Failure::Answer,
        Error::TargetNotFound(_) | Error::TargetsNotFound(_) | Error::InvalidUpdaterFormat => Failure::Answer,
        Error::Minisign(_) | Error::Base64(_) | Error::SignatureUtf8(_) => Failure::Signature,
        Error::SignedVersionMismatch { .. } | Error::MissingSignedVersion => Failure::Signature,
        Error::Io(_) | Error::TempDirNotFound => Failure::Disk,
        Error::AuthenticationFailed => Failure::Refused,
        _ => Failure::Other,
    }
}
