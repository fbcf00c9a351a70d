//! The GETs of the Web API about the user and their player.

use serde_json::json;
use url::form_urlencoded;

use super::v1::Endpoint;
use super::{Answer, Web, browse, json};

/// Evaluated at this instant; `user` is the account's place in the list.
pub(super) fn read(web: &Web, endpoint: Endpoint, user: usize, path: &str, query: &str) -> Answer {
    let account = &web.sim.accounts()[user];
    let now_us = || web.sim.now_us();
    match endpoint {
        Endpoint::Me => me(web, user),
        Endpoint::Devices => {
            let mut player = account.player();
            let devices: Vec<_> = player.devices(now_us()).iter().map(json::device).collect();
            Answer::json(format!(r#"{{"devices":[{}]}}"#, devices.join(",")))
        }
        Endpoint::Queue => {
            let mut player = account.player();
            let (current, next) = player.queue(now_us());
            Answer::json(web.fragments.queue(current, &next, player.settings().market))
        }
        Endpoint::RecentlyPlayed => recently_played(web, user, query),
        Endpoint::Player | Endpoint::CurrentlyPlaying => {
            let report = {
                let mut player = account.player();
                player.report(now_us())
            };
            let episodes = wants_episodes(query);
            match report {
                None => Answer::empty(),
                Some(report) if endpoint == Endpoint::CurrentlyPlaying => {
                    Answer::json(web.fragments.currently_playing(&report, episodes))
                }
                Some(report) => Answer::json(web.fragments.player(&report, episodes)),
            }
        }
        _ => browse::look_up(web, endpoint, user, path, query),
    }
}

/// The user object without what development-mode apps lost: country, email, product, followers.
fn me(web: &Web, user: usize) -> Answer {
    let account = &web.sim.accounts()[user];
    let (id, base_url) = (&*account.user, web.sim.base_url());
    let body = json!({
        "account_id": account.account_id,
        "display_name": account.display_name,
        "external_urls": { "spotify": format!("https://open.spotify.com/user/{id}") },
        "href": format!("{base_url}/v1/users/{id}"),
        "id": id,
        "images": [],
        "type": "user",
        "uri": format!("spotify:user:{id}"),
    });
    Answer::json(body.to_string())
}

/// `after` and `before` are Unix ms and exclude each other.
fn recently_played(web: &Web, user: usize, query: &str) -> Answer {
    let page = match json::Page::of(query, 20, 50) {
        Ok(page) => page,
        Err(words) => return Answer::error(400, words),
    };
    let cursor = |name: &str| match browse::parameter(query, name) {
        Some(value) => value.parse().map(Some).map_err(|_| Answer::error(400, "Invalid cursor")),
        None => Ok(None),
    };
    let (after, before): (Option<i64>, Option<i64>) = match (cursor("after"), cursor("before")) {
        (Ok(Some(_)), Ok(Some(_))) => return Answer::error(400, "Only one of after and before can be given"),
        (Ok(after), Ok(before)) => (after, before),
        (Err(answer), _) | (_, Err(answer)) => return answer,
    };
    let zero_ms = web.sim.wall_ms_at_zero();
    let mut player = web.sim.accounts()[user].player();
    let heard = player.recently_played(web.sim.now_us()).iter().map(|heard| (zero_ms + heard.at_us / 1000, *heard));
    let wanted = |at_ms: i64| after.is_none_or(|after| at_ms > after) && before.is_none_or(|before| at_ms < before);
    let heard: Vec<_> = heard.filter(|&(at_ms, _)| wanted(at_ms)).collect();
    let market = player.settings().market;
    Answer::json(web.fragments.recently_played(&heard, market, page.limit).to_string())
}

fn wants_episodes(query: &str) -> bool {
    form_urlencoded::parse(query.as_bytes())
        .filter(|(name, _)| name == "additional_types")
        .any(|(_, types)| types.split(',').any(|kind| kind.trim() == "episode"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn episodes_are_wanted_only_when_they_are_named() {
        assert!(wants_episodes("additional_types=track,episode"));
        assert!(wants_episodes("market=DE&additional_types=episode"));
        assert!(wants_episodes("additional_types=track%2Cepisode"));
        assert!(!wants_episodes("additional_types=track"));
        assert!(!wants_episodes(""));
    }
}
