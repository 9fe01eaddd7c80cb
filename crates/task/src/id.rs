//! Identifiers: a ULID behind a prefix that says what it names.
//!
//! Text form: prefix, `_`, 26 lower-case Crockford base32 characters. The first 48 bits are the
//! time of birth in milliseconds, the other 80 are fresh random bits each time (never a counter),
//! so that a link that holds an id can't be guessed (`contract/DECISIONS.md`, artifact URLs).

use crate::clock::Entropy;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The text is not an identifier of the kind that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an identifier of this kind")]
pub struct NotAnId;

fn new_bits(now_ms: i64, entropy: &dyn Entropy) -> u128 {
    let mut random = [0u8; 16];
    entropy.fill(&mut random[6..]);
    let low = u128::from_be_bytes(random);
    (u128::from(now_ms.max(0).cast_unsigned() & 0xffff_ffff_ffff) << 80) | low
}

fn encode(prefix: &str, bits: u128, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut text = [0u8; 26];
    for (place, out) in text.iter_mut().enumerate() {
        let shift = 125 - 5 * place;
        let digit = ((bits >> shift) & 31) as usize;
        *out = ALPHABET[digit];
    }
    f.write_str(prefix)?;
    f.write_str(str::from_utf8(&text).map_err(|_| fmt::Error)?)
}

fn decode(prefix: &str, text: &str) -> Result<u128, NotAnId> {
    let digits = text.strip_prefix(prefix).ok_or(NotAnId)?.as_bytes();
    if digits.len() != 26 || digits[0] > b'7' {
        return Err(NotAnId);
    }
    digits.iter().try_fold(0u128, |bits, byte| {
        let digit = ALPHABET.iter().position(|c| c == byte).ok_or(NotAnId)?;
        Ok((bits << 5) | digit as u128)
    })
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(u128);

        impl $name {
            /// Nobody's: stands in a request that is made but never sent.
            pub const NIL: Self = Self(0);

            /// A fresh identifier, born at `now_ms`.
            pub fn new(now_ms: i64, entropy: &dyn Entropy) -> Self {
                Self(new_bits(now_ms, entropy))
            }

            /// When it was made, in milliseconds since the epoch.
            pub fn born_ms(self) -> i64 {
                // The top 48 bits always fit.
                i64::try_from(self.0 >> 80).unwrap_or(i64::MAX)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                encode($prefix, self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                decode($prefix, text).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

id!(
    /// A task, for callers of every family. Opaque to them.
    TaskId,
    "task_"
);
id!(
    /// One paid request to an upstream. A late answer is matched by it.
    AttemptId,
    "att_"
);
id!(
    /// What we send upstream to find a task again; a resubmission inherits it.
    ClientId,
    "cl_"
);
id!(
    /// A caller's key, as a row; never the key itself.
    TokenId,
    "tok_"
);
id!(
    /// One callback: the same id on each send of it.
    CallbackId,
    "cb_"
);
id!(
    /// A question asked upstream on a caller's behalf (cancel, image seed).
    ErrandId,
    "err_"
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SeededEntropy;

    #[test]
    fn an_id_reads_back_as_it_was_written() {
        let entropy = SeededEntropy::new(7);
        for now_ms in [0, 1, 1_790_000_000_000, (1 << 48) - 1] {
            let id = TaskId::new(now_ms, &entropy);
            let text = id.to_string();
            assert_eq!(text.len(), 31, "{text}");
            assert_eq!(text.parse(), Ok(id));
            assert_eq!(id.born_ms(), now_ms);
        }
    }

    #[test]
    fn other_text_is_refused() {
        let id = TaskId::new(1, &SeededEntropy::new(1)).to_string();
        let upper = id.to_uppercase();
        let longer = format!("{id}0");
        let cases = [
            "",
            "task_",
            "cl_01",
            &upper,
            &longer,
            "task_8zzzzzzzzzzzzzzzzzzzzzzzzz",
            "task_0000000000000000000000000u",
        ];
        for text in cases {
            assert_eq!(text.parse::<TaskId>(), Err(NotAnId), "{text}");
        }
        assert_eq!(id.parse::<ClientId>(), Err(NotAnId));
    }
}
