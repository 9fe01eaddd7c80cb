//! A form as the JSON object that it stands for, so that one reader serves both
//! (`contract/DECISIONS.md`, OpenAI video: multipart fields).
//!
//! `name[]` gathers an array; `name[key]` makes an object; `name[][key]` gathers the keys of an array's
//! items, one column after another, as the official SDK sends a storyboard.

use crate::family::Body;
use crate::film_order::file_input;
use crate::inputs::INPUT_MAX_BYTES;
use crate::problem::Problem;
use serde_json::{Map, Value};
use std::borrow::Cow;
use task::Input;

/// The most items of an array in a form.
const ITEMS_MAX: usize = 200;

/// A body's fields as one object, and the pictures that came as files beside them.
#[derive(Debug)]
pub struct Form<'a> {
    /// The fields.
    pub object: Cow<'a, Map<String, Value>>,
    /// The pictures.
    pub files: Vec<Input>,
}

/// The fields of a body, and the pictures that came as files. 400 when it is empty or no object, 413 for
/// a file that is too large.
pub fn read(body: &Body) -> Result<Form<'_>, Problem> {
    match body {
        Body::Json(Value::Object(object)) => Ok(Form { object: Cow::Borrowed(object), files: Vec::new() }),
        Body::Json(_) => Err(Problem::refused("invalid_request", "the body has to be a JSON object")),
        Body::Empty => Err(Problem::invalid_json("the body is empty; it has to be a JSON object or a form")),
        Body::Form(texts, files) => {
            let mut object = Map::new();
            for (name, text) in texts {
                put(&mut object, name, text)?;
            }
            let mut pictures = Vec::with_capacity(files.len());
            for file in files {
                if file.bytes.len() > INPUT_MAX_BYTES {
                    let limit = INPUT_MAX_BYTES / (1024 * 1024);
                    let message = format!("{} is too large: at most {limit} MB", file.field);
                    return Err(Problem::too_large(Some(&file.field), message));
                }
                if !is_picture_field(&file.field) {
                    let message = format!("{} takes no file; input_reference does", file.field);
                    return Err(Problem::invalid(&file.field, message));
                }
                pictures.push(file_input("first_frame", file.bytes.clone()));
            }
            Ok(Form { object: Cow::Owned(object), files: pictures })
        }
    }
}

fn is_picture_field(name: &str) -> bool {
    let name = name.strip_suffix("[]").unwrap_or(name);
    ["input_reference", "image", "images", "image_url"].contains(&name)
}

fn put(object: &mut Map<String, Value>, name: &str, text: &str) -> Result<(), Problem> {
    let too_many = || Problem::invalid(name, format!("{name} may be given at most {ITEMS_MAX} times"));
    if let Some((array, key)) = name.split_once("[][").and_then(|(array, rest)| Some((array, rest.strip_suffix(']')?)))
    {
        let items = array_at(object, array);
        // A column: the first item that has no such key yet.
        let place = items.iter().position(|item| item.get(key).is_none()).unwrap_or(items.len());
        if place >= ITEMS_MAX {
            return Err(too_many());
        }
        if place == items.len() {
            items.push(Value::Object(Map::new()));
        }
        if let Some(item) = items[place].as_object_mut() {
            item.insert(key.to_owned(), Value::from(text));
        }
    } else if let Some(array) = name.strip_suffix("[]") {
        let items = array_at(object, array);
        if items.len() >= ITEMS_MAX {
            return Err(too_many());
        }
        items.push(Value::from(text));
    } else if let Some((name, key)) =
        name.split_once('[').and_then(|(name, rest)| Some((name, rest.strip_suffix(']')?)))
    {
        let member = object.entry(name).or_insert_with(|| Value::Object(Map::new()));
        if let Some(member) = member.as_object_mut() {
            member.insert(key.to_owned(), Value::from(text));
        }
    } else {
        object.insert(name.to_owned(), plain(name, text));
    }
    Ok(())
}

fn array_at<'a>(object: &'a mut Map<String, Value>, name: &str) -> &'a mut Vec<Value> {
    let member = object.entry(name).or_insert_with(|| Value::Array(Vec::new()));
    if !member.is_array() {
        *member = Value::Array(Vec::new());
    }
    member.as_array_mut().expect("it was made an array just now")
}

/// A storyboard and pictures may be written as JSON text; everything else is the text itself.
fn plain(name: &str, text: &str) -> Value {
    let structured = ["storyboard", "images"].contains(&name);
    let parsed = || serde_json::from_str(text).ok().filter(Value::is_array);
    structured.then(parsed).flatten().unwrap_or_else(|| Value::from(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fields(texts: &[(&str, &str)]) -> Value {
        let texts = texts.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        let body = Body::Form(texts, Vec::new());
        Value::Object(read(&body).expect("is a form").object.into_owned())
    }

    #[test]
    fn columns_become_the_items_of_an_array() {
        let form = [
            ("storyboard[][prompt]", "dawn"),
            ("storyboard[][prompt]", "noon"),
            ("storyboard[][duration]", "3"),
            ("storyboard[][duration]", "4"),
        ];
        let expected = json!([{ "prompt": "dawn", "duration": "3" }, { "prompt": "noon", "duration": "4" }]);
        assert_eq!(fields(&form)["storyboard"], expected);
        assert_eq!(fields(&[("storyboard", r#"[{"prompt":"dawn"}]"#)])["storyboard"], json!([{ "prompt": "dawn" }]));
    }

    #[test]
    fn brackets_make_arrays_and_objects() {
        let form = [("images[]", "https://a.test/1"), ("images[]", "https://a.test/2"), ("a[b]", "c"), ("d", "e")];
        let expected = json!({ "images": ["https://a.test/1", "https://a.test/2"], "a": { "b": "c" }, "d": "e" });
        assert_eq!(fields(&form), expected);
    }
}
