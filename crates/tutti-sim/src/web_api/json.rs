//! The JSON of items, contexts, devices and players, written from Spotify's published description.
//!
//! Items and contexts never change, so their JSON is written once; an answer puts the pieces together.

mod lists;
mod objects;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use serde_json::json;

use crate::catalogue::{Catalogue, ContextRef, ItemKind, ItemRef, Market};
use crate::player::{DeviceView, Report, Shown};
use objects::Writer;

pub(super) use lists::Page;
pub(super) use objects::cover_url;

/// JSON of everything in the catalogue.
pub(super) struct Fragments {
    catalogue: Arc<Catalogue>,
    base_url: String,
    /// As Germany has them.
    items: Vec<String>,
    /// Those that another market has differently.
    elsewhere: BTreeMap<(ItemRef, Market), String>,
    contexts: BTreeMap<ContextRef, String>,
}

impl Fragments {
    pub(super) fn new(catalogue: &Arc<Catalogue>, base_url: &str) -> Self {
        let writer = |market| Writer { catalogue, base_url, market };
        let home = writer(Market::De);
        let differs =
            |item, market| catalogue.relinked_id(item, market).is_some() || !catalogue.is_available(item, market);
        let elsewhere = Market::ALL
            .into_iter()
            .flat_map(|market| catalogue.refs().map(move |item| (item, market)))
            .filter(|&(item, market)| differs(item, market))
            .map(|(item, market)| ((item, market), writer(market).item(item).to_string()))
            .collect();
        let contexts = (0..catalogue.albums().len()).map(ContextRef::Album);
        let contexts = contexts
            .chain((0..catalogue.playlists().len()).map(ContextRef::Playlist))
            .chain((0..catalogue.shows().len()).map(ContextRef::Show))
            .chain((0..catalogue.artists().len()).map(ContextRef::Artist));
        Self {
            items: catalogue.refs().map(|item| home.item(item).to_string()).collect(),
            elsewhere,
            contexts: contexts.map(|context| (context, home.context(context).to_string())).collect(),
            catalogue: catalogue.clone(),
            base_url: base_url.to_owned(),
        }
    }

    /// The body of GET /me/player. Episodes are null unless they were asked for.
    pub(super) fn player(&self, report: &Report, episodes: bool) -> String {
        let mut shown = device_value(&report.device);
        if report.new_words {
            shown["type"] = json!("Refrigerator");
        }
        let rest = self.playing(report, episodes);
        let (repeat, shuffle, smart) = (report.repeat.name(), report.shuffle, report.smart_shuffle);
        format!(
            r#"{{"device":{shown},"repeat_state":"{repeat}","shuffle_state":{shuffle},"smart_shuffle":{smart},{rest}}}"#
        )
    }

    /// The body of GET /me/player/currently-playing.
    pub(super) fn currently_playing(&self, report: &Report, episodes: bool) -> String {
        format!("{{{}}}", self.playing(report, episodes))
    }

    /// The body of GET /me/player/queue.
    pub(super) fn queue(&self, current: Option<ItemRef>, next: &[ItemRef], market: Market) -> String {
        let next: Vec<&str> = next.iter().map(|&item| self.item(item, market)).collect();
        let current = current.map_or("null", |item| self.item(item, market));
        format!(r#"{{"currently_playing":{current},"queue":[{}]}}"#, next.join(","))
    }

    pub(super) fn item(&self, item: ItemRef, market: Market) -> &str {
        self.elsewhere.get(&(item, market)).unwrap_or(&self.items[item.index()])
    }

    /// A Context object, or null.
    pub(super) fn context(&self, context: Option<ContextRef>) -> &str {
        context.and_then(|context| self.contexts.get(&context)).map_or("null", String::as_str)
    }

    fn playing(&self, report: &Report, episodes: bool) -> String {
        let kind = report.item.map(|item| self.catalogue.item(item).kind);
        let shown = report.item.filter(|_| episodes || kind != Some(ItemKind::Episode));
        let item = shown.map_or("null", |item| self.item(item, report.market));
        let mut context = self.context(report.context);
        let mut kind = match (report.kind, kind) {
            (Shown::Ad, _) => "ad",
            (Shown::Unknown, _) | (_, None) => "unknown",
            (_, Some(ItemKind::Track | ItemKind::Local)) => "track",
            (_, Some(ItemKind::Episode)) => "episode",
        };
        let mut disallows: Vec<&str> = report.disallows.clone();
        if report.new_words {
            kind = "hologram";
            context = r#"{"external_urls":{},"href":null,"type":"mood","uri":"spotify:mood:1"}"#;
            disallows.push("levitating");
        }
        let disallows: Vec<String> = disallows.iter().map(|name| format!(r#""{name}":true"#)).collect();
        let mut body = String::with_capacity(item.len() + context.len() + 256);
        // Writing to a String cannot fail.
        let _ = write!(body, r#""context":{context},"timestamp":{},"#, report.timestamp_ms);
        let _ = match report.progress_ms {
            Some(progress_ms) => write!(body, r#""progress_ms":{progress_ms},"#),
            None => write!(body, r#""progress_ms":null,"#),
        };
        let _ = write!(
            body,
            r#""item":{item},"currently_playing_type":"{kind}","actions":{{"disallows":{{{}}}}},"is_playing":{}"#,
            disallows.join(","),
            report.playing,
        );
        body
    }

    fn writer(&self, market: Market) -> Writer<'_> {
        Writer { catalogue: &self.catalogue, base_url: &self.base_url, market }
    }
}

/// A Device object.
pub(super) fn device(device: &DeviceView) -> String {
    device_value(device).to_string()
}

fn device_value(device: &DeviceView) -> serde_json::Value {
    json!({
        "id": device.id,
        "is_active": device.active,
        "is_private_session": device.private_session,
        "is_restricted": device.restricted,
        "name": device.name,
        "type": device.kind,
        "volume_percent": device.volume_percent,
        "supports_volume": device.volume_percent.is_some(),
    })
}
