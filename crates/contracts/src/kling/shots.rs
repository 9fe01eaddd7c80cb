//! `multi_prompt`: a film in shots.

use crate::fields::Fields;
use crate::problem::Problem;
use serde_json::Value;
use task::Shot;

/// The most shots of one film: the page promises five, the vendor takes six (`upstream/kling.md` section 2.1).
pub(super) const SHOTS_MAX: usize = 6;

/// The most seconds of a shot.
const SHOT_SECONDS_MAX: i64 = 60;

/// The shots, in order. An item is text, or an object with `prompt` and perhaps `duration`.
pub(super) fn read(fields: &mut Fields<'_>, prompt_max_chars: usize) -> Result<Vec<Shot>, Problem> {
    const FIELD: &str = "multi_prompt";
    let items = fields.array(FIELD)?.unwrap_or_default();
    if items.len() > SHOTS_MAX {
        let message = format!("{FIELD} may hold at most {SHOTS_MAX} shots; it holds {}", items.len());
        return Err(Problem::invalid(FIELD, message));
    }
    let shots = items.iter().enumerate();
    shots.map(|(place, item)| shot(item, prompt_max_chars).map_err(|problem| within(problem, FIELD, place))).collect()
}

fn shot(item: &Value, prompt_max_chars: usize) -> Result<Shot, Problem> {
    match item {
        Value::String(text) if !text.trim().is_empty() => {
            crate::fields::check_text("prompt", text, prompt_max_chars)?;
            Ok(Shot { prompt: text.clone(), seconds: None })
        }
        Value::Object(object) => {
            let mut fields = Fields::new(object);
            let prompt = fields.required_text("prompt", prompt_max_chars)?.to_owned();
            let seconds = fields.integer("duration", 1..=SHOT_SECONDS_MAX)?.map(|seconds| seconds as f64);
            Ok(Shot { prompt, seconds })
        }
        _ => Err(Problem::invalid("prompt", "a shot has to be text, or an object with prompt and duration")),
    }
}

/// The same problem, told of the item that has it.
fn within(problem: Problem, list: &str, place: usize) -> Problem {
    let field = problem.param.clone().unwrap_or_default();
    problem.at(format!("{list}[{place}].{field}"))
}

/// How long all shots are together; `None` unless every one says.
pub(super) fn seconds(shots: &[Shot]) -> Option<f64> {
    let all: Option<Vec<f64>> = shots.iter().map(|shot| shot.seconds).collect();
    all.filter(|all| !all.is_empty()).map(|all| all.iter().sum())
}
