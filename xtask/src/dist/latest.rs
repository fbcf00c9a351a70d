//! `cargo xtask latest`: the file in which programs that run see that there is a newer version, from the signed packages.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{SecondsFormat, Utc};
use serde_json::{Map, Value, json};

/// As it is called beside the packages.
const NAME: &str = "latest.json";
const SIGNATURE: &str = "sig";

/// Writes the file into `folder`, for packages that will be had at `place`/NAME; without a signed package there is none.
pub fn latest(folder: &Path, version: &str, place: &str, notes: &str) -> Result<bool> {
    let mut files = Vec::new();
    walk(folder, &mut files)?;
    let mut packages = Vec::new();
    for file in &files {
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let signature = file.with_file_name(format!("{name}.{SIGNATURE}"));
        if let Some(platform) = platform(name) {
            let signature = files.contains(&signature).then(|| fs::read_to_string(&signature)).transpose()?;
            packages.push(Package { name: name.to_owned(), platform, signature });
        }
    }
    let date = Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true);
    let Some(release) = release(&packages, version, place, notes, &date)? else {
        println!("no package in {} is signed, so no program can take one: no {NAME}", folder.display());
        return Ok(true);
    };
    let path = folder.join(NAME);
    fs::write(&path, serde_json::to_string_pretty(&release)? + "\n")?;
    println!("{} names {} packages", path.display(), packages.len());
    Ok(true)
}

/// A package that the updater can put in place.
struct Package {
    name: String,
    /// What the updater calls the system, the processor and the kind of package that it was installed by.
    platform: String,
    /// What stands in the file beside it.
    signature: Option<String>,
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() { walk(&path, files)? } else { files.push(path) }
    }
    files.sort();
    Ok(())
}

/// By the names that Tauri gives; None for what the updater does not take, as a `.dmg`.
fn platform(name: &str) -> Option<String> {
    const KINDS: &[(&str, &str, &str)] = &[
        (".deb", "linux", "-deb"),
        (".rpm", "linux", "-rpm"),
        (".AppImage", "linux", "-appimage"),
        (".app.tar.gz", "darwin", ""),
        ("-setup.exe", "windows", "-nsis"),
        (".msi", "windows", "-msi"),
    ];
    let (_, system, kind) = KINDS.iter().find(|(end, ..)| name.ends_with(end))?;
    let has = |words: [&str; 2]| words.iter().any(|word| name.contains(word));
    let processor = match (has(["aarch64", "arm64"]), has(["x86_64", "amd64"]) || name.contains("_x64")) {
        (true, _) => "aarch64",
        (false, true) => "x86_64",
        // Tauri's name for it says nothing, and releases are built on Apple's own processors.
        (false, false) if *system == "darwin" => "aarch64",
        (false, false) => return None,
    };
    Some(format!("{system}-{processor}{kind}"))
}

/// The file's content; None if nothing is signed. Refuses whatever the updater would refuse later, on the users' computers.
fn release(packages: &[Package], version: &str, place: &str, notes: &str, date: &str) -> Result<Option<Value>> {
    let version = version.trim_start_matches('v');
    let is_number = |part: &str| part.parse::<u64>().is_ok();
    let numbers = version.split(['-', '+']).next().unwrap_or_default();
    ensure!(
        numbers.split('.').count() == 3 && numbers.split('.').all(is_number),
        "`{version}` is no version like 1.2.3"
    );
    ensure!(place.starts_with("https://"), "`{place}` is no https address");
    ensure!(!packages.is_empty(), "there is no package");
    if packages.iter().all(|package| package.signature.is_none()) {
        return Ok(None);
    }
    let mut platforms = Map::new();
    for Package { name, platform, signature } in packages {
        let Some(signature) = signature.as_deref().map(str::trim) else { bail!("{name} is not signed, others are") };
        let signed = signed_version(signature).with_context(|| format!("the signature of {name} names no version"))?;
        ensure!(signed == version, "{name} is signed as {signed}, not as {version}");
        let plain = name.chars().all(|letter| letter.is_ascii_alphanumeric() || "._-+".contains(letter));
        ensure!(plain, "`{name}` would be another in an address");
        let address = format!("{}/{name}", place.trim_end_matches('/'));
        let entry = json!({ "url": address, "signature": signature });
        ensure!(platforms.insert(platform.clone(), entry).is_none(), "there are two packages for {platform}");
    }
    Ok(Some(json!({ "version": version, "notes": notes, "pub_date": date, "platforms": platforms })))
}

