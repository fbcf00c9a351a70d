//! What happened between one machine and a hub, and what was true: drawn, or read from lines of text.

use thiserror::Error;
use tutti_core::clock::Exchange;
use tutti_core::time::{LocalTime, RoomTime, Span};

/// One thing after the other, in the order of the machine's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Exchange(Exchange),
    /// The machine slept, and the program was told so.
    Suspended(LocalTime),
    /// The offset (room time minus local time) at this instant in truth.
    Truth(LocalTime, Span),
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trace {
    pub steps: Vec<Step>,
}

/// A line of a recorded trace that is none.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line}: `{text}` is neither five whole numbers of microseconds nor `suspended` and one")]
pub struct BadLine {
    pub line: usize,
    pub text: String,
}

impl Trace {
    /// A recorded trace: a line an exchange, `t1,t2,t3,t4,truth` in µs: sent (member's clock), received and answered (hub's),
    /// received (member's), and room time minus local time at t4 as it truly was. `suspended,t` is a suspend that was
    /// noticed at t. Empty lines and those that begin with `#` are passed over.
    ///
    /// The truth is asked for right before an exchange is taken in, when the one before it is oldest, and right after.
    pub fn recorded(text: &str) -> Result<Self, BadLine> {
        let mut steps = Vec::new();
        for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'))
        {
            let bad = || BadLine { line: at + 1, text: line.to_owned() };
            let number = |text: &str| text.trim().parse::<i64>().map_err(|_| bad());
            let fields: Vec<&str> = line.split(',').collect();
            match fields.as_slice() {
                ["suspended", at] => steps.push(Step::Suspended(LocalTime::from_micros(number(at)?))),
                [sent, hub_received, hub_sent, received, truth] => {
                    let received = LocalTime::from_micros(number(received)?);
                    let truth = Step::Truth(received, Span::from_micros(number(truth)?));
                    let exchange = Exchange {
                        sent: LocalTime::from_micros(number(sent)?),
                        hub_received: RoomTime::from_micros(number(hub_received)?),
                        hub_sent: RoomTime::from_micros(number(hub_sent)?),
                        received,
                    };
                    steps.extend([truth, Step::Exchange(exchange), truth]);
                }
                _ => return Err(bad()),
            }
        }
        Ok(Self { steps })
    }
}
