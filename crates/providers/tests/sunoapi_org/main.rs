//! The dialect of sunoapi.org against bodies of the sheet's form, with our own values: a request out, an
//! answer in.

mod desk;
mod lengths;
mod poll;
mod refusals;
mod requests;
