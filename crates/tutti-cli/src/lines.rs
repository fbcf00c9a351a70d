//! A room as lines: for logs, for programs, and the report of a headless demo in words.

use std::io;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;
use tutti_app::api::{Member, Room, Snapshot};
use tutti_app::texts::t;

use crate::out;
use crate::table::{position, worth_a_line};

/// One line of JSON a second.
#[derive(Default)]
pub struct Json {
    last: Option<Instant>,
}

/// A line when something changes that is worth one, and every ten seconds.
#[derive(Default)]
pub struct Plain {
    last: Option<(Instant, String)>,
}

const JSON_EVERY: Duration = Duration::from_secs(1);
const PLAIN_EVERY: Duration = Duration::from_secs(10);

impl Json {
    pub fn show(&mut self, snapshot: &Snapshot, age: Duration) -> io::Result<()> {
        let Some(room) = snapshot.room.as_ref().filter(|_| is_due(self.last, JSON_EVERY)) else { return Ok(()) };
        self.last = Some(Instant::now());
        let ran_ms = age.as_secs_f64() * 1e3;
        let leader = room.members.iter().find(|member| member.leads);
        let line = json!({
            "leader": leader.map(|member| &member.name),
            "epoch": room.epoch,
            "item": room.now_playing.as_ref().map(|item| json!({
                "uri": item.uri, "title": item.title, "by": item.by, "playing": item.playing,
                "position_ms": run_on(item.position_ms, item.duration_ms, item.playing, ran_ms),
                "duration_ms": item.duration_ms,
            })),
            "members": room.members.iter().map(|member| member_json(member, ran_ms)).collect::<Value>(),
            "requests_minute": room.requests_minute,
            "rations": snapshot.rations,
            "connection": room.network.as_ref().map(|network| &network.connection.code),
            "other_server": snapshot.other_server,
            "notices": snapshot.notices.iter().map(|notice| &notice.text).collect::<Vec<_>>(),
        });
        out::line(&line.to_string())
    }
}

fn member_json(member: &Member, ran_ms: f64) -> Value {
    json!({
        "name": member.name,
        "account": member.account,
        "leads": member.leads,
        "title": member.player.as_ref().and_then(|player| player.title.as_ref()),
        "playing": member.player.as_ref().map(|player| player.playing),
        "position_ms": member.player.as_ref()
            .map(|player| run_on(player.position_ms, player.duration_ms, player.playing, ran_ms)),
        "timing_error_ms": member.timing.map(|timing| timing.error_ms),
        "bound_ms": member.timing.map(|timing| timing.bound_ms),
        "status": member.status.code,
        "here": member.place.as_ref().map(|place| place.drives_here),
        "devices": member.place.as_ref().map(|place| &place.devices),
        "reconnecting": member.place.as_ref().map(|place| place.reconnecting),
        "trouble": member.trouble.as_ref().map(|trouble| &trouble.text),
    })
}

fn run_on(position_ms: f64, duration_ms: f64, playing: bool, ran_ms: f64) -> f64 {
    if playing { (position_ms + ran_ms).min(duration_ms) } else { position_ms }
}

impl Plain {
    pub fn show(&mut self, snapshot: &Snapshot) -> io::Result<()> {
        let Some(room) = &snapshot.room else { return Ok(()) };
        let rations: Vec<_> = worth_a_line(&snapshot.rations).collect();
        let waiting: Vec<_> = snapshot.rations.iter().map(|ration| ration.wait_until_ms.is_some()).collect();
        let state = format!("{} {waiting:?}", state(room));
        let changed = self.last.as_ref().is_none_or(|(_, last)| *last != state);
        if !changed && !is_due(self.last.as_ref().map(|(at, _)| *at), PLAIN_EVERY) {
            return Ok(());
        }
        self.last = Some((Instant::now(), state));
        out::line(&line(room))?;
        for member in &room.members {
            if let Some(trouble) = &member.trouble {
                out::line(&format!("  {}: {}", member.name, trouble.text))?;
            }
        }
        for ration in rations {
            out::line(&format!("  {ration}"))?;
        }
        Ok(())
    }
}

/// What makes a new line: who leads what, and who has which trouble; not the numbers.
fn state(room: &Room) -> String {
    let item = room.now_playing.as_ref().map(|item| (&item.title, item.playing));
    let troubles: Vec<_> =
        room.members.iter().map(|member| member.trouble.as_ref().map(|trouble| &trouble.code)).collect();
    format!("{:?} {} {item:?} {troubles:?}", room.leader, room.epoch)
}

fn line(room: &Room) -> String {
    let mut parts = Vec::new();
    if let Some(item) = &room.now_playing {
        parts.push(item.title.clone());
    }
    for member in &room.members {
        let at = member.player.as_ref().map(|player| position(player, Duration::ZERO)).unwrap_or_default();
        let how = match &member.timing {
            _ if member.leads => t("room.leads", &[]),
            Some(timing) => format!("{:+.0} ms", timing.error_ms).replace('-', "−"),
            None => member.status.text.clone(),
        };
        let words = [member.name.as_str(), &at, &how];
        parts.push(words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" "));
    }
    parts.join(" · ")
}

fn is_due(last: Option<Instant>, every: Duration) -> bool {
    last.is_none_or(|last| last.elapsed() >= every)
}

/// A report as `name value` lines, nested names joined by a blank.
pub fn report(value: &Value) -> String {
    let mut lines = String::new();
    flatten("", value, &mut lines);
    lines
}

fn flatten(name: &str, value: &Value, lines: &mut String) {
    match value {
        Value::Object(fields) => {
            for (field, value) in fields {
                let name = if name.is_empty() { field.clone() } else { format!("{name} {field}") };
                flatten(&name, value, lines);
            }
        }
        Value::Null => lines.push_str(&format!("{name:<44} –\n")),
        Value::String(text) => lines.push_str(&format!("{name:<44} {text}\n")),
        other => lines.push_str(&format!("{name:<44} {other}\n")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_reads_line_by_line() {
        let text = report(&json!({ "spread_ms": { "p50": 12.5, "max": null }, "rules": "tutti" }));

        let words: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
        assert!(words.contains(&vec!["spread_ms", "p50", "12.5"]), "{text}");
        assert!(words.contains(&vec!["spread_ms", "max", "–"]), "{text}");
    }

    #[test]
    fn a_position_runs_on_only_while_playing_and_not_past_the_end() {
        assert_eq!(run_on(1_000.0, 1_500.0, true, 200.0), 1_200.0);
        assert_eq!(run_on(1_000.0, 1_100.0, true, 200.0), 1_100.0);
        assert_eq!(run_on(1_000.0, 1_500.0, false, 200.0), 1_000.0);
    }
}
