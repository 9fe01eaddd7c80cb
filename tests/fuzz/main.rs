//! Odd requests, odd tasks and odd answers, for every family and every dialect of the registries.
//!
//! Each run replays the corpus (`tests/fuzz/corpus`) as it stands, and then a budget of seeded edits of it:
//! `BACKLOT_FUZZ_CASES` for each target, from `BACKLOT_FUZZ_SEED`. A failure names the seed and prints the
//! smallest case that still fails; kept as a file of the corpus, it is replayed from then on. What is new in a
//! registry is asked without a line here: its examples are starting points, and the words of its sources are
//! put into bodies.

mod account;
mod budget;
mod corpus;
mod edits;
mod requests;
mod shown;
mod upstream_answers;
mod upstream_requests;
