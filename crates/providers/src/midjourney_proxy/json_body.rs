//! A JSON object in pieces, so that a picture is streamed into its place and never held as text.

use crate::wire::{Encoding, Piece};
use bytes::Bytes;
use serde_json::Value;

enum Field {
    Value(Value),
    Input(usize),
    Inputs(Vec<usize>),
}

/// A JSON object under construction. Fields keep the order in which they came.
#[derive(Default)]
pub(super) struct JsonBody {
    fields: Vec<(String, Field)>,
}

impl JsonBody {
    /// Adds a plain field.
    pub(super) fn put(&mut self, name: &str, value: impl Into<Value>) -> &mut Self {
        self.fields.push((name.to_owned(), Field::Value(value.into())));
        self
    }

    /// Adds a field that holds the input at this place as a data URI.
    pub(super) fn put_input(&mut self, name: &str, position: usize) -> &mut Self {
        self.fields.push((name.to_owned(), Field::Input(position)));
        self
    }

    /// Adds a field that holds these inputs as an array of data URIs.
    pub(super) fn put_inputs(&mut self, name: &str, positions: Vec<usize>) -> &mut Self {
        self.fields.push((name.to_owned(), Field::Inputs(positions)));
        self
    }

    /// Whether there is a field of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|(field, _)| field == name)
    }

    /// The object as pieces. Everything between the inputs is one piece.
    pub(super) fn into_pieces(self) -> Vec<Piece> {
        let mut out = Pieces::default();
        out.text.push('{');
        for (place, (name, field)) in self.fields.into_iter().enumerate() {
            if place > 0 {
                out.text.push(',');
            }
            out.text.push_str(&Value::String(name).to_string());
            out.text.push(':');
            match field {
                Field::Value(value) => out.text.push_str(&value.to_string()),
                Field::Input(position) => out.input(position),
                Field::Inputs(positions) => out.inputs(&positions),
            }
        }
        out.text.push('}');
        out.finish()
    }
}

#[derive(Default)]
struct Pieces {
    text: String,
    done: Vec<Piece>,
}

impl Pieces {
    /// A data URI holds nothing that JSON would escape, so quotes around it are all it needs.
    fn input(&mut self, position: usize) {
        self.text.push('"');
        self.flush();
        self.done.push(Piece::Input { position, encoding: Encoding::DataUri });
        self.text.push('"');
    }

    fn inputs(&mut self, positions: &[usize]) {
        self.text.push('[');
        for (place, position) in positions.iter().enumerate() {
            if place > 0 {
                self.text.push(',');
            }
            self.input(*position);
        }
        self.text.push(']');
    }

    fn flush(&mut self) {
        if !self.text.is_empty() {
            self.done.push(Piece::Bytes(Bytes::from(std::mem::take(&mut self.text))));
        }
    }

    fn finish(mut self) -> Vec<Piece> {
        self.flush();
        self.done
    }
}
