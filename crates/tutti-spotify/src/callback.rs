//! The loopback address to which the browser comes back: takes one answer of the sign-in it waits for.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout, timeout_at};
use url::Url;

use crate::auth::{Callback, Reader, SignIn};
use crate::error::AuthError;

/// The path of the redirect: plain, since dashboards have refused hyphens.
const PATH: &str = "/callback";

/// The largest request that is read: a code is a few hundred bytes, a browser's cookies for 127.0.0.1 a few thousand.
const REQUEST_LIMIT: usize = 16 * 1024;

/// How long a connection may take to send its request, and again to take its answer.
const EXCHANGE_TIME: Duration = Duration::from_secs(5);

/// Connections served at once. Browsers open a few ahead of time; whatever comes beyond is closed.
const CONNECTIONS: usize = 32;

/// Waits on an ephemeral port of 127.0.0.1 for the browser.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    redirect: Url,
}

/// What one connection brought.
enum Visit {
    /// Something else: a favicon, a stranger, a connection that was never used.
    Other,
    /// The answer of another sign-in, or of nobody's.
    Foreign,
    /// The query of this sign-in's answer.
    Answer(String),
}

/// The request's first line, taken apart.
#[derive(Debug, PartialEq, Eq)]
struct Target<'a> {
    method: &'a str,
    path: &'a str,
    query: &'a str,
}

/// A page of plain words, in English and German.
struct Page {
    status: &'static str,
    en: Words,
    de: Words,
}

struct Words {
    title: &'static str,
    text: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Language {
    En,
    De,
}

const ACCEPTED: Page = Page {
    status: "200 OK",
    en: Words { title: "Thank you", text: "You can close this page and go back to Tutti." },
    de: Words { title: "Danke", text: "Du kannst diese Seite schließen und zu Tutti zurückkehren." },
};
const DENIED: Page = Page {
    status: "200 OK",
    en: Words {
        title: "Not connected",
        text: "Spotify did not allow the connection. You can close this page, go back to Tutti and try again.",
    },
    de: Words {
        title: "Nicht verbunden",
        text: "Spotify hat die Verbindung nicht erlaubt. Du kannst diese Seite schließen, zu Tutti zurückkehren und es noch einmal versuchen.",
    },
};
const FOREIGN: Page = Page {
    status: "400 Bad Request",
    en: Words {
        title: "Not for this sign-in",
        text: "This answer does not belong to the sign-in that Tutti is waiting for. Close this page and use the one that Tutti opened last.",
    },
    de: Words {
        title: "Nicht für diese Anmeldung",
        text: "Diese Antwort gehört nicht zu der Anmeldung, auf die Tutti wartet. Schließ diese Seite und nimm die, die Tutti zuletzt geöffnet hat.",
    },
};
const ANSWERED: Page = Page {
    status: "409 Conflict",
    en: Words {
        title: "Already answered",
        text: "This sign-in has been answered. You can close this page and go back to Tutti.",
    },
    de: Words {
        title: "Schon beantwortet",
        text: "Diese Anmeldung ist beantwortet. Du kannst diese Seite schließen und zu Tutti zurückkehren.",
    },
};
const NOTHING_EN: Words =
    Words { title: "Nothing here", text: "Tutti only waits for Spotify’s answer at this address." };
const NOTHING_DE: Words =
    Words { title: "Hier ist nichts", text: "Unter dieser Adresse wartet Tutti nur auf Spotifys Antwort." };
const NOT_FOUND: Page = Page { status: "404 Not Found", en: NOTHING_EN, de: NOTHING_DE };
const NOT_ALLOWED: Page = Page { status: "405 Method Not Allowed", en: NOTHING_EN, de: NOTHING_DE };
const UNREADABLE: Page = Page {
    status: "400 Bad Request",
    en: Words {
        title: "Not understood",
        text: "Tutti could not read this request. Close this page, go back to Tutti and try again.",
    },
    de: Words {
        title: "Nicht verstanden",
        text: "Tutti konnte diese Anfrage nicht lesen. Schließ diese Seite, kehr zu Tutti zurück und versuch es noch einmal.",
    },
};

impl Listener {
    /// Opens a free port.
    pub async fn bind() -> Result<Self, AuthError> {
        let no_port = |error: std::io::Error| AuthError::NoPort { detail: error.to_string() };
        let here = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let socket = TcpListener::bind(here).await.map_err(no_port)?;
        let port = socket.local_addr().map_err(no_port)?.port();
        let redirect = Url::parse(&format!("http://127.0.0.1:{port}{PATH}"))
            .expect("a loopback literal with a port is an address");
        Ok(Self { socket, redirect })
    }

