//! packaging/updates.conf.json: where newer versions are looked for and by whose key they are known, once that is settled.

use std::fs;

use anyhow::{Context, Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::command::root;

/// Laid over tauri.conf.json where it is filled in.
pub const OVERLAY: &str = "packaging/updates.conf.json";
/// The private half of the key, or where it is; the Tauri command line signs with it.
pub const SIGNING_KEY: &str = "TAURI_SIGNING_PRIVATE_KEY";
/// Has the packages signed as they are made.
pub const SIGNED: &str = r#"{"bundle":{"createUpdaterArtifacts":true}}"#;

/// Whether packages look for newer versions; a half-filled overlay is refused.
pub fn are_on() -> Result<bool> {
    let text = fs::read_to_string(root().join(OVERLAY)).with_context(|| format!("{OVERLAY} cannot be read"))?;
    settled(&text)
}

fn settled(overlay: &str) -> Result<bool> {
    let overlay: Value = serde_json::from_str(overlay).with_context(|| format!("{OVERLAY} is not JSON"))?;
    let updater = overlay["plugins"]["updater"].as_object().with_context(|| format!("{OVERLAY} has no updater"))?;
    let key = updater.get("pubkey").and_then(Value::as_str).unwrap_or_default();
    let endpoints = updater.get("endpoints").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if let Some(risk) = updater.keys().find(|name| name.starts_with("dangerous")) {
        bail!("{OVERLAY}: `{risk}` is for trying out, and goes into no package");
    }
    match (key.is_empty(), endpoints.is_empty()) {
        (true, true) => return Ok(false),
        (true, false) => bail!("{OVERLAY} names where newer versions are and no key to know them by: fill in `pubkey`"),
        (false, true) => bail!("{OVERLAY} has a key and names no place for newer versions: fill in `endpoints`"),
        (false, false) => {}
    }
    for endpoint in endpoints {
        let secure = endpoint.as_str().is_some_and(|endpoint| endpoint.starts_with("https://"));
        ensure!(secure, "{OVERLAY}: the endpoint {endpoint} is no https address");
    }
    // As `tauri signer generate` writes it: a minisign public key with its comment, in base64.
    let decoded = STANDARD.decode(key).ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
    let mut lines = decoded.lines();
    let is_key = lines.next().is_some_and(|line| line.starts_with("untrusted comment:"))
        && lines.next().is_some_and(|line| line.starts_with("RW"));
    ensure!(is_key, "{OVERLAY}: `pubkey` is not what `tauri signer generate` prints as the public key");
    let signed = updater.get("requireSignedVersion") == Some(&Value::Bool(true));
    ensure!(signed, "{OVERLAY}: without `requireSignedVersion` an old version can be passed off as a new one");
    Ok(true)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn overlay(key: &str, endpoints: &str, more: &str) -> String {
        format!(r#"{{"plugins": {{"updater": {{"pubkey": "{key}", "endpoints": {endpoints}{more}}}}}}}"#)
    }

    fn refused(overlay: &str) -> String {
        settled(overlay).unwrap_err().to_string()
    }

    #[test]
    fn what_is_in_the_repository_is_off_or_whole() {
        are_on().unwrap();
    }

    #[test]
    fn an_empty_overlay_is_off_and_a_filled_one_on() {
        let key = STANDARD.encode("untrusted comment: minisign public key: 1\nRWQf6LRCGA9i53mlYecO4IzT51TGPp\n");
        let signed = r#", "requireSignedVersion": true"#;
        assert!(!settled(&overlay("", "[]", "")).unwrap());
        assert!(settled(&overlay(&key, r#"["https://example.org/latest.json"]"#, signed)).unwrap());
        assert!(refused(&overlay(&key, r#"["https://example.org/latest.json"]"#, "")).contains("old version"));
        assert!(refused(&overlay(&key, r#"["http://example.org/latest.json"]"#, signed)).contains("no https address"));
        let risky = r#", "requireSignedVersion": true, "dangerousAcceptInvalidCerts": true"#;
        assert!(refused(&overlay(&key, r#"["https://example.org/"]"#, risky)).contains("goes into no package"));
    }

    #[test]
    fn a_half_filled_overlay_is_refused_with_what_is_missing() {
        assert!(refused(&overlay("", r#"["https://example.org/"]"#, "")).contains("fill in `pubkey`"));
        assert!(refused(&overlay("RWQ", "[]", "")).contains("fill in `endpoints`"));
        assert!(refused(&overlay("RWQ", r#"["https://example.org/"]"#, "")).contains("is not what `tauri signer"));
        assert!(refused("{").contains("is not JSON"));
        assert!(refused("{}").contains("has no updater"));
    }
}
