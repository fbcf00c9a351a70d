//! A WebDriver client in the few words that the smoke test needs: JSON over HTTP/1.1 on loopback, each call with a deadline.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// Starting the browser is the slowest call; anything longer is a hang.
const CALL_DEADLINE: Duration = Duration::from_secs(60);

/// A window under WebDriver's control.
pub struct Session {
    port: u16,
    id: String,
}

impl Session {
    /// Asks the driver on `port` to start `binary` with `args` and take control of its web view.
    pub fn start(port: u16, binary: &str, args: &[&str]) -> Result<Self> {
        let options = json!({"binary": binary, "args": args});
        let wanted = json!({"capabilities": {"alwaysMatch": {"webkitgtk:browserOptions": options}}});
        let answer =
            call(port, "POST", "/session", Some(&wanted)).context("the window could not be taken under control")?;
        let id = answer["sessionId"].as_str().context("the driver gave the session no id")?;
        Ok(Self { port, id: id.to_owned() })
    }

    /// Opens an address in the window.
    pub fn open(&self, address: &str) -> Result<()> {
        self.post("url", &json!({"url": address})).map(drop)
    }

    /// Runs a script in the page and gives what it returns.
    pub fn script(&self, script: &str) -> Result<Value> {
        self.post("execute/sync", &json!({"script": script, "args": []}))
    }

    /// Clicks the first element that matches.
    pub fn click(&self, css: &str) -> Result<()> {
        self.post(&format!("element/{}/click", self.element(css)?), &json!({}))
            .with_context(|| format!("{css} could not be clicked"))?;
        Ok(())
    }

    /// Types into the first element that matches.
    pub fn write(&self, css: &str, text: &str) -> Result<()> {
        self.post(&format!("element/{}/value", self.element(css)?), &json!({"text": text}))
            .with_context(|| format!("nothing could be typed into {css}"))?;
        Ok(())
    }

    fn element(&self, css: &str) -> Result<String> {
        let found = self
            .post("element", &json!({"using": "css selector", "value": css}))
            .with_context(|| format!("nothing matches {css}"))?;
        let element = found.as_object().and_then(|object| object.values().next()).and_then(Value::as_str);
        element.map(str::to_owned).context("an element without an id")
    }

    /// A picture of the page, PNG.
    pub fn picture(&self) -> Result<Vec<u8>> {
        // Without a graphics card WebKit answers with the next frame, which a page that stands still never draws.
        self.script(
            "const mark = document.createElement('i'); mark.style.cssText = 'position:fixed;width:1px;height:1px'; \
             document.body.append(mark); let drawn = 0; const timer = setInterval(() => { \
             mark.style.background = drawn++ % 2 ? 'black' : 'white'; \
             if (drawn > 60) { clearInterval(timer); mark.remove(); } }, 50);",
        )?;
        let answer = call(self.port, "GET", &self.path("screenshot"), None)?;
        STANDARD.decode(answer.as_str().context("the picture is not text")?).context("the picture is not base64")
    }

    /// From now on the window that was opened last is acted in.
    pub fn to_newest_window(&self) -> Result<()> {
        let handles = call(self.port, "GET", &self.path("window/handles"), None)?;
        let newest = handles.as_array().and_then(|handles| handles.last()).context("there is no window")?;
        self.post("window", &json!({"handle": newest})).map(drop)
    }

    /// Closes the window; the session ends with its last one.
    pub fn close_window(self) -> Result<()> {
        call(self.port, "DELETE", &self.path("window"), None).map(drop)
    }

    /// The window has gone in another way: the driver may start another.
    pub fn end(self) {
        // An error means that the driver has noticed already.
        call(self.port, "DELETE", &format!("/session/{}", self.id), None).ok();
    }

    fn post(&self, what: &str, body: &Value) -> Result<Value> {
        call(self.port, "POST", &self.path(what), Some(body))
    }

    fn path(&self, what: &str) -> String {
        format!("/session/{}/{what}", self.id)
    }
}

/// Whether a driver answers on this port.
pub fn ready(port: u16) -> bool {
    call(port, "GET", "/status", None).is_ok()
}

fn call(port: u16, method: &str, path: &str, body: Option<&Value>) -> Result<Value> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).context("the driver does not answer")?;
    stream.set_read_timeout(Some(CALL_DEADLINE))?;
    stream.set_write_timeout(Some(CALL_DEADLINE))?;
    let body = body.map(Value::to_string).unwrap_or_default();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes())?;
    let answer = answer(&mut stream).with_context(|| format!("{method} {path} was not answered"))?;
    value(&answer)
}

/// The body of an answer that gives its length.
fn answer(stream: &mut impl Read) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 16 * 1024];
    loop {
        if let Some(body) = body(&bytes)? {
            return Ok(body.to_vec());
        }
        match stream.read(&mut chunk)? {
            0 => bail!("the answer ended early"),
            read => bytes.extend_from_slice(&chunk[..read]),
        }
    }
}

/// The body, once all of it is there.
fn body(bytes: &[u8]) -> Result<Option<&[u8]>> {
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
    let length =
        head.lines().find_map(|line| line.strip_prefix("content-length:")).context("the answer gives no length")?;
    let length: usize = length.trim().parse()?;
    Ok(bytes[end + 4..].get(..length))
}

/// WebDriver wraps every answer in `value`, errors too.
fn value(body: &[u8]) -> Result<Value> {
    let mut answer: Value = serde_json::from_slice(body).context("the answer is not JSON")?;
    let value = answer["value"].take();
    match value["error"].as_str() {
        Some(error) => Err(anyhow!("{error}: {}", value["message"].as_str().unwrap_or_default())),
        None => Ok(value),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_to_its_length_however_it_is_cut() {
        let text = b"HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n{\"value\": 1.5}";
        assert_eq!(answer(&mut &text[..]).unwrap(), b"{\"value\": 1.5}");
        assert!(answer(&mut &text[..text.len() - 1]).is_err());
    }

    #[test]
    fn an_error_of_the_driver_keeps_its_words() {
        assert_eq!(value(br#"{"value": {"a": 1}}"#).unwrap()["a"], 1);
        let error = value(br#"{"value": {"error": "no such element", "message": "gone"}}"#).unwrap_err();
        assert_eq!(error.to_string(), "no such element: gone");
    }
}
