//! The Ark dialect against bodies of the sheet's form, with our own values: a request out, an answer in.

mod desk;
mod fitting;
mod look_up;
mod poll;
mod refusals;
mod requests;
mod side_calls;
