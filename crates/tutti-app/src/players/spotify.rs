//! Spotify through its Web API: its answers in the engine's words.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::time::Instant;
use tutti_core::command::{Answered, Command, CommandKind, Outcome};
use tutti_core::playback::Item;
use tutti_core::reading::{Device, Failure, PlayerSeen, Reading, Repeat, Seen, SeenKind};
use tutti_core::time::{LocalTime, Span};
use tutti_spotify::{AuthError, CallError, Carrier, Client, Error, Http, Keeper, Transport, model};

use super::{Coming, Listed, Player};
use crate::clock;
use crate::problem::Problem;
use crate::secrets::StoredLogin;
use crate::settings::Endpoints;
use crate::trouble;

/// A 429 that does not say how long: twice the window of Spotify's rate limit.
const UNSAID_WAIT: Duration = Duration::from_secs(60);
/// A cover of at least this width is sharp enough for the window.
const COVER_WIDTH: u32 = 300;

/// A look is given up after so long: far beyond what looks take, and soon enough that one which hangs at Spotify's gate
/// (it would for 35 s) is made up for before anybody hears it.
const LOOK_WITHIN: Duration = Duration::from_millis(3_500);
/// What requests go over: the network, or what a test puts in its place.
#[derive(Debug, Clone, Default)]
pub struct Way(Option<Arc<dyn Carrier>>);

impl Way {
    pub fn over(carrier: Arc<dyn Carrier>) -> Self {
        Self(Some(carrier))
    }

    /// Whether it is; else requests reach nobody but a test.
    pub fn is_the_network(&self) -> bool {
        self.0.is_none()
    }

    fn http(&self, there: &tutti_spotify::Endpoints) -> Result<Http, Transport> {
        match &self.0 {
            Some(carrier) => Ok(Http::through(Arc::clone(carrier))),
            None => Http::new(there),
        }
    }
}

/// One account's player.
#[derive(Debug, Clone)]
pub struct SpotifyPlayer {
    client: Client,
}

impl SpotifyPlayer {
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// For an account that signed in earlier; `keeper` keeps its sign-in when Spotify renews it.
    pub fn open(
        endpoints: &Endpoints,
        way: &Way,
        login: &StoredLogin,
        keeper: Arc<dyn Keeper>,
    ) -> Result<Self, Problem> {
        let there = servers(endpoints)?;
        let http = way.http(&there).map_err(|error| {
            trouble::of_failure(&failure(&error.into(), clock::now()), "", endpoints).into_problem()
        })?;
        let client = Client::new(there, &login.client_id, login.refresh.clone(), http);
        Ok(Self::new(client.kept_by(keeper)))
    }

    async fn look_once(&self) -> Reading {
        let begun = clock::now();
        match self.client.player_within(LOOK_WITHIN).await {
            Ok(timed) => Reading {
                asked: clock::local(timed.asked),
                answered: clock::local(timed.answered),
                seen: timed.value.map_or(Seen::Nothing, |player| Seen::Player(player_seen(player))),
            },
            Err(error) => {
                let (asked, answered) = instants(&error, begun);
                Reading { asked, answered, seen: Seen::Failed(failure(&error.error, answered)) }
            }
        }
    }

    async fn command_once(&self, command: Command) -> Answered {
        let begun = clock::now();
        let device = command.device.as_deref();
        let sent = match command.kind {
            CommandKind::Play { uris, position } => {
                let play = tutti_spotify::Play {
                    device_id: command.device.clone(),
                    uris,
                    position_ms: Some(whole_ms(position)),
                    ..tutti_spotify::Play::default()
                };
                self.client.play(&play).await
            }
            CommandKind::Pause => self.client.pause(device).await,
            CommandKind::Seek { position } => self.client.seek(whole_ms(position), device).await,
            CommandKind::Queue { uri } => self.client.add_to_queue(&uri, device).await,
        };
        match sent {
            Ok(timed) => Answered {
                id: command.id,
                sent: clock::local(timed.asked),
                answered: clock::local(timed.answered),
                outcome: Outcome::Accepted,
            },
            Err(error) => {
                let (sent, answered) = instants(&error, begun);
                Answered { id: command.id, sent, answered, outcome: outcome(&error.error, answered) }
            }
        }
    }
}

impl Player for SpotifyPlayer {
    fn look(&self) -> BoxFuture<'_, Reading> {
        self.look_once().boxed()
    }

    fn queue(&self) -> BoxFuture<'_, Result<Coming, Failure>> {
        async {
            let queue = self.client.queue().await.map_err(|error| failure(&error.error, clock::now()))?.value;
            Ok(Coming {
                of: queue.currently_playing.and_then(|item| item.uri),
                next: queue.queue.into_iter().filter_map(item).collect(),
            })
        }
        .boxed()
    }

    fn command(&self, command: Command) -> BoxFuture<'_, Answered> {
        self.command_once(command).boxed()
    }

    fn devices(&self) -> BoxFuture<'_, Result<Vec<Listed>, Failure>> {
        async {
            let devices = self.client.devices().await.map_err(|error| failure(&error.error, clock::now()))?;
            Ok(devices.value.into_iter().map(listed).collect())
        }
        .boxed()
    }

    fn transfer(&self, device: String) -> BoxFuture<'_, Outcome> {
        async move {
            let moved = self.client.transfer(&device, false).await;
            moved.map_or_else(|error| outcome(&error.error, clock::now()), |_| Outcome::Accepted)
        }
        .boxed()
    }
}

