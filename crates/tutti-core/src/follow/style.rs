//! How large a timing error is put right, and how eagerly (F1, F2, F3): three styles to choose from.

use crate::time::Span;

/// How eagerly a member's player is corrected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Correction {
    /// Few corrections, for larger errors: each is a small gap in the music, and some players make it a long one.
    Gentle,
    /// What a listener on a call would notice.
    #[default]
    Normal,
    /// For ears in one room: more corrections, each of which may be heard, for a smaller error.
    Tight,
}

/// The limits of one style.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Style {
    /// While settling, corrections down to this error, and how many; further down on a device whose seeks land as closely
    /// together as that.
    pub settle_above: Span,
    pub settle_above_least: Span,
    pub settle_most: u32,
    /// One more is worth it above this, and another.
    pub settle_again_above: Span,
    pub settle_last_above: Span,
    /// In a steady room corrections begin above this (F2), so far apart at first.
    pub steady_above: Span,
    pub steady_wait: Span,
    /// A constant offset above this is put right with the next item's start (F3).
    pub offset_above: Span,
}

impl Correction {
    pub(super) const fn style(self) -> Style {
        match self {
            // Twice the normal limits, and one correction less: with latencies that differ by 25 % a seek lands within
            // 42/129 ms (p50/p95), so that one command leaves most members within the limit.
            Self::Gentle => Style {
                settle_above: Span::from_millis(120),
                settle_above_least: Span::from_millis(60),
                settle_most: 1,
                settle_again_above: Span::from_millis(180),
                settle_last_above: Span::from_millis(300),
                steady_above: Span::from_millis(500),
                steady_wait: Span::from_secs(60),
                offset_above: Span::from_millis(160),
            },
            Self::Normal => Style {
                settle_above: Span::from_millis(60),
                settle_above_least: Span::from_millis(25),
                settle_most: 2,
                settle_again_above: Span::from_millis(90),
                settle_last_above: Span::from_millis(150),
                steady_above: Span::from_millis(250),
                steady_wait: Span::from_secs(30),
                offset_above: Span::from_millis(80),
            },
            // Three corrections down to 40 ms, where one sound begins: about 1.1 corrections an action instead of 0.6.
            Self::Tight => Style {
                settle_above: Span::from_millis(40),
                settle_above_least: Span::from_millis(20),
                settle_most: 3,
                settle_again_above: Span::from_millis(60),
                settle_last_above: Span::from_millis(100),
                steady_above: Span::from_millis(120),
                steady_wait: Span::from_secs(30),
                offset_above: Span::from_millis(50),
            },
        }
    }
}
