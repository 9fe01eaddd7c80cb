//! H.264, as little of it as decoders everywhere understand: constrained baseline, one slice a frame,
//! no filter. A macroblock is flat (DC prediction and one DC coefficient that hits its colour
//! exactly), detailed in luma (I_PCM), or the same as before (P_Skip).
//!
//! Section numbers are those of ITU-T H.264.

use super::bits::Bits;

/// The quantiser at which one luma DC level is exactly one step of brightness (8.5.10: 256 << 4 >> 8).
const QP: i32 = 28;

/// Lowers the chroma quantiser to 22, where the same holds for chroma DC (8.5.11).
const CHROMA_QP_OFFSET: i32 = -6;

/// Bits of `frame_num`.
const FRAME_NUM_BITS: u32 = 16;

/// `mb_type` of I_PCM and of I_16x16 with DC prediction and no coefficients, in I slices (table 7-11).
const I_PCM: u32 = 25;
const I_16X16_DC: u32 = 3;

/// What is added to an intra `mb_type` in P slices (table 7-13).
const INTRA_IN_P: u32 = 5;

/// The largest frame of each level, in macroblocks, that also fits 24 frames a second (table A-1).
const LEVELS: [(u32, u8); 4] = [(1_620, 30), (3_600, 31), (8_192, 40), (36_864, 51)];

/// Pixels in a macroblock's luma.
const LUMA: usize = 256;

/// A macroblock: 16 by 16 pixels of one hue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    pub luma: Luma,
    pub cb: u8,
    pub cr: u8,
}

/// Its brightness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Luma {
    Flat(u8),
    /// 256 pixels, row by row.
    Detailed(Box<[u8; LUMA]>),
}

/// Codes frames one after another.
#[derive(Debug)]
pub(super) struct Encoder {
    width: u32,
    height: u32,
    columns: usize,
    rows: usize,
    frame_num: u32,
    last: Vec<Block>,
}

impl Encoder {
    /// For frames of this size; both edges even.
    pub(super) fn new(width: u32, height: u32) -> Self {
        let (columns, rows) = (width.div_ceil(16) as usize, height.div_ceil(16) as usize);
        Self { width, height, columns, rows, frame_num: 0, last: Vec::new() }
    }

    /// `level_idc`.
    pub(super) fn level(&self) -> u8 {
        let blocks = (self.columns * self.rows) as u32;
        LEVELS.iter().find(|(most, _)| blocks <= *most).map_or(52, |(_, level)| *level)
    }

    /// The sequence parameter set as a NAL unit (7.3.2.1.1).
    pub(super) fn sequence(&self) -> Vec<u8> {
        let mut bits = Bits::default();
        bits.put(66, 8);
        bits.put(0xc0, 8);
        bits.put(u32::from(self.level()), 8);
        bits.ue(0);
        bits.ue(FRAME_NUM_BITS - 4);
        // Shown in the order in which they are coded.
        bits.ue(2);
        bits.ue(1);
        bits.put(0, 1);
        bits.ue(self.columns as u32 - 1);
        bits.ue(self.rows as u32 - 1);
        // Frames only, 8x8 inference.
        bits.put(0b11, 2);
        let (right, below) = (self.columns as u32 * 16 - self.width, self.rows as u32 * 16 - self.height);
        bits.put(u32::from(right + below > 0), 1);
        if right + below > 0 {
            // In pairs of pixels: left, right, top, bottom.
            [0, right / 2, 0, below / 2].into_iter().for_each(|pairs| bits.ue(pairs));
        }
        bits.put(0, 1);
        unit(0x67, bits)
    }

    /// The picture parameter set as a NAL unit (7.3.2.2).
    pub(super) fn picture(&self) -> Vec<u8> {
        let mut bits = Bits::default();
        bits.ue(0);
        bits.ue(0);
        // CAVLC, no order of fields.
        bits.put(0, 2);
        [0, 0, 0].into_iter().for_each(|value| bits.ue(value));
        // No weights.
        bits.put(0, 3);
        bits.se(QP - 26);
        bits.se(0);
        bits.se(CHROMA_QP_OFFSET);
        // The slice says whether to filter; intra prediction from anywhere; no redundant pictures.
        bits.put(0b100, 3);
        unit(0x68, bits)
    }

    /// The next frame as a NAL unit: the first one whole, later ones only where they differ.
    pub(super) fn frame(&mut self, blocks: Vec<Block>) -> Vec<u8> {
        let is_first = self.last.is_empty();
        let mut bits = Bits::default();
        self.header(&mut bits, is_first);
        let mut skipped = 0;
        let mut is_pcm = vec![false; blocks.len()];
        for place in 0..blocks.len() {
            if !is_first && self.last.get(place) == blocks.get(place) {
                skipped += 1;
                continue;
            }
            if !is_first {
                bits.ue(skipped);
                skipped = 0;
            }
            is_pcm[place] = self.code(&mut bits, &blocks, place, &is_pcm, if is_first { 0 } else { INTRA_IN_P });
        }
        if skipped > 0 {
            bits.ue(skipped);
        }
        self.last = blocks;
        self.frame_num = (self.frame_num + 1) % (1 << FRAME_NUM_BITS);
        unit(if is_first { 0x65 } else { 0x41 }, bits)
    }