    /// The redirect address of the sign-in: `http://127.0.0.1:PORT/callback`.
    pub fn redirect(&self) -> &Url {
        &self.redirect
    }

    /// Waits for the answer of this sign-in and returns its query, for [`SignIn::finish`]. The browser has been
    /// answered by then. An answer with a foreign `state` is refused and the wait goes on, so that no other page can
    /// end a sign-in; [`AuthError::NoAnswer`] after `deadline`.
    pub async fn wait(self, sign_in: &SignIn, deadline: Duration) -> Result<String, AuthError> {
        self.wait_telling(sign_in, deadline, || {}).await
    }

    /// Like [`Listener::wait`]; `foreign` is called for every answer that was refused.
    pub async fn wait_telling(
        self,
        sign_in: &SignIn,
        deadline: Duration,
        mut foreign: impl FnMut() + Send,
    ) -> Result<String, AuthError> {
        let deadline = Instant::now() + deadline;
        let answered = Arc::new(AtomicBool::new(false));
        let mut visits = JoinSet::new();
        let reader = Arc::new(sign_in.reader());
        let wait = async {
            loop {
                tokio::select! {
                    Some(visit) = visits.join_next() => match visit {
                        Ok(Visit::Answer(query)) => return query,
                        Ok(Visit::Foreign) => foreign(),
                        Ok(Visit::Other) | Err(_) => {}
                    },
                    connection = self.socket.accept() => match connection {
                        Ok((stream, _)) if visits.len() < CONNECTIONS => {
                            visits.spawn(serve(stream, reader.clone(), answered.clone()));
                        }
                        Ok(_) => tracing::debug!("too many connections to the redirect address"),
                        Err(error) => {
                            tracing::debug!(%error, "connection to the redirect address lost");
                            tokio::time::sleep(Duration::from_millis(50)).await;
                        }
                    },
                }
            }
        };
        timeout_at(deadline, wait).await.map_err(|_| AuthError::NoAnswer)
    }
}

async fn serve(mut stream: TcpStream, reader: Arc<Reader>, answered: Arc<AtomicBool>) -> Visit {
    let Ok(Some(request)) = timeout(EXCHANGE_TIME, read_head(&mut stream)).await else {
        return Visit::Other;
    };
    let (page, visit) = judge(&request, &|query: &str| reader.read(query), &answered);
    if timeout(EXCHANGE_TIME, answer(&mut stream, &page, language(&request))).await.is_err() {
        tracing::debug!("the browser did not take its answer");
    }
    visit
}

fn judge(
    request: &[u8],
    reader: &impl Fn(&str) -> Result<Callback, AuthError>,
    answered: &AtomicBool,
) -> (Page, Visit) {
    let Some(target) = target(request) else {
        return (UNREADABLE, Visit::Other);
    };
    if target.path != PATH {
        return (NOT_FOUND, Visit::Other);
    }
    if target.method != "GET" {
        return (NOT_ALLOWED, Visit::Other);
    }
    let page = match reader(target.query) {
        Ok(Callback::Code(_)) => ACCEPTED,
        Ok(Callback::Failed(_)) => DENIED,
        Err(_) => return (FOREIGN, Visit::Foreign),
    };
    if answered.swap(true, Ordering::AcqRel) {
        return (ANSWERED, Visit::Other);
    }
    (page, Visit::Answer(target.query.to_owned()))
}

/// Reads up to the empty line. `None` if the connection was closed before anything came; what is too long is cut off,
/// and then it is no request.
async fn read_head(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut head = Vec::with_capacity(1024);
    let mut part = [0; 1024];
    loop {
        let got = stream.read(&mut part).await.ok()?;
        if got == 0 {
            return (!head.is_empty()).then_some(Vec::new());
        }
        head.extend_from_slice(&part[..got]);
        if head.windows(4).any(|end| end == b"\r\n\r\n") {
            return Some(head);
        }
        if head.len() > REQUEST_LIMIT {
            return Some(Vec::new());
        }
    }
}

/// The first language of the browser's list that the pages have, which browsers send in the order of preference.
fn language(request: &[u8]) -> Language {
    let head = String::from_utf8_lossy(request);
    let named = |line: &str| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("accept-language").then(|| value.to_ascii_lowercase())
    };
    let wanted = head.lines().find_map(named).unwrap_or_default();
    let known = |tag: &str| match tag.trim().get(..2) {
        Some("de") => Some(Language::De),
        Some("en") => Some(Language::En),
        _ => None,
    };
    wanted.split(',').find_map(known).unwrap_or(Language::En)
}

