//! The public families: request JSON in, `Spec` out; task in, public JSON out.

mod conformance;
mod fixture;
mod json_schema;
mod midjourney_answers;
mod midjourney_follow;
mod midjourney_read;
mod midjourney_show;
mod openapi;
mod tasks;
