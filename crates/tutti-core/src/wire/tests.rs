//! The protocol, message by message.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::playback::Playback;
use crate::time::Span;

#[test]
fn messages_read_as_they_were_written() {
    let messages = [
        ToHub::Ping { sent_us: -5 },
        ToHub::Presence(PresenceSent::InPlace { off_us: 12 }),
        ToHub::MayLead { who: WhoLeads::Members(vec![1, 2]) },
        ToHub::Bye,
    ];
    for message in messages {
        assert_eq!(read_to_hub(&write(&message)).unwrap(), message);
    }
    assert_eq!(write(&ToHub::Ping { sent_us: 7 }), r#"{"type":"ping","sent_us":7}"#);
    let presence = write(&ToHub::Presence(PresenceSent::Away));
    assert_eq!(presence, r#"{"type":"presence","state":"away"}"#);
}

#[test]
fn what_later_versions_add_is_passed_over() {
    let message = read_to_hub(r#"{"type":"ping","sent_us":7,"colour":"blue"}"#);

    assert_eq!(message.unwrap(), ToHub::Ping { sent_us: 7 });
    let refusal: Refusal = serde_json::from_str(r#"{"code":"of_tomorrow"}"#).unwrap();
    assert_eq!(refusal.code, Trouble::Other);
}

#[test]
fn what_is_no_message_is_named() {
    let code = |text: &str| read_to_hub(text).unwrap_err().code;

    assert_eq!(code("no"), Trouble::Malformed);
    assert_eq!(code("[1]"), Trouble::Malformed);
    assert_eq!(code(r#"{"type":"dance"}"#), Trouble::UnknownMessage);
    assert_eq!(code(r#"{"type":"ping"}"#), Trouble::UnknownMessage, "without what belongs to it");
    assert_eq!(code(&format!(r#"{{"type":"{}"}}"#, "x".repeat(MOST_BYTES))), Trouble::TooLong);
    assert_eq!(code(r#"{"type":"ping","sent_us":1e99}"#), Trouble::UnknownMessage);
}

#[test]
fn a_peers_numbers_are_kept_within_reason() {
    let text = format!(
        r#"{{"item":{{"uri":"u","title":"{}","by":"b","duration_us":{}}},"playing":true,
        "position_us":{},"at_us":{},"speed_ppm":0,"bound_us":-4}}"#,
        "t".repeat(5_000),
        i64::MAX,
        i64::MIN,
        i64::MAX
    );

    let playback = Playback::from(serde_json::from_str::<PlaybackSent>(&text).unwrap());

    assert_eq!(playback.item.title.len(), 300);
    assert_eq!(playback.item.duration, Span::from_secs(86_400));
    assert_eq!((playback.bound, playback.speed.as_ppm()), (Span::ZERO, 500_000));
    assert!(playback.position >= Span::from_secs(-86_400) && playback.at.as_micros() == 1 << 53);
}

#[test]
fn the_longest_playback_fits_into_a_message() {
    let item = parts::ItemSent {
        uri: "spotify:track:4uLU6hMCjMI75M1A2tKUQC".into(),
        title: "A title that is rather longer than most titles are (Remastered 2011)".into(),
        by: "An Artist, Another Artist and the Rest of the Orchestra".into(),
        album: "An album with a name of some length (Deluxe Edition)".into(),
        cover: Some("https://i.scdn.co/image/ab67616d0000b273c5649add07ed3720be9d5526".into()),
        link: Some("https://open.spotify.com/track/4uLU6hMCjMI75M1A2tKUQC".into()),
        duration_us: 240_000_000,
        isrc: Some("GBAYE0601498".into()),
        episode: false,
    };
    let playback = PlaybackSent {
        next: vec![item.clone(); 20],
        item,
        playing: true,
        position_us: 1,
        at_us: 1 << 50,
        speed_ppm: 1_000_000,
        speed_known: true,
        bound_us: 30_000,
        next_known: true,
    };

    let text = write(&ToHub::Publish { epoch: 1 << 40, playback });

    assert!(text.len() < MOST_BYTES, "{} bytes", text.len());
}

#[test]
fn a_standing_reads_the_same_wherever_its_type_stands() {
    let first = r#"{"type":"standing","standing":"in_place","error_us":5,"device":"Kitchen"}"#;
    let last = r#"{"standing":"in_place","error_us":5,"device":"Kitchen","type":"standing"}"#;

    assert_eq!(read_to_hub(first).unwrap(), read_to_hub(last).unwrap());
    assert_eq!(
        read_to_hub(r#"{"type":"standing","standing":"upside_down"}"#).unwrap_err().code,
        Trouble::UnknownMessage
    );
    let long = format!(r#"{{"type":"standing","standing":"away","device":"{}"}}"#, "x".repeat(MOST_BYTES));
    assert_eq!(read_to_hub(&long).unwrap_err().code, Trouble::TooLong);
}

#[test]
fn of_very_long_texts_as_many_go_along_as_fit_and_the_nearest_first() {
    let long = |number: usize| {
        let mut item =
            serde_json::from_str::<parts::ItemSent>(r#"{"uri":"u","title":"t","by":"b","duration_us":1000000}"#)
                .unwrap();
        (item.uri, item.title, item.by) = (format!("u{number}"), "\u{1}".repeat(300), "é".repeat(300));
        std::sync::Arc::new(crate::playback::Item::from(item))
    };
    let playback = Playback {
        item: long(0),
        playing: true,
        position: Span::ZERO,
        at: crate::time::RoomTime::default(),
        speed: crate::speed::Speed::NORMAL,
        speed_known: true,
        bound: Span::ZERO,
        next: (1..=20).map(long).collect(),
        next_known: true,
    };

    let sent = PlaybackSent::from(&playback);
    let text = write(&ToHub::Publish { epoch: 1, playback: sent.clone() });

    assert!(text.len() <= MOST_BYTES, "{} bytes", text.len());
    assert!(!sent.next.is_empty() && sent.next[0].uri == "u1");
}
