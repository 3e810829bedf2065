//! What zone.toml says and what follows from it, as domain types. Nothing here asks a network or another
//! process.
//!
//! | module | what it holds |
//! |---|---|
//! | [`config`] | `zone.toml`: raw text in, domain types out |
//! | [`formats`] | files that several parts of the program read: their types, and their versions |
//! | [`plan`] | what follows from it: roles, cluster, paths, start decision. Pure |
//! | [`report`], [`error`] | the one module that prints, and what it prints when a command fails |
//! | [`random`] | random numbers |
//! | [`foreign_text`] | what others wrote, before it is shown |
//! | [`disabled_fixes`] | fixes that a search switches off, in a build of its own |

#![warn(missing_docs)]

pub mod config;
pub mod disabled_fixes;
pub mod error;
pub mod foreign_text;
pub mod formats;
pub mod plan;
pub mod random;
pub mod report;
