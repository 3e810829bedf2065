//! A snapshot, read with all that is known of its zone here.

use std::path::{Path, PathBuf};

use zone_pki::{ShowPath, private_file};

use super::DIRECTORY;
use crate::arguments::open_site;
use crate::cli::SiteArgs;
use model::error::{Exit, Failure, Result};
pub(super) use operations::snapshot::trust;
use store::bundle::{Identity, identity_failure};
use store::site::{DEFAULT_CONFIG, Site};
use store::snapshot::{Checked, SnapshotFault, Trust, list};
use store::zone_directory::private_failure;

/// What there is to compare with: the zone that is named or is here. A snapshot may be anywhere.
pub(super) fn site_if_any(arguments: &SiteArgs) -> Result<Option<Site>> {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let is_named = arguments.zone.is_some()
        || arguments.config.is_some()
        || is_set("ZONE_ETCD_ZONE")
        || is_set("ZONE_ETCD_CONFIG");
    let is_here = Path::new("zone.toml").exists() || Path::new(DEFAULT_CONFIG).exists();
    if is_named || is_here { open_site(arguments).map(Some) } else { Ok(None) }
}

/// The snapshot that is meant: the newest of the zone, if none is named.
pub(super) fn file(named: Option<&Path>, site: Option<&Site>) -> Result<PathBuf> {
    if let Some(file) = named {
        return Ok(file.to_owned());
    }
    let site = site.ok_or_else(|| {
        Failure::new(Exit::Usage, "no snapshot is named, and there is no zone here")
            .next("name the file: zone-etcd snapshot status FILE")
    })?;
    let directory = site.directory().join(DIRECTORY);
    let found = if directory.exists() { list(&directory)? } else { Vec::new() };
    let newest = found.into_iter().rfind(|listed| listed.manifest.is_some());
    newest.map(|listed| listed.paths.file).ok_or_else(|| {
        Failure::new(Exit::MissingInput, format!("there is no snapshot in {}", directory.shown()))
            .next(format!("take one: {}", site.proposed("snapshot save")))
    })
}

pub(super) fn identity(path: Option<&Path>) -> Result<Option<Identity>> {
    let Some(path) = path else { return Ok(None) };
    let bytes = private_file::read(path).map_err(|error| private_failure(path, &error))?;
    let name = path.shown().to_string();
    Identity::from_file(&bytes).map(Some).map_err(|error| identity_failure(&name, Some(path), &error))
}

/// Reads it to its end.
pub(super) fn check(
    file: &Path,
    trust: Option<&Trust>,
    (identity, must_be_signed): (Option<&Identity>, bool),
) -> Result<Checked> {
    let mut checked = Checked::read(file, trust, identity).map_err(|error| Failure::read(file, &error))?;
    if must_be_signed && checked.manifest.is_some() && !checked.is_signer_known && checked.faults.is_empty() {
        checked.faults.push(match checked.signed_by {
            None => SnapshotFault::NotSigned,
            Some(_) => SnapshotFault::NotCompared,
        });
    }
    Ok(checked)
}

/// Refuses one that is not as it should be.
pub(super) fn refuse(checked: &Checked) -> Result<()> {
    let file = checked.paths.file.shown();
    let exit = match checked.faults.as_slice() {
        [] => return Ok(()),
        [SnapshotFault::NoManifest(_)] => Exit::MissingInput,
        _ => Exit::BadInput,
    };
    let failure = Failure::new(exit, format!("{file} is not to be relied on"));
    let failure = checked.faults.iter().fold(failure, |failure, fault| failure.because(fault));
    Err(failure.next(match exit {
        Exit::MissingInput => "bring the manifest that was made with it, NAME.json, and lay it beside it",
        _ => "use another snapshot, or another copy of this one; where the zone is: zone-etcd snapshot list",
    }))
}
