//! What a video shows: a mosaic of the painted plane that moves aside, and a line of words below.

use super::avc::{Block, Encoder, Luma};
use crate::picture::{Canvas, Cell, Picture, Size};

/// Frames a second.
pub(super) const FPS: u32 = 24;

/// The mosaic moves once in so many frames; those between cost a few bytes each.
const FRAMES_A_STEP: u32 = 6;

/// How far the window moves in a second, in window heights.
const SPEED: f32 = 0.08;

/// Edges that are coded, pixels.
const EDGES: std::ops::RangeInclusive<u32> = 16..=4_096;

/// Durations that are coded, ms: up to ten minutes.
const DURATIONS_MS: std::ops::RangeInclusive<u32> = 100..=600_000;

/// A video to be coded.
#[derive(Debug)]
pub(super) struct Film {
    pub width: u32,
    pub height: u32,
    pub duration_ms: u32,
    cell: Cell,
    caption: String,
}

/// Its coded frames and what a player must know before.
pub(super) struct Reel {
    pub sequence: Vec<u8>,
    pub picture: Vec<u8>,
    pub level: u8,
    pub frames: Vec<Vec<u8>>,
}

impl Film {
    /// Of this size and length, both within what is coded; edges become even.
    pub(super) fn of(width: u32, height: u32, duration_ms: u32, seed: u64, variant: u64, caption: &str) -> Self {
        let edge = |pixels: u32| pixels.clamp(*EDGES.start(), *EDGES.end()) & !1;
        let duration_ms = duration_ms.clamp(*DURATIONS_MS.start(), *DURATIONS_MS.end());
        let cell = Cell { seed, variant, zoom: 1.0, dx: 0.0, dy: 0.0 };
        Self { width: edge(width), height: edge(height), duration_ms, cell, caption: caption.to_owned() }
    }

    /// How many frames it has; the last may be shorter than the others.
    pub(super) fn frame_count(&self) -> u32 {
        (self.duration_ms * FPS).div_ceil(1_000)
    }

    /// Codes all frames.
    pub(super) fn shoot(&self) -> Reel {
        let mut encoder = Encoder::new(self.width, self.height);
        let (sequence, picture, level) = (encoder.sequence(), encoder.picture(), encoder.level());
        let caption = self.caption_blocks();
        let mut blocks = Vec::new();
        let mut frames = Vec::new();
        for number in 0..self.frame_count() {
            if number % FRAMES_A_STEP == 0 {
                blocks = self.mosaic(number);
                let from = blocks.len().saturating_sub(caption.len());
                blocks.splice(from.., caption.iter().cloned());
            }
            frames.push(encoder.frame(blocks.clone()));
        }
        Reel { sequence, picture, level, frames }
    }

    /// One colour for each macroblock.
    fn mosaic(&self, number: u32) -> Vec<Block> {
        let cell = Cell { dx: self.cell.dx + SPEED * number as f32 / FPS as f32, ..self.cell };
        let size = Size { width: self.width.div_ceil(16), height: self.height.div_ceil(16) };
        let canvas = Picture { size, caption: String::new(), cells: vec![cell] }.paint();
        canvas.rgb.chunks_exact(3).map(|rgb| flat([rgb[0], rgb[1], rgb[2]])).collect()
    }

    /// The lowest rows of macroblocks, with a line of words; empty when there are none.
    fn caption_blocks(&self) -> Vec<Block> {
        let canvas = Canvas::lettered(self.width, self.height, &self.caption);
        let (columns, rows) = (self.width.div_ceil(16), self.height.div_ceil(16));
        let is_lit = |row: &u32| canvas.has_light((row * 16)..(row * 16 + 16));
        let Some(first) = (0..rows).find(is_lit) else { return Vec::new() };
        (first..rows)
            .flat_map(|row| (0..columns).map(move |column| (column, row)))
            .map(|at| words(&canvas, at))
            .collect()
    }
}

/// The macroblock at this column and row of a black and white canvas.
fn words(canvas: &Canvas, (column, row): (u32, u32)) -> Block {
    let mut luma = Box::new([16u8; 256]);
    for (place, value) in luma.iter_mut().enumerate() {
        let (x, y) = (column * 16 + place as u32 % 16, row * 16 + place as u32 / 16);
        let light = if x < canvas.width && y < canvas.height { canvas.get(x, y)[1] } else { 0.0 };
        *value = 16 + (light * 219.0) as u8;
    }
    let is_dark = luma.iter().all(|value| *value == 16);
    Block { luma: if is_dark { Luma::Flat(16) } else { Luma::Detailed(luma) }, cb: 128, cr: 128 }
}

/// RGB to limited-range YCbCr (BT.601).
fn flat(rgb: [u8; 3]) -> Block {
    let [red, green, blue] = rgb.map(|value| f32::from(value) / 255.0);
    let luma = 16.0 + 65.481 * red + 128.553 * green + 24.966 * blue;
    let cb = 128.0 - 37.797 * red - 74.203 * green + 112.0 * blue;
    let cr = 128.0 + 112.0 * red - 93.786 * green - 18.214 * blue;
    Block { luma: Luma::Flat(luma as u8), cb: cb as u8, cr: cr as u8 }
}
