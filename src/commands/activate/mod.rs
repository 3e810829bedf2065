//! `activate`: take up a bundle on its node, or go back to the one before.

mod report;

use time::OffsetDateTime;

use super::bundle::opening::{name_of, open};
use super::{json, print};
use crate::activation::{self, Target};
use crate::cli::{ActivateArgs, Format};
use crate::error::Result;
use crate::zone_directory::absolute;
use report::Report;

pub(super) fn run(arguments: &ActivateArgs, now: OffsetDateTime) -> Result<()> {
    let root = absolute(&arguments.directory.node_dir)?;
    let activation = match &arguments.file {
        None => activation::rollback(&root, now)?,
        Some(file) => {
            let (bundle, name) = (open(file, &arguments.seal, "zone-etcd activate …")?, name_of(file));
            let (node, fingerprint) = (arguments.node.as_deref(), arguments.root_fingerprint);
            let target = Target { node_directory: &root, node, fingerprint, bundle: &name };
            activation::activate(bundle, &target, now)?
        }
    };
    let report = Report::new(&activation, &root);
    match arguments.format {
        Format::Text => report.tell(),
        Format::Json => print(&json(&report)?)?,
    }
    Ok(())
}