/// The servers, as the client wants them.
pub(crate) fn servers(endpoints: &Endpoints) -> Result<tutti_spotify::Endpoints, Problem> {
    if !endpoints.other {
        return Ok(tutti_spotify::Endpoints::default());
    }
    tutti_spotify::Endpoints::loopback(&endpoints.api, &endpoints.accounts)
        .map_err(|error| Problem::new("bad_server_address").with("address", error.given))
}

/// The instants of a request that failed; where it does not know them, from its begin to now.
fn instants(error: &CallError, begun: LocalTime) -> (LocalTime, LocalTime) {
    let at = |instant: Option<Instant>, or| instant.map_or(or, clock::local);
    (at(error.asked, begun), at(error.answered, clock::now()))
}

/// Rounded to the nearest; Spotify takes whole milliseconds and no negative ones.
fn whole_ms(position: Span) -> u64 {
    (position.as_micros().max(0) as u64 + 500) / 1_000
}

fn outcome(error: &Error, answered: LocalTime) -> Outcome {
    if error.no_device() {
        Outcome::NoDevice
    } else if error.not_premium() {
        Outcome::NotPremium
    } else if error.restriction() {
        Outcome::Restriction
    } else {
        Outcome::Failed(failure(error, answered))
    }
}

/// What an error means for the member.
pub(crate) fn failure(error: &Error, now: LocalTime) -> Failure {
    if error.rate_limited() {
        let wait = error.retry_after().unwrap_or(UNSAID_WAIT);
        Failure::RateLimited { until: now + clock::span(wait), quota: error.quota_exceeded() }
    } else if error.needs_login() {
        Failure::NeedsLogin
    } else if error.not_allowed_here() {
        Failure::NotAllowedHere
    } else if error.owner_premium_lapsed() {
        Failure::OwnerPremiumLapsed
    } else if error.status().is_none() && error.transient() && !error.not_spotify() && !accounts_answered(error) {
        Failure::Network
    } else {
        Failure::Server
    }
}

/// Renewing the access token failed, but not for lack of a network.
fn accounts_answered(error: &Error) -> bool {
    let Error::Auth(error) = error else { return false };
    let here = matches!(error, AuthError::RenewalBusy | AuthError::KeychainSilent);
    here || matches!(error, AuthError::Server { .. } | AuthError::Refused { .. })
}

fn player_seen(player: model::Player) -> PlayerSeen {
    let kind = match player.currently_playing_type {
        Some(model::PlayingType::Ad) => SeenKind::Ad,
        _ if player.item.is_some() => SeenKind::Item,
        _ => SeenKind::Unknown,
    };
    PlayerSeen {
        kind,
        progress: player.progress_ms.map(span_ms),
        playing: player.is_playing.unwrap_or(false),
        device: player.device.map(device),
        timestamp: player.timestamp,
        shuffle: player.shuffle_state.unwrap_or(false),
        repeat: match player.repeat_state {
            Some(model::Repeat::Track) => Repeat::Item,
            Some(model::Repeat::Context) => Repeat::Context,
            _ => Repeat::Off,
        },
        item: player.item.and_then(item),
    }
}

/// An item without an address or a length cannot be kept in step: it is unknown.
fn item(item: model::Item) -> Option<Arc<Item>> {
    let episode = item.kind == model::ItemKind::Episode;
    let cover = cover(item.covers());
    let artists: Vec<String> = item.artists.into_iter().filter_map(|artist| artist.name).collect();
    let show = item.show.and_then(|show| show.name);
    let album = item.album.and_then(|album| album.name);
    Some(Arc::new(Item {
        uri: item.uri?,
        title: item.name.unwrap_or_default(),
        by: if artists.is_empty() { show.clone().unwrap_or_default() } else { artists.join(", ") },
        album: album.or(show).unwrap_or_default(),
        cover,
        link: item.link,
        duration: span_ms(item.duration_ms?),
        isrc: item.isrc,
        episode,
    }))
}

/// The smallest picture that is sharp enough, else the largest.
fn cover(images: &[model::Image]) -> Option<String> {
    let width = |image: &&model::Image| image.width.unwrap_or(0);
    let enough = images.iter().filter(|image| width(image) >= COVER_WIDTH).min_by_key(width);
    enough.or_else(|| images.iter().max_by_key(width))?.url.clone()
}

fn device(device: model::Device) -> Device {
    Device { id: device.id, name: device.name.unwrap_or_default(), restricted: device.is_restricted }
}

fn listed(device: model::Device) -> Listed {
    Listed {
        id: device.id,
        name: device.name.unwrap_or_default(),
        kind: device.kind.unwrap_or_default(),
        active: device.is_active,
        restricted: device.is_restricted,
        private: device.is_private_session,
    }
}

