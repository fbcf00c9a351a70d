//! What is told outside of the window: who took over, whether the session can be reached, whose sign-in is needed.
//!
//! Only while the window is not looked at, and grouped: never two within ten seconds.

use std::time::Duration;

use tokio::time::Instant;

use crate::api::{Room, Snapshot};
use crate::texts::t;

/// Between two notifications.
const APART: Duration = Duration::from_secs(10);
/// News wait this long for others that come with them, or take them back.
const GATHER: Duration = Duration::from_secs(1);

/// News of a kind takes the place of older news of that kind.
#[derive(Debug, Clone, PartialEq, Eq)]
enum News {
    Leads(String),
    Lost,
    Back,
    SignIn(String),
    /// Whose sign-in ends, in words.
    Ends(String),
}

/// Collects what is to be told until it may be.
#[derive(Debug, Default)]
pub struct Announcer {
    news: Vec<News>,
    due: Option<Instant>,
    last: Option<Instant>,
}

impl Announcer {
    /// What happened between two snapshots, while nobody looked.
    pub fn between(&mut self, before: &Snapshot, after: &Snapshot, now: Instant) {
        let news = [takeover, reached].map(|news| news(before.room.as_ref()?, after.room.as_ref()?));
        for news in news.into_iter().flatten() {
            self.add(news, now);
        }
        for name in sign_ins(after) {
            if !sign_ins(before).contains(&name) {
                self.add(News::SignIn(name), now);
            }
        }
    }

    /// A sign-in ends in so many days, and nobody looks.
    pub fn ends(&mut self, name: &str, days: i64, now: Instant) {
        let words = match days {
            0 => t("tell.sign_in_ends_today", &[("name", name)]),
            days => t("tell.sign_in_ends", &[("name", name), ("days", &days.to_string())]),
        };
        self.add(News::Ends(words), now);
    }

    /// Somebody looks at the window, or wants to hear of nothing.
    pub fn forget(&mut self) {
        self.news.clear();
        self.due = None;
    }

    /// When something is to be told; for ever while nothing is.
    pub async fn due(&self) {
        match self.due {
            Some(at) => tokio::time::sleep_until(at).await,
            None => std::future::pending().await,
        }
    }

    /// What is to be told now, a line each.
    pub fn take(&mut self, now: Instant) -> Option<String> {
        self.due.take().filter(|due| *due <= now)?;
        self.last = Some(now);
        let lines: Vec<String> = self.news.drain(..).map(words).collect();
        Some(lines.join("\n"))
    }

    fn add(&mut self, news: News, now: Instant) {
        let took_back = news == News::Back && self.news.contains(&News::Lost);
        self.news.retain(|known| match (known, &news) {
            (News::SignIn(known), News::SignIn(new)) | (News::Ends(known), News::Ends(new)) => known != new,
            (News::SignIn(_) | News::Ends(_), _) | (_, News::SignIn(_) | News::Ends(_)) => true,
            (News::Leads(_), other) => !matches!(other, News::Leads(_)),
            (News::Lost | News::Back, other) => matches!(other, News::Leads(_)),
        });
        if !took_back {
            self.news.push(news);
        }
        if self.news.is_empty() {
            self.due = None;
            return;
        }
        let free = self.last.map_or(now, |last| last + APART);
        self.due.get_or_insert(free.max(now + GATHER));
    }
}

/// Somebody else leads, who is not at this computer.
fn takeover(before: &Room, after: &Room) -> Option<News> {
    before.leader.filter(|_| after.epoch > before.epoch && after.leader != before.leader)?;
    let leads = after.members.iter().find(|member| member.leads)?;
    let here = leads.place.as_ref().is_some_and(|place| place.here);
    (!here).then(|| News::Leads(leads.name.clone()))
}

fn reached(before: &Room, after: &Room) -> Option<News> {
    let connected = |room: &Room| room.network.as_ref().map(|network| network.connection.code == "connected");
    match (connected(before)?, connected(after)?) {
        (true, false) => Some(News::Lost),
        (false, true) => Some(News::Back),
        _ => None,
    }
}