fn target(request: &[u8]) -> Option<Target<'_>> {
    let line = request.split(|byte| *byte == b'\r').next()?;
    let mut words = std::str::from_utf8(line).ok()?.split(' ');
    let (method, address, version) = (words.next()?, words.next()?, words.next()?);
    if !version.starts_with("HTTP/1.") || words.next().is_some() {
        return None;
    }
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    Some(Target { method, path, query })
}

async fn answer(stream: &mut TcpStream, page: &Page, language: Language) -> std::io::Result<()> {
    stream.write_all(page.response(language).as_bytes()).await?;
    stream.shutdown().await?;
    if page.status != UNREADABLE.status {
        return Ok(());
    }
    // What is unread of too long a request would reset the connection and take the answer with it.
    let mut rest = [0; 1024];
    let mut left = REQUEST_LIMIT;
    while left > 0 {
        match stream.read(&mut rest).await? {
            0 => break,
            got => left = left.saturating_sub(got),
        }
    }
    Ok(())
}

impl Page {
    fn response(&self, language: Language) -> String {
        let (lang, Words { title, text }) = match language {
            Language::En => ("en", &self.en),
            Language::De => ("de", &self.de),
        };
        let status = self.status;
        let body = format!(
            "<!doctype html><html lang=\"{lang}\"><meta charset=\"utf-8\"><title>{title} · Tutti</title>\
             <meta name=\"viewport\" content=\"width=device-width\">\
             <style>body{{font:1.1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:20vh auto;padding:0 1rem;\
             color:#222;background:#fff}}@media(prefers-color-scheme:dark){{body{{color:#eee;background:#181818}}}}\
             </style><h1>{title}</h1><p>{text}</p></html>\n"
        );
        format!(
            "HTTP/1.1 {status}\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {}\r\n\
             cache-control: no-store\r\nreferrer-policy: no-referrer\r\nx-content-type-options: nosniff\r\n\
             content-security-policy: default-src 'none'; style-src 'unsafe-inline'\r\nconnection: close\r\n\r\n{body}",
            body.len()
        )
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::token::Secret;

    fn right(query: &str) -> Result<Callback, AuthError> {
        match query {
            "code=c&state=right" => Ok(Callback::Code(Secret::new("c"))),
            "error=access_denied&state=right" => Ok(Callback::Failed(AuthError::Denied)),
            _ => Err(AuthError::ForeignState),
        }
    }

    fn status_of(request: &str) -> &'static str {
        judge(request.as_bytes(), &right, &AtomicBool::new(false)).0.status
    }

