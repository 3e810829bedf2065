//! `node.json`: the local config of a node.

use std::path::Path;

use serde::Deserialize;

use crate::error::{Failure, Result};

/// What a node knows of itself.
#[derive(Clone, Debug, Deserialize)]
pub struct LocalConfig {
    /// Its full name.
    pub name: String,
}

impl LocalConfig {
    /// Reads the file.
    pub fn load(file: &Path) -> Result<Self> {
        let text = std::fs::read(file).map_err(|error| Failure::read(file, &error))?;
        serde_json::from_slice(&text)
            .map_err(|error| Failure::bad_input(format!("{} cannot be used", file.display())).because(&error))
    }
}
