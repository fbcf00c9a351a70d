//! What every store does, and the keychain in real sessions.
#![allow(clippy::unwrap_used)]

use super::*;

/// An account's key as no account has it.
const ODD: &str = "Zoë / \"x\" \u{1f3b5}\n";

/// Linux: real sessions with a D-Bus and a home of their own, so that nobody's keyring is touched. Each scene runs
/// this test program once more inside such a session.
#[cfg(target_os = "linux")]
mod in_a_session {
    use std::path::PathBuf;
    use std::process::Command;

    use super::places::Place;
    use super::*;

    const SCENE: &str = "TUTTI_TEST_KEYCHAIN_SCENE";
    const UNLOCK: &str = "printf pass | gnome-keyring-daemon --unlock --components=secrets >/dev/null";
    const START: &str = "gnome-keyring-daemon --start --components=secrets >/dev/null";

    #[test]
    fn without_a_secret_service_the_kernel_keeps_logins_and_without_either_the_words_say_so() {
        let home = Home::new("none");

        home.plays(without_a_service(), &mut Command::new(this_program()));
    }

    #[test]
    fn a_secret_service_keeps_logins_and_a_locked_one_is_said_to_be_locked() {
        let home = Home::new("real");
        if !is_installed("dbus-run-session") || !is_installed("gnome-keyring-daemon") {
            eprintln!("no Secret Service can be started here: only its absence is tested");
            return home.plays(without_a_service(), &mut Command::new(this_program()));
        }

        home.plays("keeps", &mut session(UNLOCK));
        // Without this the locked keyring would not be found to be the default one.
        std::fs::write(home.0.join("keyrings/default"), "login").unwrap();
        home.plays("refuses", &mut session(START));
    }

    #[test]
    fn scene() {
        // The session's home is new: nobody's sign-ins are below that name.
        let profile = PathBuf::from(std::env::var_os("HOME").unwrap_or_default());
        let keychain = Keychain::new(Some(&profile));
        let in_kernel = |account: &str| kernel::Kernel.read(keychain.namespace(), account);
        match std::env::var(SCENE).as_deref() {
            Ok("no_keychain") => {
                let error = keychain.probe().unwrap_err();
                assert_eq!(error.code(), "no_keychain");
                assert!(error.to_string().contains("has no keychain that Tutti can use"));
                assert_eq!(keychain.load("anna").unwrap_err().code(), "no_keychain");
            }
            Ok("until_restart") => {
                let _clean = Clean(&keychain);
                keeps_logins(&keychain);
                keychain.save("anna", &login("kept")).unwrap();
                assert_eq!(keychain.keeps(), Keeps::UntilRestart);
                assert!(in_kernel("anna").unwrap().is_some());
                assert_eq!(keychain.clone().load("anna"), Ok(Some(login("kept"))));
                assert_eq!(Keychain::new(Some(&profile.join("other"))).load("anna"), Ok(None));

                keychain.delete("anna").unwrap();
                assert_eq!(in_kernel("anna"), Ok(None));
            }
            Ok("keeps") => {
                let _clean = Clean(&keychain);
                keeps_logins(&keychain);
                let kept_before = kernel_is_there() && {
                    let bytes = login("kept while no service was there").to_bytes().unwrap();
                    kernel::Kernel.write(keychain.namespace(), "anna", &bytes).is_ok()
                };
                assert_eq!(keychain.load("anna").unwrap().is_some(), kept_before);
                keychain.save("anna", &login("kept")).unwrap();
                assert_eq!(keychain.keeps(), Keeps::ForGood);
                assert_eq!(keychain.load("anna"), Ok(Some(login("kept"))));
                assert!(!matches!(in_kernel("anna"), Ok(Some(_))), "the Secret Service is preferred");
                assert_eq!(Keychain::new(Some(&profile.join("other"))).load("anna"), Ok(None));
            }
            // No prompt can be shown without a display, so it counts as dismissed.
            Ok("refuses") => {
                assert_eq!(keychain.probe().unwrap_err().code(), "keychain_denied");
                assert_eq!(keychain.load("anna").unwrap_err().code(), "keychain_denied");
            }
            other => assert!(other.is_err(), "no scene of that name: {other:?}"),
        }
    }

    /// What is to be seen on this machine where no Secret Service is.
    fn without_a_service() -> &'static str {
        if kernel_is_there() { "until_restart" } else { "no_keychain" }
    }

    /// Asked of the kernel itself: a container may forbid it. Asking gives the thread a session keyring, which programs
    /// that it starts would inherit: so it is a thread of its own.
    fn kernel_is_there() -> bool {
        let ask = || {
            let key = linux_keyutils_keyring_store::Cred::build_from_specifiers(
                Some("Tutti test"),
                &Default::default(),
                false,
                "",
                "",
            );
            key.is_ok_and(|key| key.persistent.is_some())
        };
        std::thread::spawn(ask).join().unwrap()
    }

    /// Leaves nothing in the kernel's keyring, which outlives the session.
    struct Clean<'a>(&'a Keychain);

    impl Drop for Clean<'_> {
        fn drop(&mut self) {
            for account in ["anna", ODD] {
                let _ = kernel::Kernel.forget(self.0.namespace(), account);
            }
        }
    }

    struct Home(PathBuf);

    impl Home {
        fn new(name: &str) -> Self {
            let name = format!("tutti-keychain-{name}-{}", std::process::id());
            let home = std::env::temp_dir().join(name);
            std::fs::create_dir_all(&home).unwrap();
            Self(home)
        }

        fn plays(&self, scene: &str, command: &mut Command) {
            let output = command
                .args(
                    ["--exact", "--nocapture", concat!(module_path!(), "::scene")]
                        .map(|word| word.split_once("::").map_or(word, |(_, path)| path)),
                )
                .env(SCENE, scene)
                .envs(["HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR"].map(|name| (name, &self.0)))
                .env_remove("DBUS_SESSION_BUS_ADDRESS")
                .env_remove("DISPLAY")
                .env_remove("WAYLAND_DISPLAY")
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&output.stdout);
            let complained = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success() && said.contains("1 passed"), "{scene}: {said}\n{complained}");
        }
    }

    impl Drop for Home {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn session(keyring: &str) -> Command {
        let mut command = Command::new("dbus-run-session");
        let script = format!("{keyring}; exec \"$0\" \"$@\"");
        command.args(["--", "bash", "-c", &script]).arg(this_program());
        command
    }

    fn this_program() -> PathBuf {
        std::env::current_exe().unwrap()
    }

    fn is_installed(program: &str) -> bool {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
    }
}

pub fn login(refresh: &str) -> StoredLogin {
    StoredLogin {
        refresh: Secret::new(refresh),
        client_id: "an-id".into(),
        signed_in_at: "2026-11-21T10:00:00Z".parse().unwrap(),
    }
}

/// What every store does.
pub fn keeps_logins(store: &dyn SecretStore) {
    store.probe().unwrap();
    assert_eq!(store.load("anna"), Ok(None));
    store.delete("anna").unwrap();

    store.save("anna", &login("first")).unwrap();
    store.save(ODD, &login("other")).unwrap();
    store.save("anna", &login("second")).unwrap();

    assert_eq!(store.load("anna"), Ok(Some(login("second"))));
    assert_eq!(store.load(ODD), Ok(Some(login("other"))));

    store.delete("anna").unwrap();
    assert_eq!(store.load("anna"), Ok(None));
    assert_eq!(store.load(ODD), Ok(Some(login("other"))));
    store.delete(ODD).unwrap();
}
