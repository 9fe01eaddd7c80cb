//! The answers that the pages document: which route each belongs to, and whether an answer of ours has
//! every field of them with its type.

use super::page::{Asked, Block, Language, asked};
use contracts::{Call, Family, Route};
use serde_json::{Value, json};

/// Headings that a documented answer stands under.
const ANSWER_HEADINGS: &[&str] = &["Response", "Result Example", "Queued", "Processing", "Completed", "Failed"];

/// Fields that are whole numbers on the pages by chance: seconds that are measured.
const MEASURED: &[&str] = &["duration"];

/// What may be empty in an answer although the page shows something: not every picture has buttons, and not
/// every upstream makes a cover (`contract/DECISIONS.md`, callback: video body by state).
const MAY_BE_EMPTY: &[&str] = &["buttons", "cover_url"];

/// A task's fields that only a table documents, and not an example (`contract/midjourney.md`, task object;
/// `contract/sora.md`, result fields; `contract/DECISIONS.md` for lists and lyrics).
fn tables() -> Vec<(&'static str, Value)> {
    let midjourney = json!({
        "id": "task", "action": "IMAGINE", "status": "SUCCESS", "prompt": "a", "promptEn": "a", "description": "a",
        "submitTime": 1, "startTime": 1, "finishTime": 1, "progress": "100%", "imageUrl": "https://", "failReason": "",
        "properties": {}, "buttons": [{ "customId": "MJ::", "emoji": "U1", "label": "U1", "style": 2 }],
    });
    let film = json!({
        "status": "completed", "url": "https://", "video_url": "https://", "thumbnail_url": null, "progress": 100,
        "expires_at": null,
    });
    let lyrics = json!({ "code": 1, "id": "task", "status": "complete",
        "data": { "task_id": "task", "status": "complete", "title": "a", "text": "a", "data": { "title": "a", "text": "a" } } });
    vec![
        ("/mj/task/{id}/fetch", midjourney),
        ("/v1/videos/{id}", film.clone()),
        ("/v1/video/query", film.clone()),
        ("/v1/video/generations/{id}", film),
        ("/suno/fetch/{id}#lyrics", lyrics),
    ]
}

/// A documented answer and the route that gives it.
#[derive(Debug)]
struct Documented {
    family: &'static str,
    call: Call,
    path: String,
    place: String,
    answer: Value,
}

/// All documented answers of some pages.
#[derive(Debug)]
pub(super) struct Answers(Vec<Documented>);

/// The route of ours that a request matches.
pub(super) fn route_of(request: &Asked) -> (&'static str, Route) {
    let fits = |route: &Route| {
        let (pattern, path): (Vec<&str>, Vec<&str>) =
            (route.path.split('/').collect(), request.path.split('/').collect());
        let same = |(known, given): (&&str, &&str)| known == given || known.starts_with('{');
        route.method.as_str() == request.method && pattern.len() == path.len() && pattern.iter().zip(&path).all(same)
    };
    let of_family = |family: &&dyn Family| family.routes().into_iter().find(fits).map(|route| (family.name(), route));
    contracts::all().iter().find_map(of_family).unwrap_or_else(|| panic!("no route for {request:?}"))
}

/// Whether a JSON block is an answer, and not a request or an error.
pub(super) fn is_answer(block: &Block) -> bool {
    let named = ANSWER_HEADINGS.iter().any(|word| block.heading.contains(word));
    block.language == Language::Json && named && !block.heading.contains("Verified Locally")
}

impl Answers {
    /// Each JSON answer belongs to the curl line that stands before it.
    pub(super) fn of(blocks: &[Block]) -> Self {
        let mut known = Vec::new();
        let mut last: Option<Asked> = None;
        for block in blocks {
            match block.language {
                Language::Curl => last = Some(asked(&block.code)),
                Language::Json if is_answer(block) => {
                    let request = last.as_ref().expect("an answer follows a request");
                    let answer = serde_json::from_str(&block.code).unwrap_or_else(|e| panic!("{}: {e}", block.place()));
                    let (family, route) = route_of(request);
                    known.push(Documented { family, call: route.call, path: route.path, place: block.place(), answer });
                }
                _ => {}
            }
        }
        let families: Vec<&str> = known.iter().map(|one| one.family).collect();
        for (path, answer) in tables() {
            let plain = path.split('#').next().unwrap_or_default().replace("{id}", "task");
            let (family, route) = route_of(&Asked { method: "GET", path: plain });
            if families.contains(&family) {
                let place = format!("the table of {path}");
                known.push(Documented { family, call: route.call, path: route.path, place, answer });
            }
        }
        Self(known)
    }

