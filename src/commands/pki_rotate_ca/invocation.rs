//! The command as it was typed, to be proposed again: what is left out of a proposal is not typed by the
//! operator who follows it.

use super::OPERATION;
use crate::cli::{BundleSealingArgs, PkiRotateCaArgs, RotatedPlane};
use model::report::{shell_quoted, shell_quoted_path};

/// The parts of the command that the next one needs as well.
pub(super) struct Invocation {
    which: String,
    kit: String,
    back: &'static str,
    seal: String,
}

impl Invocation {
    pub(super) fn of(arguments: &PkiRotateCaArgs) -> Self {
        let which = match (arguments.root, arguments.plane) {
            (true, _) => " --root",
            (false, Some(RotatedPlane::Peer)) => " --plane peer",
            (false, Some(RotatedPlane::Client)) => " --plane client",
            (false, Some(RotatedPlane::All)) => " --plane all",
            (false, None) => "",
        };
        let kit =
            arguments.trust_bundle.as_ref().map(|kit| format!(" --trust-bundle {}", shell_quoted_path(kit)));
        Self {
            which: which.to_owned(),
            kit: kit.unwrap_or_default(),
            back: if arguments.rollback { " --rollback" } else { "" },
            seal: sealing(&arguments.carried.sealing),
        }
    }

    /// The same once more, in the same direction.
    pub(super) fn again(&self) -> String {
        format!("{OPERATION}{}{}{}", self.which, self.back, self.kit)
    }

    /// Onwards.
    pub(super) fn go_on(&self) -> String {
        format!("{OPERATION}{}", self.kit)
    }

    /// Back.
    pub(super) fn back(&self) -> String {
        format!("{OPERATION} --rollback{}", self.kit)
    }

    /// How bundles are sealed.
    pub(super) fn seal(&self) -> &str {
        &self.seal
    }
}

/// The options that seal. What they name are files, descriptors and public keys; no secret is among them.
fn sealing(arguments: &BundleSealingArgs) -> String {
    let mut text = String::new();
    let mut add = |option: &str, value: &str| text.push_str(&format!(" {option} {}", shell_quoted(value)));
    arguments.recipients.iter().for_each(|recipient| add("--recipient", recipient));
    if let Some(file) = &arguments.recipients_file {
        add("--recipients-file", &file.to_string_lossy());
    }
    if let Some(file) = &arguments.passphrase.passphrase_file {
        add("--passphrase-file", &file.to_string_lossy());
    }
    if let Some(descriptor) = arguments.passphrase.passphrase_fd {
        add("--passphrase-fd", &descriptor.to_string());
    }
    if arguments.no_encryption {
        text.push_str(" --no-encryption");
    }
    text
}
