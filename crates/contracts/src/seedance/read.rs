//! A submission's body in, an order out. Nothing is decoded, fetched or resolved.

use super::checks::{self, Generation};
use super::content;
use super::settings::Settings;
use super::{GENERATE, VOLCENGINE, commands, volcengine};
use crate::callback_url;
use crate::family::{Input, Order};
use crate::fields::Fields;
use crate::problem::Problem;
use serde_json::{Map, Value};
use task::{Kind, Spec};

/// Raw fields travel to the dialect of this name only.
pub(super) const BAG: &str = "ark";
/// The most characters of a model's name.
pub(super) const MODEL_MAX_CHARS: usize = 200;
/// The most bytes of the bag, written as JSON.
const BAG_MAX_BYTES: usize = 256 * 1024;

/// Reads a submission: `content` an array or an object says by which page.
pub(super) fn order(input: &Input<'_>) -> Result<Order, Problem> {
    if input.route.name != "submit" {
        return Err(Problem::no_route(&input.route.path));
    }
    let mut fields = Fields::of(input.body)?;
    let missing = || Problem::refused("missing_model", "model is required: the name of a model").at("model");
    let model = fields.text("model", MODEL_MAX_CHARS)?.ok_or_else(missing)?;
    match fields.value("content") {
        Some(Value::Array(items)) => seedance(fields, model, items),
        Some(Value::Object(content)) => by_object(fields, model, content),
        _ => {
            let message = "content is required: an array of items (Seedance), or an object with a prompt (Volcengine)";
            Err(Problem::invalid("content", message))
        }
    }
}

fn seedance(mut fields: Fields<'_>, model: &str, items: &[Value]) -> Result<Order, Problem> {
    let content = content::read(items)?;
    let callback_url = callback_url::read(&mut fields)?;
    let settings = Settings::read(&mut fields)?;
    let generation = Generation::of(model);
    if generation == Generation::Second {
        checks::second(content.counts, &settings)?;
    }
    let mut spec = Spec { inputs: content.inputs, parent: content.draft, ..Spec::new(Kind::Video) };
    spec.prompt = match generation {
        Generation::First => commands::take(&content.text, &mut spec),
        _ => content.text,
    };
    settings.fill(&mut spec);
    let mut bag = settings.raw;
    bag.insert("content".into(), Value::Array(content.items));
    spec.carried.insert("content".into());
    keep(&mut spec, bag)?;
    Ok(Order { callback_url, ..Order::new(spec, GENERATE, model) })
}

/// The gateway's own shape. Whatever stands within `content` beside its three fields means what it
/// means beside it.
fn by_object(fields: Fields<'_>, model: &str, content: &Map<String, Value>) -> Result<Order, Problem> {
    let asked = volcengine::read(content)?;
    let mut within = Fields::new(content);
    within.drop_unread(&volcengine::FIELDS);
    let mut flat = fields.rest()?;
    flat.extend(within.rest()?);
    if let Some(ratio) = asked.aspect_ratio {
        flat.insert("ratio".into(), Value::from(ratio));
    }
    let mut fields = Fields::new(&flat);
    let callback_url = callback_url::read(&mut fields)?;
    let settings = Settings::read(&mut fields)?;
    if Generation::of(model) == Generation::Second {
        let counts = content::Counts { images: asked.inputs.len(), ..content::Counts::default() };
        checks::second(counts, &settings)?;
    }
    let mut spec = Spec { inputs: asked.inputs, prompt: asked.prompt, ..Spec::new(Kind::Video) };
    settings.fill(&mut spec);
    keep(&mut spec, settings.raw)?;
    Ok(Order { callback_url, ..Order::new(spec, VOLCENGINE, model) })
}

fn keep(spec: &mut Spec, bag: Map<String, Value>) -> Result<(), Problem> {
    let bytes = serde_json::to_vec(&bag).map_or(usize::MAX, |json| json.len());
    if bytes > BAG_MAX_BYTES {
        let message = format!("the fields beside the files take more than {BAG_MAX_BYTES} bytes");
        return Err(Problem::too_large(None, message));
    }
    if !bag.is_empty() {
        spec.extras.insert(BAG.to_owned(), bag);
    }
    Ok(())
}
