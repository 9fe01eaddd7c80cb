//! A JSON body with inputs in it, as pieces: a picture is streamed into its place and never held as text.

use crate::wire::{Encoding, Piece};
use bytes::Bytes;
use serde_json::Value;

/// A JSON value that may hold inputs anywhere.
#[derive(Debug, Clone, PartialEq)]
pub enum JsonTree {
    /// Plain JSON.
    Plain(Value),
    /// The input at this place of `Spec::inputs`, as a string.
    Input {
        /// Its place.
        position: usize,
        /// How it is written; [`Encoding::Raw`] is not safe inside JSON.
        encoding: Encoding,
    },
    /// An array.
    Array(Vec<JsonTree>),
    /// An object; members keep the order in which they came.
    Object(Vec<(String, JsonTree)>),
}

impl JsonTree {
    /// An object without members yet.
    pub fn object() -> Self {
        Self::Object(Vec::new())
    }

    /// Adds a member; anything but an object is left as it is.
    pub fn put(&mut self, name: &str, value: impl Into<JsonTree>) -> &mut Self {
        if let Self::Object(members) = self {
            members.push((name.to_owned(), value.into()));
        }
        self
    }

    /// Whether there is a member of this name.
    pub fn has(&self, name: &str) -> bool {
        matches!(self, Self::Object(members) if members.iter().any(|(member, _)| member == name))
    }

    /// The body: everything between two inputs is one piece.
    pub fn into_pieces(self) -> Vec<Piece> {
        let mut out = Pieces::default();
        out.write(&self);
        out.flush();
        out.done
    }
}

impl<T: Into<Value>> From<T> for JsonTree {
    fn from(value: T) -> Self {
        Self::Plain(value.into())
    }
}

#[derive(Default)]
struct Pieces {
    text: String,
    done: Vec<Piece>,
}

impl Pieces {
    fn write(&mut self, tree: &JsonTree) {
        match tree {
            JsonTree::Plain(value) => self.text.push_str(&value.to_string()),
            JsonTree::Input { position, encoding } => {
                self.text.push('"');
                self.flush();
                self.done.push(Piece::Input { position: *position, encoding: *encoding });
                self.text.push('"');
            }
            JsonTree::Array(items) => {
                self.between('[', ']', items, |out, item| out.write(item));
            }
            JsonTree::Object(members) => {
                self.between('{', '}', members, |out, (name, value)| {
                    out.text.push_str(&Value::from(name.as_str()).to_string());
                    out.text.push(':');
                    out.write(value);
                });
            }
        }
    }

    fn between<T>(&mut self, open: char, close: char, items: &[T], write: impl Fn(&mut Self, &T)) {
        self.text.push(open);
        for (place, item) in items.iter().enumerate() {
            if place > 0 {
                self.text.push(',');
            }
            write(self, item);
        }
        self.text.push(close);
    }

    fn flush(&mut self) {
        if !self.text.is_empty() {
            self.done.push(Piece::Bytes(Bytes::from(std::mem::take(&mut self.text))));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn inputs_stand_in_their_places() {
        let image = || JsonTree::Input { position: 2, encoding: Encoding::Base64 };
        let mut part = JsonTree::object();
        part.put("bytes", image()).put("type", JsonTree::Input { position: 2, encoding: Encoding::MediaType });
        let mut body = JsonTree::object();
        body.put("a \"b\"", json!([1, null])).put("parts", JsonTree::Array(vec![part, image()]));
        assert!(body.has("parts") && !body.has("bytes"));
        let written: String = body.into_pieces().iter().map(written).collect();
        assert_eq!(
            written,
            r#"{"a \"b\"":[1,null],"parts":[{"bytes":"<2 Base64>","type":"<2 MediaType>"},"<2 Base64>"]}"#
        );
    }

    fn written(piece: &Piece) -> String {
        match piece {
            Piece::Bytes(bytes) => String::from_utf8(bytes.to_vec()).expect("is text"),
            Piece::Input { position, encoding } => format!("<{position} {encoding:?}>"),
        }
    }
}
