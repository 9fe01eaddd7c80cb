//! The picture that comes of pressing a button on another.

use super::buttons::Press;
use crate::fingerprint::fingerprint;
use crate::picture::{Cell, Picture};

/// The picture of a follow-up. `id` makes variations of the same picture differ.
pub(super) fn picture(parent: &Picture, press: Press, id: &str, caption: String) -> Picture {
    let single = parent.cells.len() == 1;
    let cell = |number: usize| parent.cells.get(number - 1).or(parent.cells.first()).copied();
    let first = cell(1).unwrap_or(Cell { seed: 0, variant: 0, zoom: 1.0, dx: 0.0, dy: 0.0 });
    let variant = |place: u64| fingerprint(place, &["variant", id]);
    let four = |base: Cell| (0..4).map(|place| Cell { variant: variant(place), ..base }).collect();
    // Four around one show the same scene, so they keep its variant.
    let around = |cell: Cell| vec![cell; 4];
    let (size, cells) = match press {
        Press::Upscale(number) => (parent.size, vec![cell(number).unwrap_or(first)]),
        Press::Larger => (parent.size.times(2.0, 2.0), vec![first]),
        Press::Variation(number) => (parent.size, four(if single { first } else { cell(number).unwrap_or(first) })),
        Press::Reroll => {
            let seed = |place: u64| fingerprint(place, &["reroll", id]);
            let cells = (0..4).map(|place| Cell { seed: seed(place), variant: 0, ..first }).collect();
            (parent.size, cells)
        }
        Press::Zoom(factor) => (parent.size, around(Cell { zoom: first.zoom * factor, ..first })),
        Press::CustomZoom => (parent.size, around(first)),
        Press::Inpaint => (parent.size, four(first)),
        Press::Pan(right, down) => {
            let across = first.zoom * parent.size.width as f32 / parent.size.height.max(1) as f32;
            let moved = Cell { dx: first.dx + right * across / 2.0, dy: first.dy + down * first.zoom / 2.0, ..first };
            let (wide, high) = (1.0 + f64::from(right.abs()), 1.0 + f64::from(down.abs()));
            let zoom = first.zoom * (1.0 + down.abs());
            (parent.size.times(wide, high), around(Cell { zoom, ..moved }))
        }
    };
    Picture { size, caption, cells }
}

/// Widens a custom zoom's windows once its question is answered: the caption holds the answer.
pub(super) fn widen(picture: &mut Picture) {
    let factor = zoom_of(&picture.caption);
    for cell in &mut picture.cells {
        cell.zoom *= factor;
    }
}

/// `--zoom 1.8` in the answer to a custom zoom; 2 when there is none.
fn zoom_of(prompt: &str) -> f32 {
    let after = prompt.split_once("--zoom").map(|(_, after)| after);
    let number = after.and_then(|text| text.split_whitespace().next()?.parse::<f32>().ok());
    number.filter(|factor| (1.0..=2.0).contains(factor)).unwrap_or(2.0)
}
