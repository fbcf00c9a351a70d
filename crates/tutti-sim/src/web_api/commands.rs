//! The commands of the Web API: what their queries and bodies mean.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use super::browse::parameter;
use super::v1::Endpoint;
use super::{Answer, Web};
use crate::gateway::AcceptedAs;
use crate::player::{Command, Offset, PlayTarget, Repeat};

/// How often an accepted command answers 200 with some text instead of 204, of 100.
const WITH_TEXT: u64 = 30;

#[derive(Default, Deserialize)]
struct PlayBody {
    context_uri: Option<String>,
    uris: Option<Vec<String>>,
    offset: Option<OffsetBody>,
    position_ms: Option<i64>,
}

#[derive(Deserialize)]
struct OffsetBody {
    position: Option<i64>,
    uri: Option<String>,
}

#[derive(Deserialize)]
struct TransferBody {
    device_ids: Vec<String>,
    play: Option<bool>,
}

/// Does it, or says why not; `user` is the account's place in the list.
pub(super) fn act(
    web: &Web,
    endpoint: Endpoint,
    user: usize,
    query: &str,
    body: &[u8],
    accepted_as: AcceptedAs,
) -> Answer {
    let command = match parse(endpoint, query, body) {
        Ok(command) => command,
        Err(words) => return Answer::error(400, &words),
    };
    let lost = accepted_as == AcceptedAs::Later { lost: true };
    match web.sim.command(user, command, lost) {
        Ok(_) => match accepted_as {
            AcceptedAs::Usual => accepted(web.sim.noise()),
            AcceptedAs::Text => with_text(web.sim.noise()),
            AcceptedAs::Later { .. } => Answer::empty().with_status(202),
        },
        Err(refusal) => Answer::refusal(&refusal),
    }
}

/// Usually empty, sometimes a short text that means nothing and is no JSON whatever its type says.
fn accepted(noise: u64) -> Answer {
    if noise % 100 >= WITH_TEXT {
        return Answer::empty();
    }
    with_text(noise)
}

fn with_text(noise: u64) -> Answer {
    let bytes = [noise.to_le_bytes(), noise.rotate_left(29).to_le_bytes()].concat();
    Answer::json(URL_SAFE_NO_PAD.encode(bytes))
}

fn parse(endpoint: Endpoint, query: &str, body: &[u8]) -> Result<Command, String> {
    let device_id = parameter(query, "device_id");
    Ok(match endpoint {
        Endpoint::Play => play(body, device_id)?,
        Endpoint::Pause => Command::Pause { device_id },
        Endpoint::Seek => {
            let position = parameter(query, "position_ms");
            let position = position.ok_or("Required parameter position_ms missing")?;
            let position = position.parse().map_err(|_| "Invalid value for position_ms")?;
            Command::Seek { position_ms: position_ms(position)?, device_id }
        }
        Endpoint::Next => Command::Next { device_id },
        Endpoint::Previous => Command::Previous { device_id },
        Endpoint::AddToQueue => {
            let uri = parameter(query, "uri").ok_or("Required parameter uri missing")?;
            Command::Queue { uri, device_id }
        }
        Endpoint::Transfer => transfer(body)?,
        Endpoint::Repeat => {
            let state = parameter(query, "state").ok_or("Required parameter state missing")?;
            let repeat = Repeat::named(&state).ok_or("Invalid value for state")?;
            Command::Repeat { repeat, device_id }
        }
        Endpoint::Shuffle => {
            let state = parameter(query, "state").ok_or("Required parameter state missing")?;
            let on = state.parse().map_err(|_| "Invalid value for state")?;
            Command::Shuffle { on, device_id }
        }
        Endpoint::Volume => {
            let percent = parameter(query, "volume_percent").ok_or("Required parameter volume_percent missing")?;
            let percent = percent.parse().ok().filter(|percent| *percent <= 100_u8);
            Command::Volume { percent: percent.ok_or("Invalid value for volume_percent")?, device_id }
        }
        _ => return Err("This is not a command".to_owned()),
    })
}

