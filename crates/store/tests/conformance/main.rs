//! One suite for every kind of store ([`cases`]): a folder, an S3 server in process, and a second one of
//! another make. Beside it what each kind has for itself, and what S3 does when the net or the store fails.

#[macro_use]
mod cases;

mod bucket;
mod certificate;
mod faults;
mod flow;
mod folder;
mod ministack;
mod s3s;
mod server;
mod settings;
mod spill;
mod unfinished;
