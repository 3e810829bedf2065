//! The bundles that are offered: opened, and activated as `activate` does, the oldest first. One that is
//! refused does not keep those after it out.

use std::io::Cursor;
use std::path::Path;

use time::OffsetDateTime;

use super::fetch::{Offer, Offered};
use launch::activation::{Activation, Change, Target, activate};
use model::config::Node;
use model::error::{Exit, Failure, Result};
use model::formats::NotActivated;
use model::report;
use store::bundle::{Identity, OpenBundle, bundle_failure, proposed_elsewhere};
use store::node_directory::DeliveryKey;
use store::site::Site;

/// What became of them.
#[derive(Debug, Default)]
pub(super) struct Activated {
    /// The numbers of those that were activated.
    pub(super) activated: Vec<u64>,
    /// Those that were refused, and that nothing newer has made obsolete.
    pub(super) refused: Vec<NotActivated>,
}

/// Activates what is offered.
///
/// # Errors
/// One could not be kept, or another command is at work in the node directory.
#[tracing::instrument(skip_all, name = "activate bundles")]
pub(super) fn activate_all(
    site: &Site,
    identity: Option<&Identity>,
    own: Option<&DeliveryKey>,
    offered: Offered,
) -> Result<Activated> {
    let mut done = Activated::default();
    if offered.bundles.is_empty() {
        return Ok(done);
    }
    let made = own.filter(|_| identity.is_none()).map(DeliveryKey::identity).transpose()?;
    let Some(identity) = identity.or(made.as_ref()) else {
        return Err(Failure::internal("there is nothing that opens bundles"));
    };
    for Offer { sequence, sealed } in offered.bundles {
        let tried = match sealed {
            Ok(sealed) => activate_one(site.directory(), identity, sequence, sealed),
            Err(why) => Err(Failure::bad_input(format!("cannot use {}", name_of(sequence))).because(why)),
        };
        match tried {
            Ok(activation) => {
                tell(&activation);
                done.refused.retain(|refused| refused.sequence > sequence);
                done.activated.push(sequence);
            }
            Err(failure) if is_of_the_bundle(&failure) => {
                report::warning(&format!("not activated: {failure}"));
                let why = failure.causes.first().unwrap_or(&failure.what).clone();
                done.refused.push(NotActivated { sequence, why, exit: failure.exit as u8 });
            }
            Err(failure) => return Err(failure),
        }
    }
    Ok(done)
}

fn activate_one(root: &Path, identity: &Identity, sequence: u64, sealed: Vec<u8>) -> Result<Activation> {
    let name = name_of(sequence);
    let bundle = OpenBundle::open(Cursor::new(sealed), Some(identity))
        .map_err(|error| bundle_failure(&name, &error))?;
    let found = bundle.manifest().sequence;
    // An older one put under another number would go back behind what the operator chose.
    if found != sequence {
        return Err(Failure::bad_input(format!("cannot use {name}"))
            .because(format!("it is number {found}, and its key in etcd says {sequence}"))
            .next("have it delivered again"));
    }
    let target = Target {
        node_directory: root,
        node: None,
        fingerprint: None,
        bundle: &name,
        accept_older_lists: false,
    };
    activate(bundle, &target, OffsetDateTime::now_utc()).map_err(|refused| refused.failure)
}

fn name_of(sequence: u64) -> String {
    format!("bundle {sequence} in etcd")
}

fn tell(activation: &Activation) {
    if let (Change::Activated, Some(before)) = (activation.change, activation.other_host_before) {
        report::warning(&format!(
            "bundle {} was made on another signing host than bundle {before} before it: if that one was not \
             replaced, stop working with one of the two",
            activation.manifest.sequence
        ));
    }
    report::message(&format!(
        "activated bundle {} of {}: generation {} is in use",
        activation.manifest.sequence, activation.manifest.node, activation.generation
    ));
}

/// Whether it is for what the bundle is, and not for what this machine could not do now.
fn is_of_the_bundle(failure: &Failure) -> bool {
    matches!(
        failure.exit,
        Exit::BadInput | Exit::MissingInput | Exit::Permission | Exit::Configuration | Exit::Usage
    )
}

/// The failure of a node that has refused what is offered.
pub(super) fn refusal(refused: &[NotActivated], node: &Node) -> Option<Failure> {
    let newest = refused.last()?;
    Some(
        Failure::bad_input(format!("{} was not activated", name_of(newest.sequence)))
            .because(newest.why.clone())
            .next(format!(
                "have another one made on the signing host: {}",
                proposed_elsewhere(node.name.short())
            )),
    )
}
