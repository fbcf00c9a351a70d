//! A room as a table: member, leader, item, position, timing error, and what is wrong.

use std::time::Duration;

use tutti_app::api::{Member, Player, Ration, Room, Snapshot};
use tutti_app::texts::t;

use crate::screen::{cut, fit};

/// Widths of the columns that do not stretch: lead mark, name, position, timing error.
const MARK: usize = 2;
const NAME: usize = 14;
const POSITION: usize = 15;
const TIMING: usize = 18;

/// Less than about an hour of a lively room.
const FEW_TODAY: u32 = 3_000;

/// The lines to draw; `age` is how old the snapshot is.
pub fn table(snapshot: &Snapshot, age: Duration, width: usize) -> Vec<String> {
    let Some(room) = &snapshot.room else { return Vec::new() };
    let mut lines = vec![cut(&heading(room), width), String::new(), header(width)];
    for member in &room.members {
        lines.push(row(member, age, width));
        if let Some(trouble) = &member.trouble {
            lines.push(cut(&format!("     {}", trouble.text), width));
        }
    }
    lines.push(String::new());
    let requests = room.requests_minute.to_string();
    lines.push(cut(&t("room.requests", &[("count", &requests), ("ration", &room.ration)]), width));
    lines.extend(worth_a_line(&snapshot.rations).map(|line| cut(&line, width)));
    if let Some(address) = &snapshot.other_server {
        lines.push(cut(&t("app.other_server", &[("address", address)]), width));
    }
    if let Some(mark) = room.history.marks.last() {
        lines.push(cut(&mark.text, width));
    }
    for notice in &snapshot.notices {
        lines.push(cut(&notice.text, width));
    }
    lines.push(cut(&t("cli.ctrl_c", &[]), width));
    lines
}

/// A line a client id whose requests Spotify asked to wait, or all of them when there are few left.
pub fn worth_a_line(rations: &[Ration]) -> impl Iterator<Item = String> {
    let worth_saying = |ration: &&Ration| ration.wait_until_ms.is_some() || ration.left_today < FEW_TODAY;
    rations.iter().filter(worth_saying).map(|ration| format!("{}: {}", ration.accounts.join(", "), ration.text))
}

fn heading(room: &Room) -> String {
    match &room.now_playing {
        Some(item) => format!("{} · {}", item.title, item.by),
        None => t("now.nothing", &[]),
    }
}

/// What is left for the item and the status, half each.
fn stretch(width: usize) -> (usize, usize) {
    let left = width.saturating_sub(MARK + NAME + POSITION + TIMING + 4);
    (left - left / 2, left / 2)
}

fn header(width: usize) -> String {
    let (item, status) = stretch(width);
    let cell = |key, width| fit(&t(key, &[]), width);
    cut(
        &format!(
            "{}{} {} {} {} {}",
            " ".repeat(MARK),
            cell("cli.table.member", NAME),
            cell("cli.table.item", item),
            cell("cli.table.position", POSITION),
            cell("cli.table.timing", TIMING),
            cell("cli.table.status", status)
        ),
        width,
    )
}

fn row(member: &Member, age: Duration, width: usize) -> String {
    let (item, status) = stretch(width);
    let title = member.player.as_ref().and_then(|player| player.title.as_deref()).unwrap_or("–");
    let line = format!(
        "{}{} {} {} {} {}",
        fit(if member.leads { "▶" } else { "" }, MARK),
        fit(&member.name, NAME),
        fit(title, item),
        fit(&member.player.as_ref().map_or("–".to_owned(), |player| position(player, age)), POSITION),
        fit(&timing(member), TIMING),
        fit(&member.status.text, status)
    );
    cut(line.trim_end(), width)
}

pub fn position(player: &Player, age: Duration) -> String {
    let ran_ms = if player.playing { age.as_secs_f64() * 1e3 } else { 0.0 };
    let at = (player.position_ms + ran_ms).min(player.duration_ms);
    let pause = if player.playing { "" } else { " ‖" };
    format!("{} / {}{pause}", clock(at), clock(player.duration_ms))
}

fn timing(member: &Member) -> String {
    match &member.timing {
        Some(_) if member.leads => t("cli.table.leader", &[]),
        Some(timing) => format!("{:+.0} ms ± {:.0}", timing.error_ms, timing.bound_ms).replace('-', "−"),
        None => "–".to_owned(),
    }
}

fn clock(ms: f64) -> String {
    let seconds = (ms / 1e3).max(0.0) as u64;
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_run_on_while_playing_and_stop_at_the_end() {
        let player =
            |playing| Player { title: None, playing, position_ms: 61_000.0, duration_ms: 63_000.0, speed: 1.0 };

        assert_eq!(position(&player(true), Duration::from_secs(1)), "1:02 / 1:03");
        assert_eq!(position(&player(true), Duration::from_secs(9)), "1:03 / 1:03");
        assert_eq!(position(&player(false), Duration::from_secs(9)), "1:01 / 1:03 ‖");
    }

    #[test]
    fn a_ration_gets_a_line_when_spotify_asked_to_wait_or_little_is_left() {
        let ration = |wait_until_ms, left_today, text: &str| Ration {
            accounts: vec!["Ana".into(), "Ben".into()],
            left_now: 9,
            left_today,
            wait_until_ms,
            text: text.into(),
        };
        let rations = [ration(None, 9_000, "plenty"), ration(Some(1.0), 9_000, "a wait"), ration(None, 100, "few")];

        let lines: Vec<_> = worth_a_line(&rations).collect();

        assert_eq!(lines, ["Ana, Ben: a wait", "Ana, Ben: few"]);
    }
}