    /// Every documented field is in the answer with its type. An answer about a state is held against what
    /// is documented for that state. Gives how many documented answers it was held against.
    pub(super) fn check(&self, request: &Asked, answer: &Value) -> Result<usize, String> {
        let (family, route) = route_of(request);
        let of_family: Vec<&Documented> =
            self.0.iter().filter(|one| one.family == family && one.call == route.call).collect();
        let own: Vec<&Documented> = of_family.iter().filter(|one| one.path == route.path).copied().collect();
        let candidates = if own.is_empty() { of_family } else { own };
        // A submission's answer tells no state that the pages agree on (`contract/DECISIONS.md`, status at submit).
        let about_state = |one: &&&Documented| route.call != Call::Show || word(&one.answer) == word(answer);
        let mut held = 0;
        for one in candidates.iter().filter(about_state).filter(|one| is_alike(&one.answer, answer)) {
            let mut faults = Vec::new();
            compare(&one.answer, answer, "", &mut faults);
            if !faults.is_empty() {
                return Err(format!("{}: {}\n{answer}", one.place, faults.join("; ")));
            }
            held += 1;
        }
        Ok(held)
    }
}

/// Lyrics and songs share a route, and only their insides tell them apart.
fn is_alike(documented: &Value, answer: &Value) -> bool {
    let is_words =
        |value: &Value| value.get("data").is_some_and(|data| data.get("text").is_some() || data["data"].is_object());
    is_words(documented) == is_words(answer)
}

/// The status that an answer tells, at whichever level.
pub(super) fn word(answer: &Value) -> Option<&str> {
    answer.get("status").or_else(|| answer.get("data")?.get("status"))?.as_str()
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Notes what `actual` lacks of `documented`; a documented null may be anything, but has to be there.
pub(super) fn compare(documented: &Value, actual: &Value, at: &str, faults: &mut Vec<String>) {
    if !documented.is_null() && type_of(documented) != type_of(actual) {
        return faults.push(format!("{at} is {} and documented as {}", type_of(actual), type_of(documented)));
    }
    let name = at.rsplit('/').next().unwrap_or_default();
    match (documented, actual) {
        (Value::Object(fields), Value::Object(given)) => {
            for (field, value) in fields {
                match given.get(field) {
                    Some(given) => compare(value, given, &format!("{at}/{field}"), faults),
                    None => faults.push(format!("{at}/{field} is missing")),
                }
            }
        }
        (Value::Array(items), Value::Array(given)) => {
            let Some(first) = items.first() else { return };
            if given.is_empty() && !MAY_BE_EMPTY.contains(&name) {
                faults.push(format!("{at} is empty"));
            }
            given.iter().enumerate().for_each(|(place, item)| compare(first, item, &format!("{at}/{place}"), faults));
        }
        (Value::Number(number), Value::Number(given))
            if number.is_i64() && !given.is_i64() && !given.is_u64() && !MEASURED.contains(&name) =>
        {
            faults.push(format!("{at} is {given}, documented as an integer"));
        }
        (Value::String(text), Value::String(given)) if text.starts_with("http") && !given.starts_with("http") => {
            if given.is_empty() && MAY_BE_EMPTY.contains(&name) {
                return;
            }
            faults.push(format!("{at} is {given:?}, documented as a link"));
        }
        _ => {}
    }
}

#[test]
fn a_missing_field_and_a_wrong_type_are_seen() {
    let documented = json!({ "a": 1, "b": [{ "c": "https://x" }], "d": null });
    let faults_of = |actual: Value| {
        let mut faults = Vec::new();
        compare(&documented, &actual, "", &mut faults);
        faults
    };
    assert!(faults_of(json!({ "a": 2, "b": [{ "c": "http://y" }], "d": {}, "more": 1 })).is_empty());
    assert_eq!(faults_of(json!({ "a": 2.5, "b": [{ "c": "" }] })).len(), 3);
    assert_eq!(faults_of(json!({ "a": "2", "b": [], "d": null })).len(), 2);
}
