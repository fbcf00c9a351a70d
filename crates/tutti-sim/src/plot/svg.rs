//! Charts as SVG: small, and readable on light and on dark pages.

use std::fmt::Write as _;

use super::{Canvas, HEIGHT, Tone, WIDTH};

/// Classes instead of colours, so that a page's scheme can choose: p paper, i ink, f lines across, a to d the series.
const STYLE: &str = "\
.p{fill:#fff}.i{fill:#303030}.l{stroke:#707070}.f{stroke:#e2e2e2}text{font:13px system-ui,sans-serif}path{fill:none}\
.d{stroke-width:4;stroke-linecap:round;opacity:.75}.k{stroke-width:2.2;stroke-linejoin:round}.e{stroke-width:1.6;stroke-dasharray:6 4}\
.s0{stroke:#1b6ca8}.s1{stroke:#c4611a}.s2{stroke:#2f8f4e}.s3{stroke:#8a4fb5}\
.t0{fill:#1b6ca8}.t1{fill:#c4611a}.t2{fill:#2f8f4e}.t3{fill:#8a4fb5}\
@media (prefers-color-scheme: dark){\
.p{fill:#10151c}.i{fill:#d8dee6}.l{stroke:#8c96a3}.f{stroke:#2b333d}\
.s0{stroke:#62b0ea}.s1{stroke:#f0985a}.s2{stroke:#6cc98a}.s3{stroke:#c094e6}\
.t0{fill:#62b0ea}.t1{fill:#f0985a}.t2{fill:#6cc98a}.t3{fill:#c094e6}}";

#[derive(Default)]
pub(super) struct Svg {
    body: String,
}

impl Svg {
    pub fn finish(self) -> String {
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\">\n<style>{STYLE}</style>\n\
             <rect class=\"p\" width=\"{WIDTH}\" height=\"{HEIGHT}\"/>\n{}</svg>\n",
            self.body
        )
    }

    fn put(&mut self, element: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.body, "{element}");
    }
}

fn class(tone: Tone) -> (String, String) {
    match tone {
        Tone::Ink => ("i".to_owned(), "l".to_owned()),
        Tone::Faint => ("i".to_owned(), "f".to_owned()),
        Tone::Series(ink) => (format!("t{}", ink % 4), format!("s{}", ink % 4)),
    }
}

impl Canvas for Svg {
    fn line(&mut self, from: (f64, f64), to: (f64, f64), tone: Tone) {
        let (_, stroke) = class(tone);
        self.put(format_args!("<path class=\"{stroke}\" d=\"M{:.1} {:.1}L{:.1} {:.1}\"/>", from.0, from.1, to.0, to.1));
    }

    fn path(&mut self, points: &[(f64, f64)], dashes: bool, ink: usize) {
        let (_, stroke) = class(Tone::Series(ink));
        let kind = if dashes { "e" } else { "k" };
        let mut d = String::new();
        for (place, (x, y)) in points.iter().enumerate() {
            let _ = write!(d, "{}{x:.1} {y:.1}", if place == 0 { 'M' } else { 'L' });
        }
        self.put(format_args!("<path class=\"{kind} {stroke}\" d=\"{d}\"/>"));
    }

    fn dots(&mut self, points: &[(f64, f64)], ink: usize) {
        let (_, stroke) = class(Tone::Series(ink));
        let d: String = points.iter().map(|(x, y)| format!("M{x:.1} {y:.1}h0")).collect();
        self.put(format_args!("<path class=\"d {stroke}\" d=\"{d}\"/>"));
    }

    fn text(&mut self, at: (f64, f64), text: &str, tone: Tone) {
        let text = text.replace('&', "&amp;").replace('<', "&lt;");
        let (fill, _) = class(tone);
        self.put(format_args!("<text class=\"{fill}\" x=\"{:.1}\" y=\"{:.1}\">{text}</text>", at.0, at.1));
    }
}
