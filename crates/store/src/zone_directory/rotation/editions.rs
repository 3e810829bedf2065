//! The generations of the CAs of a zone, each with a name of its own; and those that are
//! in use no more.

use std::collections::BTreeSet;
use std::path::Path;

use zone_pki::{Certificate, regular_file};

use crate::zone_directory::ZoneDirectory;
use crate::zone_directory::authorities::certificates::{Authorities, plane_authority_name};
use crate::zone_directory::authorities::create_authorities::ROOT_NAME;
use crate::zone_directory::rotation::scope::RotationScope;
use model::error::{Failure, Result};
use model::plan::Plane;

/// The CAs that were retired from a place, with the stem of their files, the latest retirement last.
pub fn retired(zone: &ZoneDirectory) -> Vec<(&'static str, Certificate)> {
    let directory = zone.paths.retired_authorities();
    retirements(&directory)
        .into_iter()
        .flat_map(|number| RotationScope::Root.stems().into_iter().map(move |stem| (number, stem)))
        .filter_map(|(number, stem)| {
            let path = directory.join(number.to_string()).join(format!("{stem}.crt"));
            let text = regular_file::read(&path).ok()?;
            Some((stem, Certificate::from_pem(&text).ok()?))
        })
        .collect()
}

/// The numbers of the retirements of which something is there, the latest last. Any may have been taken away
/// for good.
pub(in crate::zone_directory) fn retirements(directory: &Path) -> BTreeSet<u32> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

/// Whether the last rotation was taken back: what was retired last was made after what signs.
pub fn was_taken_back(zone: &ZoneDirectory, authorities: &Authorities) -> bool {
    let last = retired(zone).pop();
    last.is_some_and(|(stem, ca)| {
        let signer = authorities.all().into_iter().find(|(name, _)| *name == stem);
        signer.is_some_and(|(_, signer)| edition(&ca) > edition(signer))
    })
}

/// A number that no CA of the zone has in its name.
pub(in crate::zone_directory) fn next_edition(zone: &ZoneDirectory) -> Result<u32> {
    let mut names = BTreeSet::new();
    collect_names(&zone.paths.authorities(), &mut names)?;
    Ok(names.iter().map(|name| edition_in(name)).max().unwrap_or(1) + 1)
}

/// Which generation of its CA a certificate is, by its name: the first has no number.
pub fn edition(ca: &Certificate) -> u32 {
    ca.common_name().map_or(1, edition_in)
}

fn edition_in(name: &str) -> u32 {
    let ends = [ROOT_NAME.to_owned(), plane_authority_name(Plane::Peer), plane_authority_name(Plane::Client)];
    let number = || {
        let rest = ends.iter().find_map(|end| name.strip_suffix(end.as_str()))?;
        rest.trim_end().rsplit(' ').next()?.strip_prefix('G')?.parse::<u32>().ok()
    };
    number().unwrap_or(1)
}

fn collect_names(directory: &Path, names: &mut BTreeSet<String>) -> Result<()> {
    let entries = std::fs::read_dir(directory).map_err(|error| Failure::read(directory, &error))?;
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect_names(&path, names)?;
        } else if path.extension().is_some_and(|extension| extension == "crt")
            && let Ok(text) = regular_file::read(&path)
            && let Ok(certificates) = Certificate::chain_from_pem(&text)
        {
            names.extend(certificates.iter().filter_map(|each| each.common_name().map(str::to_owned)));
        }
    }
    Ok(())
}
