//! Every GET answer beside Spotify's published description: each property that is not deprecated is there with its type.

use std::fs;
use std::path::PathBuf;

use saphyr::{LoadableYamlNode, Yaml};
use serde_json::{Map, Value, json};
use tutti_sim::player::Hand;

use crate::server::{Account, SCOPES, Server};

/// How an answer differs.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Differs {
    /// It may be left out; where it is there, it has its type.
    LeftOut,
    /// It may be null; else it has its type.
    Null,
    /// Its inside is another one.
    Inside,
}

/// Where an answer differs from the description on purpose: the end of the place, how, and the row of the facts (their
/// section and what it says).
const EXCEPTIONS: &[(&str, Differs, &str)] = &[
    (".restrictions", Differs::LeftOut, "§1.6 Relinking: restrictions are on what cannot be played"),
    (".external_ids.ean", Differs::LeftOut, "§4 March 2026: external_ids carries the codes that a recording has"),
    (".external_ids.upc", Differs::LeftOut, "§4 March 2026: external_ids carries the codes that a recording has"),
    (".external_ids.isrc", Differs::LeftOut, "§4 March 2026: an album has a upc, its tracks have the isrc"),
    (".actions", Differs::Inside, "§1.3 actions.disallows: the booleans are one level deeper, present only when true"),
    (".resume_point", Differs::LeftOut, "§3 Scopes: needs user-read-playback-position, which no client here asks for"),
    (".context", Differs::Null, "§1.3 context: null when what plays was given as uris"),
];

fn may(place: &str, differs: Differs) -> bool {
    EXCEPTIONS.iter().any(|(end, how, _)| place.ends_with(end) && *how == differs)
}

