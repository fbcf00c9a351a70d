//! What may never be sent, whatever goes wrong: told from the log of everything that was.

use std::collections::BTreeMap;

use super::wire::Sent;

/// Requests of one client id in any 30 s, in any hour.
const LEDGER: [(i64, usize); 2] = [(30_000_000, 45), (3_600_000_000, 3_000)];
/// The wait after a 429 that does not say how long.
const UNSAID_S: i64 = 60;
/// A request is counted when it may go out, and goes out when its access token has been renewed.
const RENEWAL_US: i64 = 3_000_000;
/// Instants are kept to the microsecond, timers to the millisecond.
const TICK_US: i64 = 2_000;

/// A sentence for each breach.
pub fn breaches(sent: &[Sent]) -> Vec<String> {
    let mut of_client: BTreeMap<&str, Vec<&Sent>> = BTreeMap::new();
    for request in sent {
        if let Some(client_id) = &request.client_id {
            of_client.entry(client_id).or_default().push(request);
        }
    }
    let mut found = Vec::new();
    for (client_id, sent) in of_client {
        found.extend(within_a_wait(&sent).map(|what| format!("{client_id}: {what}")));
        found.extend(beyond_the_ledger(&sent).map(|what| format!("{client_id}: {what}")));
    }
    found
}

/// Until when this answer asks us to wait, on the simulator's clock.
pub fn waits_until_us(request: &Sent) -> Option<i64> {
    let wait_s = request.retry_after_s.unwrap_or(UNSAID_S);
    request.answered_us.filter(|_| request.status == 429).map(|from_us| from_us + wait_s * 1_000_000)
}

/// Nothing goes out before the time that Spotify asked for.
fn within_a_wait<'a>(sent: &'a [&Sent]) -> impl Iterator<Item = String> + use<'a> {
    sent.iter().filter_map(|refused| {
        let (from_us, until_us) = (refused.answered_us?, waits_until_us(refused)?);
        let early = sent.iter().find(|request| from_us < request.at_us && request.at_us < until_us - TICK_US)?;
        Some(format!("{} {} sent {} ms before its time", early.method, early.target, (until_us - early.at_us) / 1_000))
    })
}

/// No window holds more than the ledger allows. What was answered with 401 was sent once more, with another token.
fn beyond_the_ledger<'a>(sent: &'a [&Sent]) -> impl Iterator<Item = String> + use<'a> {
    let counted: Vec<i64> = sent.iter().filter(|request| request.status != 401).map(|request| request.at_us).collect();
    LEDGER.into_iter().filter_map(move |(window_us, most)| {
        let over = (most..counted.len()).find(|&last| counted[last] - counted[last - most] < window_us - RENEWAL_US)?;
        Some(format!("more than {most} requests in {} s, at {} s", window_us / 1_000_000, counted[over] / 1_000_000))
    })
}

/// A command that was accepted is not sent again before the player was looked at, and the look was answered.
pub fn blindly_repeated(sent: &[Sent]) -> Vec<String> {
    let is_command = |request: &&(usize, &Sent)| request.1.method != "GET" && request.1.user.is_some();
    let numbered: Vec<(usize, &Sent)> = sent.iter().enumerate().collect();
    let commands: Vec<(usize, &Sent)> = numbered.iter().filter(is_command).copied().collect();
    let mut found = Vec::new();
    for (place, &(at, command)) in commands.iter().enumerate() {
        if !(200..300).contains(&command.status) {
            continue;
        }
        let same = |other: &Sent| other.user == command.user && what(other) == what(command);
        let Some((again_at, again)) = commands[place + 1..].iter().find(|(_, other)| same(other)) else { continue };
        let looked = |look: &Sent| {
            look.user == command.user
                && look.target.starts_with("/v1/me/player?")
                && look.method == "GET"
                && look.at_us >= command.at_us
                && look.answered_us.is_some_and(|answered_us| answered_us <= again.at_us)
        };
        if !sent[at..*again_at].iter().any(looked) {
            found.push(format!(
                "{:?}: {} {} {} sent again after {} ms without a look",
                command.user,
                command.method,
                command.target,
                command.body,
                (again.at_us - command.at_us) / 1_000
            ));
        }
    }
    found
}

/// Kind and target of a command, without the position, which moves on by itself.
fn what(command: &Sent) -> (String, String, Option<String>) {
    let path = command.target.split('?').next().unwrap_or_default().to_owned();
    let body: Option<serde_json::Value> = serde_json::from_str(&command.body).ok();
    let uri = body.and_then(|body| body["uris"][0].as_str().map(str::to_owned));
    let uri = uri.or_else(|| command.target.split("uri=").nth(1).map(str::to_owned));
    (command.method.clone(), path, uri)
}

#[test]
fn what_may_not_be_sent_is_found() {
    let request = |at_s: i64, method: &str, target: &str, status| Sent {
        at_us: at_s * 1_000_000,
        answered_us: Some(at_s * 1_000_000 + 100_000),
        user: Some("ben".into()),
        client_id: Some("id".into()),
        method: method.into(),
        target: target.into(),
        body: String::new(),
        status,
        retry_after_s: (status == 429).then_some(10),
    };
    let look = |at_s, status| request(at_s, "GET", "/v1/me/player?additional_types=track", status);
    let pause = |at_s| request(at_s, "PUT", "/v1/me/player/pause", 204);

    assert!(breaches(&[look(0, 429), look(11, 200)]).is_empty());
    assert!(breaches(&[look(0, 429), look(9, 200)])[0].contains("before its time"));
    assert!(blindly_repeated(&[pause(0), look(1, 200), pause(2)]).is_empty());
    assert!(blindly_repeated(&[pause(0), pause(2)])[0].contains("without a look"));
    let crowd: Vec<Sent> = (0..46).map(|nth| look(nth / 2, 200)).collect();
    assert!(breaches(&crowd)[0].contains("more than 45"));
    assert!(breaches(&crowd[1..]).is_empty());
}
