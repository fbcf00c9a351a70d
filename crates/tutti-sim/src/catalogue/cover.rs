//! Draws covers: abstract patterns in three colours, always the same for the same id.

use crate::random::Random;

/// Sizes that are served, px; Spotify's own.
pub const SIZES: [u32; 3] = [640, 300, 64];

/// Ground, shape and accent.
const PALETTES: &[[u32; 3]] = &[
    [0xf4ecd8, 0x1f4e5f, 0xe4572e],
    [0x20223a, 0xf2b5a7, 0xf7e3af],
    [0xffd9c0, 0x8c3b60, 0xfaf0ca],
    [0xdff0ea, 0x2a9d8f, 0xf4a261],
    [0x14342b, 0xc98b5e, 0xf1e4c3],
    [0x2d1e5f, 0x6c8ef5, 0xf5d547],
    [0xf6efe6, 0xb5443a, 0xe9b44c],
    [0x0f3d4c, 0x88c9a1, 0xf3f0df],
    [0xe9e4f0, 0x5f4b8b, 0xe69a8d],
    [0xfdf1dc, 0x3b6064, 0xd9a5b3],
    [0x313638, 0xe8e9eb, 0xf06543],
];

type Colour = [f64; 3];

struct Drawing {
    pattern: usize,
    colours: [Colour; 3],
    /// Cells across, 3 to 5.
    cells: usize,
    /// A choice for each cell.
    choices: [u8; 25],
    /// Where the eye goes, in 0 … 1.
    centre: (f64, f64),
}

/// A square RGB PNG of this size in px.
///
/// # Errors
/// Only if the encoder fails, which it does not for sizes above 0.
pub fn draw(id: &str, size: u32) -> Result<Vec<u8>, png::EncodingError> {
    let drawing = Drawing::for_id(id);
    let mut pixels = Vec::with_capacity((size * size * 3) as usize);
    for row in 0..size {
        for column in 0..size {
            pixels.extend_from_slice(&drawing.pixel(column, row, size));
        }
    }
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, size, size);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&pixels)?;
    writer.finish()?;
    Ok(file)
}

impl Drawing {
    fn for_id(id: &str) -> Self {
        let mut random = Random::named(0, id);
        let palette = PALETTES[random.below(PALETTES.len())];
        Self {
            pattern: random.below(6),
            colours: palette.map(colour),
            cells: 3 + random.below(3),
            choices: std::array::from_fn(|_| random.below(16) as u8),
            centre: (random.between(0.25, 0.75), random.between(0.25, 0.75)),
        }
    }

    /// The mean of 3 × 3 samples, so that edges are smooth.
    fn pixel(&self, column: u32, row: u32, size: u32) -> [u8; 3] {
        let mut sum = [0.0; 3];
        for sample in 0..9 {
            let x = (f64::from(column) + f64::from(sample % 3 * 2 + 1) / 6.0) / f64::from(size);
            let y = (f64::from(row) + f64::from(sample / 3 * 2 + 1) / 6.0) / f64::from(size);
            for (total, part) in sum.iter_mut().zip(self.colours[self.shade(x, y)]) {
                *total += part;
            }
        }
        sum.map(|total| (total / 9.0 + 0.5) as u8)
    }

    /// Which of the three colours is at this place.
    fn shade(&self, x: f64, y: f64) -> usize {
        match self.pattern {
            0 => self.rings(x, y),
            1 => self.half_discs(x, y),
            2 => self.arcs(x, y),
            3 => self.hills(x, y),
            4 => self.sun_and_stripes(x, y),
            _ => self.triangles(x, y),
        }
    }

    fn rings(&self, x: f64, y: f64) -> usize {
        let ring = (distance(x, y, self.centre) * 14.0) as usize;
        match ring {
            0 | 1 => 2,
            _ if ring.is_multiple_of(2) => 1,
            _ => 0,
        }
    }

