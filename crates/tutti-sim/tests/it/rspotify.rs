//! An independent witness: rspotify plays against default answers, unchanged but for its base addresses.

use rspotify::clients::{BaseClient, OAuthClient};
use rspotify::model::{
    AdditionalType, AlbumId, EpisodeId, PlayableId, PlayableItem, PlaylistId, RepeatState, SearchResult, SearchType,
    ShowId, TrackId,
};
use rspotify::{AuthCodePkceSpotify, ClientError, Config, Credentials, OAuth};
use tutti_sim::player::Hand;

use crate::server::{CALLBACK, SCOPES, Server, query_of};

/// Signed in as Anna, the way a user of the library would.
async fn signed_in(server: &Server) -> AuthCodePkceSpotify {
    let config = Config {
        api_base_url: server.url("/v1/"),
        auth_base_url: server.url("/"),
        token_refreshing: false,
        ..Config::default()
    };
    let scopes = format!("{SCOPES} user-read-recently-played");
    let oauth = OAuth {
        redirect_uri: CALLBACK.to_owned(),
        scopes: scopes.split(' ').map(str::to_owned).collect(),
        ..OAuth::default()
    };
    let mut spotify = AuthCodePkceSpotify::with_config(Credentials::new_pkce("app"), oauth, config);
    let url = spotify.get_authorize_url(None).unwrap();
    let answer = server.client.get(format!("{url}&sim_user=anna")).send().await.unwrap();
    let code = query_of(&answer, "code").unwrap();
    off_thread(move || {
        spotify.request_token(&code).unwrap();
        spotify
    })
    .await
}

/// The library blocks; the server needs this thread meanwhile.
async fn off_thread<T: Send + 'static>(act: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(act).await.unwrap()
}

const TYPES: [AdditionalType; 2] = [AdditionalType::Track, AdditionalType::Episode];

#[tokio::test]
async fn rspotify_reads_everything_that_it_knows() {
    let server = Server::ideal().await;
    let spotify = signed_in(&server).await;
    let catalogue = server.sim.catalogue().clone();
    server.sim.hand("anna", Hand::Play { uri: None, context_uri: None, position_ms: Some(31_000) }).unwrap();
    server.sim.hand("anna", Hand::Next).unwrap();
    off_thread(move || {
        assert_eq!(spotify.me().unwrap().id.to_string(), "spotify:user:anna");
        let playback = spotify.current_playback(None, Some(&TYPES)).unwrap().unwrap();
        let Some(PlayableItem::Track(track)) = playback.item else { panic!("a track plays") };
        let second = catalogue.item(catalogue.albums()[0].items[1]);
        assert_eq!((track.name.as_str(), playback.is_playing), (second.name.as_str(), true));
        assert_eq!(track.external_ids["isrc"], second.isrc.clone().unwrap());
        assert_eq!(
            spotify.current_playing(None, Some(&TYPES)).unwrap().unwrap().context.unwrap().uri,
            catalogue.albums()[0].uri
        );
        assert_eq!(spotify.device().unwrap().len(), 2);
        assert_eq!(spotify.current_user_queue().unwrap().queue.len(), catalogue.albums()[0].items.len() - 2);
        let heard = spotify.current_user_recently_played(Some(5), None).unwrap();
        assert_eq!(heard.items.len(), 1);
        let track = spotify.track(TrackId::from_id(second.id.as_str()).unwrap(), None).unwrap();
        assert_eq!(track.name, second.name);
        let album = spotify.album(AlbumId::from_uri(&catalogue.albums()[0].uri).unwrap(), None).unwrap();
        assert_eq!(album.tracks.items.len(), catalogue.albums()[0].items.len());
        let episode = catalogue.item(catalogue.shows()[0].items[0]);
        let found = spotify.get_an_episode(EpisodeId::from_uri(&episode.uri).unwrap(), None).unwrap();
        assert_eq!(found.name, episode.name);
        let show = spotify.get_a_show(ShowId::from_uri(&catalogue.shows()[0].uri).unwrap(), None).unwrap();
        assert_eq!(show.episodes.items.len(), catalogue.shows()[0].items.len());
        let playlist = PlaylistId::from_uri(&catalogue.playlists()[0].uri).unwrap();
        let list = spotify.playlist(playlist.clone(), None, None).unwrap();
        assert_eq!(list.name, catalogue.playlists()[0].name);
        let items = spotify.playlist_items_manual(playlist, None, None, Some(50), None).unwrap();
        assert_eq!(items.items.len(), catalogue.playlists()[0].items.len());
        let isrc = format!("isrc:{}", second.isrc.clone().unwrap());
        let found = spotify.search(&isrc, SearchType::Track, None, None, None, None).unwrap();
        let SearchResult::Tracks(tracks) = found else { panic!("tracks were searched") };
        assert_eq!(tracks.items.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn rspotify_commands_everything_that_it_knows() {
    let server = Server::ideal().await;
    let spotify = signed_in(&server).await;
    let catalogue = server.sim.catalogue().clone();
    off_thread(move || {
        let uri = |album: usize, place: usize| catalogue.item(catalogue.albums()[album].items[place]).uri.clone();
        let (first, second) = (uri(2, 0), uri(2, 1));
        let ids = [&first, &second].map(|uri| PlayableId::Track(TrackId::from_uri(uri).unwrap()));
        let at = |seconds| chrono::Duration::seconds(seconds);
        spotify.start_uris_playback(ids, None, None, Some(at(30))).unwrap();
        let state = || spotify.current_playback(None, Some(&TYPES)).unwrap().unwrap();
        assert!(state().is_playing && state().progress.unwrap() >= at(30));
        spotify.pause_playback(None).unwrap();
        spotify.seek_track(at(60), None).unwrap();
        assert_eq!((state().is_playing, state().progress), (false, Some(at(60))));
        let Err(ClientError::Http(refused)) = spotify.pause_playback(None) else { panic!("it is paused already") };
        assert!(refused.to_string().contains("403"), "{refused}");
        spotify.resume_playback(None, None).unwrap();
        spotify.repeat(RepeatState::Track, None).unwrap();
        spotify.shuffle(true, None).unwrap();
        spotify.volume(20, None).unwrap();
        let now = state();
        assert_eq!(
            (now.repeat_state, now.shuffle_state, now.device.volume_percent),
            (RepeatState::Track, true, Some(20))
        );
        spotify.add_item_to_queue(PlayableId::Track(TrackId::from_uri(&uri(5, 3)).unwrap()), None).unwrap();
        spotify.next_track(None).unwrap();
        let Some(PlayableItem::Track(track)) = state().item else { panic!("a track plays") };
        assert_eq!(track.id.unwrap().to_string(), uri(5, 3));
        spotify.previous_track(None).unwrap();
        let laptop = spotify.device().unwrap()[1].id.clone().unwrap();
        spotify.transfer_playback(&laptop, Some(true)).unwrap();
        assert_eq!(state().device.id, Some(laptop));
    })
    .await;
}

#[tokio::test]
async fn rspotify_finds_nothing_without_a_device_and_refreshes() {
    let server = Server::ideal().await;
    let spotify = signed_in(&server).await;
    server.sim.set_online("anna", false).unwrap();
    off_thread(move || {
        assert!(spotify.current_playback(None, Some(&TYPES)).unwrap().is_none());
        let fresh = spotify.refetch_token().unwrap().unwrap();
        // The answer has none, as Spotify's has had none since 2026; this library does not keep the old one.
        assert_eq!(fresh.refresh_token, None);
    })
    .await;
}
