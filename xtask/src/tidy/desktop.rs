//! Rules about the window and the crate that opens it.

use serde_json::Value;

use super::tree::Tree;

/// All that a window may call: one event to listen to, and our two commands.
const PERMISSIONS: &[&str] =
    &["core:event:allow-listen", "core:event:allow-unlisten", "allow-dispatch", "allow-snapshot"];

/// Where a policy may point: the program's own bundle, its own schemes, and no host.
const SOURCES: &[&str] = &[
    "'self'",
    "'none'",
    "'unsafe-inline'",
    "data:",
    "cover:",
    "http://cover.localhost",
    "ipc:",
    "http://ipc.localhost",
];

/// Lines of Rust in `src-tauri/`, tests and all.
const GLUE_LINES: usize = 600;

pub fn window_may_do_little(tree: &Tree) -> Vec<String> {
    let mut breaches = Vec::new();
    for (path, text) in tree.below("src-tauri/capabilities/", &[".json"]) {
        let capability: Value = serde_json::from_str(text).unwrap_or_default();
        let permissions = capability["permissions"].as_array().cloned().unwrap_or_default();
        let foreign =
            permissions.iter().filter(|permission| !permission.as_str().is_some_and(|id| PERMISSIONS.contains(&id)));
        breaches.extend(foreign.map(|permission| format!("{path}: allows {permission}")));
    }
    breaches
}

pub fn window_contacts_nothing(tree: &Tree) -> Vec<String> {
    let config =
        tree.files.get("tauri.conf.json").and_then(|text| serde_json::from_str::<Value>(text).ok()).unwrap_or_default();
    let Some(policy) = config["app"]["security"]["csp"].as_str() else {
        return vec!["tauri.conf.json: has no content security policy".into()];
    };
    let mut breaches = Vec::new();
    if !policy.split(';').any(|directive| directive.trim().starts_with("default-src ")) {
        breaches.push("tauri.conf.json: the policy has no default-src".to_owned());
    }
    let sources = policy.split(';').flat_map(|directive| directive.split_whitespace().skip(1));
    breaches.extend(
        sources
            .filter(|source| !SOURCES.contains(source))
            .map(|source| format!("tauri.conf.json: the policy allows {source}")),
    );
    breaches
}

pub fn glue_is_small(tree: &Tree) -> Vec<String> {
    let lines: usize = tree.below("src-tauri/", &[".rs"]).map(|(_, text)| text.lines().count()).sum();
    (lines > GLUE_LINES).then(|| format!("src-tauri/: {lines} lines")).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::with;

    #[test]
    fn a_window_that_may_open_files_is_seen() {
        let may = |permission: &str| {
            let text = format!(r#"{{"permissions": ["core:event:allow-listen", {permission}]}}"#);
            window_may_do_little(&with(&[("src-tauri/capabilities/main.json", &text)])).len()
        };
        assert_eq!(may(r#""allow-dispatch""#), 0);
        assert_eq!(may(r#""fs:default""#), 1);
        assert_eq!(may(r#"{"identifier": "http:default"}"#), 1);
    }

    #[test]
    fn a_policy_that_names_a_host_is_seen_and_so_is_none_at_all() {
        let breaches = |policy: &str| {
            let text = format!(r#"{{"app": {{"security": {{"csp": {policy}}}}}}}"#);
            window_contacts_nothing(&with(&[("tauri.conf.json", &text)])).len()
        };
        assert_eq!(breaches(r#""default-src 'self'; img-src 'self' cover:""#), 0);
        assert_eq!(breaches(r#""default-src 'self'; img-src https://example.org""#), 1);
        assert_eq!(breaches(r#""img-src 'self'""#), 1);
        assert_eq!(breaches("null"), 1);
    }

    #[test]
    fn glue_that_grew_is_seen() {
        let long = "//! x\n".repeat(601);
        assert_eq!(glue_is_small(&with(&[("src-tauri/app.rs", &long)])), ["src-tauri/: 601 lines"]);
        assert!(glue_is_small(&with(&[("src-tauri/app.rs", "//! x\n")])).is_empty());
    }
}
