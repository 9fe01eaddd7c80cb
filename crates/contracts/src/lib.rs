//! The public axis: one folder per family, pure functions over bytes and plain data.
//!
//! A family knows what a public contract *means*: its routes, fields, status words, errors and
//! callbacks. It never sees the web framework, a database or an upstream.

pub mod callback;
pub mod callback_url;
pub mod errors;
pub mod family;
pub mod field_schema;
pub mod fields;
pub mod film_order;
pub mod form;
pub mod inputs;
pub mod kling;
pub mod midjourney;
pub mod models;
pub mod openai_video;
pub mod openapi;
pub mod problem;
pub mod seedance;
pub mod suno;
pub mod tasks;
pub mod times;
pub mod unified_video;
pub mod video;

pub use family::{
    Answer, Body, Call, Content, Family, Input, LookupResult, ModelCard, Order, Page, PageEnd, Parameter,
    QueuePosition, Route, RouteDoc, Upload, View,
};
pub use problem::Problem;

/// The registry: one line a family, in the order of their folders' names.
static FAMILIES: &[&dyn Family] = &[
    &kling::Kling,
    &midjourney::Midjourney,
    &models::Models,
    &openai_video::OpenaiVideo,
    &seedance::Seedance,
    &suno::Suno,
    &tasks::Tasks,
    &unified_video::UnifiedVideo,
];

/// Every family.
pub fn all() -> &'static [&'static dyn Family] {
    FAMILIES
}

/// The family of this name.
pub fn find(name: &str) -> Option<&'static dyn Family> {
    FAMILIES.iter().copied().find(|f| f.name() == name)
}