/// Names of those who have to sign in again.
fn sign_ins(snapshot: &Snapshot) -> Vec<String> {
    let accounts = snapshot.accounts.iter().map(|account| (&account.name, &account.trouble));
    let members = snapshot.room.iter().flat_map(|room| &room.members).map(|member| (&member.name, &member.trouble));
    let needed = accounts.chain(members).filter(|(_, trouble)| {
        trouble.as_ref().is_some_and(|trouble| matches!(trouble.code.as_str(), "needs_login" | "sign_in_gone"))
    });
    needed.map(|(name, _)| name.clone()).collect()
}

fn words(news: News) -> String {
    match news {
        News::Leads(name) => t("tell.leads", &[("name", &name)]),
        News::Lost => t("network.reconnecting", &[]),
        News::Back => t("tell.back", &[]),
        News::SignIn(name) => t("tell.sign_in", &[("name", &name)]),
        News::Ends(words) => words,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn leads(name: &str) -> News {
        News::Leads(name.into())
    }

    /// Everything that is told, with the second in which it is.
    async fn told(happens: &[(u64, News)], seconds: u64) -> Vec<(u64, String)> {
        let (start, mut announcer, mut told) = (Instant::now(), Announcer::default(), Vec::new());
        let mut happens = happens.iter().peekable();
        let end = start + Duration::from_secs(seconds);
        loop {
            let next = happens.peek().map_or(end, |(at, _)| start + Duration::from_secs(*at));
            tokio::select! {
                biased;
                () = announcer.due() => {
                    let text = announcer.take(Instant::now()).unwrap();
                    told.push((start.elapsed().as_secs(), text));
                }
                () = tokio::time::sleep_until(next) => match happens.next() {
                    Some((_, news)) => announcer.add(news.clone(), Instant::now()),
                    None => return told,
                },
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn never_two_within_ten_seconds_and_the_newest_leader_is_named() {
        let names = ["Ana", "Ben", "Chiara", "Deniz"];
        let takeovers: Vec<_> = (0..40).map(|at| (at, leads(names[at as usize % 4]))).collect();

        let told = told(&takeovers, 60).await;

        assert!(told.windows(2).all(|pair| pair[1].0 - pair[0].0 >= 10), "{told:?}");
        assert_eq!(told.len(), 5, "{told:?}");
        assert_eq!(told[4].1, t("tell.leads", &[("name", "Deniz")]));
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_is_back_at_once_is_not_worth_a_word() {
        assert_eq!(told(&[(5, News::Lost), (5, News::Back)], 60).await, []);

        let told = told(&[(5, News::Lost), (30, News::Back)], 60).await;
        assert_eq!(told.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [6, 31]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_together_is_told_together() {
        let told =
            told(&[(1, leads("Ana")), (1, News::SignIn("Ben".into())), (1, News::SignIn("Ben".into()))], 60).await;

        assert_eq!(told.len(), 1);
        assert_eq!(told[0].1.lines().count(), 2, "{told:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn the_end_of_a_sign_in_is_told_beside_other_news_and_each_once() {
        let (start, mut announcer) = (Instant::now(), Announcer::default());
        announcer.add(leads("Ana"), start);
        for (name, days) in [("Ana", 3), ("Ben", 0), ("Ana", 3)] {
            announcer.ends(name, days, start);
        }

        announcer.due().await;
        let told = announcer.take(Instant::now()).unwrap();
        let lines: Vec<_> = told.lines().collect();
        assert_eq!(lines.len(), 3, "{told}");
        assert!(lines[1].starts_with("Ben’s sign-in ends today"), "{told}");
        assert!(lines[2].starts_with("Days left until Ana’s sign-in ends: 3."), "{told}");
    }

    #[tokio::test(start_paused = true)]
    async fn who_looks_is_told_nothing() {
        let mut announcer = Announcer::default();
        announcer.add(leads("Ana"), Instant::now());

        announcer.forget();

        assert!(tokio::time::timeout(Duration::from_secs(3600), announcer.due()).await.is_err());
    }
}
