//! What is painted: hills under a sun or a moon, ribbons, or orbs, all from one fingerprint.

use super::{Canvas, Cell};
use crate::fingerprint::{Dice, fingerprint};
use std::f32::consts::TAU;

type Colour = [f32; 3];

/// Left, top, width, height of the part of the canvas that is painted on.
type Frame = (u32, u32, u32, u32);

enum Motif {
    /// A sky with a disc in it; each layer stands before the one above it in the list.
    Hills { disc: Disc, night: bool },
    /// Bands that cross the whole picture.
    Ribbons,
    /// Balls that float before a plain sky.
    Orbs(Vec<Disc>),
}

struct Disc {
    x: f32,
    y: f32,
    radius: f32,
    colour: Colour,
}

/// An edge that runs across the plane: a sum of three waves.
struct Edge {
    base: f32,
    waves: [(f32, f32, f32); 3],
    colour: Colour,
}

/// A painted plane.
pub(super) struct Scene {
    upper: Colour,
    lower: Colour,
    edges: Vec<Edge>,
    motif: Motif,
    stars: u64,
}

impl Scene {
    /// The plane of this window. Variants share the motif and, nearly, the colours.
    pub(super) fn of(cell: &Cell) -> Self {
        let mut plane = Dice::new(fingerprint(cell.seed, &["plane"]));
        let variant = cell.variant.to_string();
        let mut shape = Dice::new(fingerprint(cell.seed, &["shape", &variant]));
        let (wheel, night) = (plane.unit(), plane.unit() < 0.35);
        // Nights keep to the blue part of the wheel.
        let hue = if night { 0.55 + 0.2 * wheel } else { wheel } + shape.between(-0.1, 0.1);
        let choice = plane.unit();
        let bright = if night { 0.32 } else { 0.95 };
        let upper = from_hsv(hue, 0.62, bright * 0.78);
        let lower = from_hsv(hue + plane.between(0.07, 0.18), 0.5, bright);
        let warmth = shape.between(0.06, 0.15);
        let accent = if night { from_hsv(warmth, 0.1, 0.97) } else { from_hsv(warmth, 0.38, 1.0) };
        let motif = match choice {
            c if c < 0.6 => Motif::Hills { disc: sun(&mut shape, accent), night },
            c if c < 0.8 => Motif::Ribbons,
            _ => Motif::Orbs((0..14).map(|_| orb(&mut shape, hue)).collect()),
        };
        let edges = match motif {
            Motif::Orbs(_) => Vec::new(),
            Motif::Hills { .. } => (0..5).map(|layer| hill(&mut shape, layer, hue, night)).collect(),
            Motif::Ribbons => (0..9).map(|layer| ribbon(&mut shape, layer, hue)).collect(),
        };
        Self { upper, lower, edges, motif, stars: cell.seed }
    }

    /// Paints the window into its frame.
    pub(super) fn paint(&self, cell: &Cell, canvas: &mut Canvas, frame: Frame) {
        let (left, top, width, height) = frame;
        let scale = cell.zoom / height.max(1) as f32;
        let at_x = |column: u32| (column as f32 - width as f32 / 2.0) * scale + cell.dx;
        let at_y = |row: u32| (row as f32 - height as f32 / 2.0) * scale + cell.dy;
        for column in 0..width {
            let x = at_x(column);
            let heights: Vec<f32> = self.edges.iter().map(|edge| edge.at(x)).collect();
            for row in 0..height {
                let y = at_y(row);
                let colour = self.ground(&heights, y).unwrap_or_else(|| self.sky(x, y));
                canvas.set(left + column, top + row, colour);
            }
        }
        if let Motif::Orbs(orbs) = &self.motif {
            for orb in orbs {
                orb.paint(cell, canvas, frame);
            }
        }
    }

    /// The front-most edge above which this height lies.
    fn ground(&self, heights: &[f32], y: f32) -> Option<Colour> {
        let (edge, height) = self.edges.iter().zip(heights).rev().find(|(_, height)| y >= **height)?;
        let depth = ((y - height) * 1.6).clamp(0.0, 0.45);
        Some(edge.colour.map(|value| value * (1.0 - depth)))
    }

    fn sky(&self, x: f32, y: f32) -> Colour {
        let colour = mix(self.upper, self.lower, (y + 0.55).clamp(0.0, 1.0));
        let Motif::Hills { disc, night } = &self.motif else { return colour };
        let (dx, dy) = (x - disc.x, y - disc.y);
        let distance = (dx * dx + dy * dy).sqrt();
        if distance < disc.radius {
            return disc.colour;
        }
        let glow = (1.0 - (distance - disc.radius) / 0.45).clamp(0.0, 1.0);
        let lit = mix(colour, disc.colour, glow * glow * 0.6);
        if *night && self.is_star(x, y) { [1.0; 3] } else { lit }
    }

