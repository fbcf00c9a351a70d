//! Rules about what the program is built from.

use serde_json::Value;

use super::licence;
use super::tree::Tree;

/// All that the engine may be built from: integer-exact mathematics, what derives error types and messages, JSON text, and
/// signatures. None of it reads a clock, a file or a socket.
const ENGINE: &[&str] = &[
    "tutti-core",
    "libm",
    "thiserror",
    "thiserror-impl",
    "proc-macro2",
    "quote",
    "syn",
    "unicode-ident",
    "serde",
    "serde-core",
    "serde-derive",
    "serde-json",
    "itoa",
    "memchr",
    "zmij",
    "ed25519",
    "ed25519-dalek",
    "curve25519-dalek",
    "curve25519-dalek-derive",
    "signature",
    "subtle",
    "zeroize",
    "fiat-crypto",
    "sha2",
    "digest",
    "block-buffer",
    "crypto-common",
    "hybrid-array",
    "typenum",
    "const-oid",
    "cfg-if",
    "cpufeatures",
];

/// Where cargo's own registry says it is, on every machine.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

pub fn engine_is_pure(tree: &Tree) -> Vec<String> {
    let built_from = tree.built_from.get("tutti-core").into_iter().flatten();
    let foreign = built_from.filter(|name| !name.is_empty() && !ENGINE.contains(&name.as_str()));
    foreign.map(|name| format!("tutti-core: built from {name}")).collect()
}

pub fn simulator_and_client_are_apart(tree: &Tree) -> Vec<String> {
    let shares = |package: &'static str, other: &str| {
        let found = tree.built_from.get(package).is_some_and(|names| names.iter().any(|name| name == other));
        found.then(|| format!("{package}: built from {other}"))
    };
    shares("tutti-sim", "tutti-spotify").into_iter().chain(shares("tutti-spotify", "tutti-sim")).collect()
}

pub fn one_http_client(tree: &Tree) -> Vec<String> {
    let count = tree.packages.iter().filter(|package| package.name == "reqwest").count();
    (count > 1).then(|| format!("Cargo.lock: {count} versions of reqwest")).into_iter().collect()
}

pub fn licences_are_allowed(tree: &Tree) -> Vec<String> {
    let crates = tree.packages.iter().map(|package| ("Cargo.lock", package.name.clone(), package.licence.clone()));
    let modules = npm_packages(tree)
        .into_iter()
        .map(|(file, name, package)| (file, name, package["license"].as_str().map(str::to_owned)));
    let breach = |(file, name, licence): (&str, String, Option<String>)| match licence.as_deref().map(licence::allowed)
    {
        Some(Some(true)) => None,
        Some(_) => Some(format!("{file}: {name} is under {}", licence.unwrap_or_default())),
        None => Some(format!("{file}: {name} names no licence")),
    };
    crates.chain(modules).filter_map(breach).collect()
}

pub fn locks_name_no_address(tree: &Tree) -> Vec<String> {
    let cargo = tree.files.get("Cargo.lock").map(String::as_str).unwrap_or_default();
    let sources =
        cargo.lines().filter_map(|line| line.strip_prefix("source = ")).map(|source| source.trim_matches('"'));
    let foreign = sources.filter(|source| *source != REGISTRY).map(|source| format!("Cargo.lock: {source}"));
    let resolved = npm_packages(tree).into_iter().filter(|(.., package)| package["resolved"].is_string());
    foreign.chain(resolved.map(|(file, name, _)| format!("{file}: {name} has an address"))).collect()
}

/// What npm installs, of the UI and of what the relay is measured beside: lock file, path and package, without those that
/// the lock files are of.
fn npm_packages(tree: &Tree) -> Vec<(&str, String, Value)> {
    let locks = tree.files.iter().filter(|(path, _)| path.ends_with("package-lock.json"));
    let packages = locks.flat_map(|(file, text)| {
        let lock = serde_json::from_str::<Value>(text).unwrap_or_default();
        let packages = lock["packages"].as_object().cloned().unwrap_or_default();
        packages.into_iter().map(|(path, package)| (file.as_str(), path, package))
    });
    packages.filter(|(_, path, package)| !path.is_empty() && package["link"] != true).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::{Package, with};

    fn built_from(package: &'static str, names: &[&str]) -> Tree {
        Tree { built_from: [(package, names.iter().map(|name| name.to_string()).collect())].into(), ..Tree::default() }
    }

    fn package(name: &str, licence: Option<&str>) -> Package {
        Package { name: name.into(), licence: licence.map(str::to_owned) }
    }

    #[test]
    fn an_engine_with_a_runtime_is_seen() {
        assert!(engine_is_pure(&built_from("tutti-core", &["tutti-core", "libm"])).is_empty());
        assert_eq!(
            engine_is_pure(&built_from("tutti-core", &["tutti-core", "tokio"])),
            ["tutti-core: built from tokio"]
        );
    }

    #[test]
    fn a_simulator_that_takes_the_client_s_types_is_seen_and_the_other_way_round() {
        assert!(simulator_and_client_are_apart(&built_from("tutti-sim", &["tutti-sim", "axum"])).is_empty());
        assert_eq!(simulator_and_client_are_apart(&built_from("tutti-sim", &["tutti-spotify"])).len(), 1);
        assert_eq!(simulator_and_client_are_apart(&built_from("tutti-spotify", &["tutti-sim"])).len(), 1);
    }

    #[test]
    fn a_second_http_client_is_seen() {
        let tree = Tree { packages: vec![package("reqwest", None), package("reqwest", None)], ..Tree::default() };
        assert_eq!(one_http_client(&tree), ["Cargo.lock: 2 versions of reqwest"]);
    }

    #[test]
    fn a_licence_that_is_not_on_the_list_is_seen_in_every_lock_file() {
        let lock = r#"{"packages": {"": {}, "node_modules/a": {"license": "MIT"}, "node_modules/b": {"license": "AGPL-3.0"}}}"#;
        let other = r#"{"packages": {"": {}, "node_modules/c": {"license": "GPL-3.0-only"}}}"#;
        let mut tree = with(&[("ui/package-lock.json", lock), ("x/package-lock.json", other)]);
        tree.packages = vec![
            package("good", Some("MIT OR Apache-2.0")),
            package("bad", Some("GPL-3.0-only")),
            package("none", None),
        ];
        let breaches = licences_are_allowed(&tree);
        assert_eq!(breaches.len(), 4, "{breaches:?}");
        assert!(breaches[2].contains("node_modules/b is under AGPL-3.0"));
        assert_eq!(breaches[3], "x/package-lock.json: node_modules/c is under GPL-3.0-only");
    }

    #[test]
    fn an_address_in_a_lock_file_is_seen() {
        let cargo = format!("source = \"{REGISTRY}\"\nsource = \"git+https://example.org/x\"\n");
        let npm = r#"{"packages": {"node_modules/a": {"resolved": "https://example.org/a.tgz"}}}"#;
        let breaches = locks_name_no_address(&with(&[("Cargo.lock", &cargo), ("ui/package-lock.json", npm)]));
        assert_eq!(
            breaches,
            ["Cargo.lock: git+https://example.org/x", "ui/package-lock.json: node_modules/a has an address"]
        );
    }
}
