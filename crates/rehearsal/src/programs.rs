//! Programs other than those that are found.

use std::path::PathBuf;

use super::development::DevelopmentOptions;

/// With which programs a rehearsal is held.
#[derive(Clone, Debug, Default)]
pub struct Programs {
    /// The etcd to run instead of a bundled one.
    pub etcd: Option<PathBuf>,
    /// The program whose `run` becomes etcd, instead of this one.
    pub zone_etcd: Option<PathBuf>,
}

impl Programs {
    /// For a zone that is described already.
    pub(super) fn options(&self) -> DevelopmentOptions {
        DevelopmentOptions {
            nodes: None,
            etcd_version: None,
            etcd: self.etcd.clone(),
            verbose: false,
            // The others complain of each that is restarted, which is the purpose.
            quiet: true,
            program: self.zone_etcd.clone(),
        }
    }
}
