//! Bits written one after another, the highest first.

/// A row of bits.
#[derive(Debug, Default)]
pub(super) struct Bits {
    bytes: Vec<u8>,
    /// Bits used in the last byte, 0 when it is full.
    used: u32,
}

impl Bits {
    /// The lowest `count` bits of `value`, at most 32.
    pub(super) fn put(&mut self, value: u32, count: u32) {
        for place in (0..count).rev() {
            if self.used == 0 {
                self.bytes.push(0);
            }
            if let Some(last) = self.bytes.last_mut() {
                *last |= ((value >> place & 1) as u8) << (7 - self.used);
            }
            self.used = (self.used + 1) % 8;
        }
    }

    /// Whole bytes.
    pub(super) fn put_bytes(&mut self, bytes: &[u8]) {
        if self.used == 0 {
            self.bytes.extend_from_slice(bytes);
        } else {
            bytes.iter().for_each(|byte| self.put(u32::from(*byte), 8));
        }
    }

    /// An unsigned Exp-Golomb code (H.264, 9.1).
    pub(super) fn ue(&mut self, value: u32) {
        let code = value + 1;
        let length = 32 - code.leading_zeros();
        self.put(0, length - 1);
        self.put(code, length);
    }

    /// A signed Exp-Golomb code (H.264, 9.1.1).
    pub(super) fn se(&mut self, value: i32) {
        let magnitude = value.unsigned_abs();
        self.ue(if value > 0 { 2 * magnitude - 1 } else { 2 * magnitude });
    }

    /// Zeros up to the next whole byte.
    pub(super) fn align(&mut self) {
        self.used = 0;
    }

    /// How many bits were written, filled up to whole bytes if they were aligned.
    pub(super) fn len(&self) -> usize {
        if self.used == 0 { self.bytes.len() * 8 } else { self.bytes.len() * 8 - 8 + self.used as usize }
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golomb_codes_are_those_of_the_standard() {
        let mut bits = Bits::default();
        // 1 | 010 | 011 | 00100 | 011 | 010, filled with zeros.
        [0, 1, 2, 3].into_iter().for_each(|value| bits.ue(value));
        bits.se(-1);
        bits.se(1);
        assert_eq!(bits.len(), 18);
        assert_eq!(bits.into_bytes(), [0b1010_0110, 0b0100_0110, 0b1000_0000]);
    }
}
