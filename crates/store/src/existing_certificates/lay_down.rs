//! What stands in the local config itself, as files for etcd.

use zone_pki::{FileKind, GenerationStore, ShowPath, StoreError};

use super::Sources;
use model::error::{Failure, Result};
use model::plan::NodePaths;

impl Sources {
    /// Writes a new generation, if the one in use is not this already.
    pub fn lay_down(&self, paths: &NodePaths) -> Result<()> {
        let files: Vec<(&str, &[u8])> = self.inline().collect();
        if files.is_empty() {
            return Ok(());
        }
        let store = GenerationStore::new(paths.generations());
        let write = || -> std::result::Result<(), StoreError> {
            let is_in_use = store.current()?.is_some_and(|generation| {
                files.iter().all(|(name, bytes)| generation.read(name).is_ok_and(|present| present == *bytes))
            });
            if is_in_use {
                return Ok(());
            }
            let mut staged = store.stage()?;
            for (name, bytes) in &files {
                let kind = if name.ends_with(".key") { FileKind::Private } else { FileKind::Public };
                staged.add(name, bytes, kind)?;
            }
            staged.commit().map(drop)
        };
        write().map_err(|error| {
            let what = format!("cannot lay down the certificates in {}", paths.generations().shown());
            Failure::write_chain(what, &error, "what was in use is in use")
        })
    }
}
