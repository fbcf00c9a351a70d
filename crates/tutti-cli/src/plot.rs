//! A plot of the timing experiment, as SVG or PNG, drawn here: no fonts and no libraries of the system.

use std::fmt::Write as _;
use std::io::BufWriter;
use std::path::Path;

use anyhow::{Context, bail};
use tutti_sim::timing::Shot;

const WIDTH: usize = 900;
const HEIGHT: usize = 520;
/// Left, top, right and bottom of the axes.
const FRAME: (f64, f64, f64, f64) = (70.0, 40.0, 880.0, 470.0);
const TUTTI: Colour = [0x1b, 0x6c, 0xa8];
const ORIGINAL: Colour = [0xc4, 0x6a, 0x1a];
const INK: Colour = [0x30, 0x30, 0x30];
const FAINT: Colour = [0xdd, 0xdd, 0xdd];
/// Lines across the plot.
const STEPS: usize = 4;

type Colour = [u8; 3];

/// What both kinds of picture can draw.
trait Canvas {
    fn line(&mut self, from: (f64, f64), to: (f64, f64), colour: Colour);
    fn dot(&mut self, at: (f64, f64), colour: Colour);
    fn text(&mut self, at: (f64, f64), text: &str, colour: Colour);
}

/// Draws the error of each prediction over the time since the poll before it.
///
/// # Errors
/// When the name ends in neither .svg nor .png, or the file cannot be written.
pub fn write(path: &Path, shots: &[Shot], title: &str) -> anyhow::Result<()> {
    let cannot = || format!("{} cannot be written", path.display());
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("svg") => {
            let mut svg = Svg::default();
            draw(&mut svg, shots, title);
            std::fs::write(path, svg.finish()).with_context(cannot)
        }
        Some("png") => {
            let mut bitmap = Bitmap::new();
            draw(&mut bitmap, shots, title);
            let file = std::fs::File::create(path).with_context(cannot)?;
            bitmap.encode(BufWriter::new(file)).with_context(cannot)
        }
        _ => bail!(crate::ending::WrongUse(format!("a plot is a file.svg or a file.png, not {}", path.display()))),
    }
}

fn draw(canvas: &mut impl Canvas, shots: &[Shot], title: &str) {
    let (left, top, right, bottom) = FRAME;
    let errors = || shots.iter().flat_map(|shot| [shot.tutti_ms, shot.original_ms]);
    let most = nice(errors().fold(1.0, |most: f64, error| most.max(error.abs())));
    let longest = nice(shots.iter().fold(1.0, |most: f64, shot| most.max(shot.slept_ms)));
    let x = |slept_ms: f64| left + (right - left) * slept_ms / longest;
    let y = |error_ms: f64| (top + bottom) / 2.0 - (bottom - top) / 2.0 * error_ms / most;
    for step in 0..=STEPS {
        let share = step as f64 / STEPS as f64;
        let error = most * (1.0 - 2.0 * share);
        canvas.line((left, y(error)), (right, y(error)), if error == 0.0 { INK } else { FAINT });
        canvas.text((8.0, y(error) + 4.0), &format!("{error:>7.1}"), INK);
        let slept = longest * share;
        canvas.line((x(slept), top), (x(slept), bottom), FAINT);
        canvas.text((x(slept) - 14.0, bottom + 18.0), &format!("{slept:.0}"), INK);
    }
    for shot in shots {
        canvas.dot((x(shot.slept_ms), y(shot.original_ms)), ORIGINAL);
    }
    for shot in shots {
        canvas.dot((x(shot.slept_ms), y(shot.tutti_ms)), TUTTI);
    }
    canvas.text((left, 24.0), title, INK);
    canvas.text((left, bottom + 38.0), "predicted - true position, ms, over the sleep before the poll, ms:", INK);
    canvas.text((right - 250.0, bottom + 38.0), "tutti", TUTTI);
    canvas.text((right - 180.0, bottom + 38.0), "old position + elapsed", ORIGINAL);
}

/// The next of 1, 2, 4, 5, 10, 20, …: steps that read well.
fn nice(most: f64) -> f64 {
    let mut scale = 1.0;
    loop {
        for step in [1.0, 2.0, 4.0, 5.0] {
            if most <= step * scale {
                return step * scale;
            }
        }
        scale *= 10.0;
    }
}

#[derive(Default)]
struct Svg {
    body: String,
}

impl Svg {
    fn finish(self) -> String {
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" \
             font-size=\"12\">\n<rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fff\"/>\n{}</svg>\n",
            self.body
        )
    }

    fn put(&mut self, element: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.body, "{element}");
    }
}

fn hex([red, green, blue]: Colour) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

