//! The public families: request JSON in, `Spec` out; task in, public JSON out.

mod conformance;
mod films;
mod fixture;
mod json_schema;
mod kling_read;
mod kling_show;
mod midjourney_answers;
mod midjourney_follow;
mod midjourney_read;
mod midjourney_show;
mod openapi;
mod seedance_read;
mod seedance_show;
mod suno_read;
mod suno_show;
mod tasks;
