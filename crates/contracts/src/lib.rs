//! The public axis: one folder per family, pure functions over bytes and plain data.
//!
//! A family knows what a public contract *means*: its routes, fields, status words, errors and
//! callbacks. It never sees the web framework, a database or an upstream.

pub mod callback;
pub mod callback_url;
pub mod errors;
pub mod family;
pub mod fields;
pub mod inputs;
pub mod midjourney;
pub mod openapi;
pub mod problem;
pub mod tasks;
pub mod times;

pub use family::{
    Answer, Body, Call, Family, Input, LookupResult, Order, Page, Parameter, QueuePosition, Route, RouteDoc, Upload,
    View,
};
pub use problem::Problem;

/// The registry: one line a family, in the order of their folders' names.
static FAMILIES: &[&dyn Family] = &[&midjourney::Midjourney, &tasks::Tasks];

/// Every family.
pub fn all() -> &'static [&'static dyn Family] {
    FAMILIES
}

/// The family of this name.
pub fn find(name: &str) -> Option<&'static dyn Family> {
    FAMILIES.iter().copied().find(|f| f.name() == name)
}
