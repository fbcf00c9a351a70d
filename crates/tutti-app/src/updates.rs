//! Where newer versions of the program come from: what the desktop implements where there is such a place.

use std::error::Error as _;
use std::pin::Pin;

use crate::texts::t;

/// What comes of something that takes a while.
pub type Later<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Fetches a version and verifies its signature.
pub type Fetch = Box<dyn FnOnce() -> Later<Result<Install, Failure>> + Send + Sync>;

/// Puts a verified package in place. Blocks, for the user may be asked for a password; on Windows it ends the program.
pub type Install = Box<dyn FnOnce() -> Result<(), Failure> + Send + Sync>;

/// A place where newer versions are. Whoever implements it sets the deadlines, and logs what went wrong in detail.
pub trait Updates: Send + Sync {
    /// Asks whether there is a version newer than this one. Fetches nothing else.
    fn look(&self) -> Later<Result<Option<Update>, Failure>>;
}

/// A version newer than this one.
pub struct Update {
    pub version: String,
    pub fetch: Fetch,
}

/// Why a newer version was not found or not installed, as far as it is of use to the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// Nobody answers, or the answer broke off.
    Network,
    /// What answers is no list of versions, or has none for this computer.
    Answer,
    /// What was fetched is not what the makers signed.
    Signature,
    /// The package could not be written.
    Disk,
    /// Whoever administers the computer did not agree.
    Refused,
    Other,
}

impl Failure {
    /// What a request ended with.
    pub fn of_request(error: &reqwest::Error) -> Self {
        // A body that breaks off counts as badly encoded too: only what came whole can be nonsense.
        let came_whole = error.source().is_some_and(|source| source.is::<serde_json::Error>());
        if came_whole { Self::Answer } else { Self::Network }
    }

    /// The middle of a sentence.
    pub fn text(self) -> String {
        match self {
            Self::Network => t("update.why_network", &[]),
            Self::Answer => t("update.why_answer", &[]),
            Self::Signature => t("update.why_signature", &[]),
            Self::Disk => t("update.why_disk", &[]),
            Self::Refused => t("update.why_refused", &[]),
            Self::Other => t("update.why_other", &[]),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;
    use crate::texts::{Language, speaking};

    const ALL: [Failure; 6] =
        [Failure::Network, Failure::Answer, Failure::Signature, Failure::Disk, Failure::Refused, Failure::Other];

    /// What comes of asking a server that says this to everybody, and hangs up.
    async fn asked(answer: &'static str) -> Failure {
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/latest.json", server.local_addr().unwrap());
        let serve = async {
            let (mut stream, _) = server.accept().await.unwrap();
            let _ = stream.read(&mut [0; 4096]).await.unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
        };
        let ask = async { reqwest::get(address).await?.json::<serde_json::Value>().await };
        let (error, ()) = tokio::join!(ask, serve);
        Failure::of_request(&error.unwrap_err())
    }

    #[tokio::test]
    async fn what_is_no_json_is_nonsense_and_what_breaks_off_is_the_network() {
        let page = "HTTP/1.1 200 OK\r\ncontent-length: 6\r\nconnection: close\r\n\r\n<html>";
        assert_eq!(asked(page).await, Failure::Answer);
        let cut = "HTTP/1.1 200 OK\r\ncontent-length: 60\r\nconnection: close\r\n\r\n{\"version\":";
        assert_eq!(asked(cut).await, Failure::Network);
        assert_eq!(asked("").await, Failure::Network);
    }

    #[tokio::test]
    async fn where_nobody_listens_it_is_the_network() {
        let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let error = reqwest::get(format!("http://{address}/latest.json")).await.unwrap_err();
        assert_eq!(Failure::of_request(&error), Failure::Network);
    }

    #[test]
    fn every_failure_has_words_of_its_own_in_every_language_that_fit_into_a_sentence() {
        for language in Language::ALL {
            let mut said = ALL.map(|failure| speaking(language, || failure.text()));
            let whole = said.iter().all(|words| !words.ends_with(['.', '!', '?']) && !words.starts_with("update."));
            assert!(whole, "{language:?}: {said:?}");
            said.sort();
            assert!(said.windows(2).all(|pair| pair[0] != pair[1]), "{language:?}: {said:?}");
        }
        let german = ALL.map(|failure| speaking(Language::De, || failure.text()));
        assert!(german.iter().zip(ALL).all(|(words, failure)| *words != failure.text()), "{german:?}");
    }
}
