//! Small changes of a JSON value or of bytes, so that a failing case can be made smaller change by change.

use crate::corpus::WORDS;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Map, Value, json};

/// The most changes of one case.
const EDITS_MAX: usize = 8;
/// How long a long text is.
const LONG_CHARS: usize = 70_000;
/// How deep a deep value is: front lets no deeper body through.
const DEEP: usize = 60;

/// One change: where, which, and of what.
#[derive(Debug, Clone)]
pub(crate) struct Edit {
    place: Index,
    choice: Index,
    word: Index,
}

/// A starting point and what is changed of it.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    start: Index,
    edits: Vec<Edit>,
}

/// Any change.
pub(crate) fn edit() -> impl Strategy<Value = Edit> {
    (any::<Index>(), any::<Index>(), any::<Index>()).prop_map(|(place, choice, word)| Edit { place, choice, word })
}

/// Any change of any starting point.
pub(crate) fn case() -> impl Strategy<Value = Case> {
    (any::<Index>(), vec(edit(), 0..EDITS_MAX)).prop_map(|(start, edits)| Case { start, edits })
}

impl Case {
    /// One of `starts`, changed.
    pub(crate) fn value(&self, starts: &[Value]) -> Value {
        let mut value = self.start.get(starts).clone();
        for edit in &self.edits {
            edit.apply(&mut value);
        }
        value
    }

    /// The same as text, and then its bytes changed once for every fourth edit.
    pub(crate) fn bytes(&self, starts: &[Value]) -> Vec<u8> {
        let mut bytes = self.value(starts).to_string().into_bytes();
        for edit in self.edits.iter().skip(3).step_by(4) {
            edit.apply_to_bytes(&mut bytes);
        }
        bytes
    }
}

impl Edit {
    fn apply(&self, value: &mut Value) {
        let place = self.place.index(count(value));
        let chosen = nth(value, &mut { place }).expect("a place below the count is there");
        match self.choice.index(10) {
            0 => *chosen = Value::Null,
            // Words are the likeliest to get past the first check.
            1 | 2 => *chosen = Value::from(self.word()),
            3 => *chosen = self.odd(),
            4 => chosen.as_object_mut().map(|object| object.insert(self.word(), json!("x"))).map_or((), drop),
            5 => {
                // The same value under another name.
                if let Some(object) = chosen.as_object_mut()
                    && let Some(name) = object.keys().next().cloned()
                {
                    let moved = object.remove(&name).unwrap_or_default();
                    object.insert(self.word(), moved);
                }
            }
            6 => {
                if let Some(array) = chosen.as_array_mut() {
                    let first = array.first().cloned().unwrap_or_default();
                    array.extend(std::iter::repeat_n(first, 1 + self.word.index(80)));
                }
            }
            7 => *chosen = Value::Array(vec![chosen.take()]),
            8 => *chosen = Value::Object(Map::from_iter([(self.word(), chosen.take())])),
            _ => {
                if let Some(object) = chosen.as_object_mut()
                    && !object.is_empty()
                {
                    let name = object.keys().nth(self.word.index(object.len())).cloned().unwrap_or_default();
                    object.remove(&name);
                }
            }
        }
    }

    fn apply_to_bytes(&self, bytes: &mut Vec<u8>) {
        let place = self.place.index(bytes.len() + 1);
        match self.choice.index(4) {
            0 => bytes.truncate(place),
            1 => bytes.insert(place, b"{}[]\",:0\\%\xff\0"[self.word.index(12)]),
            2 => bytes.extend_from_within(place..),
            _ => drop(bytes.splice(place..place, self.word().into_bytes())),
        }
    }

    /// A word of the sources.
    pub(crate) fn word(&self) -> String {
        self.word.get(&WORDS).clone()
    }

    /// A word of the sources, or an odd text.
    pub(crate) fn text(&self) -> String {
        match self.odd() {
            Value::String(text) if self.choice.index(2) == 0 => text,
            _ => self.word(),
        }
    }

    fn odd(&self) -> Value {
        let odd = [
            json!(true),
            json!(0),
            json!(-1),
            json!(1.5),
            json!(1e300),
            json!(i64::MAX),
            json!(i64::MIN),
            json!(u64::MAX),
            json!("5"),
            json!(""),
            json!("  "),
            json!("NaN"),
            json!("1e999"),
            json!("99999999999999999999"),
            json!("\0"),
            json!("\u{202e}貓\u{0301}👩‍👩‍👧\r\n"),
            json!("../../etc/passwd"),
            json!("a/b?c=d#e%2f"),
            json!("https://a.test/\u{7f}x"),
            json!("http://[::1"),
            json!("data:,"),
            json!("data:image/png;base64,"),
            json!("16:0"),
            json!("0x0"),
            json!("1280x720"),
            json!("100%"),
            json!("--duration 5 --ratio 16:9 --seed -1 --"),
            json!("{\"a\":1}"),
            json!([]),
            json!({}),
            json!("é".repeat(LONG_CHARS)),
            (0..DEEP).fold(json!("x"), |inner, _| json!([inner])),
        ];
        self.word.get(&odd).clone()
    }
}

/// How many values there are, the whole among them.
fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Object(members) => members.values().map(count).sum::<usize>(),
        _ => 0,
    }
}

/// The value at this place, counted from the whole inwards; `place` is counted down on the way.
fn nth<'a>(value: &'a mut Value, place: &mut usize) -> Option<&'a mut Value> {
    if *place == 0 {
        return Some(value);
    }
    *place -= 1;
    match value {
        Value::Array(items) => items.iter_mut().find_map(|item| nth(item, place)),
        Value::Object(members) => members.values_mut().find_map(|member| nth(member, place)),
        _ => None,
    }
}
