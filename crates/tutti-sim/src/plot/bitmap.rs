//! Charts as pixels, for a PNG.

use super::{Canvas, HEIGHT, Tone, WIDTH};

type Colour = [u8; 3];

const SERIES: [Colour; 4] = [[0x1b, 0x6c, 0xa8], [0xc4, 0x61, 0x1a], [0x2f, 0x8f, 0x4e], [0x8a, 0x4f, 0xb5]];

pub(super) fn colour(tone: Tone) -> Colour {
    match tone {
        Tone::Ink => [0x30, 0x30, 0x30],
        Tone::Faint => [0xe2, 0xe2, 0xe2],
        Tone::Series(ink) => SERIES[ink % SERIES.len()],
    }
}

pub(super) struct Bitmap {
    pixels: Vec<u8>,
}

impl Bitmap {
    pub fn new() -> Self {
        Self { pixels: vec![0xff; WIDTH * HEIGHT * 3] }
    }

    fn set(&mut self, x: i64, y: i64, colour: Colour) {
        let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) else { return };
        if x < WIDTH && y < HEIGHT {
            let at = (y * WIDTH + x) * 3;
            self.pixels[at..at + 3].copy_from_slice(&colour);
        }
    }

    /// A line of this width; in dashes it leaves out every other few points.
    fn stroke(&mut self, from: (f64, f64), to: (f64, f64), (width, dashes): (i64, bool), colour: Colour) {
        const DASH: i64 = 6;
        let steps = (to.0 - from.0).abs().max((to.1 - from.1).abs()).ceil().max(1.0);
        for step in (0..=steps as i64).filter(|step| !dashes || step % (2 * DASH) < DASH) {
            let share = step as f64 / steps;
            let (x, y) = (from.0 + (to.0 - from.0) * share, from.1 + (to.1 - from.1) * share);
            for wide in 0..width {
                self.set(x as i64, y as i64 + wide, colour);
                self.set(x as i64 + wide, y as i64, colour);
            }
        }
    }

    pub fn encode(&self, to: impl std::io::Write) -> Result<(), png::EncodingError> {
        let mut encoder = png::Encoder::new(to, WIDTH as u32, HEIGHT as u32);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.write_header()?.write_image_data(&self.pixels)
    }
}

impl Canvas for Bitmap {
    fn line(&mut self, from: (f64, f64), to: (f64, f64), tone: Tone) {
        self.stroke(from, to, (1, false), colour(tone));
    }

    fn path(&mut self, points: &[(f64, f64)], dashes: bool, ink: usize) {
        for pair in points.windows(2) {
            self.stroke(pair[0], pair[1], (2, dashes), colour(Tone::Series(ink)));
        }
    }

    fn dots(&mut self, points: &[(f64, f64)], ink: usize) {
        for &(x, y) in points {
            for dx in -1..=1 {
                for dy in -1..=1 {
                    self.set(x as i64 + dx, y as i64 + dy, colour(Tone::Series(ink)));
                }
            }
        }
    }

    fn text(&mut self, (x, y): (f64, f64), text: &str, tone: Tone) {
        for (place, letter) in text.chars().enumerate() {
            for (row, bits) in glyph(letter).into_iter().enumerate() {
                for column in 0..5 {
                    if bits & (0b1_0000 >> column) != 0 {
                        self.set(x as i64 + place as i64 * 6 + column, y as i64 - 7 + row as i64, colour(tone));
                    }
                }
            }
        }
    }
}

/// Letters of 5 by 7 dots, for what a plot says; others are left blank.
fn glyph(letter: char) -> [u8; 7] {
    let rows = |rows: [u8; 7]| rows;
    match letter.to_ascii_lowercase() {
        '0' => rows([14, 17, 19, 21, 25, 17, 14]),
        '1' => rows([4, 12, 4, 4, 4, 4, 14]),
        '2' => rows([14, 17, 1, 2, 4, 8, 31]),
        '3' => rows([31, 2, 4, 2, 1, 17, 14]),
        '4' => rows([2, 6, 10, 18, 31, 2, 2]),
        '5' => rows([31, 16, 30, 1, 1, 17, 14]),
        '6' => rows([6, 8, 16, 30, 17, 17, 14]),
        '7' => rows([31, 1, 2, 4, 8, 8, 8]),
        '8' => rows([14, 17, 17, 14, 17, 17, 14]),
        '9' => rows([14, 17, 17, 15, 1, 2, 12]),
        'a' => rows([0, 0, 14, 1, 15, 17, 15]),
        'b' => rows([16, 16, 22, 25, 17, 17, 30]),
        'c' => rows([0, 0, 14, 16, 16, 17, 14]),
        'd' => rows([1, 1, 13, 19, 17, 17, 15]),
        'e' => rows([0, 0, 14, 17, 31, 16, 14]),
        'f' => rows([6, 9, 8, 28, 8, 8, 8]),
        'g' => rows([0, 15, 17, 17, 15, 1, 14]),
        'h' => rows([16, 16, 22, 25, 17, 17, 17]),
        'i' => rows([4, 0, 12, 4, 4, 4, 14]),
        'j' => rows([2, 0, 6, 2, 2, 18, 12]),
        'k' => rows([16, 16, 18, 20, 24, 20, 18]),
        'l' => rows([12, 4, 4, 4, 4, 4, 14]),
        'm' => rows([0, 0, 26, 21, 21, 17, 17]),
        'n' => rows([0, 0, 22, 25, 17, 17, 17]),
        'o' => rows([0, 0, 14, 17, 17, 17, 14]),
        'p' => rows([0, 0, 30, 17, 30, 16, 16]),
        'q' => rows([0, 0, 13, 19, 15, 1, 1]),
        'r' => rows([0, 0, 22, 25, 16, 16, 16]),
        's' => rows([0, 0, 14, 16, 14, 1, 30]),
        't' => rows([8, 8, 28, 8, 8, 9, 6]),
        'u' => rows([0, 0, 17, 17, 17, 19, 13]),
        'v' => rows([0, 0, 17, 17, 17, 10, 4]),
        'w' => rows([0, 0, 17, 17, 21, 21, 10]),
        'x' => rows([0, 0, 17, 10, 4, 10, 17]),
        'y' => rows([0, 0, 17, 17, 15, 1, 14]),
        'z' => rows([0, 0, 31, 2, 4, 8, 31]),
        '-' | '\u{2212}' => rows([0, 0, 0, 31, 0, 0, 0]),
        '+' => rows([0, 4, 4, 31, 4, 4, 0]),
        '.' => rows([0, 0, 0, 0, 0, 12, 12]),
        ',' => rows([0, 0, 0, 0, 12, 4, 8]),
        ':' => rows([0, 12, 12, 0, 12, 12, 0]),
        _ => [0; 7],
    }
}
