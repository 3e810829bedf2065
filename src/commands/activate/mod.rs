//! `activate`: activate a bundle on its node, or go back to the one before.

mod report;

use time::OffsetDateTime;

use crate::arguments::{name_of, open};
use crate::cli::{ActivateArgs, Format};
use crate::output::{json, print};
use launch::activation::{self, RefusedBundle, Target};
use model::error::Result;
use report::Report;
use store::zone_directory::absolute;

#[tracing::instrument(skip_all, name = "activate")]
pub(super) fn run(arguments: &ActivateArgs, now: OffsetDateTime) -> Result<()> {
    let root = absolute(&arguments.directory.node_dir)?;
    let activated = match &arguments.file {
        None => activation::rollback(&root, now),
        Some(file) => {
            let (bundle, name) = (open(file, &arguments.seal, "zone-etcd activate …")?, name_of(file));
            let (node, fingerprint) = (arguments.node.as_deref(), arguments.root_fingerprint);
            let target = Target {
                node_directory: &root,
                node,
                fingerprint,
                bundle: &name,
                accept_older_lists: arguments.accept_older_crl,
            };
            activation::activate(bundle, &target, now)
        }
    };
    let activation = match (activated, arguments.format) {
        (Ok(activation), _) => activation,
        (Err(RefusedBundle { failure, refusal: Some(refusal) }), Format::Json) => {
            print(&json(&refusal)?)?;
            return Err(failure);
        }
        (Err(refused), _) => return Err(refused.failure),
    };
    if let Some(before) = activation.other_host_before {
        model::report::warning(&format!(
            "bundle {} was made on another signing host than bundle {before} before it: if that one was not \
             replaced, stop working with one of the two",
            activation.manifest.sequence
        ));
    }
    let report = Report::new(&activation, &root);
    match arguments.format {
        Format::Text => report.tell(),
        Format::Json => print(&json(&report)?)?,
    }
    Ok(())
}
