//! WebM and Matroska: EBML elements (RFC 9559). Headers stand at the beginning, so only that is read.

use super::{DURATION_MAX_MS, Facts};
use task::Size;

/// Elements of one level that are looked at.
const ELEMENTS_MAX: usize = 256;
/// Nanoseconds in a unit of time, where the file says nothing.
const SCALE_DEFAULT_NS: u64 = 1_000_000;

const EBML: u64 = 0x1A45_DFA3;
const SEGMENT: u64 = 0x1853_8067;
const INFO: u64 = 0x1549_A966;
const SCALE: u64 = 0x002A_D7B1;
const DURATION: u64 = 0x4489;
const TRACKS: u64 = 0x1654_AE6B;
const TRACK: u64 = 0xAE;
const VIDEO: u64 = 0xE0;
const WIDTH: u64 = 0xB0;
const HEIGHT: u64 = 0xBA;
const CLUSTER: u64 = 0x1F43_B675;

/// What the headers say.
pub(super) fn facts(head: &[u8]) -> Facts {
    let Some(segment) = elements(head).find(|(id, _)| *id == SEGMENT).map(|(_, inside)| inside) else {
        return Facts::default();
    };
    if elements(head).next().is_none_or(|(id, _)| id != EBML) {
        return Facts::default();
    }
    // What comes after the first pictures is not looked for.
    let mut headers = elements(segment).take_while(|(id, _)| *id != CLUSTER);
    let mut facts = Facts::default();
    for (id, inside) in &mut headers {
        match id {
            INFO => facts.duration_ms = duration_ms(inside),
            TRACKS => facts.size = elements(inside).filter(|(id, _)| *id == TRACK).find_map(|(_, track)| size(track)),
            _ => {}
        }
    }
    facts
}

fn size(track: &[u8]) -> Option<Size> {
    let video = child(track, VIDEO)?;
    let side = |id| i64::try_from(number(child(video, id)?)?).ok().filter(|side| (1..=65_535).contains(side));
    Some(Size { width: side(WIDTH)?, height: side(HEIGHT)? })
}

fn duration_ms(info: &[u8]) -> Option<i64> {
    let scale_ns = match child(info, SCALE) {
        Some(scale) => number(scale)?,
        None => SCALE_DEFAULT_NS,
    };
    let duration = child(info, DURATION)?;
    let units = match duration.len() {
        4 => f64::from(f32::from_be_bytes(duration.try_into().ok()?)),
        8 => f64::from_be_bytes(duration.try_into().ok()?),
        _ => return None,
    };
    let ms = (units * scale_ns as f64 / 1e6).round();
    // Not a number compares with nothing.
    (ms >= 1.0 && ms <= DURATION_MAX_MS as f64).then_some(ms as i64)
}

fn child(body: &[u8], id: u64) -> Option<&[u8]> {
    elements(body).find(|(found, _)| *found == id).map(|(_, inside)| inside)
}

/// An unsigned number of up to eight bytes.
fn number(bytes: &[u8]) -> Option<u64> {
    (1..=8).contains(&bytes.len()).then(|| bytes.iter().fold(0, |value, byte| (value << 8) | u64::from(*byte)))
}

/// The elements in a body with their ids, marker bits included. The last one may be cut short, and one of
/// unknown length reaches to the end.
fn elements(body: &[u8]) -> impl Iterator<Item = (u64, &[u8])> {
    let mut rest = body;
    let next = move || {
        let (id, id_bytes) = variable(rest, 4)?;
        let (marked, size_bytes) = variable(rest.get(id_bytes..)?, 8)?;
        let size = marked & !(1 << (7 * size_bytes));
        let is_unknown = size == (1 << (7 * size_bytes)) - 1;
        let inside = rest.get(id_bytes + size_bytes..)?;
        let length = if is_unknown { inside.len() } else { usize::try_from(size).unwrap_or(usize::MAX) };
        rest = inside.get(length..).unwrap_or_default();
        Some((id, &inside[..length.min(inside.len())]))
    };
    std::iter::from_fn(next).take(ELEMENTS_MAX)
}

/// A number whose first byte's leading zeros tell its length; marker bit included.
fn variable(bytes: &[u8], max_bytes: usize) -> Option<(u64, usize)> {
    let length = usize::try_from(bytes.first()?.leading_zeros()).ok()? + 1;
    (length <= max_bytes).then_some(())?;
    Some((number(bytes.get(..length)?)?, length))
}
