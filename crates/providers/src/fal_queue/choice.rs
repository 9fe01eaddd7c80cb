//! Which endpoint takes what is sent along, and under which names.

use super::models::{self, Endpoint};
use task::{Failure, FailureKind, InputData, Spec};

/// An endpoint and the inputs in its words.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Choice {
    /// The endpoint; `None` for one that the table does not know.
    pub endpoint: Option<&'static Endpoint>,
    /// Its id.
    pub id: String,
    /// Single pictures: field and place.
    pub single: Vec<(&'static str, usize)>,
    /// A list of pictures: field and places.
    pub list: Option<(&'static str, Vec<usize>)>,
    /// What was bent.
    pub warnings: Vec<String>,
}

impl PartialEq for Endpoint {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

/// The pictures by what they are for: their places.
struct Pictures {
    first: Option<usize>,
    last: Option<usize>,
    references: Vec<usize>,
}

/// Picks the endpoint. `Err` when the model has none for these inputs.
pub(super) fn of(upstream_model: &str, spec: &Spec) -> Result<Choice, Failure> {
    let pictures = pictures(spec)?;
    let Some(model) = models::find(upstream_model) else { return Ok(unknown(upstream_model, &pictures)) };
    if let Some(endpoint) = model.endpoints.iter().find(|endpoint| takes(endpoint, &pictures)) {
        return Ok(choice(endpoint, &pictures));
    }
    // A lone reference can still be where the film begins.
    if let Pictures { first: None, last: None, references } = &pictures
        && let [only] = references[..]
    {
        let pictures = Pictures { first: Some(only), last: None, references: Vec::new() };
        if let Some(endpoint) = model.endpoints.iter().find(|endpoint| takes(endpoint, &pictures)) {
            let warnings = vec!["the upstream takes no reference pictures: it was taken as the first frame".to_owned()];
            return Ok(Choice { warnings, ..choice(endpoint, &pictures) });
        }
    }
    Err(invalid("the upstream model has no way for these inputs"))
}

fn pictures(spec: &Spec) -> Result<Pictures, Failure> {
    let mut pictures = Pictures { first: None, last: None, references: Vec::new() };
    for (place, input) in spec.inputs.iter().enumerate() {
        if let InputData::Broken(reason) = &input.data {
            return Err(invalid(reason));
        }
        match input.role.as_str() {
            "first_frame" if pictures.first.is_none() => pictures.first = Some(place),
            "last_frame" if pictures.last.is_none() => pictures.last = Some(place),
            "reference_image" | "reference" => pictures.references.push(place),
            role => return Err(invalid(&format!("the upstream takes no {role} here"))),
        }
    }
    Ok(pictures)
}

fn takes(endpoint: &Endpoint, pictures: &Pictures) -> bool {
    endpoint.first.is_empty() == pictures.first.is_none()
        && endpoint.references.is_empty() == pictures.references.is_empty()
        && (pictures.last.is_none() || !endpoint.last.is_empty())
}

fn choice(endpoint: &'static Endpoint, pictures: &Pictures) -> Choice {
    let singles = [(endpoint.first, pictures.first), (endpoint.last, pictures.last)];
    Choice {
        endpoint: Some(endpoint),
        id: endpoint.id.to_owned(),
        single: singles.into_iter().filter_map(|(field, place)| Some((field, place?))).collect(),
        list: (!endpoint.references.is_empty()).then(|| (endpoint.references, pictures.references.clone())),
        warnings: Vec::new(),
    }
}

/// The names that most endpoints use.
fn unknown(id: &str, pictures: &Pictures) -> Choice {
    let singles = [("image_url", pictures.first), ("end_image_url", pictures.last)];
    Choice {
        endpoint: None,
        id: id.to_owned(),
        single: singles.into_iter().filter_map(|(field, place)| Some((field, place?))).collect(),
        list: (!pictures.references.is_empty()).then(|| ("image_urls", pictures.references.clone())),
        warnings: Vec::new(),
    }
}

pub(super) fn invalid(why: &str) -> Failure {
    Failure::never(FailureKind::InvalidInput, why, why)
}
