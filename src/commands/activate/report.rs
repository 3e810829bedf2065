//! What became of an activation, for a person and for a program.

use std::path::Path;

use serde::Serialize;
use time::OffsetDateTime;
use zone_pki::{ShowPath, hex};

use host::NodeLock;
use launch::activation::{Activation, Change};
use model::plan::{LOCAL_CONFIG, NODE_CLIENT, NodePaths};
use model::report::{self, shell_quoted_path};

/// The result for a program. Fields are added, never renamed.
#[derive(Serialize)]
pub(super) struct Report<'a> {
    result: Change,
    node: &'a str,
    zone: &'a str,
    generation: u64,
    previous: Option<u64>,
    sequence: u64,
    /// Of the bundle: the signing host compares it with the one that it made.
    manifest_sha256: String,
    #[serde(with = "time::serde::rfc3339")]
    expires_at: OffsetDateTime,
    may_bootstrap: bool,
    restart_needed: bool,
    restart_reasons: &'a [String],
    /// The public key that bundles for this node may be sealed to.
    recipient: &'a str,
    next: String,
}

impl<'a> Report<'a> {
    pub(super) fn new(activation: &'a Activation, root: &Path) -> Self {
        let manifest = &activation.manifest;
        Self {
            result: activation.change,
            node: &manifest.node,
            zone: &manifest.zone,
            generation: activation.generation,
            previous: activation.previous,
            sequence: manifest.sequence,
            manifest_sha256: hex::encode(&manifest.digest()),
            expires_at: manifest.expires_at,
            may_bootstrap: activation.may_bootstrap,
            restart_needed: !activation.restart.is_empty(),
            restart_reasons: &activation.restart,
            recipient: &activation.recipient,
            next: next(activation, root),
        }
    }

    pub(super) fn tell(&self) {
        let Self { node, generation, sequence, .. } = self;
        let what = match self.result {
            Change::Activated => {
                format!("activated bundle {sequence} of {node}: generation {generation} is in use")
            }
            Change::Unchanged => {
                format!("bundle {sequence} of {node} is active already, as generation {generation}")
            }
            Change::RolledBack => {
                format!("went back to bundle {sequence} of {node}: generation {generation} is in use again")
            }
        };
        report::message(&what);
        report::message(&format!("next: {}", self.next));
    }
}

fn next(activation: &Activation, root: &Path) -> String {
    let config = shell_quoted_path(&root.join(LOCAL_CONFIG));
    let start = format!("zone-etcd run --config {config}");
    if !activation.is_member {
        let paths = NodePaths::new(root);
        return format!(
            "no member runs on this node; its client certificate is {}",
            paths.current(&NODE_CLIENT.certificate_file()).shown()
        );
    }
    if !NodeLock::is_held(&NodePaths::new(root).lock()) {
        return if activation.may_bootstrap || activation.previous.is_some() {
            format!("start its member: {start}")
        } else {
            format!("start its member, which may join the cluster but not found one: {start}")
        };
    }
    match (activation.change, activation.restart.as_slice()) {
        (Change::Unchanged, _) => "nothing to do: its member runs".to_owned(),
        (_, []) => {
            "nothing: the member that runs reads its certificates again at the next connection".to_owned()
        }
        (_, reasons) => {
            format!("restart its member, since {}: stop it, then {start}", reasons.join(" and "))
        }
    }
}
