//! Pictures (section 7.3).

use super::endpoints::{Endpoint, TRIED_ON};
use super::wish::error;
use crate::job::Output;
use crate::media::Media;
use serde_json::Value;

/// The most pictures of one request.
const COUNT_MAX: u64 = 9;
/// Pixels along the shorter side, by `resolution`.
const SHORT_PX: [(&str, u32); 2] = [("1K", 1_024), ("2K", 2_048)];
/// Pixels of a person in new clothes.
const TRIED_ON_PX: (u32, u32) = (768, 1_024);

/// Whether an endpoint makes pictures.
pub(super) fn makes(endpoint: &Endpoint) -> bool {
    endpoint.id == TRIED_ON || endpoint.id.starts_with("fal-ai/kling-image/")
}

/// The pictures, or what is wrong with their number; `None` for an endpoint that makes films.
pub(super) fn of(
    endpoint: &Endpoint,
    body: &Value,
    ratio: &str,
    resolution: &str,
) -> Option<Result<Vec<Output>, Value>> {
    if endpoint.id == TRIED_ON {
        let (width, height) = TRIED_ON_PX;
        return Some(Ok(vec![Output::at_end(Media::Png { width, height })]));
    }
    makes(endpoint).then(|| drawn(body, ratio, resolution))
}

fn drawn(body: &Value, ratio: &str, resolution: &str) -> Result<Vec<Output>, Value> {
    let count = match &body["num_images"] {
        Value::Null => 1,
        number => number
            .as_u64()
            .filter(|count| (1..=COUNT_MAX).contains(count))
            .ok_or_else(|| error("num_images", "must be from 1 to 9", "value_error"))?,
    };
    let short = SHORT_PX.iter().find(|(name, _)| *name == resolution).map_or(1_024, |(_, px)| *px);
    let (wide, high) = ratio.split_once(':').unwrap_or(("1", "1"));
    let (wide, high): (u32, u32) = (wide.parse().unwrap_or(1), high.parse().unwrap_or(1));
    let (width, height) = if wide >= high { (short * wide / high, short) } else { (short, short * high / wide) };
    Ok((0..count).map(|_| Output::at_end(Media::Png { width, height })).collect())
}
