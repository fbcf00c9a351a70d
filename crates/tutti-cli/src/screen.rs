//! The terminal itself: how wide it is, drawing over what was drawn before, columns that line up.

use std::io::{Write, stdout};

use crossterm::{cursor, queue, style, terminal};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The terminal's size is not known: as wide as terminals have always been.
const USUAL_WIDTH: usize = 80;

/// A picture that is drawn over and over in the same place.
#[derive(Debug, Default)]
pub struct Screen {
    drawn: u16,
    last: Vec<String>,
}

impl Screen {
    pub fn width() -> usize {
        terminal::size().map_or(USUAL_WIDTH, |(columns, _)| usize::from(columns).max(20))
    }

    /// Draws these lines in place of the last ones; lines wider than the terminal must have been cut before.
    pub fn draw(&mut self, lines: &[String]) -> std::io::Result<()> {
        if lines == self.last {
            return Ok(());
        }
        self.last = lines.to_vec();
        self.write(lines)
    }

    fn write(&mut self, lines: &[String]) -> std::io::Result<()> {
        let mut out = stdout().lock();
        queue!(out, terminal::BeginSynchronizedUpdate)?;
        if self.drawn > 0 {
            queue!(out, cursor::MoveToPreviousLine(self.drawn))?;
        }
        for line in lines {
            queue!(out, style::Print(line), terminal::Clear(terminal::ClearType::UntilNewLine), style::Print("\r\n"))?;
        }
        queue!(out, terminal::Clear(terminal::ClearType::FromCursorDown), terminal::EndSynchronizedUpdate)?;
        self.drawn = lines.len() as u16;
        out.flush()
    }
}

/// Cuts to `width` columns; what was cut shows as an ellipsis.
pub fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut used = 0;
    for letter in text.chars() {
        let wide = letter.width().unwrap_or(0);
        if used + wide + 1 > width {
            break;
        }
        kept.push(letter);
        used += wide;
    }
    kept.push('…');
    kept
}

/// Cuts or fills to exactly `width` columns.
pub fn fit(text: &str, width: usize) -> String {
    let text = cut(text, width);
    let missing = width.saturating_sub(text.width());
    text + &" ".repeat(missing)
}

/// Rows as lines whose columns begin below each other.
pub fn columns(rows: Vec<Vec<String>>) -> String {
    let most = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..most).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| fit(cell, *width)).collect();
        cells.join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_letters_take_two_columns() {
        assert_eq!(fit("王小明", 8), "王小明  ");
        assert_eq!(fit("王小明", 5), "王小…");
        assert_eq!(fit("王小明", 4), "王… ");
    }

    #[test]
    fn columns_line_up() {
        let rows = vec![vec!["a".into(), "x".into()], vec!["long".into(), "y".into()]];

        assert_eq!(columns(rows), "a     x\nlong  y\n");
    }
}
