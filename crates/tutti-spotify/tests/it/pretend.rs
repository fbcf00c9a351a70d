//! The client against the simulator over HTTP: sign in, read, control, be revoked.

use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tutti_sim::profile::Profile;
use tutti_sim::sim::SimConfig;
use tutti_sim::web_api;
use tutti_spotify::{Client, Http, ItemKind, Listener, Play, Player, SignIn, Timed};
use url::Url;

use crate::stub::endpoints;

#[tokio::test]
async fn an_account_signs_in_is_read_controlled_and_revoked() {
    let config = SimConfig { accounts: 1, profile: Profile::Ideal, ..SimConfig::default() };
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let sim = web_api::prepare(&socket, config).unwrap();
    let (user, _) = sim.users().next().unwrap();
    let user = user.to_owned();
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(web_api::serve(socket, sim.clone(), async {
        let _ = stopped.await;
    }));

    let client = sign_in(sim.base_url(), &user).await;
    let me = client.me().await.unwrap().value;
    let devices = client.devices().await.unwrap().value;
    let device = devices[0].id.clone().unwrap();
    assert!(me.key().is_some());

    let next = client.queue().await.unwrap().value;
    let uri = match &next.queue[..] {
        [item, ..] => item.uri.clone().unwrap(),
        [] => panic!("nothing to play: {next:?}"),
    };
    let play =
        Play { device_id: Some(device.clone()), uris: vec![uri.clone()], position_ms: Some(30_000), ..Play::default() };
    client.play(&play).await.unwrap();
    let playing = until(&client, |player| {
        player.is_playing == Some(true) && player.item.as_ref().and_then(|item| item.uri.as_deref()) == Some(&uri)
    })
    .await;
    let player = playing.value.unwrap();
    let item = player.item.as_ref().unwrap();
    assert!((30_000..40_000).contains(&player.progress_ms.unwrap()), "{player:?}");
    assert!(matches!(item.kind, ItemKind::Track | ItemKind::Episode));
    assert!(item.duration_ms.is_some() && !item.covers().is_empty());

    client.seek(60_000, Some(&device)).await.unwrap();
    until(&client, |player| player.progress_ms >= Some(60_000)).await;
    client.pause(None).await.unwrap();
    until(&client, |player| player.is_playing == Some(false)).await;
    let again = client.pause(None).await.unwrap_err();
    assert!(again.error.restriction(), "{again:?}");

    sim.revoke(&user).unwrap();
    let revoked = client.player().await.unwrap_err();
    assert!(revoked.error.needs_login(), "{revoked:?}");

    stop.send(()).unwrap();
    serving.await.unwrap().unwrap();
}

async fn sign_in(base: &str, user: &str) -> Client {
    let endpoints = endpoints(base);
    let http = Http::new(&endpoints).unwrap();
    let listener = Listener::bind().await.unwrap();
    let sign_in = SignIn::begin(&endpoints, "an-id", listener.redirect()).unwrap();
    let browser = tokio::spawn(browse(sign_in.authorize_url.clone(), user.to_owned()));
    let answer = listener.wait(&sign_in, Duration::from_secs(20)).await.unwrap();
    let token = sign_in.finish(&http, &answer).await.unwrap();
    browser.await.unwrap();
    assert!(token.refresh.is_some());
    Client::signed_in(endpoints, "an-id", token, http)
}

/// A browser whose user agrees at once, and which follows the redirect.
async fn browse(mut page: Url, user: String) {
    page.query_pairs_mut().append_pair("sim_user", &user);
    let browser = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = browser.get(page).send().await.unwrap();
    assert!(answer.status().is_success());
    assert!(answer.text().await.unwrap().contains("go back to Tutti"));
}

/// Reads until a command has become visible: at once in the ideal profile, but the server decides.
async fn until(client: &Client, shows: impl Fn(&Player) -> bool) -> Timed<Option<Player>> {
    for _ in 0..200 {
        let reading = client.player().await.unwrap();
        if reading.value.as_ref().is_some_and(&shows) {
            return reading;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never shown: {:?}", client.player().await);
}