/// What a signature was made for: a field of the comment that is signed too. A `.sig` file is minisign's in base64.
fn signed_version(signature: &str) -> Option<String> {
    let text = String::from_utf8(STANDARD.decode(signature).ok()?).ok()?;
    let comment = text.lines().find_map(|line| line.strip_prefix("trusted comment: "))?;
    comment.split('\t').find_map(|field| field.strip_prefix("version:")).map(str::to_owned)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const PLACE: &str = "https://example.org/v0.2.0/";

    fn signature(version: &str) -> String {
        let comment = format!("trusted comment: timestamp:1\tfile:x\tversion:{version}");
        STANDARD.encode(format!("untrusted comment: signature from tauri secret key\nRUQ\n{comment}\nabc\n"))
    }

    fn package(name: &str, signed: Option<&str>) -> Package {
        let platform = platform(name).unwrap();
        Package { name: name.to_owned(), platform, signature: signed.map(|version| signature(version) + "\n") }
    }

    fn made(packages: &[Package]) -> Result<Option<Value>> {
        release(packages, "v0.2.0", PLACE, "What changed", "2027-01-31T12:00:00Z")
    }

    fn refused(packages: &[Package]) -> String {
        made(packages).unwrap_err().to_string()
    }

    #[test]
    fn every_package_of_a_release_is_named_as_the_updater_of_its_system_asks_for_it() {
        let names = [
            ("Tutti_0.2.0_amd64.deb", "linux-x86_64-deb"),
            ("Tutti-0.2.0-1.x86_64.rpm", "linux-x86_64-rpm"),
            ("Tutti_0.2.0_amd64.AppImage", "linux-x86_64-appimage"),
            ("Tutti_0.2.0_arm64.deb", "linux-aarch64-deb"),
            ("Tutti.app.tar.gz", "darwin-aarch64"),
            ("Tutti_0.2.0_x64-setup.exe", "windows-x86_64-nsis"),
            ("Tutti_0.2.0_x64_en-US.msi", "windows-x86_64-msi"),
        ];
        for (name, platform) in names {
            assert_eq!(super::platform(name).as_deref(), Some(platform), "{name}");
        }
        for other in ["Tutti_0.2.0_aarch64.dmg", "Tutti_0.2.0_amd64.deb.sig", "tutti-desktop.exe", "latest.json"] {
            assert_eq!(super::platform(other), None, "{other}");
        }
    }

    #[test]
    fn the_file_has_what_the_updater_reads() {
        let packages = ["Tutti_0.2.0_amd64.deb", "Tutti.app.tar.gz"].map(|name| package(name, Some("0.2.0")));
        let release = made(&packages).unwrap().unwrap();

        assert_eq!(release["version"], "0.2.0");
        assert_eq!(release["pub_date"], "2027-01-31T12:00:00Z");
        let deb = &release["platforms"]["linux-x86_64-deb"];
        assert_eq!(deb["url"], "https://example.org/v0.2.0/Tutti_0.2.0_amd64.deb");
        assert_eq!(deb["signature"], signature("0.2.0"), "without the end of its line: base64 has none");
        assert_eq!(release["platforms"].as_object().unwrap().len(), 2);
    }

    #[test]
    fn the_packages_are_found_in_the_folders_of_their_kinds() {
        let folder = std::env::temp_dir().join(format!("tutti-latest-{}", std::process::id()));
        fs::create_dir_all(folder.join("deb")).unwrap();
        fs::write(folder.join("deb/Tutti_0.2.0_amd64.deb"), "package").unwrap();
        let without = latest(&folder, "0.2.0", PLACE, "").map(|_| folder.join(NAME).exists());
        fs::write(folder.join("deb/Tutti_0.2.0_amd64.deb.sig"), signature("0.2.0")).unwrap();
        let with = latest(&folder, "0.2.0", PLACE, "").and_then(|_| Ok(fs::read_to_string(folder.join(NAME))?));
        fs::remove_dir_all(&folder).unwrap();

        assert!(!without.unwrap(), "nothing is signed");
        assert!(with.unwrap().contains("linux-x86_64-deb"));
    }

    #[test]
    fn what_programs_would_refuse_is_refused_here() {
        let deb = |signed| package("Tutti_0.2.0_amd64.deb", signed);
        assert!(made(&[deb(None)]).unwrap().is_none(), "a release without a key");
        assert!(refused(&[]).contains("no package"));
        assert!(refused(&[deb(Some("0.2.0")), package("Tutti.app.tar.gz", None)]).contains("is not signed"));
        assert!(refused(&[deb(Some("0.1.9"))]).contains("signed as 0.1.9"));
        assert!(refused(&[deb(Some("0.2.0")), deb(Some("0.2.0"))]).contains("two packages for linux-x86_64-deb"));
        let mut broken = deb(Some("0.2.0"));
        broken.signature = Some("no base64".into());
        assert!(refused(&[broken]).contains("names no version"));
        let blank = Package { name: "Tutti 0.2.0_amd64.deb".into(), ..deb(Some("0.2.0")) };
        assert!(refused(&[blank]).contains("would be another"));
        for version in ["main", "0.2", "v0.2.x"] {
            assert!(release(&[deb(Some(version))], version, PLACE, "", "").is_err(), "{version}");
        }
        assert!(release(&[deb(Some("0.2.0"))], "0.2.0", "http://example.org", "", "").is_err());
    }
}
