//! The queue of fal.ai: requests out, answers in (its sheet is `src/fal_queue/README.md`).

mod desk;
mod poll;
mod refusals;
mod remix;
mod requests;
mod stills;
