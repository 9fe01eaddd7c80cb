//! Real pictures: painted from numbers, lettered with the prompt, encoded as PNG.
//!
//! A picture is a window into an endless painted plane, so an upscale is the same window with more
//! pixels, a zoom a wider one, a pan one moved aside.

mod lettering;
mod scene;
mod size;

use bytes::Bytes;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder, ImageResult};
use scene::Scene;
use serde::{Deserialize, Serialize};
pub(crate) use size::{Size, aspect_of};

/// A window into a painted plane.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Cell {
    /// Which plane.
    pub seed: u64,
    /// Which variation of it.
    pub variant: u64,
    /// Height of the window; 1 for a plain picture.
    pub zoom: f32,
    /// Centre, to the right.
    pub dx: f32,
    /// Centre, downwards.
    pub dy: f32,
}

/// A picture: one window, or a grid of four.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Picture {
    /// Pixels.
    pub size: Size,
    /// What is written on it.
    pub caption: String,
    /// One, or four: upper left, upper right, lower left, lower right.
    pub cells: Vec<Cell>,
}

/// Pixels, three bytes each.
pub(crate) struct Canvas {
    pub width: u32,
    pub height: u32,
    pub rgb: Vec<u8>,
}

impl Picture {
    /// One of the four as a picture of its own, `number` from 1 to 4.
    pub(crate) fn single(&self, number: usize) -> Option<Self> {
        let cell = *self.cells.get(number.checked_sub(1)?)?;
        let size = Size { width: self.size.width / 2, height: self.size.height / 2 };
        Some(Self { size, caption: self.caption.clone(), cells: vec![cell] })
    }

    /// The same at a quarter of the edge, as a preview.
    pub(crate) fn preview(&self) -> Self {
        let size = Size { width: (self.size.width / 4).max(16), height: (self.size.height / 4).max(16) };
        Self { size, ..self.clone() }
    }

    /// The PNG file. The same picture gives the same bytes.
    pub(crate) fn png(&self) -> ImageResult<Bytes> {
        let canvas = self.paint();
        let mut file = Vec::new();
        let encoder = PngEncoder::new_with_quality(&mut file, CompressionType::Fast, FilterType::Sub);
        encoder.write_image(&canvas.rgb, canvas.width, canvas.height, ExtendedColorType::Rgb8)?;
        Ok(Bytes::from(file))
    }

    /// The pixels.
    pub(crate) fn paint(&self) -> Canvas {
        let Size { width, height } = self.size;
        let mut canvas = Canvas { width, height, rgb: vec![0; width as usize * height as usize * 3] };
        let columns = if self.cells.len() == 4 { 2 } else { 1 };
        let (cell_width, cell_height) = (width / columns, height / columns);
        for (place, cell) in self.cells.iter().take(4).enumerate() {
            let (column, row) = (place as u32 % columns, place as u32 / columns);
            let (left, top) = (column * cell_width, row * cell_height);
            Scene::of(cell).paint(cell, &mut canvas, (left, top, cell_width, cell_height));
            if columns > 1 {
                lettering::number(&mut canvas, place as u32 + 1, (left, top));
            }
        }
        lettering::caption(&mut canvas, &self.caption);
        canvas
    }
}

impl Canvas {
    /// Black, with the first words of `caption` in one white line at the lower edge.
    pub(crate) fn lettered(width: u32, height: u32, caption: &str) -> Self {
        let mut canvas = Self { width, height, rgb: vec![0; width as usize * height as usize * 3] };
        lettering::line(&mut canvas, caption);
        canvas
    }

    /// Whether any pixel in these rows is not black.
    pub(crate) fn has_light(&self, rows: std::ops::Range<u32>) -> bool {
        let byte = |row: u32| (row.min(self.height) as usize) * self.width as usize * 3;
        self.rgb[byte(rows.start)..byte(rows.end)].iter().any(|value| *value > 0)
    }

    /// Sets a pixel; outside, nothing happens.
    pub(crate) fn set(&mut self, x: u32, y: u32, colour: [f32; 3]) {
        if x < self.width && y < self.height {
            let place = (y as usize * self.width as usize + x as usize) * 3;
            for (channel, value) in colour.into_iter().enumerate() {
                self.rgb[place + channel] = (value.clamp(0.0, 1.0) * 255.0) as u8;
            }
        }
    }

    /// What a pixel is; black outside.
    pub(crate) fn get(&self, x: u32, y: u32) -> [f32; 3] {
        let place = (y as usize * self.width as usize + x as usize) * 3;
        match self.rgb.get(place..place + 3) {
            Some([red, green, blue]) => [*red, *green, *blue].map(|value| f32::from(value) / 255.0),
            _ => [0.0; 3],
        }
    }
}
