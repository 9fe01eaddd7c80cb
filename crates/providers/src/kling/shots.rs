//! A film in shots: as a list where the model knows them, joined into the prompt elsewhere.

use super::endpoint::Endpoint;
use super::options::Generation;
use super::{NAME, models};
use serde_json::{Map, Value};
use task::{Shot, Spec};

/// Whether shots go up as a list. A list that was meant for this vendor goes up in any case.
pub(super) fn are_listed(generation: Generation, endpoint: Endpoint, model: &str, spec: &Spec) -> bool {
    let sent = endpoint.model(model).unwrap_or(model);
    let is_meant = spec.extra(NAME, "multi_prompt").is_some();
    !spec.shots.is_empty() && generation == Generation::Legacy && (is_meant || !models::is_older(sent))
}

/// The vendor's `multi_prompt`: lengths are text and add up to `total_s`, or else the vendor refuses. Whatever
/// else the caller said of a shot is kept.
pub(super) fn list(spec: &Spec, total_s: i64) -> Vec<Value> {
    let given = spec.extra(NAME, "multi_prompt").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let lengths = lengths_s(&spec.shots, total_s);
    let item = |(place, (shot, length_s)): (usize, (&Shot, i64))| {
        let mut item: Map<String, Value> = given.get(place).and_then(Value::as_object).cloned().unwrap_or_default();
        item.entry("index").or_insert_with(|| Value::from(place + 1));
        item.insert("prompt".to_owned(), Value::from(shot.prompt.as_str()));
        item.insert("duration".to_owned(), Value::from(length_s.to_string()));
        Value::Object(item)
    };
    spec.shots.iter().zip(lengths).enumerate().map(item).collect()
}

/// What the caller is told when shots are made longer or shorter than they were asked for.
pub(super) fn lengths_warning(shots: &[Shot], total_s: i64) -> Option<String> {
    let lengths = lengths_s(shots, total_s);
    let differs =
        shots.iter().zip(&lengths).any(|(shot, made)| shot.seconds.is_some_and(|asked| asked != *made as f64));
    differs.then(|| format!("the shots have to make up {total_s} s; they are {lengths:?} s long"))
}

/// Whole seconds for each shot, at least one, together `total_s` if that leaves one for each. Shots that say
/// their length get it in proportion; the others share the rest alike.
fn lengths_s(shots: &[Shot], total_s: i64) -> Vec<i64> {
    let count = i64::try_from(shots.len()).unwrap_or(i64::MAX);
    let told: f64 = shots.iter().filter_map(|shot| shot.seconds).sum();
    let untold = shots.iter().filter(|shot| shot.seconds.is_none()).count();
    let share = ((total_s as f64 - told) / untold.max(1) as f64).max(1.0);
    let wanted: Vec<f64> = shots.iter().map(|shot| shot.seconds.unwrap_or(share).max(0.1)).collect();
    let scale = total_s as f64 / wanted.iter().sum::<f64>().max(0.1);
    // Rounding the running sums, not the lengths, keeps the total.
    let mut lengths = Vec::with_capacity(shots.len());
    let (mut sum, mut given_s) = (0.0, 0);
    for (place, wanted) in wanted.iter().enumerate() {
        sum += wanted * scale;
        let left = count - i64::try_from(place).unwrap_or(0) - 1;
        let end_s = (sum.round() as i64).min(total_s - left).max(given_s + 1);
        lengths.push(end_s - given_s);
        given_s = end_s;
    }
    lengths
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lengths(told: &[Option<f64>], total_s: i64) -> Vec<i64> {
        let shots: Vec<Shot> = told.iter().map(|seconds| Shot { prompt: String::new(), seconds: *seconds }).collect();
        lengths_s(&shots, total_s)
    }

    #[test]
    fn lengths_add_up() {
        assert_eq!(lengths(&[Some(2.0), Some(3.0)], 5), [2, 3]);
        assert_eq!(lengths(&[None, None], 5), [3, 2]);
        assert_eq!(lengths(&[Some(4.0), None], 10), [4, 6]);
        assert_eq!(lengths(&[Some(20.0), Some(10.0)], 15), [10, 5]);
        assert_eq!(lengths(&[Some(9.0), None, None], 5), [3, 1, 1]);
        for count in 1..=6_usize {
            for total_s in 6..=15 {
                let lengths = lengths(&vec![None; count], total_s);
                assert_eq!(lengths.iter().sum::<i64>(), total_s);
                assert!(lengths.iter().all(|length| *length >= 1));
            }
        }
    }
}
