//! A member of another process, as far as it is told, in the same form as one of this process.

use std::sync::Arc;

use tutti_core::playback::Item;
use tutti_core::reading::Device;
use tutti_core::standing::{Player, View};
use tutti_core::time::{RoomTime, Span};
use tutti_core::wire::shown::Seen;

/// As of `now` of the room's clock.
pub fn view(seen: Seen, now: RoomTime) -> View {
    let player = seen.player.map(|player| {
        let ran = if player.playing { player.speed.run(now - player.at) } else { Span::ZERO };
        Player {
            item: Arc::new(Item {
                uri: String::new(),
                title: player.title,
                by: String::new(),
                album: String::new(),
                cover: None,
                link: None,
                duration: player.duration,
                isrc: None,
                episode: false,
            }),
            playing: player.playing,
            position: (player.position + ran).clamp(Span::ZERO, player.duration.max(Span::ZERO)),
            speed: player.speed,
        }
    });
    View {
        standing: seen.standing,
        timing: seen.timing,
        trim: seen.trim,
        player,
        device: seen.device.map(|name| Device { id: None, name, restricted: false }),
        trouble: seen.trouble,
    }
}
