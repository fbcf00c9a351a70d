//! Bad input: each gets its sentence, what to type instead, and its exit code.

use crate::stand::Tutti;

const CLIENT_ID: &str = "0123456789abcdef0123456789abcdef";

#[test]
fn without_accounts_every_command_says_how_to_sign_in() {
    let tutti = Tutti::new();
    for args in [&["accounts"][..], &["logout"], &["devices"], &["sync"], &["sync", "--account", "anna"]] {
        let ended = tutti.run(args);

        ended.says(3, "No account is signed in");
        assert!(ended.err.contains("tutti login --client-id"), "{ended:?}");
    }
}

#[test]
fn without_a_client_id_the_way_to_one_is_shown() {
    let ended = Tutti::new().run(&["login"]);

    ended.says(3, "needs a client id");
    assert!(ended.err.contains("developer.spotify.com/dashboard"), "{ended:?}");
    assert!(ended.err.contains("http://127.0.0.1/callback"), "{ended:?}");
}

#[test]
fn what_is_not_a_client_id_is_wrong_use() {
    Tutti::new().run(&["login", "--client-id", "my app"]).says(2, "32 characters");
}

#[test]
fn only_servers_of_this_computer_may_stand_for_spotify() {
    for address in ["https://example.com", "http://10.0.0.1:80", "not an address", "http://127.0.0.1.example.com"] {
        let ended = Tutti::new().at(address).run(&["accounts"]);

        ended.says(2, "Only addresses on this computer");
        assert!(ended.err.contains(address), "{ended:?}");
    }
}

#[test]
fn one_server_address_without_the_other_is_said() {
    let ended = Tutti::new().env("TUTTI_SPOTIFY_API", "http://127.0.0.1:9/v1").run(&["accounts"]);

    ended.says(2, "TUTTI_SPOTIFY_ACCOUNTS is missing");
}

#[test]
fn another_server_is_shown_wherever_it_is_in_force() {
    let ended = Tutti::new().at("http://127.0.0.1:9").run(&["accounts"]);

    ended.says(3, "Talking to http://127.0.0.1:9 instead of Spotify");
}

#[test]
fn broken_settings_are_put_aside_and_said() {
    let tutti = Tutti::new();
    std::fs::write(tutti.home.path().join("settings.json"), "{").unwrap();

    tutti.run(&["accounts"]).says(3, "put them aside");
    tutti.run(&["accounts"]).says(3, "No account");
    let names = std::fs::read_dir(tutti.home.path()).unwrap().map(|file| file.unwrap().file_name());
    assert!(names.into_iter().any(|name| name.to_string_lossy().contains("broken")));
}

#[test]
fn accounts_are_named_and_found_by_any_writing() {
    let tutti = Tutti::new();
    let account =
        |id: &str, name: &str| format!(r#"{{"account_id": "{id}", "name": "{name}", "client_id": "{CLIENT_ID}"}}"#);
    let (zoe, wang) = (account("id-1", "Zoë 🎺"), account("id-2", "王小明"));
    let settings = format!(r#"{{"version": 1, "accounts": [{zoe}, {wang}]}}"#);
    std::fs::write(tutti.home.path().join("settings.json"), settings).unwrap();

    let listed = tutti.run(&["accounts"]);
    let left = "15,000 requests left for the next 24 h, 33 of them for the next half minute";
    assert_eq!(listed.out, format!("Zoë 🎺  id-1  {left}\n王小明  id-2  {left}\n"));
    let json = tutti.run(&["accounts", "--json"]).out;
    assert_eq!(serde_json::from_str::<serde_json::Value>(json.lines().next().unwrap()).unwrap()["name"], "Zoë 🎺");

    let unknown = tutti.run(&["sync", "--account", "zoë 🎺", "--account", "nobody"]);
    unknown.says(2, "no account “nobody”");
    assert!(unknown.err.contains("Zoë 🎺, 王小明"), "{unknown:?}");
    tutti.run(&["sync", "--account", "id-1", "--account", "ZOË 🎺"]).says(1, "named twice");
    tutti.run(&["sync", "--account", "id-1"]).says(2, "at least two");
    tutti.run(&["logout"]).says(2, "Say which one");
}

#[test]
fn a_wait_that_spotify_asked_for_stands_beside_the_account() {
    let tutti = Tutti::new();
    let account = format!(r#"{{"account_id": "id-1", "name": "Zoë", "client_id": "{CLIENT_ID}"}}"#);
    let settings = format!(r#"{{"version": 1, "accounts": [{account}]}}"#);
    std::fs::write(tutti.home.path().join("settings.json"), settings).unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
    // The ledger as earlier versions kept it, and its name: the hash of the client id.
    let ledger = format!(
        r#"{{"version":1,"first_ms":0,"then_ms":[],"wait":{{"since_ms":{now},"until_ms":{},"quota":true}}}}"#,
        now + 40_000_000
    );
    std::fs::write(tutti.home.path().join("ledger-3eb1bd439947eb76.json"), ledger).unwrap();

    let listed = tutti.run(&["accounts"]).out;

    assert!(listed.starts_with("Zoë  id-1  Spotify asked us to wait until "), "{listed}");
    assert!(listed.contains("has used up its day’s ration"), "{listed}");
    let json = tutti.run(&["accounts", "--json"]).out;
    let line: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert!(line["wait_until_ms"].as_f64().unwrap() > now as f64 + 39_000_000.0, "{line}");
}

#[test]
fn a_demo_that_cannot_be_is_said() {
    let tutti = Tutti::new();

    tutti.run(&["demo", "--headless", "--members", "1"]).says(2, "2 to 32");
    tutti.run(&["demo", "--members", "99"]).says(2, "2 to 32");
    tutti.run(&["demo", "--headless", "--profile", "pigeon"]).says(2, "no profile “pigeon”");
    tutti.run(&["demo", "--headless", "--web"]).says(2, "cannot be used with");
}

#[test]
fn a_port_that_is_in_use_is_said() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();

    let ended = Tutti::new().run(&["demo", "--web", "--no-browser", "--port", &port]);

    ended.says(1, "already in use");
    assert!(ended.err.contains(&port), "{ended:?}");
}

#[test]
fn another_language_is_asked_for_by_name() {
    let ended = Tutti::new().env("TUTTI_LANG", "de_AT.UTF-8").run(&["accounts"]);

    ended.says(3, "Auf diesem Computer ist kein Konto angemeldet");
}
