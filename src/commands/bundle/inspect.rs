//! `bundle inspect`: checks a bundle, and lists what is in it. A key is never kept, and never printed.

use std::io::Read;

use zone_pki::Certificate;

use super::listing::{Inspected, InspectedCertificate};
use crate::arguments::{Bundle, name_of, open};
use crate::cli::{BundleInspectArgs, Format};
use crate::output::{json, print};
use launch::activation::Fingerprint;
use model::error::Result;
use model::plan::ROOT_FILE;
use store::bundle::{BundleError, FileEntry, bundle_failure};

pub(super) fn run(arguments: &BundleInspectArgs) -> Result<()> {
    let name = name_of(&arguments.file);
    let opened = Opened { bundle: open(&arguments.file, &arguments.seal, "zone-etcd bundle inspect …")? };
    let inspected = opened.read().map_err(|error| bundle_failure(&name, &error))?;
    print(&match arguments.format {
        Format::Text => inspected.text(),
        Format::Json => json(&inspected)?,
    })
}

struct Opened {
    bundle: Bundle,
}

impl Opened {
    /// Reads it to the end, so that every digest is checked.
    fn read(mut self) -> std::result::Result<Inspected, BundleError> {
        let fingerprint = Fingerprint::of(self.bundle.verify_signature()?).to_string();
        let signer = self.bundle.envelope().signer();
        let mut certificates = Vec::new();
        while let Some(file) = self.next_certificates()? {
            certificates.extend(file);
        }
        let seal = self.bundle.seal();
        Ok(Inspected::new(self.bundle.manifest(), seal, (signer, fingerprint), certificates))
    }

    /// The certificates of the next file, which most files do not have.
    fn next_certificates(&mut self) -> std::result::Result<Option<Vec<InspectedCertificate>>, BundleError> {
        let Some((entry, mut reader)) = self.bundle.next_file()? else { return Ok(None) };
        if !entry.path.ends_with(".crt") {
            return Ok(Some(Vec::new()));
        }
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).map_err(BundleError::from_reader)?;
        if entry.generation_file() == Some(ROOT_FILE) {
            self.bundle.check_trust_file(&bytes)?;
        }
        Ok(Some(first_certificate(&entry, &bytes).into_iter().collect()))
    }
}

/// The leaf, or the CA; what follows it in the file is in a file of its own as well.
fn first_certificate(entry: &FileEntry, bytes: &[u8]) -> Option<InspectedCertificate> {
    let certificate = Certificate::from_pem(bytes).ok()?;
    Some(InspectedCertificate::new(&entry.path, &certificate))
}
