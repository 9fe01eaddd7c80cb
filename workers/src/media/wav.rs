//! WAV: chunks in a RIFF file.

use super::whole_ms;

/// Chunks that are looked at.
const CHUNKS_MAX: usize = 64;

/// Playing time by the length of the samples and the bytes of a second.
pub(super) fn duration_ms(head: &[u8], length: u64) -> Option<i64> {
    let mut at = 12_usize;
    let mut rate = None;
    for _ in 0..CHUNKS_MAX {
        let kind = head.get(at..at.checked_add(4)?)?;
        let size = le32(head, at + 4)?;
        let body = at + 8;
        match kind {
            b"fmt " => rate = Some(bytes_per_second(head.get(body..)?)?),
            b"data" => {
                let there = length.checked_sub(body as u64)?;
                // Whoever writes as the sound arrives can't know its length and says the most there is.
                let said = if size == u32::MAX { there } else { u64::from(size) };
                // A file that was cut short plays for as long as there is something.
                return whole_ms(said.min(there), rate?);
            }
            _ => {}
        }
        // Chunks are padded to an even length.
        at = body.checked_add(usize::try_from(size).ok()?)?.checked_add(usize::try_from(size % 2).ok()?)?;
    }
    None
}

/// Bytes of a second. Where samples are plain numbers, what the header says has to agree with itself.
fn bytes_per_second(format: &[u8]) -> Option<u64> {
    let (code, samples, bytes, block) = (le16(format, 0)?, le32(format, 4)?, le32(format, 8)?, le16(format, 12)?);
    let is_plain = matches!(code, 1 | 3 | 0xFFFE);
    let agrees = u64::from(samples) * u64::from(block) == u64::from(bytes);
    (bytes > 0 && (agrees || !is_plain)).then_some(u64::from(bytes))
}

fn le16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

fn le32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}
