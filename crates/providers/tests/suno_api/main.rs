//! The Suno-API dialect against bodies of the sheet's form, with our own values: a request out, an answer in.

mod desk;
mod poll;
mod refusals;
mod requests;
