//! The GETs of the Web API.

use serde_json::json;
use url::form_urlencoded;

use super::v1::Endpoint;
use super::{Answer, Web, json};

/// Evaluated at this instant; `user` is the account's place in the list.
pub(super) fn read(web: &Web, endpoint: Endpoint, user: usize, query: &str) -> Answer {
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
        _ => {
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
