//! Pictures in three formats.

use crate::picture::{Cell, Picture, Size};
use bytes::Bytes;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::webp::WebPEncoder;
use image::{ExtendedColorType, ImageEncoder, ImageResult};

/// Edges that are painted, pixels.
const EDGES: std::ops::RangeInclusive<u32> = 16..=4_096;

const JPEG_QUALITY: u8 = 85;

/// A picture of exactly this size.
pub(super) fn picture(width: u32, height: u32, seed: u64, variant: u64, caption: &str) -> Picture {
    let edge = |pixels: u32| pixels.clamp(*EDGES.start(), *EDGES.end());
    let size = Size { width: edge(width), height: edge(height) };
    Picture { size, caption: caption.to_owned(), cells: vec![Cell { seed, variant, zoom: 1.0, dx: 0.0, dy: 0.0 }] }
}

pub(super) fn png(picture: &Picture) -> ImageResult<Bytes> {
    picture.png()
}

pub(super) fn webp(picture: &Picture) -> ImageResult<Bytes> {
    let (canvas, mut file) = (picture.paint(), Vec::new());
    let encoder = WebPEncoder::new_lossless(&mut file);
    encoder.write_image(&canvas.rgb, canvas.width, canvas.height, ExtendedColorType::Rgb8)?;
    Ok(file.into())
}

pub(super) fn jpeg(picture: &Picture) -> ImageResult<Bytes> {
    let (canvas, mut file) = (picture.paint(), Vec::new());
    let encoder = JpegEncoder::new_with_quality(&mut file, JPEG_QUALITY);
    encoder.write_image(&canvas.rgb, canvas.width, canvas.height, ExtendedColorType::Rgb8)?;
    Ok(file.into())
}
