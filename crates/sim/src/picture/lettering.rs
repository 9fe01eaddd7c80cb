//! Words on a picture, in an eight by eight font.

use super::Canvas;
use font8x8::{BASIC_FONTS, BOX_FONTS, GREEK_FONTS, HIRAGANA_FONTS, LATIN_FONTS, UnicodeFonts};

/// The most lines of a caption; what does not fit ends in dots.
const LINES_MAX: usize = 3;

const WHITE: [f32; 3] = [0.97, 0.97, 0.95];

/// Writes the caption along the lower edge, on a darkened band.
pub(super) fn caption(canvas: &mut Canvas, text: &str) {
    if text.is_empty() {
        return;
    }
    let scale = (canvas.height.min(canvas.width) / 320).max(1);
    let (step, margin) = (8 * scale, 4 * scale);
    let columns = (canvas.width.saturating_sub(2 * margin) / step).max(1) as usize;
    let lines = wrap(text, columns);
    let band = lines.len() as u32 * (step + 2 * scale) + 2 * margin;
    let top = canvas.height.saturating_sub(band);
    for y in top..canvas.height {
        for x in 0..canvas.width {
            let under = canvas.get(x, y);
            canvas.set(x, y, under.map(|value| value * 0.38));
        }
    }
    for (place, line) in lines.iter().enumerate() {
        let y = top + margin + place as u32 * (step + 2 * scale);
        write(canvas, line, (margin, y), scale);
    }
}

/// Writes as much of the text as fits into one line along the lower edge, on nothing.
pub(super) fn line(canvas: &mut Canvas, text: &str) {
    let scale = (canvas.height.min(canvas.width) / 320).max(1);
    let (step, margin) = (8 * scale, 4 * scale);
    let columns = (canvas.width.saturating_sub(2 * margin) / step) as usize;
    let text: String = text.chars().take(columns).collect();
    let top = canvas.height.saturating_sub(step + margin);
    write(canvas, &text, (margin, top), scale);
}

/// Writes a picture's number into its upper left corner.
pub(super) fn number(canvas: &mut Canvas, number: u32, (left, top): (u32, u32)) {
    let scale = (canvas.height.min(canvas.width) / 320).max(1);
    write(canvas, &number.to_string(), (left + 4 * scale, top + 4 * scale), scale);
}

fn write(canvas: &mut Canvas, text: &str, (left, top): (u32, u32), scale: u32) {
    for (place, glyph) in text.chars().map(glyph).enumerate() {
        let x = left + place as u32 * 8 * scale;
        for (row, bits) in (0u32..).zip(glyph) {
            for column in (0..8u32).filter(|column| bits & (1 << column) != 0) {
                for pixel in 0..scale * scale {
                    let (right, down) = (pixel % scale, pixel / scale);
                    canvas.set(x + column * scale + right, top + row * scale + down, WHITE);
                }
            }
        }
    }
}

/// The glyph; a box for letters that no font here has.
fn glyph(letter: char) -> [u8; 8] {
    let known = BASIC_FONTS
        .get(letter)
        .or_else(|| LATIN_FONTS.get(letter))
        .or_else(|| GREEK_FONTS.get(letter))
        .or_else(|| HIRAGANA_FONTS.get(letter))
        .or_else(|| BOX_FONTS.get(letter));
    known.unwrap_or([0x7e, 0x42, 0x42, 0x42, 0x42, 0x42, 0x7e, 0])
}

fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = vec![String::new()];
    for word in text.split_whitespace() {
        let used = lines.last().map_or(0, |line| line.chars().count());
        let length = word.chars().count();
        if used > 0 && used + 1 + length > columns {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.extend(word.chars().take(columns));
        }
    }
    let cut = lines.len() > LINES_MAX;
    lines.truncate(LINES_MAX);
    if let Some(last) = lines.last_mut().filter(|_| cut) {
        *last = last.chars().take(columns.saturating_sub(3)).chain("...".chars()).collect();
    }
    lines
}
