//! MP4, MOV and M4A: boxes (ISO/IEC 14496-12). Only the box of headers is read, wherever it is.

use super::{Facts, Kept, be32, be64, whole_ms};
use task::Size;

/// Boxes at the top that are walked over in search of the headers.
const TOP_BOXES_MAX: usize = 32;
/// How much of the box of headers is read. Playing time stands at its beginning, and the film's track as a
/// rule before those of its sounds.
const HEADERS_MAX_BYTES: u64 = 512 << 10;
/// Boxes of one level that are looked at.
const BOXES_MAX: usize = 256;

/// What the headers say.
pub(super) async fn facts(file: &Kept<'_>) -> Facts {
    headers(file).await.map(|headers| read_headers(&headers)).unwrap_or_default()
}

/// The body of `moov`, or its beginning. Where it stands at the end it is read back from there.
async fn headers(file: &Kept<'_>) -> Option<bytes::Bytes> {
    let mut at = 0;
    for _ in 0..TOP_BOXES_MAX {
        let header = file.read(at, 16).await?;
        let (kind, header_bytes, size) = box_header(&header, file.length - at)?;
        if kind == *b"moov" {
            let body = (size - header_bytes).min(HEADERS_MAX_BYTES);
            return file.read(at + header_bytes, usize::try_from(body).ok()?).await;
        }
        at = at.checked_add(size)?;
    }
    None
}

/// Type, length of the header, length of the whole; `left` is what there can be at the most.
fn box_header(header: &[u8], left: u64) -> Option<([u8; 4], u64, u64)> {
    let kind = header.get(4..8)?.try_into().ok()?;
    let (header_bytes, size) = match be32(header, 0)? {
        0 => (8, left),
        1 => (16, be64(header, 8)?),
        size => (8, u64::from(size)),
    };
    (size >= header_bytes).then_some((kind, header_bytes, size))
}

/// The boxes in a body, the last one perhaps cut short.
fn boxes(body: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    let mut rest = body;
    let next = move || {
        let (kind, header_bytes, size) = box_header(rest, rest.len() as u64)?;
        let (header_bytes, size) = (usize::try_from(header_bytes).ok()?, usize::try_from(size).unwrap_or(usize::MAX));
        let inside = rest.get(header_bytes..size.min(rest.len()))?;
        rest = rest.get(size..).unwrap_or_default();
        Some((kind, inside))
    };
    std::iter::from_fn(next).take(BOXES_MAX)
}

fn child<'a>(body: &'a [u8], kind: &[u8; 4]) -> Option<&'a [u8]> {
    boxes(body).find(|(found, _)| found == kind).map(|(_, inside)| inside)
}

fn read_headers(moov: &[u8]) -> Facts {
    let tracks = boxes(moov).filter(|(kind, _)| kind == b"trak").map(|(_, track)| track);
    Facts { size: tracks.filter_map(picture_size).next(), duration_ms: duration_ms(moov) }
}

fn duration_ms(moov: &[u8]) -> Option<i64> {
    let header = child(moov, b"mvhd")?;
    let is_long = *header.first()? == 1;
    let (per_second, units) = match is_long {
        true => (be32(header, 20)?, known64(be64(header, 24)?)?),
        false => (be32(header, 12)?, known32(be32(header, 16)?)?),
    };
    let units = match child(moov, b"mvex") {
        None => units,
        // In fragments: the header tells of what stands in it alone.
        Some(extends) => {
            let total = child(extends, b"mehd")?;
            if *total.first()? == 1 { known64(be64(total, 4)?)? } else { known32(be32(total, 4)?)? }
        }
    };
    whole_ms(units, u64::from(per_second))
}

/// All ones stand for "not known".
fn known32(units: u32) -> Option<u64> {
    (units != u32::MAX).then_some(u64::from(units))
}

fn known64(units: u64) -> Option<u64> {
    (units != u64::MAX).then_some(units)
}

/// Pixels of a track of pictures as they are shown: a film that was taken upright is turned by a matrix.
fn picture_size(track: &[u8]) -> Option<Size> {
    let handler = child(child(track, b"mdia")?, b"hdlr")?;
    if handler.get(8..12)? != b"vide" {
        return None;
    }
    let header = child(track, b"tkhd")?;
    let matrix = if *header.first()? == 1 { 52 } else { 40 };
    let is_turned = be32(header, matrix)? == 0 && be32(header, matrix + 4)? != 0;
    let (width, height) = (pixels(be32(header, matrix + 36)?)?, pixels(be32(header, matrix + 40)?)?);
    Some(if is_turned { Size { width: height, height: width } } else { Size { width, height } })
}

/// A 16.16 number of pixels.
fn pixels(fixed: u32) -> Option<i64> {
    let whole = i64::from(fixed >> 16);
    (whole > 0).then_some(whole)
}
