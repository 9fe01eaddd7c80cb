//! Workers over the scheduler in process, with tokio's time held still.

mod lease;
mod metered;
mod run;
mod stop;
mod support;