    #[test]
    fn only_a_get_of_the_exact_path_is_an_answer() {
        let query = "code=c&state=right";
        for (line, status) in [
            (format!("GET /callback?{query} HTTP/1.1"), "200 OK"),
            (format!("HEAD /callback?{query} HTTP/1.1"), "405 Method Not Allowed"),
            (format!("POST /callback?{query} HTTP/1.1"), "405 Method Not Allowed"),
            (format!("GET /callback/?{query} HTTP/1.1"), "404 Not Found"),
            (format!("GET /Callback?{query} HTTP/1.1"), "404 Not Found"),
            (format!("GET //callback?{query} HTTP/1.1"), "404 Not Found"),
            ("GET /favicon.ico HTTP/1.1".into(), "404 Not Found"),
            (format!("GET http://x/callback?{query} HTTP/1.1"), "404 Not Found"),
            ("GET /callback HTTP/1.1".into(), "400 Bad Request"),
            ("GET /callback?code=c&state=wrong HTTP/1.1".into(), "400 Bad Request"),
            (format!("GET /callback?{query} x HTTP/1.1"), "400 Bad Request"),
            (format!("GET /callback?{query}"), "400 Bad Request"),
            ("\u{1}\u{2}\u{3}".into(), "400 Bad Request"),
            (String::new(), "400 Bad Request"),
        ] {
            assert_eq!(status_of(&format!("{line}\r\n\r\n")), status, "{line}");
        }
    }

    #[test]
    fn the_second_answer_is_refused() {
        let answered = AtomicBool::new(false);
        let request = b"GET /callback?code=c&state=right HTTP/1.1\r\n\r\n";

        let (first, visit) = judge(request, &right, &answered);
        let (second, again) = judge(request, &right, &answered);

        assert_eq!(first.status, "200 OK");
        assert!(matches!(visit, Visit::Answer(query) if query == "code=c&state=right"));
        assert_eq!(second.status, "409 Conflict");
        assert!(matches!(again, Visit::Other));
    }

    #[test]
    fn a_denial_is_an_answer_with_its_own_words() {
        let request = b"GET /callback?error=access_denied&state=right HTTP/1.1\r\n\r\n";

        let (page, visit) = judge(request, &right, &AtomicBool::new(false));

        assert!(page.response(Language::En).contains("did not allow"));
        assert!(matches!(visit, Visit::Answer(_)));
    }

    #[test]
    fn a_page_repeats_nothing_of_the_request_and_loads_nothing() {
        for page in [ACCEPTED, DENIED, FOREIGN, ANSWERED, NOT_FOUND, NOT_ALLOWED, UNREADABLE] {
            for language in [Language::En, Language::De] {
                let response = page.response(language);
                let (head, body) = response.split_once("\r\n\r\n").unwrap();

                assert!(head.contains(&format!("content-length: {}", body.len())));
                assert!(head.contains("default-src 'none'"));
                assert!(!body.contains("src=") && !body.contains("href="));
            }
        }
    }

    #[test]
    fn the_page_speaks_the_browsers_language_where_it_can() {
        let of = |wanted: &str| language(format!("GET / HTTP/1.1\r\nAccept-Language: {wanted}\r\n\r\n").as_bytes());
        assert_eq!(of("de-AT,de;q=0.9,en;q=0.8"), Language::De);
        assert_eq!(of("fr, de;q=0.7"), Language::De);
        assert_eq!(of("en-GB,de;q=0.9"), Language::En);
        assert_eq!(of("fr,ä"), Language::En);
        assert_eq!(language(b"GET / HTTP/1.1\r\n\r\n"), Language::En);
        assert!(ACCEPTED.response(Language::De).contains("<html lang=\"de\">"));
    }
}