    /// 7.3.3.
    fn header(&self, bits: &mut Bits, is_first: bool) {
        bits.ue(0);
        // All slices of the picture are I, or P.
        bits.ue(if is_first { 7 } else { 5 });
        bits.ue(0);
        bits.put(self.frame_num, FRAME_NUM_BITS);
        if is_first {
            bits.ue(0);
            // Marking: output what was before, no long-term reference.
            bits.put(0, 2);
        } else {
            // No own count of references, no reordering, sliding window.
            bits.put(0, 3);
        }
        bits.se(0);
        // No filter between the blocks.
        bits.ue(1);
    }

    /// One macroblock (7.3.5); tells whether it is I_PCM.
    fn code(&self, bits: &mut Bits, blocks: &[Block], place: usize, is_pcm: &[bool], offset: u32) -> bool {
        let block = &blocks[place];
        let value = match &block.luma {
            Luma::Flat(value) => i32::from(*value),
            Luma::Detailed(luma) => {
                bits.ue(I_PCM + offset);
                bits.align();
                bits.put_bytes(luma.as_slice());
                bits.put_bytes(&[block.cb; LUMA / 4]);
                bits.put_bytes(&[block.cr; LUMA / 4]);
                return true;
            }
        };
        let left = (!place.is_multiple_of(self.columns)).then(|| place - 1);
        let above = place.checked_sub(self.columns);
        // Each block has one hue, so chroma is predicted from one neighbour as it is.
        let (chroma_mode, neighbour) = match (left, above) {
            (Some(left), _) => (1, Some(&blocks[left])),
            (None, Some(above)) => (2, Some(&blocks[above])),
            (None, None) => (0, None),
        };
        let predicted = |of: fn(&Block) -> u8| i32::from(neighbour.map_or(128, of));
        let cb = i32::from(block.cb) - predicted(|block| block.cb);
        let cr = i32::from(block.cr) - predicted(|block| block.cr);
        let has_chroma = u32::from(cb != 0 || cr != 0);
        bits.ue(I_16X16_DC + 4 * has_chroma + offset);
        bits.ue(chroma_mode);
        bits.se(0);
        let coded = |place: Option<usize>| place.map(|place| if is_pcm[place] { 16 } else { 0 });
        // 9.2.1: how many coefficients the neighbours have decides the code.
        let neighbours = match (coded(left), coded(above)) {
            (Some(left), Some(above)) => (left + above + 1) / 2,
            (left, above) => left.or(above).unwrap_or(0),
        };
        let luma_codes = if neighbours >= 8 { PCM_NEAR } else { PLAIN };
        residual(bits, value - mean(left.map(|at| &blocks[at]), above.map(|at| &blocks[at])), luma_codes);
        if has_chroma == 1 {
            residual(bits, cb, CHROMA_DC);
            residual(bits, cr, CHROMA_DC);
        }
        false
    }
}

/// Codes for no coefficient, one of ±1, and another one, as value and length (table 9-5).
type TokenCodes = [(u32, u32); 3];
const PLAIN: TokenCodes = [(1, 1), (1, 2), (0b101, 6)];
const PCM_NEAR: TokenCodes = [(0b11, 6), (0b1, 6), (0, 6)];
const CHROMA_DC: TokenCodes = [(1, 2), (1, 1), (0b111, 6)];

/// A block whose only coefficient is its first (9.2).
fn residual(bits: &mut Bits, level: i32, [none, one, other]: TokenCodes) {
    let token = match level {
        0 => none,
        -1 | 1 => one,
        _ => other,
    };
    bits.put(token.0, token.1);
    match level {
        0 => return,
        -1 | 1 => bits.put(u32::from(level < 0), 1),
        _ => {
            let code = level.unsigned_abs() * 2 - 4 + u32::from(level < 0);
            let (zeros, suffix, length) = match code {
                0..14 => (code, 0, 0),
                14..30 => (14, code - 14, 4),
                _ => (15, code - 30, 12),
            };
            bits.put(1, zeros + 1);
            bits.put(suffix, length);
        }
    }
    // No zeros before it.
    bits.put(1, 1);
}

/// DC prediction (8.3.3.3): the mean of the row above and the column to the left.
fn mean(left: Option<&Block>, above: Option<&Block>) -> i32 {
    let edge = |luma: &Luma, places: fn(usize) -> usize| -> i32 {
        match luma {
            Luma::Flat(value) => 16 * i32::from(*value),
            Luma::Detailed(luma) => (0..16).map(|at| i32::from(luma[places(at)])).sum(),
        }
    };
    let left = left.map(|block| edge(&block.luma, |row| row * 16 + 15));
    let above = above.map(|block| edge(&block.luma, |column| 240 + column));
    match (left, above) {
        (Some(left), Some(above)) => (left + above + 16) >> 5,
        (Some(sum), None) | (None, Some(sum)) => (sum + 8) >> 4,
        (None, None) => 128,
    }
}

/// A NAL unit: header, payload, stop bit, and 3s between what would look like a start code (7.4.1).
fn unit(header: u8, mut bits: Bits) -> Vec<u8> {
    bits.put(1, 1);
    bits.align();
    let (mut unit, mut zeros) = (vec![header], 0);
    for byte in bits.into_bytes() {
        if zeros >= 2 && byte <= 3 {
            unit.push(3);
            zeros = 0;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        unit.push(byte);
    }
    unit
}
