//! The crate through its public interface, and what it issues through OpenSSL. One binary: it links faster
//! than many.

#![allow(clippy::disallowed_methods, reason = "files and threads of tests are their own")]
// The lints know tests by their attribute; what tests share has none.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

mod bad_input;
mod check;
mod constraints;
mod documents;
mod encrypted_keys;
mod issuing;
mod log;
mod names;
mod openssl;
mod pitfalls;
mod private_files;
mod requests;
mod rules;
mod store;
mod support;
mod verified_once;