impl Canvas for Svg {
    fn line(&mut self, from: (f64, f64), to: (f64, f64), colour: Colour) {
        self.put(format_args!(
            "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" stroke=\"{}\"/>",
            from.0,
            from.1,
            to.0,
            to.1,
            hex(colour)
        ));
    }

    fn dot(&mut self, at: (f64, f64), colour: Colour) {
        let fill = hex(colour);
        self.put(format_args!("<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"2\" fill=\"{fill}\"/>", at.0, at.1));
    }

    fn text(&mut self, at: (f64, f64), text: &str, colour: Colour) {
        let text = text.replace('&', "&amp;").replace('<', "&lt;");
        let fill = hex(colour);
        self.put(format_args!(
            "<text x=\"{:.1}\" y=\"{:.1}\" fill=\"{fill}\" xml:space=\"preserve\">{text}</text>",
            at.0, at.1
        ));
    }
}

struct Bitmap {
    pixels: Vec<u8>,
}

impl Bitmap {
    fn new() -> Self {
        Self { pixels: vec![0xff; WIDTH * HEIGHT * 3] }
    }

    fn set(&mut self, x: i64, y: i64, colour: Colour) {
        let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) else { return };
        if x < WIDTH && y < HEIGHT {
            let at = (y * WIDTH + x) * 3;
            self.pixels[at..at + 3].copy_from_slice(&colour);
        }
    }

    fn encode(&self, to: impl std::io::Write) -> anyhow::Result<()> {
        let mut encoder = png::Encoder::new(to, WIDTH as u32, HEIGHT as u32);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.write_header()?.write_image_data(&self.pixels)?;
        Ok(())
    }
}

impl Canvas for Bitmap {
    fn line(&mut self, from: (f64, f64), to: (f64, f64), colour: Colour) {
        let steps = (to.0 - from.0).abs().max((to.1 - from.1).abs()).ceil().max(1.0);
        for step in 0..=steps as i64 {
            let share = step as f64 / steps;
            let (x, y) = (from.0 + (to.0 - from.0) * share, from.1 + (to.1 - from.1) * share);
            self.set(x as i64, y as i64, colour);
        }
    }

    fn dot(&mut self, (x, y): (f64, f64), colour: Colour) {
        for dx in -1..=1 {
            for dy in -1..=1 {
                self.set(x as i64 + dx, y as i64 + dy, colour);
            }
        }
    }

    fn text(&mut self, (x, y): (f64, f64), text: &str, colour: Colour) {
        for (place, letter) in text.chars().enumerate() {
            for (row, bits) in glyph(letter).into_iter().enumerate() {
                for column in 0..5 {
                    if bits & (0b1_0000 >> column) != 0 {
                        self.set(x as i64 + place as i64 * 6 + column, y as i64 - 7 + row as i64, colour);
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
        '-' => rows([0, 0, 0, 31, 0, 0, 0]),
        '+' => rows([0, 4, 4, 31, 4, 4, 0]),
        '.' => rows([0, 0, 0, 0, 0, 12, 12]),
        ',' => rows([0, 0, 0, 0, 12, 4, 8]),
        ':' => rows([0, 12, 12, 0, 12, 12, 0]),
        _ => [0; 7],
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn shots() -> Vec<Shot> {
        (0..50).map(|n| Shot { slept_ms: f64::from(n) * 100.0, tutti_ms: 1.0, original_ms: -40.0 }).collect()
    }

    #[test]
    fn a_plot_has_a_dot_for_each_method_and_poll() {
        let folder = tempfile::tempdir().unwrap();
        let (svg, png) = (folder.path().join("plot.svg"), folder.path().join("plot.png"));

        write(&svg, &shots(), "title <3").unwrap();
        write(&png, &shots(), "title").unwrap();

        let text = std::fs::read_to_string(&svg).unwrap();
        assert_eq!(text.matches("<circle").count(), 100);
        assert!(text.contains("title &lt;3") && text.ends_with("</svg>\n"));
        let decoder = png::Decoder::new(std::io::BufReader::new(std::fs::File::open(&png).unwrap()));
        let mut reader = decoder.read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut pixels).unwrap();
        let of = |colour: Colour| pixels.chunks(3).filter(|pixel| **pixel == colour).count();
        assert!(of(TUTTI) > 300 && of(ORIGINAL) > 300 && of(INK) > 500);
    }

    #[test]
    fn another_ending_is_wrong_use() {
        let words = write(Path::new("plot.pdf"), &shots(), "").unwrap_err().to_string();
        assert_eq!(words, "a plot is a file.svg or a file.png, not plot.pdf");
    }

    #[test]
    fn axes_end_at_round_numbers() {
        assert_eq!([0.3, 1.5, 43.0, 51.0, 4_997.0].map(nice), [1.0, 2.0, 50.0, 100.0, 5_000.0]);
    }
}