    /// The plane is ruled into small squares; about one in ninety holds a star.
    fn is_star(&self, x: f32, y: f32) -> bool {
        let (column, row) = ((x * 110.0).floor(), (y * 110.0).floor());
        let mixed = (column as i64).wrapping_mul(0x1f12_3bb5).wrapping_add((row as i64).wrapping_mul(0x5bd1_e995));
        let bits = (mixed.cast_unsigned() ^ self.stars).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
        let (inner_x, inner_y) = (x * 110.0 - column - 0.5, y * 110.0 - row - 0.5);
        bits.is_multiple_of(90) && inner_x * inner_x + inner_y * inner_y < 0.07
    }
}

impl Edge {
    fn at(&self, x: f32) -> f32 {
        self.base + self.waves.iter().map(|(height, pace, start)| height * (x * pace + start).sin()).sum::<f32>()
    }
}

impl Disc {
    fn paint(&self, cell: &Cell, canvas: &mut Canvas, (left, top, width, height): Frame) {
        let scale = cell.zoom / height.max(1) as f32;
        let to_column = |x: f32| ((x - cell.dx) / scale + width as f32 / 2.0).clamp(0.0, width as f32) as u32;
        let to_row = |y: f32| ((y - cell.dy) / scale + height as f32 / 2.0).clamp(0.0, height as f32) as u32;
        for row in to_row(self.y - self.radius)..to_row(self.y + self.radius) {
            for column in to_column(self.x - self.radius)..to_column(self.x + self.radius) {
                let x = ((column as f32 - width as f32 / 2.0) * scale + cell.dx - self.x) / self.radius;
                let y = ((row as f32 - height as f32 / 2.0) * scale + cell.dy - self.y) / self.radius;
                let square = x * x + y * y;
                if square < 1.0 {
                    let light = (0.55 - 0.45 * x - 0.55 * y).clamp(0.15, 1.25);
                    let under = canvas.get(left + column, top + row);
                    let colour = mix(under, self.colour.map(|value| value * light), 0.85);
                    canvas.set(left + column, top + row, colour);
                }
            }
        }
    }
}

fn sun(dice: &mut Dice, colour: Colour) -> Disc {
    Disc { x: dice.between(-0.3, 0.3), y: dice.between(-0.32, -0.05), radius: dice.between(0.06, 0.13), colour }
}

fn orb(dice: &mut Dice, hue: f32) -> Disc {
    let (x, y) = (dice.between(-1.1, 1.1), dice.between(-0.6, 0.6));
    let colour = from_hsv(hue + dice.between(0.3, 0.7), 0.6, 0.95);
    Disc { x, y, radius: dice.between(0.05, 0.2), colour }
}

fn hill(dice: &mut Dice, layer: usize, hue: f32, night: bool) -> Edge {
    let depth = layer as f32 / 4.0;
    let bright = if night { 0.30 - 0.22 * depth } else { 0.72 - 0.52 * depth };
    let colour = from_hsv(hue + 0.08 - 0.05 * depth, 0.35 + 0.25 * depth, bright);
    edge(dice, 0.02 + 0.11 * layer as f32, 0.07 - 0.03 * depth, colour)
}

fn ribbon(dice: &mut Dice, layer: usize, hue: f32) -> Edge {
    let place = layer as f32 / 8.0;
    let colour = from_hsv(hue + 0.55 * place, 0.55, 0.95 - 0.35 * place);
    edge(dice, -0.42 + 0.11 * layer as f32, 0.08, colour)
}

fn edge(dice: &mut Dice, base: f32, height: f32, colour: Colour) -> Edge {
    let mut wave = |share: f32, slow: f32, quick: f32| {
        (height * share * dice.between(0.6, 1.2), dice.between(slow, quick), dice.between(0.0, TAU))
    };
    Edge { base, waves: [wave(1.0, 2.0, 4.5), wave(0.4, 6.0, 11.0), wave(0.12, 17.0, 31.0)], colour }
}

fn mix(from: Colour, to: Colour, share: f32) -> Colour {
    [0, 1, 2].map(|channel| from[channel] + (to[channel] - from[channel]) * share)
}

/// Hue, saturation and value, all 0 to 1; the hue wraps.
fn from_hsv(hue: f32, saturation: f32, value: f32) -> Colour {
    [5.0f32, 3.0, 1.0].map(|offset| {
        let k = (offset + hue.rem_euclid(1.0) * 6.0) % 6.0;
        value - value * saturation * k.min(4.0 - k).clamp(0.0, 1.0)
    })
}