fn play(body: &[u8], device_id: Option<String>) -> Result<Command, String> {
    let empty = body.iter().all(u8::is_ascii_whitespace);
    let body: PlayBody = if empty { PlayBody::default() } else { from_json(body)? };
    let offset = body.offset.map(offset).transpose()?;
    let target = match (body.context_uri, body.uris) {
        (Some(_), Some(_)) => {
            return Err("Only one of context_uri and uris can be given".to_owned());
        }
        (Some(uri), None) => PlayTarget::Context { uri, offset },
        (None, Some(uris)) => PlayTarget::Items { uris, offset },
        (None, None) => PlayTarget::Resume,
    };
    let position_ms = body.position_ms.map(position_ms).transpose()?;
    Ok(Command::Play { target, position_ms, device_id })
}

fn offset(offset: OffsetBody) -> Result<Offset, String> {
    match (offset.uri, offset.position) {
        (Some(uri), _) => Ok(Offset::Uri(uri)),
        (None, Some(position)) => usize::try_from(position)
            .map(Offset::Position)
            .map_err(|_| "offset.position must not be negative".to_owned()),
        (None, None) => Err("At least one of uri or position should be specified".to_owned()),
    }
}

fn transfer(body: &[u8]) -> Result<Command, String> {
    let body: TransferBody = from_json(body)?;
    let [device_id] = <[String; 1]>::try_from(body.device_ids)
        .map_err(|ids| format!("Exactly one device_id is supported, not {}", ids.len()))?;
    Ok(Command::Transfer { device_id, play: body.play.unwrap_or(false) })
}

fn position_ms(position: i64) -> Result<u32, String> {
    if position < 0 {
        return Err("position_ms must not be negative".to_owned());
    }
    // Past every item's end either way.
    Ok(u32::try_from(position).unwrap_or(u32::MAX))
}

fn from_json<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|_| "Malformed json".to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn bodies_of_play_mean_what_the_documentation_says() {
        let resume = Command::Play { target: PlayTarget::Resume, position_ms: None, device_id: Some("d".to_owned()) };
        assert_eq!(parse(Endpoint::Play, "device_id=d", b"").unwrap(), resume);
        assert_eq!(parse(Endpoint::Play, "device_id=d", b"{}").unwrap(), resume);
        let body = br#"{"context_uri": "c", "offset": {"position": 2}, "position_ms": 5, "x": 1}"#;
        let target = PlayTarget::Context { uri: "c".to_owned(), offset: Some(Offset::Position(2)) };
        let expected = Command::Play { target, position_ms: Some(5), device_id: None };
        assert_eq!(parse(Endpoint::Play, "", body).unwrap(), expected);
    }

    #[test]
    fn wrong_bodies_and_queries_are_answered_in_words() {
        let words = |endpoint, query, body: &str| parse(endpoint, query, body.as_bytes()).unwrap_err();
        assert_eq!(words(Endpoint::Play, "", "{"), "Malformed json");
        assert_eq!(words(Endpoint::Play, "", r#"{"uris": "spotify:track:x"}"#), "Malformed json");
        let empty_offset = words(Endpoint::Play, "", r#"{"uris": ["u"], "offset": {}}"#);
        assert_eq!(empty_offset, "At least one of uri or position should be specified");
        assert_eq!(words(Endpoint::Seek, "", ""), "Required parameter position_ms missing");
        assert_eq!(words(Endpoint::Seek, "position_ms=-5", ""), "position_ms must not be negative");
        assert_eq!(words(Endpoint::Seek, "position_ms=1e3", ""), "Invalid value for position_ms");
        assert_eq!(words(Endpoint::Transfer, "", ""), "Malformed json");
        let two = words(Endpoint::Transfer, "", r#"{"device_ids": ["a", "b"]}"#);
        assert_eq!(two, "Exactly one device_id is supported, not 2");
        assert_eq!(words(Endpoint::AddToQueue, "", ""), "Required parameter uri missing");
    }

    #[test]
    fn a_position_beyond_all_numbers_is_past_the_end() {
        let seek = parse(Endpoint::Seek, "position_ms=99999999999", b"").unwrap();
        assert_eq!(seek, Command::Seek { position_ms: u32::MAX, device_id: None });
    }

    #[test]
    fn about_three_in_ten_accepted_commands_answer_with_text() {
        let mut random = crate::random::Random::new(5);
        let with_text = (0..10_000).filter(|_| accepted(random.next_u64()).status.as_u16() == 200).count();
        assert!((2_800..3_200).contains(&with_text), "{with_text}");
    }
}