#[tokio::test]
async fn every_answer_has_what_the_description_names() {
    let Some(description) = Description::at_hand() else {
        println!("The published description is not at hand (TUTTI_OPENAPI names it): its check was left out.");
        return;
    };
    let server = Server::ideal().await;
    let account = server.sign_in_with("anna", &format!("{SCOPES} user-read-recently-played")).await;
    let catalogue = server.sim.catalogue().clone();
    let item = |place: usize| catalogue.item(catalogue.albums()[0].items[place]).clone();
    let episode = catalogue.item(catalogue.shows()[0].items[0]).clone();
    let (album, playlist) = (catalogue.albums()[0].id.clone(), catalogue.playlists()[0].id.clone());
    let (show, artist) = (catalogue.shows()[0].id.clone(), catalogue.artists()[0].id.clone());
    server
        .sim
        .hand("anna", Hand::Play { uri: Some(item(0).uri), context_uri: None, position_ms: Some(31_000) })
        .unwrap();
    server.sim.hand("anna", Hand::Next).unwrap();
    let all = "track,album,artist,playlist,show,episode";
    let rows = [
        ("/me", "/v1/me".to_owned()),
        ("/me/player", "/v1/me/player".to_owned()),
        ("/me/player/devices", "/v1/me/player/devices".to_owned()),
        ("/me/player/currently-playing", "/v1/me/player/currently-playing".to_owned()),
        ("/me/player/queue", "/v1/me/player/queue".to_owned()),
        ("/me/player/recently-played", "/v1/me/player/recently-played".to_owned()),
        ("/tracks/{id}", format!("/v1/tracks/{}", item(0).id)),
        ("/episodes/{id}", format!("/v1/episodes/{}", episode.id)),
        ("/albums/{id}", format!("/v1/albums/{album}")),
        ("/albums/{id}/tracks", format!("/v1/albums/{album}/tracks")),
        ("/artists/{id}", format!("/v1/artists/{artist}")),
        ("/playlists/{playlist_id}", format!("/v1/playlists/{playlist}")),
        ("/playlists/{playlist_id}/items", format!("/v1/playlists/{playlist}/items")),
        ("/shows/{id}", format!("/v1/shows/{show}")),
        ("/shows/{id}/episodes", format!("/v1/shows/{show}/episodes")),
        ("/search", format!("/v1/search?q=o&type={all}")),
    ];
    let mut breaches = Vec::new();
    for (path, asked) in &rows {
        let body = answer(&account, asked).await;
        description.compare(path, &body, &mut breaches);
    }
    server.sim.hand("anna", Hand::song(&episode.uri)).unwrap();
    let body = answer(&account, "/v1/me/player?additional_types=episode").await;
    description.compare("/me/player", &body, &mut breaches);
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn the_check_finds_what_is_missing_and_what_has_another_type() {
    let thing = json!({ "type": "object", "properties": {
        "name": { "type": "string" },
        "old": { "type": "string", "deprecated": true },
        "size": { "allOf": [{ "type": "integer" }] },
        "parts": { "type": "array", "items": { "type": "boolean" } },
        "by": { "type": "string", "nullable": true },
    }});
    let description = Description(json!({ "components": { "schemas": { "Thing": thing } } }));
    let schema = json!({ "$ref": "#/components/schemas/Thing" });
    let breaches = |value: Value| {
        let mut breaches = Vec::new();
        description.check(&schema, &value, "thing", &mut breaches);
        breaches
    };
    let good = json!({ "name": "a", "size": 1, "parts": [true], "by": null, "more": 1 });
    assert_eq!(breaches(good), [] as [String; 0]);
    let bad = json!({ "size": "1", "parts": [1], "by": "b" });
    let expected = ["thing.name is missing", "thing.parts[0] is no boolean: 1", "thing.size is no integer: \"1\""];
    assert_eq!(breaches(bad), expected);
}

async fn answer(account: &Account<'_>, path: &str) -> Value {
    let (status, body) = account.get(path).await;
    assert_eq!(status, 200, "{path}: {body}");
    body
}

/// Spotify's description in OpenAPI.
struct Description(Value);

impl Description {
    fn at_hand() -> Option<Self> {
        let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/facts/spotify-openapi.yml");
        let path = std::env::var_os("TUTTI_OPENAPI").map_or_else(|| PathBuf::from(beside), PathBuf::from);
        let text = fs::read_to_string(path).ok()?;
        let documents = Yaml::load_from_str(&text).unwrap();
        Some(Self(as_json(&documents[0])))
    }

    fn compare(&self, path: &str, body: &Value, breaches: &mut Vec<String>) {
        let mut response = &self.0["paths"][path]["get"]["responses"]["200"];
        while let Some(target) = response["$ref"].as_str() {
            response = self.target(target);
        }
        let schema = &response["content"]["application/json"]["schema"];
        assert!(schema.is_object(), "the description has no answer of GET {path}");
        self.check(schema, body, path, breaches);
    }

    fn check(&self, schema: &Value, value: &Value, place: &str, breaches: &mut Vec<String>) {
        let schema = self.flat(schema, value);
        if value.is_null() {
            if schema["nullable"] != true && !may(place, Differs::Null) {
                breaches.push(format!("{place} is null"));
            }
            return;
        }
        let kind = schema["type"].as_str().unwrap_or("object");
        let fits = match kind {
            "string" => value.is_string(),
            "integer" => value.is_i64() || value.is_u64(),
            "number" => value.is_number(),
            "boolean" => value.is_boolean(),
            "array" => value.is_array(),
            _ => value.is_object(),
        };
        if !fits {
            breaches.push(format!("{place} is no {kind}: {value}"));
            return;
        }
        if let Some(allowed) = schema["enum"].as_array()
            && !allowed.contains(value)
        {
            breaches.push(format!("{place} may not be {value}"));
        }
        for (index, value) in value.as_array().into_iter().flatten().enumerate() {
            self.check(&schema["items"], value, &format!("{place}[{index}]"), breaches);
        }
        if may(place, Differs::Inside) {
            return;
        }
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let place = format!("{place}.{name}");
            let deprecated = property["deprecated"] == true || self.flat(property, &Value::Null)["deprecated"] == true;
            match value.get(name) {
                _ if deprecated => {}
                Some(value) => self.check(property, value, &place, breaches),
                None if may(&place, Differs::LeftOut) || is_audiobook(&place) => {}
                None => breaches.push(format!("{place} is missing")),
            }
        }
    }

    /// The schema with its references followed and its parts put together; of several kinds the one of this value.
    fn flat(&self, schema: &Value, value: &Value) -> Value {
        if let Some(target) = schema["$ref"].as_str() {
            return self.flat(self.target(target), value);
        }
        if let Some(kinds) = schema["oneOf"].as_array() {
            let flat = kinds.iter().map(|kind| self.flat(kind, value));
            let fits = |kind: &Value| kind["properties"]["type"]["enum"][0] == value["type"];
            return flat.clone().find(fits).or_else(|| flat.clone().next()).unwrap_or(Value::Null);
        }
        let mut whole = schema.as_object().cloned().unwrap_or_default();
        let mut properties = Map::new();
        for part in schema["allOf"].as_array().into_iter().flatten() {
            for (name, field) in self.flat(part, value).as_object().into_iter().flatten() {
                match (name.as_str(), field) {
                    ("properties", Value::Object(fields)) => properties.extend(fields.clone()),
                    _ => {
                        whole.entry(name.clone()).or_insert_with(|| field.clone());
                    }
                }
            }
        }
        if let Some(own) = schema["properties"].as_object() {
            properties.extend(own.clone());
        }
        whole.insert("properties".to_owned(), Value::Object(properties));
        Value::Object(whole)
    }

    fn target(&self, reference: &str) -> &Value {
        let pointer = reference.strip_prefix('#').unwrap();
        self.0.pointer(pointer).unwrap_or_else(|| panic!("the description has no {reference}"))
    }
}

/// No audiobook was searched for.
fn is_audiobook(place: &str) -> bool {
    place == "/search.audiobooks"
}

fn as_json(node: &Yaml<'_>) -> Value {
    if let Some(fields) = node.as_mapping() {
        let fields = fields.iter().map(|(name, value)| (key(name), as_json(value)));
        return Value::Object(fields.collect());
    }
    if let Some(values) = node.as_sequence() {
        return values.iter().map(as_json).collect();
    }
    if let Some(number) = node.as_integer() {
        return json!(number);
    }
    if let Some(number) = node.as_floating_point() {
        return json!(number);
    }
    if let Some(flag) = node.as_bool() {
        return json!(flag);
    }
    node.as_str().map_or(Value::Null, |text| json!(text))
}

fn key(node: &Yaml<'_>) -> String {
    node.as_str().map_or_else(|| node.as_integer().unwrap_or_default().to_string(), str::to_owned)
}
