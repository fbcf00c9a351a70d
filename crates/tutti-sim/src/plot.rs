//! Charts as SVG or PNG, drawn here: no fonts and no libraries of the system.

mod bitmap;
mod svg;

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use bitmap::Bitmap;
use svg::Svg;

const WIDTH: usize = 900;
const HEIGHT: usize = 520;
/// Left, top, right and bottom of the axes.
const FRAME: (f64, f64, f64, f64) = (70.0, 62.0, 866.0, 466.0);
/// Lines across a plain axis.
const STEPS: usize = 4;
/// Width of a letter, about.
const LETTER: f64 = 7.0;

/// A picture of some series over two axes.
#[derive(Debug, Clone)]
pub struct Chart {
    pub title: String,
    pub x: Axis,
    pub y: Axis,
    pub series: Vec<Series>,
}

#[derive(Debug, Clone)]
pub struct Axis {
    /// What is shown, with its unit.
    pub says: String,
    pub from: f64,
    pub to: f64,
    /// Every step is a factor; `from` is above 0 then.
    pub log: bool,
}

/// Points of one colour; the colour is that of its place in [`Chart::series`] unless `ink` says otherwise.
#[derive(Debug, Clone)]
pub struct Series {
    pub name: String,
    pub points: Vec<(f64, f64)>,
    pub drawn: Drawn,
    pub ink: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drawn {
    Dots,
    Line,
    /// A line that says less: drawn in dashes, without a name of its own.
    Dashes,
}

/// In which form a chart is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Picture {
    Svg,
    Png,
}

/// The file's name has another ending.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a plot is a file.svg or a file.png, not {0}")]
pub struct NoPicture(String);

impl Picture {
    /// By the ending of the file's name.
    ///
    /// # Errors
    /// When that is neither .svg nor .png.
    pub fn of(path: &Path) -> Result<Self, NoPicture> {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("svg") => Ok(Self::Svg),
            Some("png") => Ok(Self::Png),
            _ => Err(NoPicture(path.display().to_string())),
        }
    }
}

/// What both kinds of picture can draw. A tone is one of [`Tone`].
trait Canvas {
    fn line(&mut self, from: (f64, f64), to: (f64, f64), tone: Tone);
    fn path(&mut self, points: &[(f64, f64)], dashes: bool, ink: usize);
    fn dots(&mut self, points: &[(f64, f64)], ink: usize);
    fn text(&mut self, at: (f64, f64), text: &str, tone: Tone);
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tone {
    /// Words and the line at zero.
    Ink,
    /// Lines across.
    Faint,
    /// A series' own.
    Series(usize),
}

impl Chart {
    /// Writes it to a file, in the form of its ending.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, path: &Path, picture: Picture) -> std::io::Result<()> {
        match picture {
            Picture::Svg => std::fs::write(path, self.svg()),
            Picture::Png => {
                let mut bitmap = Bitmap::new();
                self.draw(&mut bitmap);
                bitmap.encode(BufWriter::new(File::create(path)?)).map_err(std::io::Error::other)
            }
        }
    }

    /// As SVG, for light and for dark pages.
    pub fn svg(&self) -> String {
        let mut svg = Svg::default();
        self.draw(&mut svg);
        svg.finish()
    }

    fn draw(&self, canvas: &mut impl Canvas) {
        let (left, top, right, bottom) = FRAME;
        let x = |value: f64| left + (right - left) * self.x.share(value);
        let y = |value: f64| bottom - (bottom - top) * self.y.share(value);
        for tick in self.x.ticks() {
            let words = words(tick);
            canvas.line((x(tick), top), (x(tick), bottom), Tone::Faint);
            canvas.text((x(tick) - LETTER / 2.0 * words.chars().count() as f64, bottom + 18.0), &words, Tone::Ink);
        }
        for tick in self.y.ticks() {
            let words = words(tick);
            let tone = if tick == 0.0 { Tone::Ink } else { Tone::Faint };
            canvas.line((left, y(tick)), (right, y(tick)), tone);
            let at = left - 8.0 - LETTER * words.chars().count() as f64;
            canvas.text((at, y(tick) + 4.0), &words, Tone::Ink);
        }
        let place = |points: &[(f64, f64)]| -> Vec<(f64, f64)> {
            let within = points.iter().filter(|&&(px, py)| self.x.has(px) && self.y.has(py));
            within.map(|&(px, py)| (x(px), y(py))).collect()
        };
        for series in &self.series {
            let points = place(&series.points);
            match series.drawn {
                Drawn::Dots => canvas.dots(&points, series.ink),
                Drawn::Line => canvas.path(&points, false, series.ink),
                Drawn::Dashes => canvas.path(&points, true, series.ink),
            }
        }
        canvas.text((left, 24.0), &self.title, Tone::Ink);
        canvas.text((left, bottom + 40.0), &self.x.says, Tone::Ink);
        canvas.text((8.0, 50.0), &self.y.says, Tone::Ink);
        let named: Vec<&Series> = self.series.iter().filter(|series| series.drawn != Drawn::Dashes).collect();
        let widths = named.iter().map(|series| LETTER * (series.name.chars().count() + 3) as f64);
        let mut at = right - widths.clone().sum::<f64>();
        for (series, width) in named.iter().zip(widths) {
            canvas.text((at, 50.0), &series.name, Tone::Series(series.ink));
            at += width;
        }
    }
}