    fn half_discs(&self, x: f64, y: f64) -> usize {
        let (choice, x, y) = self.cell(x, y);
        let (x, y) = turned(choice, x, y);
        let shape = if choice & 8 == 0 { 1 } else { 2 };
        if y < 0.5 && distance(x, y, (0.5, 0.5)) < 0.5 { shape } else { 0 }
    }

    fn arcs(&self, x: f64, y: f64) -> usize {
        let (choice, x, y) = self.cell(x, y);
        let (x, y) = if choice & 1 == 0 { (x, y) } else { (1.0 - x, y) };
        let near = distance(x, y, (0.0, 0.0)).min(distance(x, y, (1.0, 1.0)));
        match (near - 0.5).abs() {
            off if off < 0.10 => 2,
            off if off < 0.22 => 1,
            _ => 0,
        }
    }

    fn hills(&self, x: f64, y: f64) -> usize {
        let (cx, cy) = self.centre;
        let front = distance(x, y, (cx - 0.55, 1.25)) < 0.72 || distance(x, y, (cx + 0.7, 1.3)) < 0.66;
        let back = distance(x, y, (cx + 0.25, 1.15)) < 0.68;
        if front {
            1
        } else if back {
            // A lighter slope: stripes of ground let it recede.
            usize::from(((y * 40.0) as usize).is_multiple_of(2))
        } else if distance(x, y, (cx, cy * 0.7)) < 0.16 {
            2
        } else {
            0
        }
    }

    fn sun_and_stripes(&self, x: f64, y: f64) -> usize {
        let stripe = (((x + y) * 8.0) as usize).is_multiple_of(2);
        match (distance(x, y, self.centre) < 0.28, stripe) {
            (true, true) => 2,
            (true, false) => 1,
            (false, true) => 1,
            (false, false) => 0,
        }
    }

    fn triangles(&self, x: f64, y: f64) -> usize {
        let (choice, x, y) = self.cell(x, y);
        let (x, y) = turned(choice, x, y);
        if x + y < 1.0 { [0, 1, 1, 2][usize::from(choice >> 2)] } else { 0 }
    }

    /// The cell's choice and the place inside it.
    fn cell(&self, x: f64, y: f64) -> (u8, f64, f64) {
        let (across, down) = (x * self.cells as f64, y * self.cells as f64);
        let (column, row) = (across as usize, down as usize);
        let choice = self.choices[(row * self.cells + column) % self.choices.len()];
        (choice, across - column as f64, down - row as f64)
    }
}

/// Turned by quarter turns.
fn turned(quarters: u8, x: f64, y: f64) -> (f64, f64) {
    match quarters & 3 {
        0 => (x, y),
        1 => (y, 1.0 - x),
        2 => (1.0 - x, 1.0 - y),
        _ => (1.0 - y, x),
    }
}

fn distance(x: f64, y: f64, (cx, cy): (f64, f64)) -> f64 {
    libm::sqrt((x - cx) * (x - cx) + (y - cy) * (y - cy))
}

fn colour(rgb: u32) -> Colour {
    [rgb >> 16, rgb >> 8, rgb].map(|part| f64::from(part & 0xff))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::catalogue::Catalogue;

    #[test]
    fn covers_are_png_files_of_their_size_and_albums_differ() {
        let catalogue = Catalogue::new();
        let covers: Vec<Vec<u8>> = catalogue.albums().iter().map(|album| draw(&album.id, 64).unwrap()).collect();
        for (index, cover) in covers.iter().enumerate() {
            let reader = png::Decoder::new(std::io::Cursor::new(cover)).read_info().unwrap();
            assert_eq!((reader.info().width, reader.info().height), (64, 64));
            assert!(!covers[..index].contains(cover), "album {index} looks like another one");
        }
        assert_eq!(covers[0], draw(&catalogue.albums()[0].id, 64).unwrap());
    }
}