/// Longer than any item: keeps odd answers within the engine's range.
fn span_ms(ms: u64) -> Span {
    const DAY_MS: u64 = 24 * 3_600 * 1_000;
    Span::from_millis(ms.min(DAY_MS) as i64)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;
    use tutti_spotify::Refusal;

    use super::*;

    #[test]
    fn a_song_becomes_an_item_with_everything_shown() {
        let seen = seen(json!({
            "is_playing": true, "progress_ms": 61_500, "timestamp": 5, "currently_playing_type": "track",
            "shuffle_state": true, "repeat_state": "track",
            "device": {"id": "d", "name": "Kitchen", "type": "Speaker", "is_restricted": true},
            "item": {
                "type": "track", "uri": "spotify:track:a", "name": "Song", "duration_ms": 200_000,
                "artists": [{"name": "A"}, {"name": "B"}],
                "album": {"name": "Album", "images": [
                    {"url": "large", "width": 640}, {"url": "middle", "width": 300}, {"url": "small", "width": 64}]},
                "external_ids": {"isrc": "X1"}, "external_urls": {"spotify": "https://open.spotify.com/track/a"},
            },
        }));

        let item = seen.item.unwrap();
        assert_eq!((item.title.as_str(), item.by.as_str(), item.album.as_str()), ("Song", "A, B", "Album"));
        assert_eq!(item.cover.as_deref(), Some("middle"));
        assert_eq!((item.duration, item.episode), (Span::from_secs(200), false));
        assert_eq!(item.isrc.as_deref(), Some("X1"));
        assert_eq!((seen.progress, seen.playing), (Some(Span::from_millis(61_500)), true));
        assert_eq!((seen.shuffle, seen.repeat, seen.kind), (true, Repeat::Item, SeenKind::Item));
        assert!(seen.device.unwrap().restricted);
    }

    #[test]
    fn an_episode_is_by_its_show() {
        let seen = seen(json!({
            "is_playing": true, "currently_playing_type": "episode",
            "item": {"type": "episode", "uri": "spotify:episode:a", "name": "One", "duration_ms": 1,
                     "show": {"name": "The Show", "images": [{"url": "cover"}]}},
        }));

        let item = seen.item.unwrap();
        assert_eq!((item.by.as_str(), item.album.as_str(), item.episode), ("The Show", "The Show", true));
        assert_eq!(item.cover.as_deref(), Some("cover"));
        assert_eq!(seen.progress, None);
    }

    #[test]
    fn an_ad_has_no_item_and_an_item_without_a_length_is_unknown() {
        let ad = seen(json!({"is_playing": true, "progress_ms": 5, "currently_playing_type": "ad", "item": null}));
        assert_eq!((ad.kind, ad.item), (SeenKind::Ad, None));

        let odd = seen(json!({"is_playing": true, "item": {"type": "track", "uri": "spotify:track:a"}}));
        assert_eq!(odd.item, None);
    }

    #[test]
    fn errors_become_what_they_mean_for_the_member() {
        let now = LocalTime::from_micros(0);
        let refused = |status, reason: Option<&str>, message: &str| {
            Error::Refused(Refusal {
                status,
                reason: reason.map(str::to_owned),
                message: message.into(),
                retry_after: Some(Duration::from_secs(7)),
                shaped: true,
            })
        };

        assert_eq!(
            failure(&refused(429, Some("QUOTA_EXCEEDED"), ""), now),
            Failure::RateLimited { until: now + Span::from_secs(7), quota: true }
        );
        assert_eq!(failure(&Error::Auth(AuthError::Ended), now), Failure::NeedsLogin);
        assert_eq!(
            failure(&refused(403, None, "User not registered in the Developer Dashboard"), now),
            Failure::NotAllowedHere
        );
        assert_eq!(failure(&refused(502, None, ""), now), Failure::Server);
        assert_eq!(failure(&Error::Auth(AuthError::Server { status: 503 }), now), Failure::Server);
        assert_eq!(failure(&Error::Transport(Transport::Timeout), now), Failure::Network);
        assert_eq!(failure(&Error::Unreadable { detail: String::new() }, now), Failure::Server);
        assert_eq!(outcome(&refused(404, Some("NO_ACTIVE_DEVICE"), ""), now), Outcome::NoDevice);
        assert_eq!(outcome(&refused(403, Some("PREMIUM_REQUIRED"), ""), now), Outcome::NotPremium);
        assert_eq!(outcome(&refused(403, Some("UNKNOWN"), "Restriction violated"), now), Outcome::Restriction);
    }

    #[test]
    fn positions_are_sent_as_the_nearest_whole_millisecond() {
        assert_eq!(whole_ms(Span::from_micros(1_499)), 1);
        assert_eq!(whole_ms(Span::from_micros(1_500)), 2);
        assert_eq!(whole_ms(Span::from_micros(-5)), 0);
    }

    fn seen(json: serde_json::Value) -> PlayerSeen {
        player_seen(serde_json::from_value(json).unwrap())
    }
}
