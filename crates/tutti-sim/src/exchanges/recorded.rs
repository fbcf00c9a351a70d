//! Traces that were recorded from the program's own clients over a delaying link; how, says `recorded/README.md`.

use super::trace::{BadLine, Trace};

/// A trace in a file of this package.
#[derive(Debug, Clone, Copy)]
pub struct Recording {
    pub name: &'static str,
    text: &'static str,
}

impl Recording {
    pub const ALL: [Self; 3] = [
        Self { name: "recorded near", text: include_str!("../../recorded/near.csv") },
        Self { name: "recorded home", text: include_str!("../../recorded/home.csv") },
        Self { name: "recorded mobile", text: include_str!("../../recorded/mobile.csv") },
    ];

    /// # Errors
    /// The file is broken.
    pub fn trace(&self) -> Result<Trace, BadLine> {
        Trace::recorded(self.text)
    }
}
