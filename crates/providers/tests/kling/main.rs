//! The Kling dialect against bodies of the sheet's form, with our own values: a request out, an answer in.

mod callbacks;
mod desk;
mod fitting;
mod legacy;
mod look_up;
mod new_generation;
mod poll;
mod refusals;
mod round_trip;