impl Axis {
    pub fn plain(says: impl Into<String>, from: f64, to: f64) -> Self {
        Self { says: says.into(), from, to, log: false }
    }

    pub fn log(says: impl Into<String>, from: f64, to: f64) -> Self {
        Self { says: says.into(), from, to, log: true }
    }

    /// Where a value lies, 0 to 1.
    fn share(&self, value: f64) -> f64 {
        if self.log {
            return libm::log(value / self.from) / libm::log(self.to / self.from);
        }
        (value - self.from) / (self.to - self.from)
    }

    fn has(&self, value: f64) -> bool {
        (self.from..=self.to).contains(&value)
    }

    fn ticks(&self) -> Vec<f64> {
        if !self.log {
            let step = (self.to - self.from) / STEPS as f64;
            return (0..=STEPS).map(|n| self.from + step * n as f64).collect();
        }
        let mut ticks = Vec::new();
        let mut scale = 1.0;
        while scale * 10.0 <= self.from {
            scale *= 10.0;
        }
        while scale > self.from {
            scale /= 10.0;
        }
        while scale <= self.to {
            ticks.extend([1.0, 2.0, 5.0].map(|step| step * scale).into_iter().filter(|&tick| self.has(tick)));
            scale *= 10.0;
        }
        ticks
    }
}

/// A number as it stands at an axis.
fn words(value: f64) -> String {
    let rounded = libm::round(value * 100.0) / 100.0;
    format!("{rounded}").replace('-', "\u{2212}")
}

/// The next of 1, 2, 4, 5, 10, 20, …: ends of axes that read well.
pub fn nice(most: f64) -> f64 {
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn chart() -> Chart {
        let points = |y: f64| (0..50).map(|n| (f64::from(n) * 100.0, y)).collect();
        let series = |name: &str, y, drawn, ink| Series { name: name.into(), points: points(y), drawn, ink };
        Chart {
            title: "title <3".into(),
            x: Axis::plain("sleep, ms", 0.0, 5_000.0),
            y: Axis::plain("error, ms", -50.0, 50.0),
            series: vec![
                series("tutti", 1.0, Drawn::Dots, 0),
                series("original", -40.0, Drawn::Dots, 1),
                series("a line", 20.0, Drawn::Line, 2),
            ],
        }
    }

    #[test]
    fn a_chart_is_written_as_svg_for_light_and_dark_and_as_png() {
        let folder = std::env::temp_dir().join(format!("tutti-plot-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (svg, png) = (folder.join("plot.svg"), folder.join("plot.png"));

        chart().write(&svg, Picture::of(&svg).unwrap()).unwrap();
        chart().write(&png, Picture::of(&png).unwrap()).unwrap();

        let text = std::fs::read_to_string(&svg).unwrap();
        assert_eq!(text.matches("h0").count(), 100, "a dot for each point");
        assert!(
            text.contains("title &lt;3") && text.contains("prefers-color-scheme: dark") && text.ends_with("</svg>\n")
        );
        let decoder = png::Decoder::new(std::io::BufReader::new(File::open(&png).unwrap()));
        let mut reader = decoder.read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut pixels).unwrap();
        let of = |ink: usize| {
            let colour = bitmap::colour(Tone::Series(ink));
            pixels.chunks(3).filter(|pixel| **pixel == colour).count()
        };
        assert!(of(0) > 300 && of(1) > 300 && of(2) > 300);
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn another_ending_is_no_picture() {
        let words = Picture::of(Path::new("plot.pdf")).unwrap_err().to_string();
        assert_eq!(words, "a plot is a file.svg or a file.png, not plot.pdf");
    }

    #[test]
    fn axes_end_at_round_numbers_and_steps_that_are_factors_read_well() {
        assert_eq!([0.3, 1.5, 43.0, 51.0, 4_997.0].map(nice), [1.0, 2.0, 50.0, 100.0, 5_000.0]);
        assert_eq!(Axis::log("", 2.0, 60.0).ticks(), [2.0, 5.0, 10.0, 20.0, 50.0]);
        assert_eq!(Axis::log("", 0.2, 5.0).ticks(), [0.2, 0.5, 1.0, 2.0, 5.0]);
        assert_eq!(Axis::plain("", -50.0, 50.0).ticks(), [-50.0, -25.0, 0.0, 25.0, 50.0]);
    }
}
