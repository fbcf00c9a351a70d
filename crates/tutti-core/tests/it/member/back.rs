//! A leader who is back after the room's item ended.

use super::*;

/// It leads a room that plays "a" from 0 on, and cannot be read from 3 s on.
fn leading() -> Table {
    let mut table = Table::new();
    table.room(RoomState { leader: Some(ME), ..led_by_other("a", 0, 1) }, 0);
    for asked in [1_000, 3_000] {
        table.read(&Script::playing("a", 0, 0), asked);
    }
    table.put(Input::Suspended, 207_900);
    (table.told, table.commands) = (Vec::new(), Vec::new());
    table
}

#[test]
fn whose_music_stood_meanwhile_goes_where_the_list_has_the_room_and_takes_nobody_back() {
    let mut table = leading();
    table.read(&Script::playing("a", 20_000, 0), 208_000);
    assert!(table.told.is_empty(), "{:?}", table.told);
    let CommandKind::Play { uris, position } = &table.commands[0].kind else { panic!("{:?}", table.commands) };
    assert_eq!(uris[0], "spotify:track:next");
    assert!((*position - ms(8_300)).abs() < ms(500), "{position:?}");
}

#[test]
fn whose_music_went_on_by_the_list_meanwhile_says_so_at_once_and_is_left_alone() {
    let mut table = leading();
    table.read(&Script::playing("next", 200_400, 0), 208_000);
    let [MemberToHub::Publish { playback, .. }] = &table.told[..] else { panic!("{:?}", table.told) };
    assert_eq!(playback.item.uri, "spotify:track:next");
    assert!(table.commands.is_empty(), "{:?}", table.commands);
}
