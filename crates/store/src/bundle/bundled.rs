//! What went to nodes in bundles, by their records: certificates, for a log of what was issued that has lost
//! them, and the bundles themselves.

use memchr::memmem;
use zone_pki::LogEntry;

use crate::zone_directory::log_failure;
use model::error::Result;
use model::formats::{BundleRecord, BundledCertificate};
use model::plan::ZonePaths;

/// Every certificate that is recorded of a bundle, as far as its record tells.
pub fn bundled_certificates(paths: &ZonePaths) -> Result<Vec<LogEntry>> {
    let path = paths.bundle_log();
    let failure = |error| log_failure(&path, &error, "nothing was changed");
    let log = BundleRecord::log(paths).map_err(failure)?;
    let mut found = Vec::new();
    log.for_each(|record| {
        let BundleRecord { node, issued_at, certificates, .. } = record;
        found.extend(certificates.into_iter().map(|BundledCertificate { serial, role, not_after }| {
            LogEntry {
                serial,
                role,
                node: node.clone(),
                subject: String::new(),
                names: Vec::new(),
                not_before: issued_at,
                not_after,
                key_sha256: String::new(),
                issuer: String::new(),
                issued_at,
                reinstated: false,
                revoked: None,
            }
        }));
    })
    .map_err(failure)?;
    Ok(found)
}

/// Whether the bundle of a node with this manifest was made here.
pub fn is_recorded(paths: &ZonePaths, node: &str, manifest_sha256: &str) -> Result<bool> {
    let path = paths.bundle_log();
    let failure = |error| log_failure(&path, &error, "nothing was changed");
    let log = BundleRecord::log(paths).map_err(failure)?;
    let mut is_there = false;
    let finder = memmem::Finder::new(manifest_sha256);
    let names_it = |line: &[u8]| finder.find(line).is_some();
    log.for_each_of(names_it, |record| {
        is_there |= record.node == node && record.manifest_sha256 == manifest_sha256;
    })
    .map_err(failure)?;
    Ok(is_there)
}
