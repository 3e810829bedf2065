//! `bundle inspect`: checks a bundle, and lists what is in it. A key is never kept, and never printed.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use zone_pki::{Certificate, private_file};

use super::fingerprint;
use super::listing::{Inspected, InspectedCertificate};
use super::passphrase;
use crate::bundle::{BundleError, FileEntry, Identity, OpenBundle, bundle_failure, identity_failure};
use crate::cli::{BundleInspectArgs, Format};
use crate::commands::{json, print};
use crate::error::{Failure, Result};
use crate::plan::ROOT_FILE;
use crate::zone_directory::private_failure;

pub(super) fn run(arguments: &BundleInspectArgs) -> Result<()> {
    let name = name_of(&arguments.file);
    let inspected = open(arguments, &name)?.read().map_err(|error| bundle_failure(&name, &error))?;
    print(&match arguments.format {
        Format::Text => inspected.text(),
        Format::Json => json(&inspected)?,
    })
}

/// A bundle with its seal open.
struct Opened {
    bundle: OpenBundle<Box<dyn Read>>,
}

fn open(arguments: &BundleInspectArgs, name: &str) -> Result<Opened> {
    let failure = |error: BundleError| bundle_failure(name, &error);
    let given = given_identity(arguments)?;
    match OpenBundle::open(reader(&arguments.file)?, given.as_ref()) {
        // Standard input cannot be read a second time, but then there is no terminal to ask either.
        Err(BundleError::PassphraseNeeded) if given.is_none() && arguments.file != Path::new("-") => {
            let passphrase = passphrase::source(&arguments.passphrase)?.existing()?;
            OpenBundle::open(reader(&arguments.file)?, Some(&Identity::from(&passphrase)))
        }
        opened => opened,
    }
    .map(|bundle| Opened { bundle })
    .map_err(failure)
}

fn given_identity(arguments: &BundleInspectArgs) -> Result<Option<Identity>> {
    if let Some(path) = &arguments.identity {
        let bytes = private_file::read(path).map_err(|error| private_failure(path, &error))?;
        return Identity::from_file(&bytes).map(Some).map_err(|error| identity_failure(path, &error));
    }
    if passphrase::is_named(&arguments.passphrase) {
        let passphrase = passphrase::source(&arguments.passphrase)?.existing()?;
        return Ok(Some(Identity::from(&passphrase)));
    }
    Ok(None)
}

fn reader(path: &Path) -> Result<Box<dyn Read>> {
    if path == Path::new("-") {
        return Ok(Box::new(io::stdin().lock()));
    }
    File::open(path).map(|file| Box::new(file) as _).map_err(|error| Failure::read(path, &error))
}

fn name_of(path: &Path) -> String {
    if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() }
}

impl Opened {
    /// Reads it to the end, so that every digest is checked.
    fn read(mut self) -> std::result::Result<Inspected, BundleError> {
        let root = fingerprint(self.bundle.verify_signature()?);
        let mut certificates = Vec::new();
        while let Some(file) = self.next_certificates()? {
            certificates.extend(file);
        }
        let seal = self.bundle.seal();
        Ok(Inspected::new(self.bundle.manifest(), seal, root, certificates))
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
            self.bundle.check_root_file(&bytes)?;
        }
        Ok(Some(first_certificate(&entry, &bytes).into_iter().collect()))
    }
}

/// The leaf, or the CA; what follows it in the file is in a file of its own as well.
fn first_certificate(entry: &FileEntry, bytes: &[u8]) -> Option<InspectedCertificate> {
    let certificate = Certificate::from_pem(bytes).ok()?;
    Some(InspectedCertificate::new(&entry.path, &certificate))
}
